"""Published model files of several kinds, into our models."""

from __future__ import annotations

import gzip
import importlib
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py

from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.destination import output_folder
from motiflens.models.folder_lock import folder_lock
from motiflens.models.provenance import file_hash, provenance
from motiflens.models.published.import_keras.stored import CONFIG as CONFIG_MEMBER
from motiflens.models.published.import_program.archive import is_program
from motiflens.models.published.keras_file import Graph, KerasFile
from motiflens.models.published.published import Published
from motiflens.models.published.torch_file import is_torch_file
from motiflens.models.reading import reading
from motiflens.models.run import read_config, save_run
from motiflens.models.run_files import CONFIG, WEIGHTS

KINDS = ("deepgrn", "factornet", "deepbind", "lsgkm", "keras", "torch", "program")
# What only files of one kind take.
_OPTIONS = {
    "keras": ("alphabet", "output"),
    "program": ("alphabet", "output"),
    "torch": ("architecture", "output", "hyperparameters"),
}
# Module that reads files of a kind, where it has another name.
_MODULES = {"keras": "keras_run", "program": "program_run", "torch": "torch_file"}


def import_published(
    path: types.Path,
    *,
    kind: str | None = None,
    length: int | None = None,
    alphabet: str | None = None,
    output: str | None = None,
    architecture: str | None = None,
    hyperparameters: types.Json | None = None,
) -> SequenceModel:
    """Return the model of a published file, in eval mode, on the CPU.

    Parameters
    ----------
    path
        DeepGRN ``.h5`` file, FactorNet folder (or its ``.hdf5`` file), DeepBind parameter text file, LS-GKM model
        (text, also ``.gz``), a Keras file (``.h5``, ``.keras``) of any of Keras' own layers, a program of
        `torch.export.save` (``.pt2``), or a state dict (``.pt``, ``.safetensors``).
    kind
        ``deepgrn``, ``factornet``, ``deepbind``, ``lsgkm``, ``keras``, ``program`` or ``torch``; None to
        detect it.
    length
        Window length in bp where the file leaves it open.
    alphabet, output
        Of a ``keras`` file or a program: order of its bases (default ``ACGT``), and which head (of Keras, or
        layer) to take; by default the one head with one logit, or else the first. See `import_keras` and
        `import_program`. Also which output of a state dict's registered module.
    architecture, hyperparameters
        Of a state dict: what it is of; see `import_torch`.

    Returns
    -------
    SequenceModel
        Takes (N, C, L) float32 of the forward strand, channels A, C, G, T and then the file's signals in its own
        order, and meta (N, M) where the file has it; gives logits (N, outputs).

    Raises
    ------
    FileNotFoundError
        If there is no such file, or a folder lacks one.
    ValueError
        If the file is of no known kind, truncated or damaged, naming what is missing, or fixes another `length`.

    Notes
    -----
    Files are read by h5py, json and as text alone. Nothing in them is executed; byte code in Lambda layers and
    pickles are never loaded.
    """
    return read_published(
        path,
        kind=kind,
        length=length,
        alphabet=alphabet,
        output=output,
        architecture=architecture,
        hyperparameters=hyperparameters,
    ).model


def read_published(
    path: types.Path,
    *,
    kind: str | None = None,
    length: int | None = None,
    alphabet: str | None = None,
    output: str | None = None,
    architecture: str | None = None,
    hyperparameters: types.Json | None = None,
) -> Published:
    """Like `import_published`, with the names of channels, meta features and tasks."""
    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"there is no file or folder {source}")
    if source.name == "model.json":
        source = source.parent
    with reading(source, "model file", checked=True):
        kind = kind or detect(source)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    options = {
        "alphabet": alphabet,
        "output": output,
        "architecture": architecture,
        "hyperparameters": hyperparameters,
    }
    given = {name: value for name, value in options.items() if value}
    wrong = [name for name in given if name not in _OPTIONS.get(kind, ())]
    if wrong:
        raise ValueError(f"{source} is a {kind} model, which has no choice of {wrong[0]}")
    name = _MODULES.get(kind, kind)
    module = importlib.import_module(f"motiflens.models.published.{name}")
    read: Callable[..., Published] = getattr(module, "import_torch" if kind == "torch" else f"import_{name}")
    with reading(source, f"{kind} file", checked=True):
        published = read(source, length=length, **given)
    if length is not None and published.model.length != length:
        raise ValueError(
            f"{source} is of windows of {published.model.length} bp, not {length}: leave out the length"
        )
    return published


def detect(path: Path) -> str:
    """Kind of a published file or folder.

    Raises
    ------
    ValueError
        If it is none that we know.
    """
    if path.is_dir():
        return "factornet"
    with path.open("rb") as file:
        start = file.read(512)
    if start.lstrip().lower().startswith(b"# deepbind"):
        return "deepbind"
    if _text(path, start).startswith("svm_type"):
        return "lsgkm"
    if h5py.is_hdf5(path):
        keras = KerasFile(path)
        if keras.config is not None and not _siamese(keras.config):
            return "keras"
        return "factornet" if keras.version.startswith("1.") else "deepgrn"
    if not start:
        raise ValueError(f"{path} is empty")
    if path.suffix.lower() == ".pt2" or is_program(path):
        return "program"
    if is_torch_file(path):
        return "torch"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if CONFIG_MEMBER in archive.namelist():
                return "keras"
    raise ValueError(
        f"{path} is no published model that we know: neither a Keras file (.h5, .keras), a program of "
        "torch.export (.pt2), nor a folder with model.json (FactorNet), nor text that starts with "
        "'# deepbind' (DeepBind) or 'svm_type' (LS-GKM)"
    )


def _text(path: Path, start: bytes) -> str:
    """Return how a file begins as text, unpacked."""
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path) as file:
                start = file.read(512)
        except (OSError, EOFError, zlib.error):
            return ""
    return start.decode("utf-8", "replace").lstrip()


def _siamese(config: object) -> bool:
    """Whether a configuration is of a model that reads both strands, as DeepGRN's and FactorNet's do."""
    try:
        inputs = Graph(config).inputs(3)
    except ValueError:
        return False
    return len(inputs) == 2 and inputs[0].shape() == inputs[1].shape()


def import_run(
    path: types.Path,
    out: types.Path,
    *,
    kind: str | None = None,
    length: int | None = None,
    alphabet: str | None = None,
    output: str | None = None,
    architecture: str | None = None,
    hyperparameters: types.Json | None = None,
) -> Published:
    """Import a published file into the run folder `out`, with names, and the hash of each file it was read from.

    Errors as in `import_published`; a folder that holds a trained run is refused, one of an import is replaced.
    """
    source, folder = Path(path), Path(out)
    if (folder / CONFIG).is_file() and "published" not in read_config(folder):
        raise ValueError(f"{folder} already holds a trained run: choose another folder")
    output_folder(folder, mark=CONFIG, names=(WEIGHTS, CONFIG), inputs=[source], overwrite=None)
    with folder_lock(folder):
        return _imported(
            source,
            folder,
            read_published(
                source,
                kind=kind,
                length=length,
                alphabet=alphabet,
                output=output,
                architecture=architecture,
                hyperparameters=hyperparameters,
            ),
        )


def _imported(source: Path, folder: Path, published: Published) -> Published:
    """Write the run folder of a model that was read."""
    files = sorted(p for p in source.iterdir() if p.is_file()) if source.is_dir() else [source]
    save_run(
        folder,
        published.model,
        {
            "tasks": list(published.tasks),
            "channels": list(published.channels),
            "meta": list(published.meta),
            "published": {
                "kind": published.model.name,
                "file": source.name,
                "hashes": {file.name: file_hash(file) for file in files},
                **published.details,
            },
            "made_by": provenance(),
        },
    )
    return published
