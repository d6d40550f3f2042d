"""Keras' convolutions, which keep channels last."""

from __future__ import annotations

from torch import Tensor, nn

from motiflens.models.published.import_keras.kinds import choice, number
from motiflens.models.types import Json

Shapes = list[tuple[int, ...]]


class SamePadding(nn.ConstantPad1d):
    """Padding of TensorFlow's ``same`` for any stride: as little as needed, the odd one on the right."""

    def __init__(self, kernel: int, stride: int, dilation: int, value: float = 0.0) -> None:
        super().__init__(0, value)
        self.span, self.stride = dilation * (kernel - 1) + 1, stride

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[-1]
        total = max((-(-length // self.stride) - 1) * self.stride + self.span - length, 0)
        self.padding = (total // 2, total - total // 2)
        return super().forward(x)


def padding_layer(config: Json, kernel: int, stride: int, dilation: int) -> nn.Module | None:
    """Return what is to be done before a valid convolution; None for nothing."""
    padding = choice(config, "padding", ("valid", "same", "causal", "half"), "valid")
    lost = dilation * (kernel - 1)
    if padding == "valid" or not lost:
        return None
    if padding == "causal":
        return nn.ConstantPad1d((lost, 0), 0.0)
    if stride > 1:
        return SamePadding(kernel, stride, dilation)
    return nn.ConstantPad1d((lost // 2, lost - lost // 2), 0.0)


class Convolution(nn.Module):
    """Conv1D, DepthwiseConv1D or SeparableConv1D over (N, T, C)."""

    def __init__(self, layers: list[nn.Module], *, channels_first: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.channels_first = channels_first

    @property
    def convolutions(self) -> list[nn.Conv1d]:
        """The convolutions, in order."""
        return [layer for layer in self.layers if isinstance(layer, nn.Conv1d)]

    def forward(self, x: Tensor) -> Tensor:
        h = x if self.channels_first else x.transpose(1, 2)
        for layer in self.layers:
            h = layer(h)
        return h if self.channels_first else h.transpose(1, 2)

    def put(self, arrays: list[Tensor]) -> None:
        """Take the weights of Keras' layer: kernels position × channel × filter, then the bias."""
        kernels = arrays[: len(self.convolutions)]
        for layer, kernel in zip(self.convolutions, kernels, strict=True):
            if layer.groups > 1 and layer.groups == layer.in_channels and kernel.shape[1] == layer.in_channels:
                weight = kernel.permute(1, 2, 0).flatten(0, 1).unsqueeze(1)  # depthwise: channel × multiplier
            else:
                weight = kernel.permute(2, 1, 0)
            layer.weight.data.copy_(weight)
        bias = self.convolutions[-1].bias
        if bias is not None:
            bias.data.copy_(arrays[-1])


class Transposed(nn.Module):
    """Conv1DTranspose over (N, T, C)."""

    def __init__(self, layer: nn.ConvTranspose1d, *, same: bool) -> None:
        super().__init__()
        self.layer, self.same = layer, same

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x.transpose(1, 2)).transpose(1, 2)
        if not self.same:
            return h
        length = x.shape[1] * self.layer.stride[0]
        start = max(h.shape[1] - length, 0) // 2
        return h[:, start : start + length]

    def put(self, arrays: list[Tensor]) -> None:
        """Take the weights of Keras' layer: position × filter × channel, then the bias."""
        self.layer.weight.data.copy_(arrays[0].permute(2, 1, 0))
        if self.layer.bias is not None:
            self.layer.bias.data.copy_(arrays[1])


def convolution_shapes(kind: str, config: Json, shapes: Shapes) -> Shapes:
    """Return the shapes that a layer's arrays must have; what the options leave open is taken from the first."""
    size = number(config, "kernel_size")
    bias = [] if config.get("use_bias", True) is False else [1]
    first = shapes[0] if shapes and len(shapes[0]) == 3 else (size, 0, 0)
    if kind == "Conv1D":
        filters = number(config, "filters")
        return [(size, first[1], filters), *[(filters,) for _ in bias]]
    if kind == "Conv1DTranspose":
        filters = number(config, "filters")
        return [(size, filters, first[2]), *[(filters,) for _ in bias]]
    multiplier, channels = number(config, "depth_multiplier", 1), first[1]
    wide = channels * multiplier
    if kind == "DepthwiseConv1D":
        return [(size, channels, multiplier), *[(wide,) for _ in bias]]
    filters = number(config, "filters")
    return [(size, channels, multiplier), (1, wide, filters), *[(filters,) for _ in bias]]


def build_convolution(kind: str, config: Json, shapes: Shapes) -> nn.Module:
    """Make the module of a Conv1D, DepthwiseConv1D, SeparableConv1D or Conv1DTranspose layer."""
    size, stride = number(config, "kernel_size"), number(config, "strides", 1)
    dilation, groups = number(config, "dilation_rate", 1), number(config, "groups", 1)
    first = choice(config, "data_format", ("channels_last", "channels_first", None), None) == "channels_first"
    bias = config.get("use_bias", True) is not False
    if kind == "Conv1DTranspose":
        if config.get("output_padding") is not None or dilation > 1:
            raise ValueError("a transposed convolution with output_padding or dilation is not supported")
        same = choice(config, "padding", ("valid", "same"), "valid") == "same"
        extra = max(stride - size, 0)  # Keras' output is never shorter than the strides reach
        layer = nn.ConvTranspose1d(
            shapes[0][2],
            shapes[0][1],
            size,
            stride=stride,
            bias=bias,
            output_padding=extra if extra < stride else 0,
        )
        return Transposed(layer, same=same)
    before = padding_layer(config, size, stride, dilation)
    layers: list[nn.Module] = [] if before is None else [before]
    channels = shapes[0][1]
    if kind == "Conv1D":
        filters = number(config, "filters")
        layers.append(
            nn.Conv1d(channels * groups, filters, size, stride, dilation=dilation, groups=groups, bias=bias)
        )
        return Convolution(layers, channels_first=first)
    wide = channels * number(config, "depth_multiplier", 1)
    separable = kind == "SeparableConv1D"
    depthwise = nn.Conv1d(
        channels, wide, size, stride, dilation=dilation, groups=channels, bias=bias and not separable
    )
    layers.append(depthwise)
    if separable:
        layers.append(nn.Conv1d(wide, number(config, "filters"), 1, bias=bias))
    return Convolution(layers, channels_first=first)
