"""The adapter over every architecture: one contract, also for what a user brings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from motiflens.interpret.adapter import Adapter, adapt
from motiflens.interpret.discover import discover
from motiflens.interpret.fields import field_of
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.models import architectures, build
from motiflens.models.architectures.base import SequenceModel, reverse_complement

SMALL: dict[str, dict[str, Any]] = {
    "tbinet": {"kernels": 6, "units": 3, "dense": 5},
    "saresnet": {"kernels": 6, "attention_size": 4, "dense": 5},
}
DEEPGRN = {"kernels": 6, "units": 3, "dense": 5, "kernel_size": 12}
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, SMALL.get(name, {})) for name in ("tbinet", "saresnet")),
    *(
        ("deepgrn", {**DEEPGRN, "attention": attention, "position": position, **more})
        for attention, more in (
            ("single", {}),
            ("single", {"vector": False}),
            ("single1d", {}),
            ("pairwise", {}),
            ("ensemble", {}),
        )
        for position in ("before", "after")
    ),
]


def _id(case: Any) -> str:
    parts = [case] if isinstance(case, str) else case.values()
    return "-".join(part for part in parts if isinstance(part, str))


def _build(name: str, options: dict[str, Any], **sizes: Any) -> SequenceModel:
    generator = torch.Generator().manual_seed(0)
    model = build(name, **{"length": 120, "channels": 5, **sizes}, **options)
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            with torch.no_grad():
                tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d) and layer.running_var is not None:
            layer.running_var.abs_().add_(0.5)
    return model


def _windows(n: int, length: int = 120, channels: int = 5) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.random((n, channels, length), dtype=np.float32)
    x[:, :4] = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))].transpose(0, 2, 1)
    x[0, :4, :9] = 0  # unknown bases
    return x


def test_every_architecture_with_attention_is_covered() -> None:
    """So that a new one joins the contract."""
    ours = [name for name in architectures() if build(name, length=200).attention_stems()]
    assert set(ours) <= {name for name, _ in CASES}


@pytest.mark.parametrize(("name", "options"), CASES, ids=_id)
def test_contract(name: str, options: dict[str, Any]) -> None:
    model = _build(name, options)
    model.train()
    state, parameters = torch.get_rng_state(), [p.requires_grad for p in model.parameters()]
    adapter, x = adapt(model), _windows(5)
    assert adapter.layers == tuple(model.attention_stems())
    for layer in adapter.layers:
        found = adapter.attention(x, layer=layer, batch_size=5)
        steps = len(found.field.start)
        assert found.layer == layer
        assert found.weights.dtype == np.float32
        assert found.profile.shape == (5, steps)
        assert np.isfinite(found.weights).all()
        shapes = {"vector": (5, steps), "pairwise": (5, steps, steps)}
        assert found.weights.shape[:2] == (5, steps)
        assert found.weights.shape == shapes.get(found.kind, found.weights.shape)
        axis = 1 if found.kind != "pairwise" else 2
        np.testing.assert_allclose(found.weights.sum(axis=axis), 1, rtol=1e-5)
        # Sequences do not matter to each other.
        one = adapter.attention(x, layer=layer, batch_size=2)
        np.testing.assert_allclose(one.weights, found.weights, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(adapter.attention(x[3:4], layer=layer).weights, found.weights[3:4], rtol=1e-4)
        # The reverse strand is the forward strand of the reverse complement.
        turned = reverse_complement(torch.from_numpy(x)).numpy()
        reverse = adapter.attention(x, layer=layer, strand="-")
        assert reverse.strand == "-"
        np.testing.assert_allclose(reverse.weights, adapter.attention(turned, layer=layer).weights, rtol=1e-6)
        # Tensors, and double precision.
        double = adapt(copy.deepcopy(model).double()).attention(torch.from_numpy(x).double(), layer=layer)
        assert double.weights.dtype == np.float64
        np.testing.assert_allclose(double.weights, found.weights, rtol=1e-3, atol=1e-5)
    assert all(module.training for module in model.modules())
    assert [p.requires_grad for p in model.parameters()] == parameters
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("name", "options"), CASES, ids=_id)
def test_the_weights_are_those_that_the_whole_pass_computes(name: str, options: dict[str, Any]) -> None:
    """Ending the pass early must change nothing."""
    model, x = _build(name, options).eval(), _windows(3)
    whole: dict[str, torch.Tensor] = {}
    handles = [
        model.get_submodule(layer).register_forward_hook(
            lambda _, __, output, layer=layer: whole.setdefault(layer, output.detach())
        )
        for layer in model.attention_stems()
    ]
    model(torch.from_numpy(x))  # the forward strand comes first
    for handle in handles:
        handle.remove()
    for layer, weights in whole.items():
        np.testing.assert_allclose(
            adapt(model).attention(x, layer=layer).weights, weights.numpy(), rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize(("name", "options"), CASES, ids=_id)
def test_looking_at_the_layers_finds_what_the_architecture_declares(name: str, options: dict[str, Any]) -> None:
    model = _build(name, options)
    declared = adapt(model).sources()
    with model_unchanged(model):
        found = discover(model, model.strand, torch.from_numpy(_windows(1)))
    for a, b in zip(declared, found, strict=True):
        assert (a.name, a.layout, a.below) == (b.name, b.layout, b.below)
        np.testing.assert_array_equal(a.field.start, b.field.start)
        assert a.field.width == b.field.width
        # Trying it out also finds learned mixing over time, which is no recurrence.
        assert b.field.nominal or not a.field.nominal


def test_the_default_is_the_last_layer_and_rollout_goes_through_all() -> None:
    adapter, x = adapt(_build("saresnet", SMALL["saresnet"])), _windows(2)
    found = adapter.attention(x)
    assert found.layer == "attentions.2.weights"
    rolled = adapter.attention(x, reduce="rollout")
    assert rolled.profile.shape == (2, len(adapter.field("attentions.0.weights").start))
    assert rolled.field.width == adapter.field("attentions.0.weights").width
    np.testing.assert_allclose(rolled.profile.sum(axis=1), 1, rtol=1e-5)


def test_meta_goes_through_with_its_windows() -> None:
    model = _build("deepgrn", {**DEEPGRN, "attention": "single1d"}, meta=3)
    x, meta = _windows(5), np.random.default_rng(0).random((5, 3), dtype=np.float32)
    found = adapt(model).attention(x, meta, batch_size=2)
    np.testing.assert_allclose(found.weights, adapt(model).attention(x, meta).weights, rtol=1e-5)
    with pytest.raises(ValueError, match="meta"):
        adapt(model).attention(x, meta[:2])


@pytest.mark.parametrize("name", sorted(set(architectures()) - {"tbinet", "saresnet", "deepgrn"}))
def test_models_without_attention_point_to_attributions(name: str) -> None:
    adapter = adapt(build(name, length=200))
    assert adapter.layers == ()
    with pytest.raises(ValueError, match=f"{name} has no attention: use attributions"):
        adapter.attention(_windows(1, length=200, channels=4))


def test_wrong_arguments_are_named() -> None:
    adapter, x = adapt(_build("tbinet", SMALL["tbinet"])), _windows(2)
    for arguments, message in (
        ({"layer": "no"}, "no attention layer 'no': it has attention"),
        ({"strand": "x"}, "strand must be"),
        ({"reduce": "mean"}, "vector attention is reduced by weights"),
        ({"batch_size": 0}, "batch_size"),
    ):
        with pytest.raises(ValueError, match=message):
            adapter.attention(x, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="N, C, L"):
        adapter.attention(x[0])
    with pytest.raises(ValueError, match="windows of shape"):
        adapter.attention(x[:, :4])
    with pytest.raises(ValueError, match="x is empty"):
        adapter.attention(x[:0])
    with pytest.raises(TypeError, match="array or a tensor"):
        adapter.attention(x.tolist())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="torch module"):
        adapt("tbinet")  # type: ignore[arg-type]


def test_nothing_is_left_behind_when_the_model_raises() -> None:
    model = _build("tbinet", SMALL["tbinet"]).train()
    model.score.register_forward_hook(_fail)
    with pytest.raises(KeyError):
        adapt(model).attention(_windows(2))
    assert all(module.training for module in model.modules())
    assert [len(module._forward_hooks) for module in model.modules()].count(0) == len(list(model.modules())) - 1
    assert all(p.requires_grad for p in model.parameters())


def _fail(*_: Any) -> None:
    raise KeyError("from within")


class _Own(nn.Module):
    """A user's module: residual and parallel convolutions, then attention of some kind."""

    def __init__(self, kind: str = "module") -> None:
        super().__init__()
        self.kind = kind
        self.first = nn.Conv1d(4, 8, 9, padding=4)
        self.block = nn.Sequential(nn.ReLU(inplace=True), nn.Conv1d(8, 8, 3, padding=1), nn.BatchNorm1d(8))
        self.narrow, self.wide = nn.Conv1d(8, 4, 3, padding="same"), nn.Conv1d(8, 4, 7, padding="same", dilation=2)
        self.pool = nn.MaxPool1d(4)
        self.lstm = nn.LSTM(8, 4, batch_first=True, bidirectional=True)
        self.score = nn.Linear(8, 1)
        self.softmax = nn.Softmax(dim=1)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
        self.classes = nn.Linear(8, 3)
        self.class_softmax = nn.Softmax(dim=-1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x)
        h = h + self.block(h.clone())
        h = self.pool(torch.cat([self.narrow(h), self.wide(h)], dim=1)).transpose(1, 2)  # N, T, 8
        if self.kind == "recurrent":
            h = self.lstm(h)[0]
        if self.kind in ("module", "recurrent"):
            h = (self.softmax(self.score(h)) * h).sum(dim=1)
        elif self.kind == "function":
            h = (torch.softmax(self.score(h)[..., 0], dim=1)[..., None] * h).sum(dim=1)
        elif self.kind == "channel":
            h = (h.transpose(1, 2).softmax(dim=-1) * h.transpose(1, 2)).sum(dim=-1)
        elif self.kind == "dot":
            h = nn.functional.scaled_dot_product_attention(h, h, h).mean(dim=1)
        elif self.kind == "heads":
            h = self.heads(h, h, h, need_weights=False)[0].mean(dim=1)
        elif self.kind == "encoder":
            h = self.encoder(h).mean(dim=1)
        else:
            h = h.mean(dim=1)
        return self.class_softmax(self.classes(h))


@pytest.mark.parametrize(
    ("kind", "layer", "shape"),
    [
        ("module", "softmax", (3, 30)),
        ("recurrent", "softmax", (3, 30)),
        ("function", "softmax:0", (3, 30)),
        ("channel", "softmax:0", (3, 30, 8)),
        ("dot", "softmax:0", (3, 30, 30)),
        ("heads", "heads", (3, 2, 30, 30)),
        ("encoder", "encoder.self_attn", (3, 2, 30, 30)),
    ],
)
def test_a_users_module_is_looked_at(kind: str, layer: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = _Own(kind)
    adapter, x = adapt(model), _windows(3, channels=4)
    found = adapter.attention(x)
    assert found.layer == layer
    assert found.weights.shape == shape
    expected = field_of(
        [model.first, model.block[1], nn.Conv1d(8, 4, 7, padding="same", dilation=2), model.pool], 120
    )
    np.testing.assert_array_equal(found.field.start, expected.start)
    assert found.field.width == expected.width
    assert found.field.nominal == (kind == "recurrent")
    assert adapter.layers == (layer,)
    axis = 1 if len(shape) < 4 and found.kind != "pairwise" else -1
    np.testing.assert_allclose(found.weights.sum(axis=axis), 1, rtol=1e-5)
    assert model.training


def test_a_users_module_without_attention() -> None:
    with pytest.raises(ValueError, match="_Own has no attention"):
        adapt(_Own("none")).attention(_windows(2, channels=4))
    with pytest.raises(ValueError, match="window length is unknown"):
        _ = adapt(_Own("module")).layers
    assert adapt(_Own("module"), length=120).layers == ("softmax",)


def test_the_weights_of_fused_attention_are_those_it_uses() -> None:
    torch.manual_seed(0)
    model = _Own("dot").eval()
    seen: list[torch.Tensor] = []
    model.pool.register_forward_hook(lambda _, __, output: seen.append(output.transpose(1, 2)))
    model.classes.register_forward_hook(lambda _, args, __: seen.append(args[0]))
    x = _windows(3, channels=4)
    with torch.no_grad():
        model(torch.from_numpy(x))
    values, mixed = seen
    weights = torch.from_numpy(adapt(model).attention(x).weights)
    torch.testing.assert_close((weights @ values).mean(dim=1), mixed, rtol=1e-4, atol=1e-5)


class _Functional(nn.Module):
    """Functions, and the layers that compute the same."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(4, 8, 9)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.function(torch.relu(self.convolution(x)))
        return (h.sum(dim=1).softmax(dim=1)[:, None] * h).sum(dim=(1, 2))[:, None]


_KERNELS = torch.randn(3, 8, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("function", "layer"),
    [
        (lambda h: functional.max_pool1d(h, 4), nn.MaxPool1d(4)),
        (lambda h: functional.max_pool1d(h, 4, 3, 1, 2, ceil_mode=True), nn.MaxPool1d(4, 3, 1, 2, ceil_mode=True)),
        (lambda h: functional.max_pool1d(h, 5, return_indices=True)[0], nn.MaxPool1d(5)),
        (lambda h: functional.avg_pool1d(h, 5, 2, 1, ceil_mode=True), nn.AvgPool1d(5, 2, 1, ceil_mode=True)),
        (lambda h: functional.max_pool2d(h[:, :, None], (1, 4))[:, :, 0], nn.MaxPool1d(4)),
        (lambda h: functional.conv1d(h, _KERNELS, stride=2, padding=1), nn.Conv1d(8, 3, 5, 2, 1)),
        (lambda h: functional.conv1d(h, _KERNELS, padding="same", dilation=3), nn.Conv1d(8, 3, 5, 1, 6, 3)),
        (lambda h: functional.pad(h, (5, 2)), nn.ConstantPad1d((5, 2), 0.0)),
    ],
)
def test_fields_of_functions_are_those_of_layers(
    function: Callable[[torch.Tensor], torch.Tensor], layer: nn.Module
) -> None:
    """A model that pools by a function was told that it has no attention."""
    model, x = _Functional(function), _windows(2, channels=4)
    seen = adapt(model).attention(x)
    by_layer = adapt(model, attention="softmax:0", stem=[model.convolution, layer]).attention(x)
    np.testing.assert_array_equal(seen.field.start, by_layer.field.start)
    assert (seen.field.width, seen.field.nominal) == (by_layer.field.width, False)
    np.testing.assert_array_equal(seen.profile, by_layer.profile)


def test_a_function_without_a_fixed_field_asks_for_the_stem() -> None:
    model, x = _Functional(lambda h: functional.adaptive_max_pool1d(h, 28)), _windows(2, channels=4)
    with pytest.raises(ValueError, match=r"stem=\[...\]"):
        adapt(model, attention="softmax:0").attention(x)
    found = adapt(model, attention="softmax:0", stem=[model.convolution, nn.MaxPool1d(4)]).attention(x)
    assert found.profile.shape == (2, 28)
    assert found.field.width == 12


class _BothStrands(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = _Own("module")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x) + self.one(reverse_complement(x))


def test_a_users_siamese_module_needs_one_strand() -> None:
    torch.manual_seed(0)
    model, x = _BothStrands(), _windows(2, channels=4)
    with pytest.raises(ValueError, match="computed 2 times"):
        adapt(model).attention(x)
    found = adapt(model, forward=lambda window, _: model.one(window)).attention(x, strand="-")
    turned = reverse_complement(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found.weights, adapt(model.one).attention(turned).weights, rtol=1e-6)


def test_names_that_are_not_there() -> None:
    x = _windows(1, channels=4)
    with pytest.raises(ValueError, match="no module 'sofmax'"):
        adapt(_Own(), attention="sofmax").attention(x)
    with pytest.raises(ValueError, match="computes nothing at 'heads'"):
        adapt(_Own(), attention="heads").attention(x)
    with pytest.raises(ValueError, match="is it the attention"):
        adapt(_Own(), attention="class_softmax", stem=[nn.Conv1d(4, 8, 9)]).attention(x)


def test_a_registered_users_module_is_looked_at_too() -> None:
    from motiflens.models.architectures.wrapped import wrap

    class Mine(nn.Module):
        def __init__(self, kind: str = "module") -> None:
            super().__init__()
            self.inner = _Own(kind)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)[:, :1]

    model = wrap("mine", Mine)(length=120, channels=4, outputs=1, meta=0)
    assert adapt(model).layers == ("module.inner.softmax",)


@pytest.mark.parametrize("output", [None, "logits", "rest"])
def test_attention_needs_no_choice_among_a_registered_modules_outputs(output: str | None) -> None:
    """`attribute --output NAME` of such a module ended in "choose one", since its attention was looked for."""
    from motiflens.models.architectures.wrapped import wrap

    class Mine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = _Own("module")

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            hidden = self.inner(x)
            return {"logits": hidden[:, :1], "rest": hidden[:, 1:]}

    torch.manual_seed(0)
    model = wrap("mine", Mine)(length=120, channels=4, outputs=1, meta=0)
    adapter, x = adapt(model, output=output), _windows(2)[:, :4, :120]
    assert adapter.layers == ("module.inner.softmax",)
    bare = adapt(model.module, length=120).attention(x)
    np.testing.assert_array_equal(adapter.attention(x).weights, bare.weights)


def test_the_first_convolution() -> None:
    model = _Own()
    assert adapt(model).first_convolution is model.first
    assert adapt(model, first_convolution=model.wide).first_convolution is model.wide
    assert isinstance(adapt(_build("tbinet", SMALL["tbinet"])), Adapter)


def test_on_each_device(device: torch.device) -> None:
    model, x = _build("deepgrn", {**DEEPGRN, "attention": "single1d"}), _windows(3)
    expected = adapt(model).attention(x).weights
    np.testing.assert_allclose(adapt(model.to(device)).attention(x).weights, expected, rtol=1e-3, atol=1e-5)
