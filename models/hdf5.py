"""Reading named parts of an HDF5 file, with one clear line where a part is missing or of another kind."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np


def dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """Return the dataset of that name.

    Raises
    ------
    ValueError
        If the group has no dataset of that name; the message names the file.
    """
    part = group.get(name)
    if not isinstance(part, h5py.Dataset):
        raise ValueError(
            f"{group.file.filename} is damaged or incomplete: it has no dataset {_place(group, name)!r}"
        )
    return part


def subgroup(group: h5py.Group, name: str) -> h5py.Group:
    """Return the group of that name. Errors as in `dataset`."""
    part = group.get(name)
    if not isinstance(part, h5py.Group):
        raise ValueError(
            f"{group.file.filename} is damaged or incomplete: it has no group {_place(group, name)!r}"
        )
    return part


def array(group: h5py.Group, name: str) -> np.ndarray:
    """Return a dataset's values. Errors as in `dataset`, and where its bytes cannot be read."""
    return values(dataset(group, name))


def values(data: h5py.Dataset, rows: Any = ()) -> np.ndarray:
    """Return some of a dataset's values, all by default.

    Raises
    ------
    ValueError
        If the file's bytes cannot be read; the message names the file.
    """
    try:
        return np.asarray(data[rows])
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{data.file.filename} is damaged: {data.name} cannot be read ({reason})") from error


def attribute(group: h5py.Group, name: str) -> Any:
    """Return an attribute of a group or file. Errors as in `dataset`."""
    if name not in group.attrs:
        raise ValueError(f"{group.file.filename} is damaged or incomplete: it has no attribute {name!r}")
    return group.attrs[name]


def names(group: h5py.Group, name: str) -> list[str]:
    """Return the texts of an attribute; none where it is empty or not there.

    Raises
    ------
    ValueError
        If it holds no texts; the message names the file.
    """
    value = group.attrs.get(name)
    if value is None or isinstance(value, h5py.Empty):
        return []
    array = np.asarray(value)
    if not array.size:
        return []
    if array.ndim != 1 or array.dtype.kind not in "SUO":
        raise ValueError(f"{group.file.filename} is damaged: its attribute {name!r} holds no list of names")
    return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in array]


def _place(group: h5py.Group, name: str) -> str:
    return f"{group.name}/{name}".replace("//", "/").lstrip("/")
