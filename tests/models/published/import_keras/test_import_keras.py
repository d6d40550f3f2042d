"""Whole models of Keras files: heads, inputs, nested models, run folders, and files that mean harm."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.interpret import adapt
from motiflens.models import import_keras, import_published, open_run

from . import keras_numpy as ref
from .keras_files import STYLES, Array, Layer, write
from .test_layers import C, T, numbers, windows

KERNEL = numbers((3, C, 5), (5,))
DENSE = numbers((5, 2), (2,), seed=1)
INPUT = Layer("sequence", "InputLayer", {"shape": [T, C]}, [], ())
CONVOLUTION = {"filters": 5, "kernel_size": [3], "strides": [1], "padding": "valid", "activation": "relu"}


def basset_like(activation: str = "sigmoid") -> list[Layer]:
    return [
        INPUT,
        Layer("conv", "Conv1D", CONVOLUTION, KERNEL, ("sequence",)),
        Layer("pool", "GlobalMaxPooling1D", {}, [], ("conv",)),
        Layer("out", "Dense", {"units": 2, "activation": activation}, DENSE, ("pool",)),
    ]


def logits(x: Array) -> Array:
    h = np.maximum(ref.conv(x, KERNEL[0], "valid") + KERNEL[1], 0).max(axis=1)
    return h @ DENSE[0] + DENSE[1]


def compared(found: torch.Tensor, expected: Array) -> None:
    torch.testing.assert_close(found, torch.from_numpy(expected.astype(np.float32)), rtol=1e-5, atol=1e-5)


def one_hot(n: int = 3, length: int = T) -> Array:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(2).integers(0, 4, (n, length))]


def first(x: Array) -> torch.Tensor:
    return torch.from_numpy(x).transpose(1, 2)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("style", STYLES)
def test_logits_before_the_last_activation(tmp_path: Path, style: str, activation: str) -> None:
    path = write(tmp_path / f"model{style[1:]}", basset_like(activation), ["out"], style)
    x = windows()
    compared(import_keras(path)(first(x)), logits(x))


@pytest.mark.parametrize("style", STYLES)
def test_sigmoid_of_its_own_that_another_layer_reads_too(tmp_path: Path, style: str) -> None:
    layers = [
        *basset_like("linear"),
        Layer("p", "Activation", {"activation": "sigmoid"}, [], ("out",)),
        Layer("both", "Add", {}, [], ("p", "out")),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["p", "both"], style)
    x = windows()
    model = import_keras(path)
    assert model.heads == ("p", "both")
    p, both = model(first(x))
    compared(p, logits(x))
    compared(both, logits(x) + ref.sigmoid(logits(x)))
    compared(import_keras(path, output="both")(first(x)), logits(x) + ref.sigmoid(logits(x)))
    with pytest.raises(ValueError, match="there is no output 'q': it has p, both"):
        import_keras(path, output="q")


def test_alphabet(tmp_path: Path) -> None:
    path = write(tmp_path / "model.h5", basset_like(), ["out"], "2.h5")
    x = one_hot()
    theirs = x[..., ["ACGT".index(base) for base in "AGCT"]]  # the file's channels are A, G, C, T
    compared(import_keras(path, alphabet="AGCT")(first(x)), logits(theirs))
    with pytest.raises(ValueError, match="alphabet must be an order of A, C, G and T"):
        import_keras(path, alphabet="ACGU")


@pytest.mark.parametrize("style", STYLES)
def test_shared_layers_and_further_inputs(tmp_path: Path, style: str) -> None:
    square = numbers((C, C), (C,))
    layers = [
        INPUT,
        Layer("track", "InputLayer", {"shape": [7, 2]}, [], ()),
        Layer("total", "InputLayer", {"shape": [1]}, [], ()),
        Layer("twice", "Dense", {"units": C, "activation": "relu"}, square, (("sequence",), ("twice",))),
        Layer("mean", "GlobalAveragePooling1D", {}, [], ("twice:1",)),
        Layer("seen", "GlobalAveragePooling1D", {}, [], ("track",)),
        Layer("out", "Concatenate", {"axis": -1}, [], ("mean", "seen", "total")),
    ]
    path = write(tmp_path / f"model{style[1:]}", layers, ["out"], style)
    model = import_keras(path)
    assert model.inputs == ("sequence", "track", "total")
    x, track, total = windows(), windows(length=7, channels=2), numbers((3, 1))[0]

    def step(h: Array) -> Array:
        return np.maximum(h @ square[0] + square[1], 0)

    mean = step(step(x)).mean(axis=1)
    found = model((first(x), first(track), torch.from_numpy(total)))
    compared(found, np.concatenate([mean, track.mean(axis=1), total], axis=1))
    compared(model(first(x)), np.concatenate([mean, np.zeros((3, 3))], axis=1))
    with pytest.raises(ValueError, match=r"has 3 inputs \(sequence, track, total\), not 2"):
        model((first(x), first(track)))
    with pytest.raises(ValueError, match=r"the input 'track' takes \(N, 2, 7\), not"):
        model((first(x), first(x), torch.from_numpy(total)))


def nested(tmp_path: Path, names: list[str], *, trainable: bool = True, shift: int = 0) -> Path:
    """A model within a model, its arrays in one group by the given names; normalisation's moments come last."""
    kernel, moments = numbers((C, C), (C,)), [*numbers((C,), (C,), (C,)), np.ones(C, np.float32)]
    inside = [
        {
            "name": "inner_in",
            "class_name": "InputLayer",
            "config": {"batch_input_shape": [None, T, C]},
            "inbound_nodes": [],
        },
        {
            "name": "norm",
            "class_name": "BatchNormalization",
            "config": {"name": "norm", "trainable": trainable},
            "inbound_nodes": [[["inner_in", 0, 0, {}]]],
        },
        {
            "name": "dense",
            "class_name": "Dense",
            "config": {"name": "dense", "units": C, "activation": "linear", "trainable": trainable},
            "inbound_nodes": [[["norm", 0, 0, {}]]],
        },
    ]
    inner = {
        "name": "inner",
        "class_name": "Functional",
        "config": {
            "name": "inner",
            "layers": inside,
            "input_layers": [["inner_in", 0, 0]],
            "output_layers": [["dense", 0, 0]],
        },
        "inbound_nodes": [[["sequence", 0, 0, {}]], [["inner", shift, 0, {}]]],
    }
    outer = {
        "class_name": "Functional",
        "config": {
            "layers": [
                {
                    "name": "sequence",
                    "class_name": "InputLayer",
                    "config": {"batch_input_shape": [None, T, C]},
                    "inbound_nodes": [],
                },
                inner,
            ],
            "input_layers": [["sequence", 0, 0]],
            "output_layers": [["inner", 1 + shift, 0]],
        },
    }
    path = tmp_path / "nested.h5"
    early, late = moments[:2], moments[2:]
    arrays = [*early, *kernel, *late] if trainable else [*moments, *kernel]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps(outer)
        root = file.create_group("model_weights")
        root.attrs["layer_names0"] = [b"sequence"]  # as Keras cuts long lists
        root.attrs["layer_names1"] = [b"inner"]
        root.create_group("sequence").attrs["weight_names"] = np.zeros(0)
        group = root.create_group("inner")
        group.attrs["weight_names"] = [name.encode() for name in names]
        for name, array in zip(names, arrays, strict=True):
            group[name] = array
    return path


NAMED = ["norm/gamma:0", "norm/beta:0", "dense/kernel:0", "dense/bias:0", "norm/mean:0", "norm/variance:0"]
FROZEN = [*NAMED[:2], *NAMED[4:], *NAMED[2:4]]


@pytest.mark.parametrize(
    ("names", "trainable", "shift"),
    [
        (NAMED, True, 0),
        (NAMED, True, 1),  # tf_keras counts the making of the model as its first call
        (FROZEN, False, 1),
        ([f"inner/{name}" for name in NAMED], True, 0),
        ([f"weight_{i}" for i in range(6)], True, 0),  # by order alone
        ([f"weight_{i}" for i in range(6)], False, 1),
    ],
)
def test_nested_models(tmp_path: Path, names: list[str], trainable: bool, shift: int) -> None:
    path = nested(tmp_path, names, trainable=trainable, shift=shift)
    kernel, moments = numbers((C, C), (C,)), numbers((C,), (C,), (C,))
    x = windows()

    def inner(h: Array) -> Array:
        h = (h - moments[2]) / np.sqrt(1 + 1e-3) * moments[0] + moments[1]
        return h @ kernel[0] + kernel[1]

    compared(import_keras(path)(first(x)), inner(inner(x)))


def chrombpnet_like(name: str = "logcount_predictions") -> list[Layer]:
    return [
        *basset_like("linear"),
        Layer("bias", "Dense", {"units": 2, "activation": "linear"}, DENSE, ("pool",)),
        Layer("joined", "Concatenate", {"axis": -1}, [], ("out", "bias")),
        Layer(name, "Lambda", {"function": ["never read", None, None]}, [], ("joined",)),
    ]


@pytest.mark.parametrize("style", STYLES[1:])
def test_the_lambda_of_chrombpnet(tmp_path: Path, style: str) -> None:
    path = write(tmp_path / f"model{style[1:]}", chrombpnet_like(), ["logcount_predictions"], style)
    x = windows()
    whole = np.concatenate([logits(x)] * 2, axis=1)
    compared(import_keras(path)(first(x)), np.log(np.exp(whole).sum(axis=1, keepdims=True)))
    compared(import_keras(path, output="bias")(first(x)), logits(x))  # what does not need it


@pytest.mark.parametrize("style", STYLES[1:])
def test_other_lambdas_are_refused(tmp_path: Path, style: str) -> None:
    path = write(tmp_path / f"model{style[1:]}", chrombpnet_like("secret"), ["secret"], style)
    with pytest.raises(ValueError, match=r"layer 'secret' \(Lambda\) holds code, which is never run"):
        import_keras(path)
    elsewhere = [*basset_like("linear"), Layer("logcount_predictions", "Lambda", {}, [], ("out",))]
    path = write(tmp_path / f"other{style[1:]}", elsewhere, ["logcount_predictions"], style)
    with pytest.raises(ValueError, match=r"layer 'logcount_predictions' \(Lambda\)"):
        import_keras(path)


def test_sequential_of_keras_1(tmp_path: Path) -> None:
    config = {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "Convolution1D",
                "config": {
                    "name": "convolution1d_1",
                    "batch_input_shape": [None, T, C],
                    "nb_filter": 5,
                    "filter_length": 3,
                    "border_mode": "valid",
                    "subsample_length": 1,
                    "activation": "relu",
                    "bias": True,
                },
            },
            {"class_name": "GlobalMaxPooling1D", "config": {"name": "globalmaxpooling1d_1"}},
            {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.1}},
            {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 2, "activation": "sigmoid"}},
        ],
    }
    path = tmp_path / "deeplift.h5"
    arrays = {"convolution1d_1": [KERNEL[0][:, None], KERNEL[1]], "dense_1": DENSE}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "1.2.2"
        file.attrs["model_config"] = json.dumps(config)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, some in arrays.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}_{part}".encode() for part in "Wb"]
            for part, array in zip("Wb", some, strict=True):
                group[f"{name}_{part}"] = array
    x = windows()
    compared(import_keras(path)(first(x)), logits(x))


def test_any_length(tmp_path: Path) -> None:
    layers = [Layer("sequence", "InputLayer", {"shape": [None, C]}, [], ()), *basset_like()[1:]]
    model = import_keras(write(tmp_path / "model.keras", layers, ["out"], "3.keras"), length=50)
    assert model.any_length
    assert model.length == 50
    x = windows(length=31)
    compared(model(first(x)), logits(x))
    with pytest.raises(ValueError, match=f"windows of {T} bp, not 50"):
        import_keras(write(tmp_path / "fixed.keras", basset_like(), ["out"], "3.keras"), length=50)


def test_run(tmp_path: Path) -> None:
    layers = [
        *basset_like(),
        Layer("profile", "Dense", {"units": 3, "activation": "linear"}, numbers((5, 3), (3,)), ("conv",)),
    ]
    path = write(tmp_path / "model.h5", layers, ["profile", "out"], "2.h5")
    out = tmp_path / "run"
    result = CliRunner().invoke(
        app, ["import", str(path), "--out", str(out), "--output", "out", "--alphabet", "AGCT"]
    )
    assert result.exit_code == 0, result.output
    assert "outputs: out1, out2" in result.output
    run = open_run(out)
    x = one_hot()
    compared(run.model(first(x)), logits(x[..., [0, 2, 1, 3]]))
    assert run.config["published"]["kind"] == "keras"
    CliRunner().invoke(app, ["import", str(path), "--out", str(out)], catch_exceptions=False)
    run = open_run(out)  # no head has one logit: the first, its positions and channels in one row
    assert run.model.outputs == 3 * (T - 2)
    assert run.model(first(x)).shape == (3, 3 * (T - 2))


@pytest.mark.parametrize("method", ["deep_lift_shap", "integrated_gradients", "ism", "saliency"])
def test_attributions(tmp_path: Path, method: str) -> None:
    model = import_published(write(tmp_path / "model.keras", basset_like(), ["out"], "3.keras"))
    x = first(one_hot()).contiguous()
    result = adapt(model).attribute(x, method=method, target=1, batch_size=8)
    assert result.flagged is None or not result.flagged.any()
    assert np.abs(result.scores).max() > 0


def test_attention_is_found(tmp_path: Path) -> None:
    size = (C, 1, 2)
    arrays = numbers(size, (1, 2), size, (1, 2), size, (1, 2), (1, 2, C), (C,))
    layers = [
        INPUT,
        Layer("it", "MultiHeadAttention", {"num_heads": 1, "key_dim": 2}, arrays, ("sequence", "sequence")),
        Layer("mean", "GlobalAveragePooling1D", {}, [], ("it",)),
        Layer("out", "Dense", {"units": 1}, numbers((C, 1), (1,)), ("mean",)),
    ]
    model = import_published(write(tmp_path / "model.keras", layers, ["out"], "3.keras"))
    seen = adapt(model).attention(first(one_hot()).contiguous())
    assert seen.kind == "pairwise"
    assert seen.field.start.tolist() == list(range(T))


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (open, ("exploded", "w"))


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _rezip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _weights(change: Any) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        change(file)
    return content.getvalue()


def test_hostile_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "model.keras", basset_like(), ["out"], "3.keras")
    whole = _members(path)
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["vars"] = np.zeros(3, np.float32)

    def external(file: h5py.File) -> None:
        file["layers/conv1d/vars/0"] = h5py.ExternalLink(str(outside), "/vars")

    def stored_elsewhere(file: h5py.File) -> None:
        group = file.create_group("layers/conv1d/vars")
        group.create_dataset("0", shape=(3,), dtype="f4", external=[(str(tmp_path / "raw"), 0, 12)])

    cases: dict[str, tuple[dict[str, bytes], str]] = {
        "path": ({**whole, "../evil": b"x"}, "a member outside of its folder: '../evil'"),
        "absolute": ({**whole, "/etc/evil": b"x"}, "a member outside of its folder"),
        "pickle": ({**whole, "model.weights.h5": pickle.dumps(_Bomb())}, "is a damaged Keras file"),
        "cut": ({**whole, "model.weights.h5": whole["model.weights.h5"][:1500]}, "is a damaged Keras file"),
        "json": ({**whole, "config.json": b"{"}, "config.json in .* is damaged"),
        "deep": ({**whole, "config.json": b"[" * 100_000}, "config.json in .* is damaged"),
        "list": ({**whole, "config.json": b"[]"}, "is no Keras model's"),
        "no weights": ({"config.json": whole["config.json"]}, "0 members 'model.weights.h5'"),
        "link": ({**whole, "model.weights.h5": _weights(external)}, "is a link"),
        "external": ({**whole, "model.weights.h5": _weights(stored_elsewhere)}, "no array of its own"),
    }
    for name, (members, message) in cases.items():
        hostile = _rezip(tmp_path / f"{name}.keras", members)
        with pytest.raises(ValueError, match=message) as error:
            import_keras(hostile)
        assert "\n" not in str(error.value)
        assert str(hostile) in str(error.value)
    damaged = tmp_path / "damaged.keras"
    content = bytearray(path.read_bytes())
    content[60:90] = b"\0" * 30
    damaged.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"damaged\.keras"):
        import_keras(damaged)
    damaged.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="is a damaged Keras file"):
        import_keras(damaged)
    assert not (tmp_path / "exploded").exists()


def test_hostile_h5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = write(tmp_path / "model.h5", basset_like(), ["out"], "2.h5")
    outside = tmp_path / "outside.h5"
    with h5py.File(outside, "w") as file:
        file["array"] = KERNEL[0]

    def changed(name: str, change: Any) -> Path:
        path = tmp_path / f"{name}.h5"
        path.write_bytes(whole.read_bytes())
        with h5py.File(path, "r+") as file:
            change(file, file["model_weights/conv"])
        return path

    def link(file: h5py.File, group: h5py.Group) -> None:
        del group["conv/0:0"]
        group["conv/0:0"] = h5py.ExternalLink(str(outside), "/array")

    def objects(file: h5py.File, group: h5py.Group) -> None:
        del group["conv/0:0"]
        group["conv/0:0"] = np.void(pickle.dumps(_Bomb()))

    def short(file: h5py.File, group: h5py.Group) -> None:
        del group["conv/0:0"]
        group["conv/0:0"] = KERNEL[0][:2]

    def missing(file: h5py.File, group: h5py.Group) -> None:
        del group["conv/0:0"]

    def infinite(file: h5py.File, group: h5py.Group) -> None:
        group["conv/0:0"][0, 0, 0] = np.inf

    def parent(file: h5py.File, group: h5py.Group) -> None:
        group.attrs["weight_names"] = [b"../out/out/0:0", b"conv/1:0"]

    def custom(file: h5py.File, group: h5py.Group) -> None:
        file.attrs["model_config"] = file.attrs["model_config"].replace("GlobalMaxPooling1D", "MyPooling")

    def unweighted(file: h5py.File, group: h5py.Group) -> None:
        del file.attrs["model_config"]

    cases = {
        link: "'conv/conv/0:0' is a link",
        objects: "holds no numbers",
        short: r"layer 'conv' \(Conv1D\): its arrays have the shapes",
        missing: "is incomplete: 'conv/conv/0:0' is missing",
        infinite: "not finite",
        parent: "is missing",
        custom: r"layer 'pool' \(MyPooling\) is no layer that we know",
        unweighted: "holds weights alone, not a model",
    }
    for change, message in cases.items():
        path = changed(change.__name__, change)
        with pytest.raises(ValueError, match=message) as error:
            import_keras(path)
        assert "\n" not in str(error.value)
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(ValueError, match="is a damaged Keras file"):
        import_keras(cut)
    cut.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ValueError, match="is no Keras file"):
        import_keras(cut)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        import_keras(tmp_path / "nothing.h5")
    assert not (tmp_path / "exploded").exists()


def test_classes_of_others_are_refused_whatever_their_name(tmp_path: Path) -> None:
    path = write(tmp_path / "model.keras", basset_like(), ["out"], "3.keras")
    whole = _members(path)
    config = json.loads(whole["config.json"])
    config["config"]["layers"][2] |= {"module": "mine", "registered_name": "mine>GlobalMaxPooling1D"}
    _rezip(path, {**whole, "config.json": json.dumps(config).encode()})
    with pytest.raises(ValueError, match=r"layer 'pool' \(GlobalMaxPooling1D\) is of mine, not of Keras"):
        import_keras(path)
