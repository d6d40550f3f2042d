"""What a file of `torch.export.save` holds, graph and weights, read as JSON and plain bytes alone."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, Final

import torch
from torch import Tensor

from motiflens.models.data.text import listed
from motiflens.models.limits import limit
from motiflens.models.published.import_program.raw_tensor import raw_tensor
from motiflens.models.reading import reading
from motiflens.models.types import Json

LARGEST_TEXT: Final = 256 << 20  # bytes of JSON; no network's graph is longer
# torch up to 2.7: a flat archive, whose weights and constants are archives of `torch.save`.
_OLD_GRAPH: Final = "serialized_exported_program.json"
_OLD_WEIGHTS: Final = ("serialized_state_dict", "serialized_constants")


class Program:
    """A file's content.

    Attributes
    ----------
    path
        The file.
    graph
        The program, as ``models/model.json`` gives it.
    tensors
        Name -> weight, buffer or constant, contiguous, its floats as float32.
    version
        Of torch, as the file tells it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.graph: Json = {}
        self.tensors: dict[str, Tensor] = {}
        self.version = ""


def is_program(path: Path) -> bool:
    """Whether a file is an archive with a program's graph."""
    if not zipfile.is_zipfile(path):
        return False
    with reading(path, "program of torch.export", checked=True), zipfile.ZipFile(path) as archive:
        return bool(_graphs(archive)) or _OLD_GRAPH in archive.namelist()


def read_program(path: Path) -> Program:
    """Read a ``.pt2`` file of torch 2.5 or later.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is no such file, damaged or truncated, reaches outside itself, holds several programs, or anything
        but text and numbers where these belong.

    Notes
    -----
    Example inputs, symbolic expressions of shapes, guards and extra files are never looked at.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    program = Program(path)
    with reading(path, "program of torch.export", checked=True), zipfile.ZipFile(path) as archive:
        _check_members(archive)
        if _OLD_GRAPH in archive.namelist():
            program.graph = _json(archive, _OLD_GRAPH)
            for stem in _OLD_WEIGHTS:
                program.tensors.update(_saved(archive, stem))
        else:
            _layout(archive, program)
    program.version = str(program.graph.get("torch_version", ""))
    return program


def _layout(archive: zipfile.ZipFile, program: Program) -> None:
    graphs = _graphs(archive)
    if len(graphs) != 1:
        content = f"it holds {len(graphs)}: {listed(graphs, 5)}" if graphs else "it has no models/*.json"
        raise ValueError(f"a file of torch.export has one program; {content}")
    root, _, name = graphs[0].partition("models/")
    model = name.removesuffix(".json")
    program.graph = _json(archive, graphs[0])
    order = f"{root}byteorder"
    if order in archive.namelist() and archive.read(order).strip() != b"little":
        raise ValueError("its numbers are big-endian, which is not supported")
    for folder in ("weights", "constants"):
        index = f"{root}data/{folder}/{model}_{folder}_config.json"
        old = f"{root}data/{folder}/{model}.pt"  # torch 2.8
        if index in archive.namelist():
            program.tensors.update(_indexed(archive, index, f"{root}data/{folder}/"))
        elif old in archive.namelist():
            program.tensors.update(_loaded(archive, old))


def _graphs(archive: zipfile.ZipFile) -> list[str]:
    """Return the members that are graphs: ``ROOT/models/NAME.json``."""
    parts = {name: PurePosixPath(name).parts for name in archive.namelist() if name.endswith(".json")}
    return [name for name, path in parts.items() if path[-2:-1] == ("models",) and len(path) <= 3]


def _check_members(archive: zipfile.ZipFile) -> None:
    """Refuse paths outside of the archive, links, what is encrypted, twice there, or larger than any model."""
    seen: set[str] = set()
    for member in archive.infolist():
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
            raise ValueError(f"it has a member outside of its folder: {member.filename!r}")
        link = (member.external_attr >> 16) & 0o170000 == 0o120000
        if link or member.flag_bits & 1:
            raise ValueError(f"its member {member.filename!r} is {'a link' if link else 'encrypted'}")
        if member.filename in seen:
            raise ValueError(f"its member {member.filename!r} is there twice")
        seen.add(member.filename)
        if member.file_size > LARGEST_TEXT >> 2 and member.file_size > 100 * member.compress_size:
            raise ValueError(f"its member {member.filename!r} unpacks to {member.file_size:,} bytes, like a bomb")
        if member.file_size > limit("MEMORY"):
            raise ValueError(
                f"its member {member.filename!r} has {member.file_size:,} bytes, more than {limit('MEMORY'):,}: "
                "set MOTIFLENS_MAX_MEMORY to raise this limit"
            )


def _json(archive: zipfile.ZipFile, name: str) -> Json:
    if archive.getinfo(name).file_size > LARGEST_TEXT:
        raise ValueError(f"{name} is larger than {LARGEST_TEXT >> 20} MiB")
    try:
        content = json.loads(archive.read(name).decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"{name} is no JSON ({' '.join(str(error).split())[:100]})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{name} holds no object")
    return content


def _indexed(archive: zipfile.ZipFile, index: str, folder: str) -> dict[str, Tensor]:
    """Tensors that an index describes and that lie as bytes beside it."""
    config = _json(archive, index).get("config")
    if not isinstance(config, dict):
        raise ValueError(f"{index} lists no tensors")
    tensors: dict[str, Tensor] = {}
    for name, entry in config.items():
        file = entry.get("path_name") if isinstance(entry, dict) else None
        if not isinstance(file, str):
            raise ValueError(f"{index} does not say where {name!r} lies")
        if entry.get("use_pickle") or entry.get("tensor_meta") is None:
            raise ValueError(f"{name!r} is pickled, which is never loaded")
        if "/" in file or "\\" in file or f"{folder}{file}" not in archive.namelist():
            raise ValueError(f"{name!r} should lie in {file!r}, which is no member of {folder}")
        tensors[name] = raw_tensor(name, archive.read(f"{folder}{file}"), entry["tensor_meta"])
    return tensors


def _saved(archive: zipfile.ZipFile, stem: str) -> dict[str, Tensor]:
    for suffix in (".pt", ".json"):
        if f"{stem}{suffix}" in archive.namelist():
            return _loaded(archive, f"{stem}{suffix}")
    return {}


def _loaded(archive: zipfile.ZipFile, name: str) -> dict[str, Tensor]:
    """Tensors of an archive of `torch.save` within the archive, loaded without pickled classes."""
    content = archive.read(name)
    if not content:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            if sum(member.file_size for member in inner.infolist()) > len(content) + LARGEST_TEXT:
                raise ValueError(f"{name} unpacks to far more than it has")
        state: Any = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{name} is damaged, or holds more than tensors, which is never loaded ({reason})"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{name} holds no tensors by name")
    for key, value in state.items():
        if (
            value.layout != torch.strided
            or value.numel() * value.element_size() > value.untyped_storage().nbytes()
        ):
            raise ValueError(f"{key!r} in {name} claims more numbers than there are")
    return {str(key): as_float32(value) for key, value in state.items()}


def as_float32(value: Tensor) -> Tensor:
    """Return a tensor with memory of its own; of real numbers in single precision."""
    value = value.detach()
    return (value.float() if value.is_floating_point() else value).clone(memory_format=torch.contiguous_format)
