"""Keras' attention layers, of modules that attention is read from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from motiflens.models.architectures.layers import MatMul
from motiflens.models.published.import_keras.kinds import choice, number
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]
Masks = list[Tensor | None]
_FAR = 1e9  # what Keras takes off a score that is masked


class Attention(nn.Module):
    """Attention or AdditiveAttention: query, value and perhaps key, each (N, T, D)."""

    takes_masks = True

    def __init__(self, kind: str, config: Json, shapes: Shapes) -> None:
        super().__init__()
        self.additive = kind == "AdditiveAttention"
        mode = choice(config, "score_mode", ("dot", "concat"), "dot")
        self.concat = mode == "concat"
        self.causal = bool(config.get("causal", False))
        scaled = bool(config.get("use_scale", self.additive))
        self.scale = nn.Parameter(torch.ones(shapes[0] if shapes else ())) if scaled else None
        self.concat_weight = nn.Parameter(torch.ones(())) if self.concat else None
        self.scores, self.softmax, self.mix = MatMul(), nn.Softmax(dim=-1), MatMul()

    def put(self, arrays: list[Tensor]) -> None:
        """Take the scale, and the weight of concatenated scores, where there are any."""
        given = iter(arrays)
        for parameter in (self.scale, self.concat_weight):
            if parameter is not None:
                parameter.data.copy_(next(given).reshape(parameter.shape))

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        *,
        masks: Masks | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        key = value if key is None else key
        scores = self._scores(query, key)
        query_mask, value_mask = (masks[0], masks[1]) if masks and len(masks) > 1 else (None, None)
        allowed = None if value_mask is None else value_mask[:, None, :]
        if self.causal or use_causal_mask:
            lower = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()[None]
            allowed = lower if allowed is None else allowed & lower
        if allowed is not None:
            scores = scores - _FAR * (~allowed).to(scores.dtype)
        weights = self.softmax(scores)
        y = self.mix(weights, value)
        if query_mask is not None:
            y = y * query_mask[..., None]
        return (y, weights) if return_attention_scores else y

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.additive or self.concat:
            both = query[:, :, None] + key[:, None]  # N, Q, K, D
            if self.concat:
                assert self.concat_weight is not None
                inner = both if self.scale is None else self.scale * both
                return self.concat_weight * inner.tanh().sum(-1)
            waves = both.tanh()
            return (waves if self.scale is None else self.scale * waves).sum(-1)
        scores = self.scores(query, key.transpose(1, 2))
        return scores if self.scale is None else scores * self.scale

    def output_mask(self, mask: Tensor | None) -> Tensor | None:
        """Mask of what it gives: that of the query."""
        return mask


class MultiHeadAttention(nn.Module):
    """Several heads of dot-product attention over positions: query, value and perhaps key, each (N, T, D)."""

    takes_masks = True

    def __init__(self, config: Json, shapes: Shapes) -> None:
        super().__init__()
        self.heads, self.size = number(config, "num_heads"), number(config, "key_dim")
        axes = config.get("attention_axes")
        if axes not in (None, [1], 1, [-2]):
            raise ValueError(f"attention_axes {axes!r} are not supported, only the positions")
        if config.get("output_shape") is not None and len(_list(config["output_shape"])) != 1:
            raise ValueError("an output_shape of several axes is not supported")
        bias = config.get("use_bias", True) is not False
        kernels = shapes[:: 2 if bias else 1]
        self.layers = nn.ModuleList(
            [
                *(nn.Linear(kernel[0], kernel[1] * kernel[2], bias=bias) for kernel in kernels[:3]),
                nn.Linear(kernels[3][0] * kernels[3][1], kernels[3][2], bias=bias),
            ]
        )
        self.bias = bias
        self.scores, self.softmax, self.mix = MatMul(), nn.Softmax(dim=-1), MatMul()

    def put(self, arrays: list[Tensor]) -> None:
        """Take kernels (D, heads, d) and biases of query, key, value, then kernel (heads, d, D) and bias."""
        step = 2 if self.bias else 1
        for i, layer in enumerate(self.layers):
            kernel = arrays[i * step]
            assert isinstance(layer, nn.Linear)
            flat = kernel.flatten(0, 1) if i == 3 else kernel.flatten(1)
            layer.weight.data.copy_(flat.T)
            if self.bias:
                layer.bias.data.copy_(arrays[i * step + 1].flatten())

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        *,
        masks: Masks | None = None,
        use_causal_mask: bool = False,
        return_attention_scores: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        key = value if key is None else key
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # N, H, T, d
            for layer, x in zip(self.layers[:3], (query, key, value), strict=True)
        )
        scores = self.scores(q * self.size**-0.5, k.transpose(-2, -1))  # N, H, Q, K
        allowed = self._allowed(masks, scores, use_causal_mask)
        if allowed is not None:
            scores = scores - _FAR * (~allowed).to(scores.dtype)
        weights = self.softmax(scores)
        mixed = self.mix(weights, v).transpose(1, 2).flatten(2)  # N, Q, H · d
        y = self.layers[3](mixed)
        return (y, weights) if return_attention_scores else y

    @staticmethod
    def _allowed(masks: Masks | None, scores: Tensor, causal: bool) -> Tensor | None:
        allowed: Tensor | None = None
        for i, mask in enumerate(masks or []):
            if mask is not None:
                part = mask[:, None, :, None] if i == 0 else mask[:, None, None, :]
                allowed = part if allowed is None else allowed & part
        if causal:
            lower = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
            allowed = lower if allowed is None else allowed & lower
        return allowed

    def output_mask(self, mask: Tensor | None) -> Tensor | None:
        """Mask of what it gives: that of the query."""
        return mask


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def attention_shapes(kind: str, config: Json, shapes: Shapes) -> Shapes:
    """Return the shapes that a layer's arrays must have; widths of inputs are taken from what is there."""
    if kind != "MultiHeadAttention":
        if len(shapes) > 2:
            return []
        scaled = bool(config.get("use_scale", kind == "AdditiveAttention"))
        first = [shapes[0] if shapes and kind == "AdditiveAttention" else ()] if scaled else []
        return first + ([()] if config.get("score_mode") == "concat" else [])
    heads, size = number(config, "num_heads"), number(config, "key_dim")
    wide = size if config.get("value_dim") is None else number(config, "value_dim")
    bias = config.get("use_bias", True) is not False
    step = 2 if bias else 1
    given = [shape[0] if shape else 0 for shape in shapes[::step]] + [0] * 4
    last = shapes[3 * step][2] if len(shapes) > 3 * step and len(shapes[3 * step]) == 3 else 0
    expected: Shapes = []
    for i, width in enumerate((size, size, wide)):
        expected += [(given[i], heads, width), *([(heads, width)] if bias else [])]
    return [*expected, (heads, wide, last), *([(last,)] if bias else [])]
