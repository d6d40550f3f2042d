"""One function that opens every kind of input."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from motiflens.models import types
from motiflens.models.data.options import Options
from motiflens.models.data.text import existing, open_binary
from motiflens.models.data.windows import Dataset

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


def open_dataset(
    source: types.Path,
    *,
    tf: str | None = None,
    length: int | None = None,
    labelling: str | None = None,
    negatives: str | None = None,
    negatives_file: types.Path | None = None,
    ratio: float | None = None,
    genome: types.Path | None = None,
    signals: Sequence[str] | None = None,
    test: str | types.Path | None = None,
    columns: str | None = None,
    offset: int = 0,
    seed: int = 0,
) -> Dataset:
    """Open a source of labelled windows, whatever its kind, by looking at it.

    Parameters
    ----------
    source
        A folder with a ``dataset.toml`` (or that file); DeepBind's ``*.seq[.gz]``, a folder of them, or the AC
        file of an AC/B pair; FASTA; BED or narrowPeak (with `genome`); DeepSEA's ``.mat`` (a file, or the
        folder of train, valid and test); ``.npz`` or ``.h5`` with X (N, C, L) and y.
    tf
        Of a folder: the TF, for one row per window and cell type with signals. None: all experiments as
        tasks, sequence only. Of a folder of DeepBind files: which one.
    length
        Base pairs per window; the source's own by default.
    labelling
        ``deepsea``, ``dream`` or ``centered``; see `labels`.
    negatives
        ``dinucleotide``: shuffled positives; ``gc``: genomic, matched on length, GC and repeats; ``bins``:
        unbound bins, drawn afresh each epoch. By default ``bins`` for binned labellings, else
        ``dinucleotide`` (``gc`` where there are signals, which shuffled sequences have not).
    negatives_file
        FASTA of negatives, instead.
    ratio
        Negatives per positive, 1 by default.
    genome
        FASTA that BED coordinates, or matched negatives, are taken from.
    signals
        Channels beside A, C, G, T, by name; ``()`` for none; None for all that the source has.
    test
        A test file of the same kind, or chromosomes ("chr8,chr9").
    columns
        Of several tasks: ``first:end`` (0-based, half-open), or ``tbinet`` for DeepSEA's 125:815.
    offset
        Of peaks: shift each window by up to this many bp, so that its centre carries no information.
    seed
        Of the splits, the shuffling and all other random choices.

    Returns
    -------
    Dataset
        Splits ``train``, ``valid``, ``test``.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If the source is none of these kinds, or is broken; the message says where and what to do.
    """
    if isinstance(signals, str):
        raise TypeError(f"signals is the text {signals!r}: expected a tuple of names")
    options = Options(
        tf=tf,
        length=length,
        labelling=labelling,
        negatives=negatives,
        negatives_file=negatives_file,
        ratio=ratio,
        genome=genome,
        signals=None if signals is None else tuple(signals),
        test=None if test is None else str(test),
        columns=columns,
        offset=offset,
        seed=seed,
    )
    return _opener(source_kind(source))(source, options)


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
        If it is of none.
    """
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: expected a data set (file or folder)")
    if path.is_dir():
        return _folder_kind(path)
    name = path.name.lower().removesuffix(".gz")
    for ending, kind in _ENDINGS.items():
        if name.endswith(ending):
            return kind
    return _content_kind(existing(path, "data set"))


def _folder_kind(path: Path) -> str:
    for pattern, kind in (("dataset.toml", "folder"), ("*.seq*", "deepbind_seq"), ("*.mat", "deepsea_mat")):
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
