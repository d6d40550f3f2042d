"""What every architecture must do, in every variant."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.architectures.layers import AttentionWeights
from motiflens.models.architectures.recurrent import KerasLSTM
from motiflens.models.registry import architectures, build
from motiflens.models.run import load, save_run

from .cases import CASES, Case

every = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
_BY_GRADIENT = {name: case for name, case in CASES.items() if name != "gkm_svm"}  # which has none
_OVERFIT = {name: case for name, case in _BY_GRADIENT.items() if name != "pwm"}  # whose matrix is given
overfits = pytest.mark.parametrize("case", _OVERFIT.values(), ids=_OVERFIT.keys())
by_gradient = pytest.mark.parametrize("case", _BY_GRADIENT.values(), ids=_BY_GRADIENT.keys())


def _loss(model: SequenceModel, x: Tensor, meta: Tensor | None, y: Tensor) -> Tensor:
    return sum(binary_cross_entropy_with_logits(z, y) for z in model.training_logits(x, meta))


def _undropped(model: SequenceModel) -> SequenceModel:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, KerasLSTM):
            module.input_dropout = module.recurrent_dropout = 0.0
    return model


def test_every_architecture_is_here() -> None:
    assert {case.name for case in CASES.values()} == set(architectures())


@every
@pytest.mark.parametrize("outputs", [1, 3])
def test_logits(case: Case, outputs: int, device: torch.device) -> None:
    model = case.build(outputs=outputs).to(device)
    x, meta = case.inputs()
    meta = None if meta is None else meta.to(device)
    for mode in (True, False):
        logits = model.train(mode)(x.to(device), meta)
        assert logits.shape == (5, outputs)
        assert logits.dtype == torch.float32
        assert logits.device.type == device.type
        assert bool(logits.isfinite().all())


@every
def test_unknown_bases_alone_are_finite(case: Case) -> None:
    model = case.build().eval()
    x, meta = case.inputs()
    x[:, :4] = 0.0
    assert bool(model(x, meta).isfinite().all())


@every
def test_float64(case: Case) -> None:
    model = case.build().eval()
    x, meta = case.inputs()
    exact = copy.deepcopy(model).double()(x.double(), None if meta is None else meta.double())
    assert exact.dtype == torch.float64
    torch.testing.assert_close(model(x, meta).double(), exact, rtol=1e-4, atol=1e-5)


@by_gradient
def test_mixed_precision(case: Case, device: torch.device) -> None:
    """Near the logits of 32 bits, with a gradient for every weight, in the precision in which GPUs train."""
    model = _undropped(case.build().train()).to(device)
    x, meta = case.inputs()
    x, meta = x.to(device), None if meta is None else meta.to(device)
    y = torch.tensor([[0.0], [1.0], [0.0], [1.0], [1.0]], device=device)
    with torch.no_grad():
        whole = copy.deepcopy(model)(x, meta)
    with torch.autocast(device.type, torch.bfloat16):
        parts = [logits.float() for logits in model.training_logits(x, meta)]
        merged = copy.deepcopy(model)(x, meta).float()
    torch.testing.assert_close(merged, whole, rtol=0.1, atol=0.1)
    sum(binary_cross_entropy_with_logits(logits, y) for logits in parts).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.dtype == torch.float32
        assert bool(weight.grad.isfinite().all()), name


@every
def test_other_windows_do_not_matter(case: Case) -> None:
    model = case.build(outputs=2).eval()
    x, meta = case.inputs(7)
    whole = model(x, meta)
    for i in range(7):
        one = model(x[i : i + 1], None if meta is None else meta[i : i + 1])
        torch.testing.assert_close(one, whole[i : i + 1], rtol=1e-5, atol=1e-6)
    order = torch.tensor([6, 2, 0, 5, 1, 4, 3])
    shuffled = model(x[order], None if meta is None else meta[order])
    torch.testing.assert_close(shuffled, whole[order], rtol=1e-5, atol=1e-6)


@every
def test_evaluation_is_deterministic_and_changes_nothing(case: Case) -> None:
    model = case.build().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    x, meta = case.inputs()
    assert torch.equal(model(x, meta), model(x, meta))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@every
def test_strands(case: Case) -> None:
    """A Siamese model cannot tell the strands apart; one strand of it can, and so can the others."""
    model = case.build().eval()
    x, meta = case.inputs(unknown=False)
    forward, backward = model(x, meta), model(reverse_complement(x), meta)
    if model.siamese:
        torch.testing.assert_close(forward, backward, rtol=1e-5, atol=1e-6)
        strands = torch.stack([model.strand(x, meta), model.strand(reverse_complement(x), meta)]).double()
        assert not torch.allclose(strands[0], strands[1], atol=1e-6)
        if case.options.get("attention") != "ensemble":
            p = strands.sigmoid()
            merged = p.mean(0) if model.merge == "mean" else p.amax(0)
            torch.testing.assert_close(forward.double().sigmoid(), merged, rtol=1e-5, atol=1e-6)
    elif case.name in ("gkm_svm", "kmer_logistic"):  # a word and its reverse complement are one feature
        torch.testing.assert_close(forward, backward, rtol=1e-5, atol=1e-6)
    else:
        assert not torch.allclose(forward, backward, atol=1e-6)
        torch.testing.assert_close(model.strand(x, meta), forward, rtol=0, atol=0)


@every
def test_order_along_the_window_matters(case: Case) -> None:
    model = case.build().eval()
    x, meta = case.inputs(unknown=False)
    shuffled = x[..., torch.randperm(case.length, generator=torch.Generator().manual_seed(0))]
    assert not torch.allclose(model(x, meta), model(shuffled, meta), atol=1e-6)


@every
def test_save_and_load(case: Case, tmp_path: Path) -> None:
    model = case.build(outputs=2).eval()
    x, meta = case.inputs()
    state = torch.random.get_rng_state()
    loaded = load(save_run(tmp_path / "run", model, {}))
    assert torch.equal(state, torch.random.get_rng_state())
    assert not loaded.training
    assert torch.equal(model(x, meta), loaded(x, meta))
    assert loaded.config == model.config
    assert [p.requires_grad for p in loaded.parameters()] == [p.requires_grad for p in model.parameters()]


@every
def test_configuration(case: Case) -> None:
    """A model's configuration is JSON and makes its twin: same weights by the same names."""
    model = case.build(outputs=2)
    config = json.loads(json.dumps(model.config))
    assert config == model.config
    sizes = {key: config[key] for key in ("length", "channels", "outputs", "meta")}
    twin = build(config["architecture"], **sizes, **config["hyperparameters"])
    assert {k: v.shape for k, v in twin.state_dict().items()} == {
        k: v.shape for k, v in model.state_dict().items()
    }
    assert type(twin) is type(model)


@by_gradient
def test_one_step_lowers_the_loss(case: Case) -> None:
    model = case.build(outputs=2).double().eval()  # neither dropout nor rounding hide the step's effect
    x, meta = case.inputs(8)
    x, meta = x.double(), None if meta is None else meta.double()
    y = torch.tensor([[0.0, 1.0], [1.0, 0.0]] * 4, dtype=torch.float64)
    before = _loss(model, x, meta, y)
    before.backward()
    steps = [p.grad for p in model.parameters() if p.requires_grad]
    assert all(step is not None and bool(step.isfinite().all()) for step in steps)
    norm = sum(float(step.square().sum()) for step in steps if step is not None)
    assert norm > 1e-9
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p -= min(1e-3, 1e-3 / norm) * p.grad
    assert _loss(model, x, meta, y).item() < before.item()


@overfits
def test_overfits_32_windows(case: Case) -> None:
    """Three starts at most: with ReLUs this narrow, fresh weights may leave a window without an active unit."""
    assert any(_overfits(case, seed) for seed in (3, 4, 5))


def _overfits(case: Case, seed: int) -> bool:
    model = _undropped(case.build(seed=seed)).train()
    x, meta = case.inputs(32, unknown=False)
    y = torch.randint(2, (32, 1), generator=torch.Generator().manual_seed(2)).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.007)
    for _ in range(200):
        optimizer.zero_grad()
        loss = _loss(model, x, meta, y)
        loss.backward()
        optimizer.step()
        if loss.item() < 0.03:
            break
    return loss.item() < 0.05 and bool(((model(x, meta) > 0) == (y > 0.5)).all())


@every
@pytest.mark.parametrize("length", [48, 49, 62, 77])
def test_lengths(case: Case, length: int) -> None:
    model = case.build(length=length).eval()
    longer = case._replace(length=length)
    x, meta = longer.inputs()
    assert bool(model(x, meta).isfinite().all())
    other = longer._replace(length=length + 5).inputs()[0]
    if model.any_length:
        assert model(other, meta).shape == (5, 1)
    else:
        with pytest.raises(ValueError, match=f"built for windows of {length} bp, not {length + 5}"):
            model(other, meta)


@every
def test_refuses_what_does_not_fit(case: Case) -> None:
    if case.name != "deepbind":  # reads beyond the ends: one base is enough
        with pytest.raises(ValueError, match=r"at least \d+ bp"):
            case.build(length=1)
    model = case.build()
    x, meta = case.inputs()
    with pytest.raises(ValueError, match=f"shape \\(N, {case.channels}, "):
        model(x.transpose(1, 2), meta)
    with pytest.raises(ValueError, match=f"shape \\(N, {case.channels}, "):
        model(x[0], meta)
    with pytest.raises(ValueError, match="channels must be at least 4"):
        case._replace(channels=3).build()
    with pytest.raises(ValueError, match="outputs must be at least 1"):
        case.build(outputs=0)
    if case.meta:
        with pytest.raises(ValueError, match="needs meta"):
            model(x)
        with pytest.raises(ValueError, match=f"meta of shape \\(5, {case.meta}\\)"):
            model(x, torch.zeros(5, case.meta + 1))
    elif case.name not in ("deepgrn", "factornet"):
        with pytest.raises(ValueError, match="takes no meta"):
            case._replace(meta=2).build()


@every
def test_attention_is_marked(case: Case) -> None:
    """Stems name the attention modules in the order of their calls; each gives weights that sum to 1."""
    model = case.build().eval()
    stems = model.attention_stems()
    modules = dict(model.named_modules())
    marked = {name for name, module in modules.items() if isinstance(module, AttentionWeights)}
    assert set(stems) == marked
    called: dict[str, Tensor] = {}
    for name in stems:
        modules[name].register_forward_hook(lambda m, i, o, name=name: called.setdefault(name, o))
    x, meta = case.inputs()
    model.strand(x, meta)
    assert list(called) == list(stems)
    for name, weights in called.items():
        module = modules[name]
        assert isinstance(module, AttentionWeights)
        axis = 1 if module.kind == "channel" else -1
        assert weights.ndim == {"vector": 2, "channel": 3, "pairwise": 3}[module.kind]
        torch.testing.assert_close(weights.sum(axis), torch.ones_like(weights.sum(axis)), rtol=0.0, atol=1e-5)
        assert all(isinstance(layer, nn.Module) for layer in stems[name])


@every
def test_rectifiers_and_poolings_are_used_once_a_strand(case: Case) -> None:
    """Rules of attribution hook modules: one that served two layers would mix them up."""
    model = case.build().eval()
    calls: dict[str, int] = {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.ReLU, nn.ELU, nn.MaxPool1d, nn.Softmax, AttentionWeights)):
            module.register_forward_hook(lambda m, i, o, name=name: calls.update({name: calls.get(name, 0) + 1}))
    x, meta = case.inputs()
    model.strand(x, meta)
    assert set(calls.values()) <= {1}


@every
def test_the_first_convolution_reads_the_window(case: Case) -> None:
    convolution = case.build().first_convolution()
    if case.name in ("deeptf", "gkm_svm", "kegru", "kmer_logistic", "pwm"):
        assert convolution is None
    else:
        assert convolution is not None
        assert convolution.in_channels == case.channels
        assert convolution.kernel_size[0] > 1


@pytest.mark.parametrize(
    ("name", "length", "channels", "meta"),
    [(name, 1000, 4, 0) for name in architectures() if name not in ("deepgrn", "factornet")]
    + [("deepgrn", 1002, 6, 14), ("factornet", 1002, 6, 8)],
)
def test_full_size(name: str, length: int, channels: int, meta: int) -> None:
    case = Case(name, {}, length=length, channels=channels, meta=meta)
    x, given = case.inputs(2)
    assert bool(case.build(outputs=2).eval()(x, given).isfinite().all())
