"""With channels last, a training step is that of the layers, but for the order of sums."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from motiflens.models import build
from motiflens.models.architectures.base import SequenceModel

from .cases import CASES

LAST = importlib.import_module("motiflens.models.architectures.channels_last")
CONVOLUTION = importlib.import_module("motiflens.models.architectures.rectified_convolution")
KEGRU = importlib.import_module("motiflens.models.architectures.kegru")
NAMES = [name for name, case in CASES.items() if case.name in ("saresnet", "factornet", "deepgrn", "deepsea")]


def set_dropout(model: SequenceModel, rate: float) -> None:
    """Drop so many outputs of every layer that drops."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = rate
        for name in ("input_dropout", "recurrent_dropout"):
            if hasattr(module, name):
                setattr(module, name, rate)


def refuse(*_: object, **__: object) -> bool:
    return False


def through_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rectified_convolution", "saresnet", "deepsea"):
        module = importlib.import_module(f"motiflens.models.architectures.{name}")
        monkeypatch.setattr(module, "channels_last_does", refuse)


@pytest.mark.parametrize("name", NAMES)
def test_a_training_step_is_that_of_the_layers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits, gradients and running statistics of three steps; 1e-4 relative, float32."""
    model = CASES[name].build(outputs=2).train()
    set_dropout(model, 0.0)
    x, meta = CASES[name].inputs(9)
    if model.name == "saresnet":  # its blocks start as the identity: give them something to pass on
        for module in model.modules():
            if isinstance(getattr(module, "theta", None), nn.Parameter):
                module.theta.data.fill_(0.7)
    found = []
    for each in (model, copy.deepcopy(model)):
        optimizer = torch.optim.SGD(each.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            logits = each(x, meta)
            logits.square().mean().backward()
            optimizer.step()
        found.append(
            [logits.detach(), *(w.grad for w in each.parameters() if w.grad is not None), *each.buffers()]
        )
        through_layers(monkeypatch)
    assert len(found[0]) == len(found[1]) > 5
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_scoring_is_that_of_the_layers(name: str) -> None:
    model = CASES[name].build(outputs=2).eval()
    x, meta = CASES[name].inputs(9)
    with torch.inference_mode():
        fast = model(x, meta)
    with torch.no_grad():
        torch.testing.assert_close(fast, model(x, meta), rtol=1e-4, atol=1e-5)


def looked_at(model: SequenceModel, x: Tensor) -> Tensor:
    model.pool.register_forward_hook(lambda *_: None)
    return x


WAYS: dict[str, Callable[[SequenceModel, Tensor], Tensor]] = {
    "a hook": looked_at,
    "the input's gradient": lambda model, x: x.requires_grad_(),
    "double precision": lambda model, x: x.to(model.double().pool(x).dtype).double(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["saresnet", "factornet alone", "deepgrn none"])
def test_layers_are_called_where_someone_looks(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CASES[name].build().train()
    x = WAYS[way](model, CASES[name].inputs()[0])

    def fail(*_: object) -> None:
        raise AssertionError("laid with channels last")

    for module in (CONVOLUTION, importlib.import_module("motiflens.models.architectures.saresnet")):
        monkeypatch.setattr(module, "channels_last", fail)
        monkeypatch.setattr(module, "_by_letters", fail, raising=False)
    assert bool(model(x, None).isfinite().all())


def test_dropout_keeps_its_share_and_its_seed() -> None:
    """Of 400,000 scores above 0 a fifth is dropped (4 standard errors), others are scaled, gradients alike."""
    relu, dropout = nn.ReLU(), nn.Dropout(0.2)
    layer = nn.Conv1d(4, 20, 1)
    nn.init.constant_(layer.weight, 1.0)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    model = nn.ModuleList([layer, relu, dropout]).train()
    x = nn.functional.one_hot(torch.arange(20_000).reshape(20, 1000) % 4, 4).transpose(1, 2).float().contiguous()

    def once(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return CONVOLUTION.rectified_convolution(layer, relu, dropout, x, model=model)

    h = once(1)
    assert abs(float((h == 0).double().mean()) - 0.2) < 4 * (0.2 * 0.8 / 400_000) ** 0.5
    torch.testing.assert_close(h[h > 0], torch.full_like(h[h > 0], 1.25), rtol=2e-5, atol=0)
    h.sum().backward()
    assert layer.bias is not None
    assert layer.bias.grad is not None
    torch.testing.assert_close(layer.bias.grad, h.sum(dim=(0, 2, 3)), rtol=1e-5, atol=0)
    assert torch.equal(once(1), h)
    assert not torch.equal(once(2), h)
    for channel in (h[:, 0], h[:, :, 0, 0]):  # neighbours along and across windows are drawn independently
        kept = (channel.flatten() > 0).double() - 0.8
        assert abs(float((kept[1:] * kept[:-1]).mean())) < 4 * 0.16 / len(kept) ** 0.5


def test_paper_sizes_are_laid_with_channels_last() -> None:
    model = build("saresnet", length=101).train()
    assert LAST.channels_last_does(model, torch.zeros(2, 4, 101), training=True)


def test_kegru_by_rows_is_that_of_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """More tokens than rows: a training step by rows; with a hook on the embedding, through it."""
    model = CASES["kegru"].build(length=201).train()
    x = CASES["kegru"]._replace(length=201).inputs(9)[0]
    calls: list[int] = []
    found = []
    for each in (model, copy.deepcopy(model)):
        each(x, None).square().sum().backward()
        found.append([weight.grad for weight in each.parameters()])
        assert not calls
        monkeypatch.setattr(KEGRU, "letters_do", refuse)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    monkeypatch.undo()
    model.embedding.register_forward_hook(lambda *_: calls.append(1))
    model(x, None)
    assert calls
