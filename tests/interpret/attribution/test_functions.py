"""What a model computes by functions has the scores of the layer that computes it, or is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.interpret import adapt, attribute

LENGTH = 40


def written_out(scores: Tensor) -> Tensor:
    """Softmax over positions by hand, (N, T, 1)."""
    shares = torch.exp(scores - scores.amax(1, keepdim=True))
    return shares / shares.sum(dim=1, keepdim=True)


def by_logsumexp(scores: Tensor) -> Tensor:
    """The same in logarithms."""
    return torch.exp(scores - torch.logsumexp(scores, 1, keepdim=True))


def as_keras(scores: Tensor) -> Tensor:
    """Softmax by hand as Keras models write it: nothing is divided by 0."""
    shares = scores.exp()
    return shares / (shares.sum(1, keepdim=True) + 1e-7)


def within_bounds(scores: Tensor) -> Tensor:
    """The same, its sum laid out by indexing and kept above 0."""
    shares = scores.exp()
    shares /= shares.sum(1)[:, None].clamp(min=1e-12)
    return shares


def signed_shares(values: Tensor) -> Tensor:
    """Of a sum over positions, some below 0: no weights."""
    return values / values.sum(1, keepdim=True)


class Net(nn.Module):
    """A convolution, what is tried, and a dense layer."""

    def __init__(self, step: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.convolution = nn.Conv1d(4, 8, 5, padding=2)
            self.pool, self.whole = nn.MaxPool1d(4), nn.MaxPool1d(LENGTH)
            self.adaptive, self.relu = nn.AdaptiveMaxPool1d(1), nn.ReLU()
            self.places = nn.MaxPool1d(4, return_indices=True)
            self.everywhere, self.flat = nn.AdaptiveMaxPool1d(1, return_indices=True), nn.AdaptiveMaxPool2d(1)
            self.query, self.out, self.dense = nn.Linear(8, 1), nn.Linear(8, 1), nn.Linear(80, 1)
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return self.step(self, self.convolution(x))

    def tokens(self, h: Tensor) -> Tensor:
        pooled: Tensor = self.pool(self.relu(h))
        return pooled.transpose(1, 2)  # N, 10, 8


def windows(n: int = 3) -> np.ndarray:
    codes = np.random.default_rng(0).integers(0, 4, (n, LENGTH))
    return np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)


def _in_place(m: Any, h: Tensor) -> Tensor:
    functional.relu(h, inplace=True)
    return m.dense(m.pool(h).flatten(1))


def _in_place_too(m: Any, h: Tensor) -> Tensor:
    h.relu_()
    return m.dense(m.pool(h).flatten(1))


def layers(m: Any, h: Tensor) -> Tensor:
    return m.dense(m.pool(m.relu(h)).flatten(1))


def whole(m: Any, h: Tensor) -> Tensor:
    return m.out(m.whole(m.relu(h)).flatten(1))


SAME: tuple[tuple[Callable[[Any, Tensor], Tensor], Callable[[Any, Tensor], Tensor]], ...] = (
    (layers, lambda m, h: m.dense(m.pool(functional.relu(h)).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(torch.relu(h)).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(h.clamp(min=0)).flatten(1))),
    (layers, _in_place),
    (layers, _in_place_too),
    (layers, lambda m, h: m.dense(m.pool(h.clamp_(min=0)).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(functional.hardtanh_(h, 0.0, 1e6)).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(functional.threshold_(h, 0.0, 0.0)).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(functional.leaky_relu(h, 0.0, inplace=True)).flatten(1))),
    (layers, lambda m, h: m.dense(functional.max_pool1d(m.relu(h), 4).flatten(1))),
    (whole, lambda m, h: m.out(m.adaptive(m.relu(h)).flatten(1))),
    (whole, lambda m, h: m.out(m.relu(h).amax(-1))),
    (whole, lambda m, h: m.out(m.relu(h).max(dim=2).values)),
    (whole, lambda m, h: m.out(functional.relu(h).transpose(1, 2).max(1)[0])),
    (whole, lambda m, h: m.out(functional.adaptive_max_pool1d(m.relu(h), 1).flatten(1))),
    (layers, lambda m, h: m.dense(m.pool(torch.maximum(h, h.new_zeros(()))).flatten(1))),
    (
        layers,
        lambda m, h: m.dense(functional.prelu(h, h.new_zeros(8)).view(-1, 8, 10, 4).max(-1).values.flatten(1)),
    ),
    (layers, lambda m, h: m.dense(m.places(m.relu(h))[0].flatten(1))),
    (whole, lambda m, h: m.out(m.everywhere(m.relu(h))[0].flatten(1))),
    (whole, lambda m, h: m.out(m.flat(m.relu(h)[:, :, None]).flatten(1))),
    (whole, lambda m, h: m.out(m.relu(h).view(-1, 8, 4, 10).amax((2, 3)))),
    (whole, lambda m, h: m.out(-(-m.relu(h)).amin(-1))),
    (whole, lambda m, h: m.out(-(-m.relu(h)).min(-1).values)),
)


@pytest.mark.parametrize("number", range(len(SAME)))
def test_functions_equal_layers(number: int) -> None:
    by_layers, by_function = (
        attribute(Net(step).eval(), windows(), method="deep_lift_shap") for step in SAME[number]
    )
    largest = np.abs(by_layers.scores).max()
    np.testing.assert_allclose(by_function.scores, by_layers.scores, rtol=0, atol=1e-5 * largest)
    assert by_function.without_rule == ()
    assert by_function.flagged is not None
    assert not by_function.flagged.any()


@pytest.mark.parametrize(
    "step",
    [
        lambda m, h: m.out((m.tokens(h) * functional.softmax(m.query(m.tokens(h)), 1)).sum(1)),
        lambda m, h: m.out(torch.bmm(m.query(m.tokens(h)).softmax(1).transpose(1, 2), m.tokens(h))[:, 0]),
        lambda m, h: m.out((m.query(m.tokens(h)).softmax(1).transpose(1, 2) @ m.tokens(h))[:, 0]),
        lambda m, h: m.out(torch.einsum("nto,ntd->nd", m.query(m.tokens(h)).softmax(1), m.tokens(h))),
        lambda m, h: m.out(m.tokens(h).mean(1)).exp() ** 2,
        lambda m, h: m.out(functional.layer_norm(functional.gelu(m.tokens(h)), (8,)).mean(1).tanh()),
        lambda m, h: m.out(torch.logsumexp(functional.elu(m.tokens(h) - 1), 1)),
        lambda m, h: m.dense(nn.functional.leaky_relu(m.pool(h), 0.1).flatten(1)) / 3 - 1,
    ],
)
def test_functions_add_up(step: Callable[[Any, Tensor], Tensor]) -> None:
    result = attribute(Net(step).eval(), windows(), method="deep_lift_shap")
    assert result.completeness is not None
    assert result.completeness.max() < 1e-3
    assert result.without_rule == ()


def test_functions_without_rule_are_named() -> None:
    net = Net(lambda m, h: m.out(m.tokens(h).mean(1)) / (1 + m.tokens(h).mean((1, 2))[:, None]))
    result = attribute(net.eval(), windows(), method="deep_lift_shap")
    assert result.without_rule == ("div",)
    assert result.flagged is not None
    assert result.flagged.any()


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (lambda m, h: m.dense((m.pool(h) * (m.pool(h) > 0)).flatten(1)), ("gt",)),
        (lambda m, h: m.dense(torch.where(m.pool(h) > 0, m.pool(h), 0.0).flatten(1)), ("gt", "where")),
        (lambda m, h: m.dense(torch.maximum(m.pool(h), -m.pool(h) / 2).flatten(1)), ("maximum",)),
        (lambda m, h: m.out(sum(torch.aminmax(h, dim=-1))), ("aminmax",)),
        (lambda m, h: m.out(torch.fft.rfft(h).abs().mean(-1)), ("abs",)),
    ],
)
def test_masks_and_choices_are_named(step: Callable[[Any, Tensor], Tensor], names: tuple[str, ...]) -> None:
    """A product with a mask was taken for linear, nothing named; several tensors were torch's own error."""
    result = attribute(Net(step).eval(), windows(), method="deep_lift_shap")
    assert result.without_rule == names


@pytest.mark.parametrize(
    "take",
    [
        lambda h: h.topk(3, -1).values.mean(-1),
        lambda h: h.kthvalue(30, -1).values,
        lambda h: h.median(-1).values,
        lambda h: h.cummax(-1).values.mean(-1),
        lambda h: h.min(-1).values,
    ],
)
def test_functions_that_give_places_too(take: Callable[[Tensor], Tensor]) -> None:
    """More points of the quadrature bring them nearer to adding up; they ended in torch's own error."""
    net = Net(lambda m, h: m.out(take(h))).eval()
    errors = [
        attribute(net, windows(), method="deep_lift_shap", options={"quadrature": points}).completeness
        for points in (4, 256)
    ]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[1].mean() <= max(errors[0].mean() / 2, 1e-3)


def test_a_layer_that_is_never_called_is_not_refused() -> None:
    net = Net(layers)
    net.unused = nn.LSTMCell(4, 5)
    assert attribute(net.eval(), windows(), method="deep_lift_shap").without_rule == ()


class Recurrent(nn.Module):
    """An LSTM of which something is taken."""

    def __init__(self, take: Callable[[nn.LSTM, Tensor], Tensor], proj_size: int = 0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True, proj_size=proj_size)
        self.take, self.out = take, nn.LazyLinear(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.take(self.lstm, x.transpose(1, 2)))


class Stepwise(nn.Module):
    """An LSTM's cell, called step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.LSTMCell(4, 5), nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        state = None
        for at in range(5):
            state = self.cell(x[:, :, at], state)
        assert state is not None
        return self.out(state[0])


def _packed(lstm: nn.LSTM, x: Tensor) -> Tensor:
    packed = nn.utils.rnn.pack_padded_sequence(x, [LENGTH] * len(x), batch_first=True)
    return lstm(packed)[1][0][0]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: Recurrent(lambda lstm, x: lstm(x)[1][1][0]), "cannot follow an LSTM's cell state"),
        (lambda: Recurrent(lambda lstm, x: torch.cat([lstm(x)[1][1]])[0]), "cannot follow an LSTM's cell state"),
        (lambda: Recurrent(lambda lstm, x: lstm(x)[0][:, -1], proj_size=3), "lstm, an LSTM with proj_size=3"),
        (lambda: Recurrent(_packed), "cannot follow a PackedSequence"),
        (Stepwise, "cell, an LSTMCell, which is called step by step"),
        (lambda: torch.jit.trace(Net(layers).eval(), torch.from_numpy(windows())), "scripted or traced"),
    ],
)
def test_what_deep_lift_cannot_follow(model: Callable[[], nn.Module], words: str) -> None:
    made = model().eval()
    made(torch.from_numpy(windows()))
    with pytest.raises(ValueError, match=words) as caught:
        attribute(made, windows(), method="deep_lift_shap")
    assert "use integrated_gradients or ism" in str(caught.value)
    assert np.abs(attribute(made, windows(), method="ism").scores).max() > 0


class Edited(nn.Module):
    """Something is done to a convolution's output in place, before a pooling; effects are small."""

    def __init__(self, edit: Callable[[Tensor], Any], scale: float) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(5)
            self.first, self.pool = nn.Conv1d(4, 16, 7, padding=3), nn.AvgPool1d(3)
            self.second, self.out = nn.Conv1d(16, 32, 3), nn.Linear(32, 1)
        self.edit, self.scale = edit, scale

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        self.edit(h)
        return self.out(self.second(self.pool(h)).relu().mean(-1)) * self.scale


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize(
    "edit",
    [lambda h: functional.relu(h, inplace=True), torch.relu_, lambda h: h.clamp_(min=0), lambda h: h.mul_(2)],
)
@pytest.mark.parametrize("method", ["ism", "occlusion"])
def test_edits_in_place_are_noticed(edit: Callable[[Tensor], Any], scale: float, method: str) -> None:
    """Local recomputation equals whole passes within a thousandth of the largest effect, however small it is."""
    model = Edited(edit, scale).eval()
    local, passes = (attribute(model, windows(), method=method, options={"fast": fast}) for fast in (True, False))
    largest = np.abs(passes.scores).max()
    np.testing.assert_allclose(local.scores, passes.scores, rtol=0, atol=1e-3 * largest)


@pytest.mark.parametrize("method", ["ism", "occlusion"])
def test_edits_that_torch_does_not_count_are_noticed(method: str) -> None:
    """Effects of a few units in the last place: 12 units apart, six times the largest effect, was let pass."""
    model = Edited(lambda h: h.data.clamp_(min=0), 1e-3).eval()
    with torch.no_grad():
        model.out.bias.fill_(5e3)
    local, passes = (attribute(model, windows(), method=method, options={"fast": fast}) for fast in (True, False))
    np.testing.assert_array_equal(local.scores, passes.scores)


def test_a_model_that_cannot_be_differentiated_has_effects() -> None:
    """`out=` works without gradients alone: mutagenesis, which needs none, ended in torch's words."""
    plain = Edited(lambda h: h.clamp_(min=0), 1.0).eval()
    written = Edited(lambda h: torch.clamp(h, min=0, out=h), 1.0).eval()
    scores = [attribute(model, windows(), method="ism").scores for model in (plain, written)]
    np.testing.assert_allclose(scores[0], scores[1], rtol=0, atol=1e-6)


class Clamped(nn.Module):
    """A clamp between layers, which torch's graph may not show."""

    def __init__(self, clamp: str) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(5)
            self.first, self.relu = nn.Conv1d(4, 16, 7, padding=3), nn.ReLU()
            self.second, self.out = nn.Conv1d(16, 32, 3), nn.Linear(32, 1)
        self.clamp, self.top = clamp, 1e9

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        if self.clamp == "function":
            h = h.clamp(max=self.top)
        elif self.clamp == "in place":
            h.clamp_(max=self.top)
        else:
            with torch.no_grad():
                h.clamp_(max=self.top)
        return self.out(self.second(self.relu(h)).relu().mean(-1))


@pytest.mark.parametrize("clamp", ["function", "in place", "unseen by the graph"])
def test_functions_between_layers_end_the_stem(clamp: str) -> None:
    """It changes one window of forty, which is neither the first one nor among those that are tried."""
    model, x = Clamped(clamp).eval(), windows(40)
    with torch.no_grad():
        tops = model.first(torch.from_numpy(x)).amax((1, 2)).numpy()
    order = np.argsort(tops)
    x = x[np.insert(order[:-1], 3, order[-1])]
    model.top = float(tops[order[-2:]].mean())
    local, passes = (attribute(model, x, method="ism", options={"fast": fast}) for fast in (True, False))
    np.testing.assert_allclose(local.scores, passes.scores, rtol=0, atol=1e-3 * np.abs(passes.scores).max())


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("method", ["ism", "occlusion"])
def test_a_layer_that_does_more_than_its_class_says_is_noticed(method: str, scale: float) -> None:
    """A hook of the user's mixes positions: only trying the short cut shows it, however small effects are."""
    model = Edited(lambda h: h, scale).eval()
    model.first.register_forward_hook(lambda _, __, output: output - output.mean(-1, keepdim=True))
    local, passes = (attribute(model, windows(), method=method, options={"fast": fast}) for fast in (True, False))
    largest = np.abs(passes.scores).max()
    np.testing.assert_allclose(local.scores, passes.scores, rtol=0, atol=1e-3 * largest)


def _weights(m: Any, h: Tensor) -> Tensor:
    return functional.softmax(m.query(m.tokens(h)), 1)


@pytest.mark.parametrize(
    ("step", "attends"),
    [
        (lambda m, h: m.out((m.tokens(h) * _weights(m, h)).sum(1)), True),
        (lambda m, h: (m.out((m.tokens(h) * _weights(m, h)).sum(1)), _weights(m, h)), True),
        (lambda m, h: m.out((m.tokens(h) * functional.log_softmax(m.query(m.tokens(h)), 1).exp()).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * functional.softmin(m.query(m.tokens(h)), 1)).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * written_out(m.query(m.tokens(h)))).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * by_logsumexp(m.query(m.tokens(h)))).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * as_keras(m.query(m.tokens(h)))).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * within_bounds(m.query(m.tokens(h)))).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * functional.normalize(m.query(m.tokens(h)).exp(), 1, 1)).sum(1)), True),
        (lambda m, h: m.out((m.tokens(h) * functional.normalize(m.tokens(h), 2, 1)).sum(1)), False),
        (lambda m, h: m.out((m.tokens(h) * signed_shares(m.pool(h).transpose(1, 2))).sum(1)), False),
        (lambda m, h: m.out((m.tokens(h) * nn.LogSoftmax(1)(m.query(m.tokens(h))).exp()).sum(1)), True),
        (lambda m, h: m.out(torch.einsum("ntd,nto->nd", m.tokens(h), _weights(m, h))), True),
        # Over channels, and over classes (of which there are as many as positions).
        (lambda m, h: m.out((m.pool(h) * nn.functional.softmax(m.pool(h), 1)).sum(-1)), False),
        (lambda m, h: m.out((m.pool(h) * nn.Softmax(dim=1)(m.pool(h))).sum(-1)), False),
        (lambda m, h: functional.softmax(m.query(m.tokens(h))[..., 0], 1), False),
        (lambda m, h: functional.log_softmax(m.query(m.tokens(h))[..., 0], 1).exp(), False),
    ],
)
def test_attention_is_a_share_of_positions(step: Callable[[Any, Tensor], Any], attends: bool) -> None:
    adapter = adapt(Net(step).eval(), length=LENGTH)
    if not attends:
        assert adapter.layers == ()
        return
    seen = adapter.attention(windows(), layer=adapter.layers[0])
    np.testing.assert_allclose(seen.profile.sum(1), 1, atol=1e-5)
    assert seen.profile.shape == (3, 10)


def test_other_norms_are_not_counted_among_softmaxes() -> None:
    """Names count what may be attention: `softmax:0` is the first softmax, whatever is normalised before it."""
    net = Net(lambda m, h: m.out((functional.normalize(m.tokens(h), dim=1) * _weights(m, h)).sum(1)))
    assert adapt(net.eval(), length=LENGTH).layers == ("softmax:0",)
