"""What Keras' layers compute, written plainly in numpy: the slow reference of the importer's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def hard_sigmoid(x: Array, major: int) -> Array:
    return np.clip(0.2 * x + 0.5, 0, 1) if major < 3 else np.clip(x / 6 + 0.5, 0, 1)


def elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


def sparsemax(x: Array) -> Array:
    flat = x.reshape(-1, x.shape[-1])
    out = np.zeros_like(flat)
    for i, row in enumerate(flat):
        z = np.sort(row)[::-1]
        k = max(k for k in range(1, len(z) + 1) if 1 + k * z[k - 1] > z[:k].sum())
        out[i] = np.maximum(row - (z[:k].sum() - 1) / k, 0)
    return out.reshape(x.shape)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softmax": softmax,
    "log_softmax": lambda x: np.log(softmax(x)),
    "elu": elu,
    "celu": elu,
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "swish": lambda x: x * sigmoid(x),
    "silu": lambda x: x * sigmoid(x),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "gelu": lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2,
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "glu": lambda x: x[..., : x.shape[-1] // 2] * sigmoid(x[..., x.shape[-1] // 2 :]),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "sparse_plus": lambda x: np.where(x >= 1, x, np.where(x <= -1, 0, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": sparsemax,
}


def same_padding(length: int, size: int, stride: int) -> tuple[int, int]:
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def padded(x: Array, padding: str, size: int, stride: int = 1, dilation: int = 1, value: float = 0.0) -> Array:
    span = dilation * (size - 1) + 1
    sides = {"valid": (0, 0), "causal": (span - 1, 0)}.get(padding) or same_padding(x.shape[1], span, stride)
    return np.pad(x, ((0, 0), sides, (0, 0)), constant_values=value)


def windows(x: Array, size: int, stride: int, dilation: int = 1) -> Array:
    """(N, T, size, C) of (N, L, C)."""
    last = x.shape[1] - dilation * (size - 1)
    return np.stack([x[:, t : t + dilation * (size - 1) + 1 : dilation] for t in range(0, last, stride)], axis=1)


def conv(x: Array, kernel: Array, padding: str, stride: int = 1, dilation: int = 1, groups: int = 1) -> Array:
    size = kernel.shape[0]
    seen = windows(padded(x, padding, size, stride, dilation), size, stride, dilation)
    parts = zip(np.split(seen, groups, axis=-1), np.split(kernel, groups, axis=-1), strict=True)
    return np.concatenate([np.einsum("ntkc,kcf->ntf", a, b) for a, b in parts], axis=-1)


def depthwise(x: Array, kernel: Array, padding: str, stride: int = 1) -> Array:
    size = kernel.shape[0]
    seen = windows(padded(x, padding, size, stride), size, stride)
    y = np.einsum("ntkc,kcm->ntcm", seen, kernel)
    return y.reshape(*y.shape[:2], -1)


def pool(x: Array, how: str, size: int, stride: int, padding: str) -> Array:
    value = -np.inf if how == "max" else np.nan
    seen = windows(padded(x, padding, size, stride, value=value), size, stride)
    return seen.max(axis=2) if how == "max" else np.nanmean(seen, axis=2)


def gate(name: str, major: int) -> Callable[[Array], Array]:
    if name == "hard_sigmoid":
        return lambda x: hard_sigmoid(x, major)
    return ACTIVATIONS[name]


def recurrent(kind: str, x: Array, arrays: list[Array], options: dict[str, Any], major: int) -> Array:
    """Outputs at every step, (N, T, H), in the order of walking."""
    kernel, weights = arrays[0], arrays[1]
    bias = arrays[2] if len(arrays) > 2 else np.zeros(kernel.shape[1])
    units = weights.shape[0]
    act = gate(options.get("activation", "tanh"), major)
    inner = gate(options.get("recurrent_activation", "sigmoid"), major)
    after = options.get("reset_after", False)
    into, own = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    h = c = np.zeros((len(x), units))
    found = []
    steps = range(x.shape[1])
    for t in reversed(steps) if options.get("go_backwards") else steps:
        z = x[:, t] @ kernel + into
        if kind == "SimpleRNN":
            h = act(z + h @ weights)
        elif kind == "LSTM":
            i, f, g, o = np.split(z + h @ weights, 4, axis=1)
            c = inner(f) * c + inner(i) * act(g)
            h = inner(o) * act(c)
        else:
            a, b, n = np.split(z, 3, axis=1)
            u, v, w = np.split(weights, 3, axis=1)
            p, q, s = np.split(own, 3)
            update, reset = inner(a + h @ u + p), inner(b + h @ v + q)
            new = act(n + reset * (h @ w + s)) if after else act(n + (reset * h) @ w)
            h = update * h + (1 - update) * new
        found.append(h)
    return np.stack(found, axis=1)


def attend(q: Array, k: Array, v: Array, scale: Any = 1.0) -> Array:
    return softmax(scale * np.einsum("nqd,nkd->nqk", q, k)) @ v


def multi_head(q: Array, v: Array, k: Array, arrays: list[Array], size: int) -> Array:
    def project(x: Array, i: int) -> Array:
        return np.einsum("ntd,dhe->nthe", x, arrays[2 * i]) + arrays[2 * i + 1]

    a, b, c = project(q, 0), project(k, 1), project(v, 2)
    weights = softmax(np.einsum("nqhe,nkhe->nhqk", a, b) / np.sqrt(size))
    return np.einsum("nhqk,nkhe,hed->nqd", weights, c, arrays[6]) + arrays[7]
