"""Comparison with the reference inputs and outputs of published models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel, reverse_complement


def check_against_reference(
    model: SequenceModel, file: Path, *, bases: list[int], modules: dict[str, str]
) -> None:
    """Outputs, intermediates, attention (≤ 1e-5) and input gradients (≤ 1e-4 relative), per strand and merged.

    Parameters
    ----------
    model
        The imported model.
    file
        Its reference.
    bases
        Where A, C, G, T lie among the reference's channels.
    modules
        Key of an intermediate in the reference -> the module of ours that gives it.
    """
    with np.load(file) as z:
        reference = {key: torch.from_numpy(z[key]) for key in z.files if key != "seq"}
    channels = [*bases, *range(4, reference["x_fwd"].shape[-1])]

    def ours(array: Tensor) -> Tensor:
        return array[..., channels].transpose(1, 2).contiguous()

    meta = reference.get("meta")
    seen: dict[str, Tensor] = {}
    for key, name in modules.items():
        module = dict(model.named_modules())[name]
        module.register_forward_hook(lambda m, i, o, key=key: seen.update({key: _tensor(m, o)}))
    for strand in ("fwd", "rev"):
        x = ours(reference[f"x_{strand}"]).requires_grad_()
        p = model.strand(x, meta).sigmoid()
        torch.testing.assert_close(p, reference[f"y_{strand}"], rtol=0, atol=1e-5)
        for key in modules:
            expected = reference[f"{key}_{strand}"]
            found = seen[key] if seen[key].ndim == expected.ndim else seen[key].unsqueeze(-1).expand_as(expected)
            scale = 1.0 if key == "att" else max(1.0, expected.abs().max().item())
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * scale)
    x = ours(reference["x_fwd"]).requires_grad_()
    torch.testing.assert_close(reverse_complement(x), ours(reference["x_rev"]), rtol=0, atol=0)
    given = None if meta is None else meta.clone().requires_grad_()
    p = model(x, given).sigmoid()
    torch.testing.assert_close(p, reference["y"], rtol=0, atol=1e-5)
    p.sum().backward()
    expected = ours(reference["grad_fwd"]) + reverse_complement(ours(reference["grad_rev"]))
    _same_gradient(x.grad, expected)
    if "grad_meta" in reference and given is not None:
        _same_gradient(given.grad, reference["grad_meta"])


def _tensor(module: nn.Module, output: object) -> Tensor:
    """Output of a module in the reference's layout: position, channel."""
    tensor = output[0] if isinstance(output, tuple) else output
    assert isinstance(tensor, Tensor)
    return (tensor.transpose(1, 2) if isinstance(module, nn.MaxPool1d) else tensor).detach()


def _same_gradient(found: Tensor | None, expected: Tensor) -> None:
    """Differ by at most 1e-4 of the largest gradient.

    Not of each sequence's: where p is near 1, the reference's float32 1 − p is itself good to 1e-3 only.
    """
    assert found is not None
    assert (found - expected).abs().max().item() <= 1e-4 * expected.abs().max().item()
