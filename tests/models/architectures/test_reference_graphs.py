"""TBiNet, SAResNet and KEGRU against reference graphs with random weights (see the references' README)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.kegru import KEGRU, kmer_tokens
from motiflens.models.architectures.saresnet import ResidualBlock, SAResNet, SelfAttention
from motiflens.models.registry import build

pytestmark = pytest.mark.realdata


def _arrays(file: Path, prefix: str) -> list[tuple[str, Tensor]]:
    with np.load(file) as z:
        return [(k, torch.from_numpy(z[k])) for k in sorted(z.files) if k.startswith(prefix)]


def _fill(model: nn.Module, values: dict[str, Tensor]) -> None:
    missing = model.load_state_dict({k: v.contiguous() for k, v in values.items()}, strict=False)
    assert not missing.unexpected_keys
    assert all("num_batches_tracked" in key for key in missing.missing_keys)


def _watch(model: SequenceModel) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}
    modules = dict(model.named_modules())
    for name in model.attention_stems():
        modules[name].register_forward_hook(lambda m, i, o, name=name: seen.update({name: o.detach()}))
    return seen


def test_tbinet(shared: Path) -> None:
    file = shared / "reference" / "TBiNet_small_random.npz"
    w = [array for _, array in _arrays(file, "w|")]
    model = build("tbinet", length=1000, outputs=7, kernels=16, units=12, dense=20, gates="hard_sigmoid").eval()
    order = [0, 2, 1, 3]  # A, G, C, T
    state = {
        "convolution.weight": w[0][:, order].permute(2, 1, 0),
        "convolution.bias": w[1],
        "score.weight": w[2].T,
        "score.bias": w[3],
        "dense.weight": w[10].T,
        "dense.bias": w[11],
        "output.weight": w[12].T,
        "output.bias": w[13],
    }
    for i, direction in ((4, ""), (7, "_reverse")):
        state |= {
            f"lstm.weight_ih_l0{direction}": w[i].T,
            f"lstm.weight_hh_l0{direction}": w[i + 1].T,
            f"lstm.bias_ih_l0{direction}": w[i + 2],
        }
    _fill(model, state)
    seen = _watch(model)
    with np.load(file) as z, torch.no_grad():
        x = torch.from_numpy(z["x"])[..., order].transpose(1, 2)
        y = model(x).sigmoid()
        np.testing.assert_allclose(y.numpy(), z["y"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(seen["attention"].numpy(), z["att"], rtol=0, atol=1e-5)


def _saresnet_state(model: SAResNet, file: Path) -> dict[str, Tensor]:
    """Names of our weights for the reference's, which lie in the order in which the graph makes them."""
    arrays = iter([array for _, array in _arrays(file, "var|")][2:])

    def norm(name: str) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = next(arrays)

    def convolution(name: str, bias: bool) -> None:
        state[f"{name}.weight"] = next(arrays).squeeze(0).permute(2, 1, 0)
        if bias:
            state[f"{name}.bias"] = next(arrays)

    state: dict[str, Tensor] = {}
    convolution("convolution", False)
    for i, stage in enumerate(model.stages):
        if i < len(model.attentions):
            attention = f"attentions.{i}"
            norm(f"{attention}.norm1")
            for part in ("value", "query", "key"):  # named g, theta and (unnamed) phi
                convolution(f"{attention}.{part}", True)
            norm(f"{attention}.norm2")
            convolution(f"{attention}.back", True)
            state[f"{attention}.theta"] = next(arrays)
        for j, _ in enumerate(stage.children()):
            block = f"stages.{i}.{j}"
            norm(f"{block}.norm1")
            convolution(f"{block}.convolution1", False)
            norm(f"{block}.norm2")
            convolution(f"{block}.convolution2", False)
            if j == 0:
                convolution(f"{block}.shortcut", False)
    for name in ("dense", "output"):
        state[f"{name}.weight"], state[f"{name}.bias"] = next(arrays).T, next(arrays)
    assert next(arrays, None) is None
    return state


def test_saresnet(shared: Path) -> None:
    file = shared / "reference" / "SAResNet_random.npz"
    model = build("saresnet", length=101, scale="published").eval()
    assert isinstance(model, SAResNet)
    _fill(model, _saresnet_state(model, file))
    assert all(abs(m.theta.item()) > 0 for m in model.modules() if isinstance(m, SelfAttention))
    # The reference's own rounding is 8e-6 here, ours 4e-6 (both against float64): hence the two tolerances.
    for dtype, atol in ((torch.float32, 2e-5), (torch.float64, 1e-5)):
        model = model.to(dtype)
        seen = _watch(model)
        with np.load(file) as z, torch.no_grad():
            x = torch.from_numpy(z["x"]).transpose(1, 2).to(dtype)
            p = model.units(x).softmax(-1).squeeze(1).numpy()
            np.testing.assert_allclose(p, z["prob"], rtol=0, atol=atol)
            for i in range(3):
                weights = seen[f"attentions.{i}.weights"].numpy()
                np.testing.assert_allclose(weights, z[f"att{i + 1}"], rtol=0, atol=1e-6)
            np.testing.assert_allclose(model(x).sigmoid().numpy(), z["prob"][:, 1:], rtol=0, atol=atol)
            alone = torch.cat([model(one[None]) for one in x]).sigmoid().numpy()
            np.testing.assert_allclose(alone[:1], z["prob_batch1"][:, 1:], rtol=0, atol=atol)
            assert np.abs(alone - z["prob"][:, 1:]).max() > 1e-4  # the fault: the batch matters


def test_saresnet_after_the_paper() -> None:
    """One self-attention block by hand: softmax over keys, then divided by the positions (Eqs. 5-7)."""
    torch.manual_seed(0)
    block = SelfAttention(6, 3, "paper").eval()
    with torch.no_grad():
        block.theta.fill_(0.7)
    x = torch.randn(2, 6, 5)
    f = block.elu1(block.norm1(x))
    p, q, h = (layer(f) for layer in (block.query, block.key, block.value))
    y = torch.zeros(2, 3, 5)
    for n in range(2):
        for i in range(5):
            e = torch.stack([(p[n, :, i] * q[n, :, j]).sum() for j in range(5)]).softmax(0)
            y[n, :, i] = sum(e[j] / 5 * h[n, :, j] for j in range(5))
    expected = x + 0.7 * block.back(block.elu2(block.norm2(y)))
    torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("steps", "padding"), [(50, (0, 1)), (25, (1, 1)), (13, (1, 1)), (7, (1, 1)), (8, (0, 1))]
)
def test_same_padding_of_strided_blocks(steps: int, padding: tuple[int, int]) -> None:
    block = ResidualBlock(4, stride=2, steps=steps, project=True)
    assert tuple(block.pad.padding) == padding
    assert block.eval()(torch.zeros(1, 4, steps)).shape == (1, 4, -(-steps // 2))


def test_kegru(shared: Path) -> None:
    file = shared / "reference" / "KEGRU_small_random.npz"
    w = [array for _, array in _arrays(file, "w|")]
    model = build("kegru", length=101, dimension=20, units=8, gates="hard_sigmoid").eval()
    assert isinstance(model, KEGRU)
    state = {"embedding.weight": w[0], "output.weight": w[7].T, "output.bias": w[8]}
    for i, direction in ((1, ""), (4, "_reverse")):
        for name, array in zip(("weight_ih", "weight_hh", "bias_ih"), w[i : i + 3], strict=True):
            z, r, h = array.split(8, dim=-1)  # Keras' order; torch's is r, z, h
            parts = torch.cat([r, z, h], dim=-1)
            state[f"gru.{name}_l0{direction}"] = parts.T if parts.ndim == 2 else parts
    _fill(model, state)
    with np.load(file) as z, torch.no_grad():
        tokens = torch.from_numpy(z["tokens"])
        _, states = model.gru(model.embedding(tokens))
        np.testing.assert_allclose(torch.cat(list(states), -1).numpy(), z["gru"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(model.from_tokens(tokens).sigmoid().numpy(), z["y"], rtol=0, atol=1e-5)


def test_kmers_of_windows() -> None:
    text = "ACGTNACGGTTA"
    x = torch.zeros(1, 4, len(text))
    for i, base in enumerate(text):
        if base != "N":
            x[0, "ACGT".index(base), i] = 1
    for k, stride in ((3, 1), (3, 2), (5, 2), (12, 3)):
        expected = []
        for start in range(0, len(text) - k + 1, stride):
            kmer = text[start : start + k]
            number = 0
            for base in kmer:
                number = 4 * number + "ACGTN".index(base)
            expected.append(4**k if "N" in kmer else number)
        assert kmer_tokens(x, k=k, stride=stride).tolist() == [expected]
        assert len(expected) == (len(text) - k) // stride + 1


def test_kegru_word_vectors() -> None:
    model = build("kegru", length=40, k=2, dimension=3, units=4, strategy="init-no-train")
    assert isinstance(model, KEGRU)
    vectors = torch.randn(17, 3)
    model.set_word_vectors(vectors)
    assert torch.equal(model.embedding.weight, vectors)
    assert not model.embedding.weight.requires_grad
    with pytest.raises(ValueError, match=r"shape \(16, 3\), expected \(17, 3\)"):
        model.set_word_vectors(vectors[:16])
