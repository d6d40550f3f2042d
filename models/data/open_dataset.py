"""One function that opens every kind of input."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from motiflens.models import types
from motiflens.models.data.control import control
from motiflens.models.data.options import GivenOptions, Options
from motiflens.models.data.text import SEQ_FILES, existing, open_binary
from motiflens.models.data.windows import Dataset

if TYPE_CHECKING:
    from typing_extensions import Unpack

_OPENERS = {
    "folder": ("folder", "open_folder"),
    "deepbind_seq": ("deepbind_seq", "open_deepbind_seq"),
    "fasta": ("fasta", "open_fasta"),
    "peaks": ("bed", "open_bed"),
    "deepsea_mat": ("deepsea_mat", "open_deepsea_mat"),
    "arrays": ("arrays", "open_arrays"),
}
_ENDINGS = {
    ".toml": "folder",
    ".seq": "deepbind_seq",
    ".fa": "fasta",
    ".fasta": "fasta",
    ".fna": "fasta",
    ".bed": "peaks",
    ".narrowpeak": "peaks",
    ".broadpeak": "peaks",
    ".mat": "deepsea_mat",
    ".npz": "arrays",
    ".h5": "arrays",
    ".hdf5": "arrays",
}
_EXPECTED = (
    "a folder with dataset.toml, a DeepBind .seq, FASTA, BED or narrowPeak file, DeepSEA's .mat, "
    "or .npz or .h5 with X and y"
)


def open_dataset(source: types.Path, options: Options | None = None, **given: Unpack[GivenOptions]) -> Dataset:
    """Open a source of labelled windows, whatever its kind, by looking at it.

    Parameters
    ----------
    source
        A folder with a ``dataset.toml`` (or that file); DeepBind's ``*.seq[.gz]``, a folder of them, or the AC
        file of an AC/B pair; FASTA; BED or narrowPeak (with `genome`); DeepSEA's ``.mat`` (a file, or the
        folder of train, valid and test); ``.npz`` or ``.h5`` with X (N, C, L) and y.
    options
        What is wanted of it; see `Options`.
    **given
        Fields of `Options`, in place of those of `options`.

    Returns
    -------
    Dataset
        Splits ``train``, ``valid``, ``test``.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    TypeError
        For an option that there is not.
    ValueError
        If the source is none of these kinds, or is broken; the message says where and what to do.
    """
    unknown = sorted(set(given) - set(Options.__dataclass_fields__))
    if unknown:
        raise TypeError(
            f"open_dataset has no option {unknown[0]!r}: it has {', '.join(Options.__dataclass_fields__)}"
        )
    chosen = replace(options or Options(), **given)  # type: ignore[arg-type]
    dataset = _opener(source_kind(source))(source, chosen)
    return dataset if chosen.control is None else control(dataset, chosen.control, seed=chosen.seed)


def _opener(kind: str) -> Callable[[types.Path, Options], Dataset]:
    """Return the function that opens a kind of source; each is imported when needed."""
    module, name = _OPENERS[kind]
    opener: Callable[[types.Path, Options], Dataset] = getattr(
        importlib.import_module(f"motiflens.models.data.{module}"), name
    )
    return opener


def source_kind(source: types.Path) -> str:
    """Return of which kind a source is (see `Dataset.kind`): by its content, or else by its name.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ValueError
        If it is of none, or a device or a pipe.
    """
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: expected a data set (file or folder)")
    if path.is_dir():
        return _folder_kind(path)
    if not path.is_file():  # a pipe, which can be read but once
        raise ValueError(f"{path} is neither a file nor a folder: expected a data set")
    name = path.name.lower().removesuffix(".gz")
    for ending, kind in _ENDINGS.items():
        if name.endswith(ending):
            return kind
    return _content_kind(existing(path, "data set"))


def _folder_kind(path: Path) -> str:
    for pattern, kind in (
        ("dataset.toml", "folder"),
        (SEQ_FILES, "deepbind_seq"),
        ("*.mat", "deepsea_mat"),
    ):
        if any(path.glob(pattern)):
            return kind
    raise ValueError(f"{path} is a folder without dataset.toml, *.seq or *.mat files: give {_EXPECTED}")


def _content_kind(path: Path) -> str:
    with open_binary(path) as file:
        begin = file.read(4096)
    if begin.startswith(b"MATLAB"):
        return "deepsea_mat"
    if begin.startswith((b"PK\x03\x04", b"\x89HDF")):
        return "arrays"
    line = next((line for line in begin.decode("utf-8", "replace").splitlines() if line.strip()), "")
    if line.startswith(">"):
        return "fasta"
    if line.startswith("FoldID\t"):
        return "deepbind_seq"
    fields = line.split("\t")
    if line.startswith(("track ", "browser ", "#")) or (
        len(fields) >= 3 and fields[1].isdigit() and fields[2].isdigit()
    ):
        return "peaks"
    raise ValueError(f"{path} is of no known kind: give {_EXPECTED}")
