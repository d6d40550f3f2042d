"""Import a state dict of PyTorch, or a safetensors file, into an architecture that the user names."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from motiflens.models import registry
from motiflens.models.output import parse_output
from motiflens.models.published.published import BASES, Published, meta_names

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


def import_torch(
    path: Path,
    *,
    architecture: str | None = None,
    length: int | None = None,
    output: str | None = None,
    hyperparameters: dict[str, Any] | None = None,
) -> Published:
    """Read weights into a model that is built by name.

    Parameters
    ----------
    path
        A state dict written by `torch.save` (also within a checkpoint, under ``state_dict`` or ``model``), or
        safetensors. Pickled classes are never loaded.
    architecture
        Name in the registry; by default the one that the plugins register, where there is one.
    length
        Window length in bp (default 1,000).
    output
        Of a registered module that gives several outputs, which are the logits (see `register`).
    hyperparameters
        Of the architecture, and ``channels``, ``outputs`` and ``meta``.

    Raises
    ------
    ValueError
        If the file is damaged or holds anything but tensors, no architecture is named, or weights do not fit it.
    """
    state = _state(path)
    name = architecture or _registered(path)
    options: dict[str, Any] = dict(hyperparameters or {})
    told = options.pop("length", None)
    if told is not None and length not in (None, told):
        raise ValueError(f"two lengths are given: {length} by --length, {told} by --set length")
    length = length if told is None else int(told)
    if output is not None:
        options["output"] = parse_output(output)
    sizes = {
        size: int(options.pop(size, default)) for size, default in (("channels", 4), ("outputs", 1), ("meta", 0))
    }
    model = registry.build(name, length=length or 1000, **sizes, **options)
    own = dict(model.state_dict())
    if not own.keys() & state.keys() and all(key.startswith("module.") for key in own):
        state = {f"module.{key}": value for key, value in state.items()}  # a registered module lies within ours
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise ValueError(f"{path}: its weights do not fit {name}: {reason}") from error
    signals = tuple(f"signal{i + 1}" for i in range(sizes["channels"] - 4))
    tasks = tuple(f"{path.stem}{i + 1}" if sizes["outputs"] > 1 else path.stem for i in range(sizes["outputs"]))
    return Published(model.eval(), BASES + signals, meta_names(sizes["meta"]), tasks, {"architecture": name})


def _registered(path: Path) -> str:
    """Name of the one architecture that the plugins register."""
    before = set(registry._BUILT_IN)
    own = [name for name in registry.architectures() if name not in before]
    if len(own) != 1:
        there = f"the plugins register {', '.join(own)}" if own else "no plugin registers one"
        raise ValueError(f"{path} holds weights alone: name their architecture with --architecture ({there})")
    return own[0]


def _state(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(str(path))
        if not zipfile.is_zipfile(path):
            raise pickle.UnpicklingError("no zip archive, as torch.save writes it")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        reason = " ".join(str(error).split())[:160]
        raise ValueError(
            f"{path} is damaged, or holds more than tensors, which is never loaded ({reason})"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} holds no state dict: save model.state_dict(), not the model")
    return dict(state)


def is_torch_file(path: Path) -> bool:
    """Whether a file is named as PyTorch's weights are."""
    return path.suffix.lower() in SUFFIXES and os.path.getsize(path) > 0
