"""What is particular to DeepGRN."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from motiflens.models.architectures.deepgrn import DeepGRN
from motiflens.models.registry import build

from .cases import CASES


def test_ensemble_is_the_mean_probability_of_its_members() -> None:
    for name in ("deepgrn ensemble", "deepgrn ensemble max"):
        case = CASES[name]
        model = case.build(outputs=2).double().eval()
        x, meta = case.inputs()
        x, meta = x.double(), None if meta is None else meta.double()
        assert isinstance(model, DeepGRN)
        parts = [member(x, meta).sigmoid() for member in model.members]
        torch.testing.assert_close(model(x, meta).sigmoid(), torch.stack(parts).mean(0), rtol=1e-9, atol=1e-12)
        assert len(parts) == len(model.hyperparameters["members"])


def test_members_train_by_themselves() -> None:
    """The loss of one member's logits has no gradient in the others."""
    case = CASES["deepgrn ensemble"]
    model = case.build().eval()
    assert isinstance(model, DeepGRN)
    logits = model.training_logits(*case.inputs())
    assert len(logits) == 2
    logits[0].sum().backward()
    first, second = (list(member.parameters()) for member in model.members)
    assert all(p.grad is not None for p in first)
    assert all(p.grad is None for p in second)


def test_members_can_be_models_trained_before() -> None:
    case = CASES["deepgrn ensemble"]
    model = case.build(seed=0).eval()
    assert isinstance(model, DeepGRN)
    single = CASES["deepgrn single before"]._replace(meta=2).build(seed=5).eval()
    model.members[0].load_state_dict(single.state_dict())
    x, meta = case.inputs()
    torch.testing.assert_close(model.training_logits(x, meta)[0], single(x, meta), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"attention": "double"},
            "attention must be one of none, single, single1d, single_sum, pairwise, ensemble",
        ),
        ({"position": "between"}, "position must be one of before, after"),
        ({"merge": "sum"}, "merge must be one of mean, max"),
        ({"gates": "tanh"}, "gates must be one of sigmoid, hard_sigmoid"),
        ({"attention": "ensemble", "members": ()}, "members must be attentions other than ensemble"),
        ({"attention": "ensemble", "members": ("ensemble",)}, "members must be attentions other than ensemble"),
        ({"attention": "pairwise", "positions": "rotary"}, "positions must be learned, sinusoidal or none"),
        ({"kernel_size": 60}, "at least 89 bp"),
    ],
)
def test_options_are_checked(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build("deepgrn", length=80, **options)


def test_dropouts_are_where_the_program_has_them() -> None:
    model = build(
        "deepgrn", length=80, convolutions=2, lstm_layers=2, dense_layers=2, dropout=0.3, head_dropout=0.4
    )
    rates = [(name, m.p) for name, m in model.named_modules() if isinstance(m, nn.Dropout)]
    assert rates == [
        ("convolutions.2", 0.3),
        ("convolutions.5", 0.3),
        ("lstm_dropouts.0", 0.3),
        ("lstm_dropouts.1", 0.3),
        ("head.0", 0.4),
        ("head.3", 0.4),
        ("head.6", 0.4),
        ("head.9", 0.4),
    ]


def test_fresh_weights_are_those_of_keras() -> None:
    torch.manual_seed(0)
    model = build("deepgrn", length=200, attention="pairwise")
    assert isinstance(model, DeepGRN)
    for module in model.modules():
        if isinstance(module, (nn.Conv1d, nn.Linear)):
            taps = module.weight[0, 0].numel()
            bound = (6 / (taps * (module.weight.shape[0] + module.weight.shape[1]))) ** 0.5
            assert module.weight.abs().max().item() <= bound
            assert module.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.15)
            assert module.bias is None or not module.bias.any()
    table = model.attention.positions
    assert isinstance(table, nn.Parameter)
    assert 0.04 < table.abs().max().item() <= 0.05


def test_single_sum_is_the_arxiv_versions_weighted_sum() -> None:
    """z_r = Σ_i h_ir α_i with a learned score, after the LSTM; no position is left."""
    from motiflens.models.architectures.attention import SingleAttention, SummedAttention

    torch.manual_seed(0)
    h = torch.randn(3, 7, 5)
    for vector in (True, False):
        summed = SummedAttention(7, vector=vector, after_recurrent=True)
        scores = torch.einsum("ts,nsd->ntd", summed.score.weight, h) + summed.score.bias[:, None]
        alpha = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        alpha = alpha.mean(dim=2, keepdim=True) if vector else alpha
        torch.testing.assert_close(summed(h), (h * alpha).sum(dim=1), rtol=1e-5, atol=1e-6)
        single = SingleAttention(7, vector=vector, after_recurrent=True)
        single.load_state_dict(summed.state_dict())
        torch.testing.assert_close(single(h).sum(dim=1), summed(h))
    model = build("deepgrn", length=200, attention="single_sum", position="before", kernels=8, units=4, dense=6)
    assert model(torch.zeros(2, 4, 200)).shape == (2, 1)
    assert list(model.attention_stems()) == ["attention.weights"]
    assert not model.attention_first, "a sum leaves nothing for an LSTM to read"


def test_pairwise_without_a_residual_and_with_its_own_value_size() -> None:
    """softmax(QKᵀ/√dk)V with dk = dv = 64 as the paper has it, before and after the LSTM."""
    from motiflens.models.architectures.attention import PairwiseAttention

    torch.manual_seed(0)
    h = torch.randn(2, 6, 10)
    plain = PairwiseAttention(6, 10, 4, positions="none", after_recurrent=True, value_size=7, residual=False)
    q, k, v = (h @ layer.weight.T for layer in (plain.query, plain.key, plain.value))
    expected = (q @ k.transpose(1, 2) / 4**0.5).softmax(-1) @ v
    torch.testing.assert_close(plain(h), expected, rtol=1e-5, atol=1e-6)
    assert plain(h).shape == (2, 6, 7)
    both = PairwiseAttention(6, 10, 4, positions="none", after_recurrent=True, value_size=7)
    assert both(h).shape == (2, 6, 10)
    for position in ("before", "after"):
        model = build(
            "deepgrn",
            length=150,
            attention="pairwise",
            position=position,
            attention_size=64,
            value_size=64,
            residual=False,
            kernels=8,
            units=4,
            dense=6,
        )
        assert model(torch.zeros(2, 4, 150)).shape == (2, 1)
        assert model.attention.value.weight.shape[0] == 64
