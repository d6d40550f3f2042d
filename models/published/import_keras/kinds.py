"""Names of Keras' layers and of their options, those of Keras 1 turned into those of Keras 2 and 3."""

from __future__ import annotations

from typing import Any

from motiflens.models.types import Json

OPERATION = "is an operation on tensors, not a layer"
# What Keras 3 computes masks by; its .h5 files do not tell that these are no layers.
_MASK_OPERATIONS = (
    "NotEqual",
    "Equal",
    "Any",
    "All",
    "LogicalAnd",
    "LogicalOr",
    "ExpandDims",
    "Cast",
    "BroadcastTo",
)
MODELS = ("Model", "Functional", "Sequential")
_KINDS = {
    "Convolution1D": "Conv1D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConv1D": "Conv1D",
    "SeparableConvolution1D": "SeparableConv1D",
    "MaxPool1D": "MaxPooling1D",
    "AvgPool1D": "AveragePooling1D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "TimeDistributedDense": "Dense",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
}
_RECURRENT = ("LSTM", "GRU", "SimpleRNN")
_CELLS = tuple(f"{kind}Cell" for kind in _RECURRENT)
# Kind ("" for all) -> Keras 1's name of an option -> that of Keras 2.
_OPTIONS: dict[str, dict[str, str]] = {
    "": {"border_mode": "padding", "bias": "use_bias", "p": "rate", "dropout_W": "dropout"},
    "Conv1D": {
        "nb_filter": "filters",
        "filter_length": "kernel_size",
        "subsample_length": "strides",
        "atrous_rate": "dilation_rate",
    },
    "SeparableConv1D": {"nb_filter": "filters", "filter_length": "kernel_size", "subsample_length": "strides"},
    "Dense": {"output_dim": "units"},
    "MaxPooling1D": {"pool_length": "pool_size", "stride": "strides"},
    "AveragePooling1D": {"pool_length": "pool_size", "stride": "strides"},
    "UpSampling1D": {"length": "size"},
    "GaussianNoise": {"sigma": "stddev"},
    **{kind: {"output_dim": "units", "inner_activation": "recurrent_activation"} for kind in _RECURRENT},
}
_MERGE = {
    "sum": "Add",
    "mul": "Multiply",
    "concat": "Concatenate",
    "ave": "Average",
    "max": "Maximum",
    "dot": "Dot",
    "cos": "Dot",
}


def canonical(kind: str, config: Json, major: int) -> tuple[str, Json]:
    """Return a layer's class and options by their names in Keras 2 and 3.

    Parameters
    ----------
    kind, config
        As the file has them.
    major
        Main version of Keras that wrote it.
    """
    options = dict(config)
    if kind == "Merge":
        mode = options.get("mode")
        new = _MERGE.get(mode) if isinstance(mode, str) else None
        if new is not None:
            options["axis"] = options.get("concat_axis", -1)
            options["axes"] = options.get("dot_axes", -1)
            options["normalize"] = mode == "cos"
            return new, options
    cell = options.get("cell") if kind == "RNN" else None
    if isinstance(cell, dict) and cell.get("class_name") in _CELLS and not refused(cell):
        kind, options = str(cell["class_name"]).removesuffix("Cell"), {**cell["config"], **options}
    kind = _KINDS.get(kind, kind)
    for old, new in {**_OPTIONS[""], **_OPTIONS.get(kind, {})}.items():
        if old in options and new not in options:
            options[new] = options[old]
    if major == 1 and kind == "Conv1D":
        options.setdefault("strides", 1)
    return kind, options


def refused(entry: Json) -> str | None:
    """Return why an object of a file is none of Keras' own, by where its class was registered; None if it is."""
    registered, module = entry.get("registered_name"), entry.get("module")
    own = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras")
    if isinstance(module, str) and module.split(".")[0] not in {name.split(".")[0] for name in own}:
        return f"is of {module}, not of Keras"
    if entry.get("class_name") in _MASK_OPERATIONS or (isinstance(module, str) and ".ops." in module):
        return OPERATION
    if isinstance(registered, str) and ">" in registered and registered.split(">")[0].lower() != "keras":
        return f"is registered as {registered!r}, not one of Keras' own"
    return None


def number(config: Json, key: str, default: Any = None) -> int:
    """Return an option that is a whole number, perhaps in a list of one.

    Raises
    ------
    ValueError
        If it is none.
    """
    value = config.get(key, default)
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}, not a whole number")
    return value


def real(config: Json, key: str, default: Any = None) -> float:
    """Return an option that is a number. Raises ValueError if it is none."""
    value = config.get(key, default)
    if isinstance(value, dict):  # Keras 3 may write a serialised array
        value = value.get("config", {}).get("value") if isinstance(value.get("config"), dict) else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{key} is {value!r}, not a number")
    return float(value)


def choice(config: Json, key: str, allowed: tuple[Any, ...], default: Any = None) -> Any:
    """Return an option that has one of a few values. Raises ValueError if it has another."""
    value = config.get(key, default)
    if value not in allowed:
        raise ValueError(f"{key} {value!r} is not supported, only {', '.join(map(repr, allowed))}")
    return value
