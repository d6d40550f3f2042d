"""Each layer of Keras files of every version against plain numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from motiflens.models import import_keras

from . import keras_numpy as ref
from .keras_files import STYLES, Array, Layer, write

T, C = 11, 4
Numpy = Callable[[Array, list[Array]], Array]


def numbers(*shapes: tuple[int, ...], seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=0.5, size=shape).astype(np.float32) for shape in shapes]


class Case(NamedTuple):
    """A layer between an input (T, C) and the output, its arrays, and what it computes."""

    kind: str
    config: dict[str, Any]
    arrays: list[Array]
    expected: Numpy
    styles: tuple[str, ...] = STYLES


def conv(padding: str, stride: int = 1, dilation: int = 1, groups: int = 1, size: int = 3) -> Case:
    config = {
        "filters": 6,
        "kernel_size": [size],
        "strides": [stride],
        "dilation_rate": [dilation],
        "groups": groups,
        "padding": padding,
        "activation": "relu",
        "use_bias": True,
    }
    return Case(
        "Conv1D",
        config,
        numbers((size, C // groups, 6), (6,)),
        lambda x, a: np.maximum(ref.conv(x, a[0], padding, stride, dilation, groups) + a[1], 0),
        STYLES[1:],
    )


def pooling(how: str, size: int, stride: int | None, padding: str) -> Case:
    kind = "MaxPooling1D" if how == "max" else "AveragePooling1D"
    config = {"pool_size": [size], "strides": stride if stride is None else [stride], "padding": padding}
    return Case(kind, config, [], lambda x, _: ref.pool(x, how, size, stride or size, padding), STYLES[1:])


_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def recurrent(kind: str, **options: Any) -> Case:
    units, n = 3, _GATES[kind]
    bias = (2, n * units) if options.get("reset_after") else (n * units,)
    arrays = numbers((C, n * units), (units, n * units), bias)
    config = {"units": units, "return_sequences": True, "recurrent_activation": "sigmoid", **options}

    def expected(x: Array, a: list[Array]) -> Array:
        return ref.recurrent(kind, x, a, config, 2)

    return Case(kind, config, arrays, expected, STYLES[:2] if "hard" in str(options) else STYLES)


def bidirectional(merge: str, **options: Any) -> Case:
    units = 3
    shapes = [(C, 12), (units, 12), (12,)]
    inner = {"units": units, "return_sequences": True, "recurrent_activation": "sigmoid", **options}

    def expected(x: Array, a: list[Array]) -> Array:
        forth = ref.recurrent("LSTM", x, a[:3], inner, 2)
        back = ref.recurrent("LSTM", x, a[3:], {**inner, "go_backwards": True}, 2)
        forth, back = (forth, back[:, ::-1]) if inner["return_sequences"] else (forth[:, -1], back[:, -1])
        joined = {"sum": forth + back, "ave": (forth + back) / 2, "mul": forth * back}
        return np.concatenate([forth, back], axis=-1) if merge == "concat" else joined[merge]

    config = {"merge_mode": merge, "layer": {"class_name": "LSTM", "config": inner}}
    return Case("Bidirectional", config, numbers(*shapes, *shapes), expected)


def layer_norm(x: Array, a: list[Array], axis: int = -1) -> Array:
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    shape = [1, 1, 1]
    shape[axis] = -1
    return (x - mean) / np.sqrt(variance + 1e-3) * a[0].reshape(shape) + a[1].reshape(shape)


def group_norm(x: Array, a: list[Array]) -> Array:
    groups = x.reshape(len(x), T, 2, C // 2)
    mean, variance = groups.mean(axis=(1, 3), keepdims=True), groups.var(axis=(1, 3), keepdims=True)
    return ((groups - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape) * a[0] + a[1]


def batch_norm(x: Array, a: list[Array]) -> Array:
    return (x - a[2]) / np.sqrt(np.abs(a[3]) + 1e-3) * a[0] + a[1]


_MOMENTS = [*numbers((C,), (C,), (C,)), np.abs(numbers((C,), seed=5)[0])]
_DENSE = numbers((C, 5), (5,))
SEPARABLE = numbers((3, C, 2), (1, 8, 5), (5,))

CASES: dict[str, Case] = {
    "convolution valid": conv("valid"),
    "convolution same": conv("same", size=4),
    "convolution causal": conv("causal", dilation=2),
    "convolution dilated": conv("same", dilation=3),
    "convolution strided": conv("same", stride=2, size=4),
    "convolution strided by 3": conv("valid", stride=3),
    "convolution grouped": conv("valid", groups=2),
    "convolution of Keras 1": Case(
        "Conv1D",
        {"filters": 6, "kernel_size": 3, "strides": 1, "padding": "same", "activation": "relu"},
        numbers((3, 1, C, 6), (6,)),
        lambda x, a: np.maximum(ref.conv(x, a[0][:, 0], "same") + a[1], 0),
        ("1.h5",),
    ),
    "separable": Case(
        "SeparableConv1D",
        {"filters": 5, "kernel_size": [3], "depth_multiplier": 2, "padding": "same", "activation": "linear"},
        SEPARABLE,
        lambda x, a: ref.conv(ref.depthwise(x, a[0], "same"), a[1], "valid") + a[2],
    ),
    "depthwise": Case(
        "DepthwiseConv1D",
        {"kernel_size": [3], "strides": [2], "depth_multiplier": 2, "padding": "valid", "activation": "tanh"},
        numbers((3, C, 2), (8,)),
        lambda x, a: np.tanh(ref.depthwise(x, a[0], "valid", 2) + a[1]),
    ),
    "maximum": pooling("max", 3, None, "valid"),
    "maximum same": pooling("max", 4, 2, "same"),
    "maximum same, stride 1": pooling("max", 2, 1, "same"),
    "average": pooling("average", 2, 3, "valid"),
    "average same": pooling("average", 4, 3, "same"),
    "pooling of Keras 1": Case(
        "MaxPooling1D",
        {"pool_size": 3, "strides": 2, "padding": "valid"},
        [],
        lambda x, _: ref.pool(x, "max", 3, 2, "valid"),
        ("1.h5",),
    ),
    "global maximum": Case("GlobalMaxPooling1D", {}, [], lambda x, _: x.max(axis=1)),
    "global average": Case(
        "GlobalAveragePooling1D", {"keepdims": True}, [], lambda x, _: x.mean(axis=1, keepdims=True)
    ),
    "cropping": Case("Cropping1D", {"cropping": [2, 1]}, [], lambda x, _: x[:, 2:-1]),
    "padding": Case("ZeroPadding1D", {"padding": [1, 3]}, [], lambda x, _: np.pad(x, ((0, 0), (1, 3), (0, 0)))),
    "upsampling": Case("UpSampling1D", {"size": 3}, [], lambda x, _: x.repeat(3, axis=1)),
    "flatten": Case("Flatten", {}, [], lambda x, _: x.reshape(len(x), -1)),
    "reshape": Case("Reshape", {"target_shape": [-1, 2]}, [], lambda x, _: x.reshape(len(x), -1, 2)),
    "permute": Case("Permute", {"dims": [2, 1]}, [], lambda x, _: x.transpose(0, 2, 1)),
    "dense": Case("Dense", {"units": 5, "activation": "tanh"}, _DENSE, lambda x, a: np.tanh(x @ a[0] + a[1])),
    "dense without bias": Case("Dense", {"units": 5, "use_bias": False}, _DENSE[:1], lambda x, a: x @ a[0]),
    "time-distributed": Case(
        "TimeDistributed",
        {"layer": {"class_name": "Dense", "config": {"units": 5, "activation": "relu"}}},
        _DENSE,
        lambda x, a: np.maximum(x @ a[0] + a[1], 0),
    ),
    "batch normalisation": Case("BatchNormalization", {"epsilon": 1e-3}, _MOMENTS, batch_norm),
    "layer normalisation": Case("LayerNormalization", {}, numbers((C,), (C,)), layer_norm),
    "layer normalisation of positions": Case(
        "LayerNormalization", {"axis": [1]}, numbers((T,), (T,)), lambda x, a: layer_norm(x, a, 1)
    ),
    "group normalisation": Case("GroupNormalization", {"groups": 2}, numbers((C,), (C,)), group_norm),
    "unit normalisation": Case(
        "UnitNormalization", {"axis": 2}, [], lambda x, _: x / np.sqrt((x * x).sum(axis=2, keepdims=True))
    ),
    "root mean square": Case(
        "RMSNormalization",
        {"epsilon": 1e-6},
        numbers((C,)),
        lambda x, a: x / np.sqrt((x * x).mean(axis=2, keepdims=True) + 1e-6) * a[0],
        STYLES[3:],
    ),
    "normalisation by data": Case(
        "Normalization",
        {"axis": [-1]},
        [_MOMENTS[2], _MOMENTS[3], np.float32(9.0)],
        lambda x, a: (x - a[0]) / np.sqrt(a[1]),
        STYLES[1:],
    ),
    **{name: Case(name, {"rate": 0.5}, [], lambda x, _: x) for name in ("Dropout", "SpatialDropout1D")},
    "ReLU": Case(
        "ReLU",
        {"max_value": 0.9, "negative_slope": 0.1, "threshold": 0.2},
        [],
        lambda x, _: np.minimum(np.where(x >= 0.2, x, 0.1 * (x - 0.2)), 0.9),
    ),
    "LeakyReLU": Case("LeakyReLU", {"alpha": 0.25}, [], lambda x, _: np.where(x > 0, x, 0.25 * x)),
    "ELU": Case("ELU", {"alpha": 0.7}, [], lambda x, _: ref.elu(x, 0.7)),
    "PReLU": Case("PReLU", {"shared_axes": [1]}, numbers((1, C)), lambda x, a: np.where(x > 0, x, a[0] * x)),
    "LSTM": recurrent("LSTM"),
    "LSTM with hard gates": recurrent("LSTM", recurrent_activation="hard_sigmoid"),
    "LSTM of other activations": recurrent("LSTM", activation="softsign", go_backwards=True),
    "GRU": recurrent("GRU", reset_after=False),
    "GRU reset after": recurrent("GRU", reset_after=True),
    "SimpleRNN": recurrent("SimpleRNN", activation="relu"),
    **{f"both directions, {merge}": bidirectional(merge) for merge in ("concat", "sum", "ave", "mul")},
    "both directions, last state": bidirectional("concat", return_sequences=False),
}


def windows(n: int = 3, length: int = T, channels: int = C) -> Array:
    return np.random.default_rng(1).normal(size=(n, length, channels)).astype(np.float32)


def check(path: Path, x: Array, expected: Array, **options: Any) -> None:
    model = import_keras(path, **options)
    with torch.no_grad():
        found = model(torch.from_numpy(x).transpose(1, 2))
    torch.testing.assert_close(found, torch.from_numpy(expected.astype(np.float32)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "style"), [(name, style) for name, case in CASES.items() for style in case.styles]
)
def test_layer(tmp_path: Path, name: str, style: str) -> None:
    kind, config, arrays, expected, _ = CASES[name]
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", kind, config, arrays, ("sequence",)),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    x = windows()
    check(path, x, expected(x, arrays))


@pytest.mark.parametrize("style", ["1.h5", "2.h5", "3.keras"])
@pytest.mark.parametrize("name", [*ref.ACTIVATIONS, "hard_sigmoid"])
def test_activation(tmp_path: Path, name: str, style: str) -> None:
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", "Activation", {"activation": name}, [], ("sequence",)),
        Layer("whole", "Cropping1D", {"cropping": [0, 0]}, [], ("it",)),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["whole"], style)
    x = 2 * windows()
    check(path, x, ref.gate(name, int(style[0]))(x.astype(np.float64)))


MERGES: dict[str, tuple[dict[str, Any], Callable[[Array, Array], Array]]] = {
    "Add": ({}, lambda a, b: a + b),
    "Subtract": ({}, lambda a, b: a - b),
    "Multiply": ({}, lambda a, b: a * b),
    "Average": ({}, lambda a, b: (a + b) / 2),
    "Maximum": ({}, np.maximum),
    "Minimum": ({}, np.minimum),
    "Concatenate": ({"axis": 1}, lambda a, b: np.concatenate([a, b], axis=1)),
    "Dot": ({"axes": [2, 2], "normalize": False}, lambda a, b: np.einsum("nqd,nkd->nqk", a, b)),
    "Attention": ({"use_scale": False}, lambda a, b: ref.attend(a, b, b)),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", MERGES)
def test_merging(tmp_path: Path, kind: str, style: str) -> None:
    config, expected = MERGES[kind]
    dense = numbers((C, C), (C,))
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("other", "Dense", {"units": C, "activation": "linear"}, dense, ("sequence",)),
        Layer("it", kind, config, [], ("sequence", "other")),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    x = windows()
    check(path, x, expected(x, x @ dense[0] + dense[1]))


@pytest.mark.parametrize("style", STYLES[1:])
def test_scaled_attention(tmp_path: Path, style: str) -> None:
    scale = np.float32(0.3).reshape(())
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", "Attention", {"use_scale": True}, [scale], ("sequence", "sequence")),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    x = windows()
    check(path, x, ref.attend(x, x, x, 0.3))


@pytest.mark.parametrize("style", ["2.h5", "2.keras", "3.h5", "3.keras"])
def test_multi_head_attention(tmp_path: Path, style: str) -> None:
    heads, size, wide = 2, 3, 5
    arrays = numbers(
        *[(C, heads, size), (heads, size)] * 2, (C, heads, wide), (heads, wide), (heads, wide, C), (C,)
    )
    config = {"num_heads": heads, "key_dim": size, "value_dim": wide, "attention_axes": [1]}
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", "MultiHeadAttention", config, arrays, ("sequence", "sequence")),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    x = windows()
    check(path, x, ref.multi_head(x, x, x, arrays, size))


@pytest.mark.parametrize("style", STYLES)
def test_embedding(tmp_path: Path, style: str) -> None:
    table = numbers((6, 3))
    layers = [
        Layer("tokens", "InputLayer", {"shape": [T]}, [], ()),
        Layer("it", "Embedding", {"input_dim": 6, "output_dim": 3}, table, ("tokens",)),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    tokens = np.random.default_rng(0).integers(0, 6, (3, T))
    model = import_keras(path)
    torch.testing.assert_close(model(torch.from_numpy(tokens)), torch.from_numpy(table[0][tokens]), rtol=0, atol=0)
    bases = np.eye(4, dtype=np.float32)[tokens % 4]
    found = model(torch.from_numpy(bases).transpose(1, 2))
    torch.testing.assert_close(found, torch.from_numpy(table[0][tokens % 4]), rtol=0, atol=0)


@pytest.mark.parametrize("style", ["1.h5", "2.h5", "2.keras"])
@pytest.mark.parametrize("kind", ["LSTM", "Bidirectional"])
def test_masked_tokens_do_not_count(tmp_path: Path, kind: str, style: str) -> None:
    units, table = 3, numbers((6, 5))
    shapes = [(5, 12), (units, 12), (12,)]
    arrays = numbers(*shapes, *(shapes if kind == "Bidirectional" else []))
    inner = {"units": units, "recurrent_activation": "sigmoid"}
    wrapped = {"merge_mode": "concat", "layer": {"class_name": "LSTM", "config": inner}}
    layers = [
        Layer("tokens", "InputLayer", {"shape": [T]}, [], ()),
        Layer("embed", "Embedding", {"input_dim": 6, "output_dim": 5, "mask_zero": True}, table, ("tokens",)),
        Layer("it", kind, inner if kind == "LSTM" else wrapped, arrays, ("embed",)),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["it"], style)
    tokens = np.random.default_rng(0).integers(1, 6, (1, T))
    tokens[0, -4:] = 0
    kept = table[0][tokens[:, :-4]]
    expected = ref.recurrent("LSTM", kept, arrays[:3], {}, 2)[:, -1]
    if kind == "Bidirectional":
        back = ref.recurrent("LSTM", kept, arrays[3:], {"go_backwards": True}, 2)[:, -1]
        expected = np.concatenate([expected, back], axis=-1)
    found = import_keras(path)(torch.from_numpy(tokens))
    torch.testing.assert_close(found, torch.from_numpy(expected.astype(np.float32)), rtol=1e-5, atol=1e-5)


def test_gates_one_by_one_as_keras_1_stores_them(tmp_path: Path) -> None:
    units = 3
    whole = numbers((C, 12), (units, 12), (12,))
    i, f, c, o = (tuple(array[..., start : start + units] for array in whole) for start in range(0, 12, units))
    arrays = [array for gate in (i, c, f, o) for array in gate]
    config = {"units": units, "recurrent_activation": "hard_sigmoid", "return_sequences": True}
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", "LSTM", config, arrays, ("sequence",)),
    ]
    path = write(tmp_path / "model.h5", layers, ["it"], "1.h5")
    x = windows()
    check(path, x, ref.recurrent("LSTM", x, whole, config, 1))


def test_kernels_of_theano_are_turned(tmp_path: Path) -> None:
    import h5py

    case = CASES["convolution of Keras 1"]
    layers = [
        Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ()),
        Layer("it", "Conv1D", case.config, [case.arrays[0][::-1].copy(), case.arrays[1]], ("sequence",)),
    ]
    path = write(tmp_path / "model.h5", layers, ["it"], "1.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["backend"] = "theano"
    x = windows()
    check(path, x, case.expected(x, case.arrays))
