"""Operations on tensors that a Keras file notes by name, as the layers that compute the same."""

from __future__ import annotations

from typing import Final

from motiflens.models.types import Json

# Keras 3: class of an operation -> layer.
_PAIRS: Final = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
_FUNCTIONS: Final = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Silu": "silu",
    "Selu": "selu",
    "Exp": "exponential",
}
# Keras 2: name of TensorFlow's function -> the same.
_TENSORFLOW: Final = {
    "__operators__.add": "Add",
    **{f"math.{name.lower()}": name for name in _PAIRS},
    **{f"{room}.{name.lower()}": name for room in ("nn", "math") for name in _FUNCTIONS},
}


def as_layer(entry: Json) -> Json:
    """Return a layer's entry in place of an operation's; any other entry as it is.

    Taken are sums, differences, products, maxima and minima of two tensors (a residual connection written as
    ``x + y``), concatenation, and the activations without options. Nothing is executed: they are known by name.

    Examples
    --------
    >>> entry = {"class_name": "TFOpLambda", "name": "s", "config": {"name": "s", "function": "math.add"}}
    >>> as_layer(entry)["class_name"]
    'Add'
    """
    own = entry.get("config")
    if not isinstance(own, dict):
        return entry
    kind, module = entry.get("class_name"), entry.get("module")
    if kind == "TFOpLambda" and isinstance(own.get("function"), str):
        kind = _TENSORFLOW.get(own["function"])
    elif not (isinstance(module, str) and module.startswith("keras.") and ".ops." in module) and (
        set(own) != {"name"}  # Keras 3's .h5 tells no module, but a layer would have more options
    ):
        return entry
    named = {key: own[key] for key in ("name", "axis") if key in own}
    if kind in _PAIRS or (kind == "Concatenate" and "axis" in own):
        new = {"class_name": kind, "config": named}
    elif kind in _FUNCTIONS:
        new = {"class_name": "Activation", "config": {**named, "activation": _FUNCTIONS[str(kind)]}}
    elif kind == "Softmax" and isinstance(own.get("axis"), int):
        new = {"class_name": "Softmax", "config": named}
    else:
        return entry
    return {**{key: entry[key] for key in ("name", "inbound_nodes") if key in entry}, **new}
