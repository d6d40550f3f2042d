"""What a Keras file holds, configuration and arrays, read as JSON and numbers alone."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np

from motiflens.models.hdf5 import names, subgroup
from motiflens.models.reading import reading
from motiflens.models.types import Floats, Json

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# A JSON of a network or the weights of one beyond these sizes is a bomb.
LARGEST_TEXT, LARGEST_ARRAYS = 256 << 20, 16 << 30
MAGIC = b"PK\x03\x04"


class Stored:
    """A Keras file's content.

    Attributes
    ----------
    path
        The file.
    config
        The model's configuration, as in ``model_config`` or ``config.json``.
    version, backend
        Of Keras, as the file tells them; empty where it does not.
    zipped
        It is a ``.keras`` file, whose arrays go by places; those of an ``.h5`` go by the layers' names.
    groups
        ``.h5``: name of a top-level layer -> names and arrays of its weights, in order.
    places
        ``.keras``: path of an object within the weights -> its arrays in order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: Json = {}
        self.version = self.backend = ""
        self.groups: dict[str, list[tuple[str, Floats]]] = {}
        self.places: dict[str, list[Floats]] = {}
        self.zipped = False

    @property
    def major(self) -> int:
        """Keras' main version: 1, 2 or 3."""
        return int(self.version[0]) if self.version[:1].isdigit() else 2


def read_stored(path: Path) -> Stored:
    """Read a ``.h5`` file of Keras 1 to 3 or a ``.keras`` file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is none of the two, damaged or truncated, reaches outside itself (links, members with a path outside
        the archive), or holds anything else than text and numbers where these belong.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    stored = Stored(path)
    with reading(path, "Keras file", checked=True):
        with path.open("rb") as file:
            start = file.read(4)
        if start == MAGIC:
            _zip(stored)
        elif h5py.is_hdf5(path):
            with h5py.File(path, "r") as file5:
                _legacy(stored, file5)
        else:
            raise ValueError(f"{path} is no Keras file: neither HDF5 (.h5) nor a zip archive (.keras)")
    if not isinstance(stored.config, dict) or "class_name" not in stored.config:
        raise ValueError(f"{path}: its configuration is no Keras model's")
    return stored


def _zip(stored: Stored) -> None:
    with zipfile.ZipFile(stored.path) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
                raise ValueError(f"{stored.path} has a member outside of its folder: {member.filename!r}")
            link = (member.external_attr >> 16) & 0o170000 == 0o120000
            if link or member.flag_bits & 1:
                kind = "a link" if link else "encrypted"
                raise ValueError(f"{stored.path}: its member {member.filename!r} is {kind}")
        members = archive.namelist()
        for needed in (CONFIG, WEIGHTS):
            if members.count(needed) != 1:
                raise ValueError(
                    f"{stored.path} is no Keras file: it has {members.count(needed)} members {needed!r}"
                )
        stored.zipped = True
        stored.config = parse_json(_text_member(archive, CONFIG), f"{CONFIG} in {stored.path}")
        if METADATA in members:
            metadata = parse_json(_text_member(archive, METADATA), f"{METADATA} in {stored.path}")
            stored.version = str(metadata.get("keras_version", ""))
        if archive.getinfo(WEIGHTS).file_size > LARGEST_ARRAYS:
            raise ValueError(f"{stored.path}: {WEIGHTS} is larger than {LARGEST_ARRAYS >> 30} GiB")
        content = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(content, "r") as file:
        for group, where in _groups(stored, file, ""):
            if where.rpartition("/")[2] == "vars":
                numbers = sorted((name for name in map(str, group) if name.isdigit()), key=int)
                arrays = [_array(stored, group, name, f"{where}/{name}") for name in numbers]
                if arrays:
                    stored.places[where.rpartition("/")[0]] = arrays


def _text_member(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > LARGEST_TEXT:
        raise ValueError(f"{name} is larger than {LARGEST_TEXT >> 20} MiB")
    return archive.read(name).decode("utf-8")


def _groups(stored: Stored, group: h5py.Group, where: str) -> Iterator[tuple[h5py.Group, str]]:
    """Yield a group and those below it with their paths; links that lead elsewhere are refused."""
    yield group, where
    for name in map(str, group):
        link = group.get(name, getlink=True)
        path = f"{where}/{name}".lstrip("/")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{stored.path}: {path!r} is a link, no array of its own")
        if group.get(name, getclass=True) is h5py.Group:
            if path.count("/") > 64:
                raise ValueError(f"{stored.path}: {path[:80]!r}… lies too deep")
            yield from _groups(stored, subgroup(group, name), path)


def _legacy(stored: Stored, file: h5py.File) -> None:
    if not isinstance(file.get("model_weights", getlink=True), h5py.HardLink):
        raise ValueError(f"{stored.path} holds no Keras model: the group 'model_weights' is missing")
    root = subgroup(file, "model_weights")
    if "model_config" not in file.attrs:
        raise ValueError(f"{stored.path} lacks the attribute 'model_config': it holds weights alone, not a model")
    stored.config = parse_json(_text(file.attrs["model_config"]), f"model_config in {stored.path}")
    for name in ("version", "backend"):
        key = "keras_version" if name == "version" else name
        setattr(stored, name, _text(root.attrs.get(key, file.attrs.get(key, ""))))
    if not stored.version:
        stored.version = "1" if _keras1(stored.config) else "2"
    for layer in _names(root, "layer_names"):
        group = _member(stored, root, layer, layer)
        if not isinstance(group, h5py.Group):
            raise ValueError(f"{stored.path}: the weights of layer {layer!r} are no group")
        stored.groups[layer] = [
            (name, _array(stored, group, name, f"{layer}/{name}")) for name in _names(group, "weight_names")
        ]


def _keras1(config: Json) -> bool:
    text = json.dumps(config)
    return any(word in text for word in ('"border_mode"', '"output_dim"', '"nb_filter"')) and (
        '"filters"' not in text and '"units"' not in text
    )


def _names(group: h5py.Group, key: str) -> list[str]:
    """Names in an attribute, which Keras cuts into several where it is long."""
    if key in group.attrs:
        return names(group, key)
    parts: list[list[str]] = []
    while f"{key}{len(parts)}" in group.attrs:
        parts.append(names(group, f"{key}{len(parts)}"))
    return [name for part in parts for name in part]


def _member(stored: Stored, group: h5py.Group, name: str, where: str) -> h5py.Group | h5py.Dataset | h5py.Datatype:
    """A member of a group by a path, each part of which must lie in this file."""
    at: h5py.Group | h5py.Dataset | h5py.Datatype = group
    for part in (part for part in name.split("/") if part):
        if not isinstance(at, h5py.Group) or part == ".." or (link := at.get(part, getlink=True)) is None:
            raise ValueError(f"{stored.path} is incomplete: {where!r} is missing")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{stored.path}: {where!r} is a link, no array of its own")
        at = at[part]
    return at


def _array(stored: Stored, group: h5py.Group, name: str, where: str) -> Floats:
    data = _member(stored, group, name, where)
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
        raise ValueError(f"{stored.path}: {where!r} is no array of its own")
    if data.dtype.kind not in "fiub":
        raise ValueError(f"{stored.path}: {where!r} holds no numbers but {data.dtype}")
    if data.size * data.dtype.itemsize > LARGEST_ARRAYS:
        raise ValueError(f"{stored.path}: {where!r} is larger than {LARGEST_ARRAYS >> 30} GiB")
    if data.size and not data.id.get_storage_size():
        raise ValueError(f"{stored.path} is truncated: the numbers of {where!r} are missing")
    array = np.asarray(data[()], dtype=np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{stored.path}: the array {where!r} holds values that are not finite")
    return array


def parse_json(text: str, where: str) -> Any:
    """Parse JSON, naming the place where it is damaged."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{where} is damaged: {error}") from error


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
