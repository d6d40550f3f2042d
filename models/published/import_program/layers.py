"""Layers of torch in place of a program's operators, so that attribution and attention find what they know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from torch import Tensor, nn

from motiflens.models.architectures.layers import MatMul, Multiply
from motiflens.models.published.import_program.describe import uses
from motiflens.models.published.import_program.operators import NUMBERS, aten
from motiflens.models.types import Json


class Plan(NamedTuple):
    """How a node becomes a layer."""

    make: Callable[[], nn.Module]
    inputs: list[str]  # values that it is given
    weights: dict[str, str] = {}  # noqa: RUF012 (a tuple's default, never changed): name within the layer -> value
    options: str = ""  # tells apart layers of the same weights


class ScaledDotProduct(nn.Module):
    """softmax(q kᵀ · scale + mask) v, (…, T, D) each, by modules that attention is read from."""

    def __init__(self, scale: float | None, *, causal: bool) -> None:
        super().__init__()
        self.scale, self.causal = scale, causal
        self.scores, self.softmax, self.mix = MatMul(), nn.Softmax(dim=-1), MatMul()

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        scale = query.shape[-1] ** -0.5 if self.scale is None else self.scale
        scores = self.scores(query, key.transpose(-2, -1)) * scale
        if self.causal:
            mask = scores.new_ones(scores.shape[-2:]).tril().bool()
        if mask is not None:
            scores = scores + mask if mask.is_floating_point() else scores.masked_fill(~mask, float("-inf"))
        mixed: Tensor = self.mix(self.softmax(scores), value)
        return mixed


def bound(node: Json) -> dict[str, Any]:
    """Return a node's arguments by name, defaults included."""
    given = dict(node["arguments"])
    schema = aten(node["operator"], node["overload"])._schema
    return {
        a.name: given.get(a.name, a.default_value if a.has_default_value() else None) for a in schema.arguments
    }


def plan(node: Json, description: Json) -> Plan | None:
    """Return the layer that a node is, or None where it stays a function.

    Parameters
    ----------
    node
        Of the description.
    description
        See `describe`.
    """
    name = node["operator"]
    if name in NUMBERS or not isinstance(node["outputs"][0] if node["outputs"] else None, str):
        return None
    build = _BUILDERS.get(name)
    if build is None:
        return None
    values = bound(node)
    plain = all(value is None or not _computed(value) for key, value in values.items() if key not in _TENSORS)
    return build(values, _Context(node, description)) if plain else None


# Arguments that are tensors; where another one is computed, a size say, no layer can hold it.
_TENSORS: Final = frozenset(
    {
        *("self", "input", "other", "mat2", "weight", "bias", "running_mean", "running_var", "hx", "params"),
        *("query", "key", "value", "attn_mask", "attn_bias"),
    }
)


def _computed(value: Any) -> bool:
    return bool(uses(value)) or isinstance(value, dict)


class _Context(NamedTuple):
    node: Json
    description: Json

    def tensor(self, value: Any) -> str | None:
        """Name of a value that depends on an input; None for weights, numbers and nothing."""
        name = value.get("value") if isinstance(value, dict) else None
        return (
            name if name is not None and name in self.description["ranks"] and not self.is_weight(value) else None
        )

    def is_weight(self, value: Any) -> bool:
        return isinstance(value, dict) and value.get("value") in self.description["weights"]

    def weights(self, **given: Any) -> dict[str, str] | None:
        """The weights that are given, by their names in the layer; None if one is no weight."""
        there = {name: value for name, value in given.items() if value is not None}
        if not all(self.is_weight(value) for value in there.values()):
            return None
        return {name: str(value["value"]) for name, value in there.items()}

    def shape(self, value: str) -> list[int]:
        shape: list[int] = self.description["weights"][value]["shape"]
        return shape

    def rank(self, value: Any) -> int:
        return int(self.description["ranks"].get(value["value"], 0)) if isinstance(value, dict) else 0

    def alone(self) -> bool:
        """Whether only the first of the node's outputs is used."""
        others = {name for name in self.node["outputs"][1:] if name}
        used = {value for _, value in self.description["heads"]}
        for node in self.description["nodes"]:
            used |= {name for _, argument in node["arguments"] for name in uses(argument)}
        return not others & used


_Build = Callable[[dict[str, Any], _Context], Plan | None]


def _pointwise(
    make: Callable[[dict[str, Any]], nn.Module | None],
) -> Callable[[dict[str, Any], _Context], Plan | None]:
    def build(values: dict[str, Any], context: _Context) -> Plan | None:
        x = context.tensor(next(iter(values.values())))
        module = make(values)
        return None if x is None or module is None else Plan(lambda: module, [x])

    return build


def _elu(v: dict[str, Any]) -> nn.Module | None:
    return nn.ELU(v["alpha"]) if v["scale"] == 1 and v["input_scale"] == 1 else None


def _softmax(v: dict[str, Any], kind: type[nn.Softmax | nn.LogSoftmax]) -> nn.Module | None:
    return None if v.get("dtype") or v.get("half_to_float") else kind(dim=v["dim"])


def _one(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return value[0] if len(value) == 1 else tuple(value)


def _max_pool(v: dict[str, Any], kind: type[nn.MaxPool1d | nn.MaxPool2d]) -> nn.Module:
    stride = _one(v["stride"]) or None
    return kind(_one(v["kernel_size"]), stride, _one(v["padding"]), _one(v["dilation"]), ceil_mode=v["ceil_mode"])


def _global_max(v: dict[str, Any], context: _Context) -> Plan | None:
    x = context.tensor(v["self"])
    return Plan(lambda: nn.AdaptiveMaxPool1d(_one(v["output_size"])), [x]) if x and context.alone() else None


def _avg_pool(v: dict[str, Any]) -> nn.Module:
    stride: Any = _one(v["stride"]) or None
    return nn.AvgPool1d(
        _one(v["kernel_size"]),
        stride,
        _one(v["padding"]),
        ceil_mode=v["ceil_mode"],
        count_include_pad=v["count_include_pad"],
    )


def _convolution(v: dict[str, Any], context: _Context) -> Plan | None:
    x, weights = context.tensor(v["input"]), context.weights(weight=v["weight"], bias=v["bias"])
    if x is None or not weights or v.get("transposed"):
        return None
    out, within, *kernel = context.shape(weights["weight"])
    groups = v["groups"]
    padding = v["padding"] if isinstance(v["padding"], str) else tuple(v["padding"])
    kind: Any = {1: nn.Conv1d, 2: nn.Conv2d}.get(len(kernel))
    if kind is None or context.rank(v["input"]) != len(kernel) + 2:
        return None
    options: Json = {
        "stride": tuple(v["stride"]),
        "padding": padding,
        "dilation": tuple(v["dilation"]),
        "groups": groups,
        "bias": "bias" in weights,
    }
    for key in ("stride", "padding", "dilation"):
        value = options[key]
        if isinstance(value, tuple) and len(value) == 1:
            options[key] = value * len(kernel)
    return Plan(lambda: kind(within * groups, out, tuple(kernel), **options), [x], weights, f"conv {options}")


def _linear(v: dict[str, Any], context: _Context) -> Plan | None:
    x, weights = context.tensor(v["input"]), context.weights(weight=v["weight"], bias=v["bias"])
    if x is None or not weights:
        return None
    out, within = context.shape(weights["weight"])
    return Plan(lambda: nn.Linear(within, out, bias="bias" in weights), [x], weights, "linear")


def _batch_norm(v: dict[str, Any], context: _Context) -> Plan | None:
    x = context.tensor(v["input"])
    given = {name: v[name] for name in ("weight", "bias", "running_mean", "running_var")}
    weights = context.weights(**given)
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}.get(context.rank(v["input"]))
    affine = [name in (weights or {}) for name in ("weight", "bias")]
    if x is None or not weights or kind is None or "running_mean" not in weights or affine[0] != affine[1]:
        return None
    if "running_var" not in weights or not context.alone():
        return None
    size = context.shape(weights["running_mean"])[0]
    return Plan(lambda: kind(size, eps=v["eps"], affine=affine[0]), [x], weights, f"batch_norm {v['eps']}")


def _layer_norm(v: dict[str, Any], context: _Context) -> Plan | None:
    x, weights = context.tensor(v["input"]), context.weights(weight=v["weight"], bias=v["bias"])
    shape = v["normalized_shape"]
    if x is None or weights is None or not context.alone() or ("bias" in weights and "weight" not in weights):
        return None

    def make() -> nn.Module:
        return nn.LayerNorm(shape, v["eps"], elementwise_affine="weight" in weights, bias="bias" in weights)

    return Plan(make, [x], weights, f"layer_norm {shape} {v['eps']}")


def _product(kind: type[nn.Module], second: str) -> _Build:
    def build(values: dict[str, Any], context: _Context) -> Plan | None:
        pair = [context.tensor(values["self"]), context.tensor(values[second])]
        return None if None in pair else Plan(kind, [name for name in pair if name])

    return build


def _attention(v: dict[str, Any], context: _Context) -> Plan | None:
    tensors = [context.tensor(v[name]) for name in ("query", "key", "value")]
    mask = v.get("attn_mask") or v.get("attn_bias")
    if None in tensors or v.get("enable_gqa") or not context.alone() or v.get("return_debug_mask"):
        return None
    inputs = [name for name in tensors if name] + uses(mask)
    return Plan(lambda: ScaledDotProduct(v.get("scale"), causal=v["is_causal"]), inputs)


def _recurrent(kind: type[nn.LSTM | nn.GRU | nn.RNN], gates: int) -> _Build:
    def build(v: dict[str, Any], context: _Context) -> Plan | None:
        states = v["hx"] if isinstance(v["hx"], list) else [v["hx"]]
        x = context.tensor(v.get("input"))
        if x is None or context.node["overload"] != "input" or not all(_zeros(state, context) for state in states):
            return None
        if context.rank(v["input"]) != 3:
            return None
        layers, both, bias = v["num_layers"], v["bidirectional"], v["has_biases"]
        ends = [f"_l{i}{turn}" for i in range(layers) for turn in (("", "_reverse") if both else ("",))]
        kinds = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if bias else ()))
        names = [f"{start}{end}" for end in ends for start in kinds]
        if len(names) != len(v["params"]):  # a projection of the state
            return None
        weights = context.weights(**dict(zip(names, v["params"], strict=True)))
        if weights is None or len(weights) != len(names):
            return None
        units, width = context.shape(weights["weight_hh_l0"])[1], context.shape(weights["weight_ih_l0"])[1]
        if context.shape(weights["weight_hh_l0"])[0] != gates * units:
            return None
        options = {"bias": bias, "batch_first": v["batch_first"], "bidirectional": both}

        def make() -> nn.Module:
            return kind(width, units, layers, **options)

        return Plan(make, [x], weights, f"{kind.__name__} {options}")

    return build


def _zeros(state: Any, context: _Context) -> bool:
    """Whether a state starts at zero: it was made so, for whatever batch."""
    names = uses(state)
    made = [node for node in context.description["nodes"] if names and names[0] in node["outputs"]]
    return bool(made) and made[0]["operator"] in ("zeros", "new_zeros", "zeros_like")


def _prelu(v: dict[str, Any], context: _Context) -> Plan | None:
    x, weights = context.tensor(v["self"]), context.weights(weight=v["weight"])
    if x is None or not weights:
        return None
    return Plan(lambda: nn.PReLU(context.shape(weights["weight"])[0]), [x], weights, "prelu")


_BUILDERS: Final[dict[str, _Build]] = {
    "relu": _pointwise(lambda _: nn.ReLU()),
    "relu6": _pointwise(lambda _: nn.ReLU6()),
    "sigmoid": _pointwise(lambda _: nn.Sigmoid()),
    "tanh": _pointwise(lambda _: nn.Tanh()),
    "silu": _pointwise(lambda _: nn.SiLU()),
    "mish": _pointwise(lambda _: nn.Mish()),
    "selu": _pointwise(lambda _: nn.SELU()),
    "log_sigmoid": _pointwise(lambda _: nn.LogSigmoid()),
    "hardsigmoid": _pointwise(lambda _: nn.Hardsigmoid()),
    "hardswish": _pointwise(lambda _: nn.Hardswish()),
    "gelu": _pointwise(lambda v: nn.GELU(v["approximate"])),
    "elu": _pointwise(_elu),
    "celu": _pointwise(lambda v: nn.CELU(v["alpha"])),
    "leaky_relu": _pointwise(lambda v: nn.LeakyReLU(v["negative_slope"])),
    "softplus": _pointwise(lambda v: nn.Softplus(v["beta"], v["threshold"])),
    "hardtanh": _pointwise(lambda v: nn.Hardtanh(v["min_val"], v["max_val"])),
    "softshrink": _pointwise(lambda v: nn.Softshrink(v["lambd"])),
    "softmax": _pointwise(lambda v: _softmax(v, nn.Softmax)),
    "_softmax": _pointwise(lambda v: _softmax(v, nn.Softmax)),
    "log_softmax": _pointwise(lambda v: _softmax(v, nn.LogSoftmax)),
    "_log_softmax": _pointwise(lambda v: _softmax(v, nn.LogSoftmax)),
    "max_pool1d": _pointwise(lambda v: _max_pool(v, nn.MaxPool1d)),
    "max_pool2d": _pointwise(lambda v: _max_pool(v, nn.MaxPool2d)),
    "avg_pool1d": _pointwise(_avg_pool),
    "adaptive_avg_pool1d": _pointwise(lambda v: nn.AdaptiveAvgPool1d(_one(v["output_size"]))),
    "adaptive_max_pool1d": _global_max,
    "flatten": _pointwise(lambda v: nn.Flatten(v["start_dim"], v["end_dim"])),
    "conv1d": _convolution,
    "conv2d": _convolution,
    "convolution": _convolution,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "layer_norm": _layer_norm,
    "native_layer_norm": _layer_norm,
    "prelu": _prelu,
    "mul": _product(Multiply, "other"),
    "matmul": _product(MatMul, "other"),
    "bmm": _product(MatMul, "mat2"),
    "scaled_dot_product_attention": _attention,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "lstm": _recurrent(nn.LSTM, 4),
    "gru": _recurrent(nn.GRU, 3),
    "rnn_tanh": _recurrent(nn.RNN, 1),
}
