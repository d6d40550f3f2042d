"""One layer of a Keras file as a torch module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from motiflens.models.published.import_keras import merging, normalisation, recurrent
from motiflens.models.published.import_keras.activations import (
    LAYERS,
    activation_name,
    build_activation,
    build_activation_layer,
)
from motiflens.models.published.import_keras.attention import Attention, MultiHeadAttention, attention_shapes
from motiflens.models.published.import_keras.convolutions import build_convolution, convolution_shapes
from motiflens.models.published.import_keras.dense import build_dense, dense_shapes
from motiflens.models.published.import_keras.graph import MERGE_TIME, SPLIT_TIME
from motiflens.models.published.import_keras.kinds import canonical, refused
from motiflens.models.published.import_keras.places import build_pooling, build_shaping
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]
CONVOLUTIONS = ("Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose")
POOLINGS = ("MaxPooling1D", "AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D")
SHAPING = ("Flatten", "Reshape", "Permute", "RepeatVector", "Cropping1D", "ZeroPadding1D", "UpSampling1D")
LAST_AXIS = ("Dense", "Embedding", "BatchNormalization", "LayerNormalization", "Masking", "Rescaling")
ATTENTION = ("Attention", "AdditiveAttention", "MultiHeadAttention")
# Layers that do nothing outside of training.
IDLE = (
    "InputLayer",
    "Dropout",
    "SpatialDropout1D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
    "Identity",
)
# Layers that keep a mask of positions as it is.
MASK_KEEPERS = (
    *IDLE,
    *LAYERS,
    "Activation",
    "Dense",
    "BatchNormalization",
    "LayerNormalization",
    "TimeDistributed",
    "Rescaling",
    *normalisation.KINDS,
)
LOG_SUM_EXP = "LogSumExp"  # what stands in for ChromBPNet's Lambda
KNOWN = (
    *CONVOLUTIONS,
    *POOLINGS,
    *SHAPING,
    *LAST_AXIS,
    *ATTENTION,
    *IDLE,
    *LAYERS,
    *merging.KINDS,
    *normalisation.KINDS,
    *recurrent.KINDS,
    "Activation",
    "Bidirectional",
    "TimeDistributed",
    LOG_SUM_EXP,
    MERGE_TIME,
    SPLIT_TIME,
)


class MergeTime(nn.Module):
    """(N, T, …) as (N · T, …)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(0, 1)


class SplitTime(nn.Module):
    """(N · T, …) as (N, T, …), by what it was merged of."""

    def forward(self, y: Tensor, before: Tensor) -> Tensor:
        return y.unflatten(0, before.shape[:2])


class LogSumExp(nn.Module):
    """log Σ exp over the last axis, which is kept."""

    def forward(self, x: Tensor) -> Tensor:
        return x.logsumexp(dim=-1, keepdim=True)


class TimeDistributed(nn.Module):
    """A layer applied to each of the positions behind the batch."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def put(self, arrays: list[Tensor]) -> None:
        """Take the weights of the layer within."""
        self.layer.put(arrays)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layer(x.flatten(0, 1))
        return y.unflatten(0, x.shape[:2])


def wrapped(config: Json, major: int) -> tuple[str, Json]:
    """Class and options of the layer within a TimeDistributed one.

    Raises
    ------
    ValueError
        If it is no layer of Keras' own.
    """
    entry = config.get("layer")
    if not isinstance(entry, dict) or refused(entry) or not isinstance(entry.get("config"), dict):
        raise ValueError("what it wraps is no layer of Keras' own")
    kind, own = canonical(str(entry.get("class_name")), entry["config"], major)
    if kind not in KNOWN or kind == LOG_SUM_EXP:
        raise ValueError(f"it wraps a {kind}, which cannot be imported")
    return kind, own


def expected_shapes(kind: str, config: Json, shapes: Shapes, major: int) -> Shapes:
    """Return the shapes that a layer's arrays must have by its options.

    Parameters
    ----------
    kind, config
        By their names in Keras 2 and 3.
    shapes
        Those that are there, which tell what the options leave open.
    """
    if kind in CONVOLUTIONS:
        return convolution_shapes(kind, config, shapes)
    if kind in ("Dense", "Embedding", "BatchNormalization", "LayerNormalization"):
        return dense_shapes(kind, config, shapes)
    if kind in normalisation.KINDS:
        return normalisation.normalisation_shapes(kind, config, shapes)
    if kind in recurrent.KINDS:
        return recurrent.recurrent_shapes(kind, config, shapes, major)
    if kind == "Bidirectional":
        half = len(shapes) // 2
        parts = zip(recurrent.inner_layers(config, major), (shapes[:half], shapes[half:]), strict=True)
        return [shape for (own, options), given in parts for shape in expected_shapes(own, options, given, major)]
    if kind in ATTENTION:
        return attention_shapes(kind, config, shapes)
    if kind == "TimeDistributed":
        return expected_shapes(*wrapped(config, major), shapes, major)
    return shapes[:1] or [(0,)] if kind == "PReLU" else []


def build_layer(kind: str, config: Json, shapes: Shapes, major: int) -> nn.Module:
    """Make a layer's module, its weights still to be put in by its ``put``.

    Raises
    ------
    ValueError
        If the layer or an option of it is not supported, or its arrays have other shapes.
    """
    if kind not in KNOWN:
        reason = "holds code, which is never run" if kind == "Lambda" else "is no layer that we know"
        raise ValueError(f"it {reason}: it cannot be imported")
    expected = expected_shapes(kind, config, shapes, major)
    if [tuple(shape) for shape in shapes] != [tuple(shape) for shape in expected]:
        raise ValueError(f"its arrays have the shapes {shapes}, expected {expected}")
    if kind in CONVOLUTIONS:
        return build_convolution(kind, config, shapes)
    if kind in POOLINGS:
        return build_pooling(kind, config)
    if kind in SHAPING:
        return build_shaping(kind, config)
    if kind in LAST_AXIS:
        return build_dense(kind, config, shapes)
    if kind in merging.KINDS:
        return merging.build_merging(kind, config, major)
    if kind in normalisation.KINDS:
        return normalisation.build_normalisation(kind, config, shapes)
    if kind in recurrent.KINDS:
        return recurrent.build_recurrent(kind, config, shapes, major)
    if kind == "Bidirectional":
        return recurrent.build_bidirectional(config, shapes, major)
    return _other(kind, config, shapes, major)


def _other(kind: str, config: Json, shapes: Shapes, major: int) -> nn.Module:
    if kind == "MultiHeadAttention":
        return MultiHeadAttention(config, shapes)
    if kind in ATTENTION:
        return Attention(kind, config, shapes)
    if kind in LAYERS:
        return build_activation_layer(kind, config, shapes)
    if kind == "Activation":
        return build_activation(config.get("activation"), major)
    if kind == LOG_SUM_EXP:
        return LogSumExp()
    if kind in (MERGE_TIME, SPLIT_TIME):
        return MergeTime() if kind == MERGE_TIME else SplitTime()
    if kind == "TimeDistributed":
        own, options = wrapped(config, major)
        layer = build_layer(own, options, shapes, major)
        activation = activation_name(options.get("activation")) if own in (*CONVOLUTIONS, "Dense") else "linear"
        if activation != "linear":
            layer = _Activated(layer, build_activation(options["activation"], major))
        return TimeDistributed(layer)
    return _idle(kind, config)


class _Activated(nn.Module):
    def __init__(self, layer: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.layer, self.activation = layer, activation

    def put(self, arrays: list[Tensor]) -> None:
        self.layer.put(arrays)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.activation(self.layer(x))
        return y


def _idle(kind: str, config: Json) -> nn.Module:
    rate: Any = config.get("rate")
    if kind in ("Dropout", "SpatialDropout1D") and isinstance(rate, int | float) and 0 <= rate < 1:
        return nn.Dropout(float(rate)) if kind == "Dropout" else _SpatialDropout(float(rate))
    return nn.Identity()


class _SpatialDropout(nn.Module):
    """Drops whole channels of (N, T, C)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout1d(rate)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.dropout(x.transpose(1, 2)).transpose(1, 2)
        return y


def tensors(arrays: list[Any]) -> list[Tensor]:
    """Arrays as tensors."""
    return [torch.from_numpy(array.copy()) for array in arrays]
