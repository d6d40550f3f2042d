"""A model is only looked at: whatever is done to it meanwhile, it is put back as it was found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn


@contextmanager
def model_unchanged(model: nn.Module, *, seed: int | None = None) -> Iterator[None]:
    """Work on a model in eval mode and put back what was found, also when the block raises.

    Within the block every module is in eval mode, parameters ask for no gradient (only inputs do, which saves
    time and memory) and have none, and recurrent layers leave cuDNN alone: cuDNN's recurrent backward pass
    raises in eval mode. Convolutions keep cuDNN.

    Put back: training mode, ``requires_grad`` and ``grad`` of each parameter, hooks, submodules, every other
    attribute of every module (shallowly), the random states of Python, numpy and torch, torch's grad mode and
    the cuDNN flag. The *values* of parameters and buffers are not copied: do not write into them.

    Parameters
    ----------
    model
        Any module.
    seed
        If given, the block starts from this random state (Python, numpy and torch).

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> with model_unchanged(layer):
    ...     (layer.training, layer.weight.requires_grad)
    (False, False)
    >>> (layer.training, layer.weight.requires_grad)
    (True, True)
    """
    modules = [(module, _snapshot(module)) for module in model.modules()]
    parameters = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    states = _random_states()
    grad_mode, cudnn = torch.is_grad_enabled(), torch.backends.cudnn.enabled
    try:
        for parameter, required, grad in parameters:
            if grad is not None:
                parameter.grad = None
            if required:
                parameter.requires_grad_(False)
        for module, _ in modules:
            if module.training:  # most often none is
                module.eval()
            if isinstance(module, nn.RNNBase):
                _leave_cudnn(module)
        if seed is not None:
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 (libraries draw from the global state)
            # `torch.manual_seed` looks for every kind of device there might be, which takes longer than the rest.
            torch.default_generator.manual_seed(seed)
            if torch.cuda.is_initialized():
                torch.cuda.manual_seed_all(seed)
        yield
    finally:
        for module, snapshot in modules:
            _restore(module, snapshot)
        for parameter, required, grad in parameters:
            parameter.requires_grad_(required)
            parameter.grad = grad
        torch.set_grad_enabled(grad_mode)
        torch.backends.cudnn.enabled = cudnn
        _set_random_states(states)


_Snapshot = tuple[dict[str, Any], dict[str, dict[Any, Any]]]
_NOTHING: dict[Any, Any] = {}


def _snapshot(module: nn.Module) -> _Snapshot:
    """Return a module's attributes, and the content of those that are dicts (hooks, submodules, parameters)."""
    attributes = dict(module.__dict__)
    # Most are empty, and there are a dozen of them in each module.
    return attributes, {
        name: dict(value) if value else _NOTHING for name, value in attributes.items() if isinstance(value, dict)
    }


def _restore(module: nn.Module, snapshot: _Snapshot) -> None:
    attributes, contents = snapshot
    module.__dict__.clear()
    module.__dict__.update(attributes)
    for name, content in contents.items():
        # In place: handles of hooks that were there before refer to this very dict.
        kept: dict[Any, Any] = module.__dict__[name]
        if kept or content:
            kept.clear()
            kept.update(content)


def _leave_cudnn(module: nn.RNNBase) -> None:
    """Switch cuDNN off while this layer computes."""
    before: list[bool] = []

    def off(_: nn.Module, __: Any) -> None:
        before.append(torch.backends.cudnn.enabled)
        torch.backends.cudnn.enabled = False

    def back(_: nn.Module, __: Any, ___: Any) -> None:
        if before:
            torch.backends.cudnn.enabled = before.pop()

    module.register_forward_pre_hook(off)
    module.register_forward_hook(back, always_call=True)


def _random_states() -> tuple[Any, ...]:
    # Asking for the state of a GPU that was never used would start CUDA.
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda  # noqa: NPY002


def _set_random_states(states: tuple[Any, ...]) -> None:
    python, numpy, cpu, cuda = states
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
