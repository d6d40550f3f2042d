"""DeepGRN's files: the published ones against their references, and variants that we write ourselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from motiflens.models import import_published, load, save_run
from motiflens.models.architectures.deepgrn import DeepGRN
from motiflens.models.published.importer import read_published
from motiflens.models.registry import build

from .keras_writer import Writer
from .reference import check_against_reference

NAMES = ["EGR1_pair", "EGR1_single", "FOXA2_single", "MAX_single", "NANOG_single"]
SIZES = {
    "EGR1_pair": 324353,
    "EGR1_single": 316225,
    "FOXA2_single": 100225,
    "MAX_single": 100801,
    "NANOG_single": 95809,
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_published(shared: Path, name: str) -> None:
    model = import_published(shared / "weights" / "deepgrn" / f"{name}.h5")
    assert isinstance(model, DeepGRN)
    assert not model.training
    assert sum(p.numel() for p in model.parameters()) == SIZES[name]
    check_against_reference(
        model,
        shared / "reference" / f"deepgrn_{name}.npz",
        bases=[0, 3, 2, 1],
        modules={"pool": "pool", "lstm": "lstms.0", "feat": "feature_relu", "att": "attention.weights"},
    )


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_published_round_trip(shared: Path, name: str, tmp_path: Path) -> None:
    published = read_published(shared / "weights" / "deepgrn" / f"{name}.h5")
    loaded = load(save_run(tmp_path, published.model, {}))
    x = torch.rand(2, loaded.channels, loaded.length, generator=torch.Generator().manual_seed(0))
    meta = torch.zeros(2, loaded.meta) if loaded.meta else None
    assert torch.equal(loaded(x, meta), published.model(x, meta))
    assert published.tasks == (name.split("_")[0],)
    assert published.channels[:4] == ("A", "C", "G", "T")
    assert published.channels[4:] == (("dnase",) if name == "NANOG_single" else ("uniqueness", "dnase"))
    assert len(published.meta) == loaded.meta
    if loaded.meta:
        assert published.meta[7:9] == ("expression8", "cpg")


SMALL = {"kernels": 6, "kernel_size": 9, "units": 5, "dense": 7, "gates": "hard_sigmoid", "head_dropout": 0.25}
VARIANTS: dict[str, dict[str, Any]] = {
    "none": {"attention": "none"},
    "none, deep": {"attention": "none", "convolutions": 2, "lstm_layers": 2, "dense_layers": 3},
    "single before": {"vector": False},
    "single vector after": {"position": "after"},
    "single1d": {"attention": "single1d", "merge": "max", "input_dropout": 0.5, "recurrent_dropout": 0.1},
    "pairwise before": {"attention": "pairwise", "attention_size": 3, "dense_layers": 0},
    "pairwise after": {"attention": "pairwise", "position": "after", "positions": "sinusoidal"},
    "pairwise unplaced": {"attention": "pairwise", "positions": "none"},
    "cudnn": {"attention": "single1d", "gates": "sigmoid"},
}


def _drawn(options: dict[str, Any], *, channels: int = 6, meta: int = 3, outputs: int = 1) -> DeepGRN:
    torch.manual_seed(0)
    own = {**SMALL, **options}
    model = build("deepgrn", length=80, channels=channels, meta=meta, outputs=outputs, **own).eval()
    assert isinstance(model, DeepGRN)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("channels", "meta", "outputs"), [(6, 3, 1), (4, 0, 2), (8, 14, 1)])
def test_variants(variant: str, channels: int, meta: int, outputs: int, tmp_path: Path) -> None:
    model = _drawn(VARIANTS[variant], channels=channels, meta=meta, outputs=outputs)
    path = tmp_path / "model.h5"
    Writer(model, cudnn=variant == "cudnn").write(path)
    found = import_published(path)
    x = torch.rand(3, channels, 80)
    given = torch.randn(3, meta) if meta else None
    torch.testing.assert_close(found(x, given), model(x, given), rtol=1e-5, atol=1e-6)
    filled = {"lstm_dropout": 0.5, "pool": 4}
    for key, value in {**model.hyperparameters, **VARIANTS[variant], **filled}.items():
        if key in ("attention_size", "position", "vector", "positions") and key not in VARIANTS[variant]:
            continue  # what the variant does not use
        assert found.hyperparameters[key] == value, key
    assert (found.length, found.channels, found.meta, found.outputs) == (80, channels, meta, outputs)


def _edited(tmp_path: Path, old: str, new: str, variant: str = "single before") -> Path:
    """Write a file of a variant whose configuration has been tampered with."""
    path = tmp_path / "model.h5"
    Writer(_drawn(VARIANTS[variant])).write(path)
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"]
        assert old in config
        file.attrs["model_config"] = config.replace(old, new)
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"MaxPooling1D"', '"AveragePooling1D"', "lacks a MaxPooling1D"),
        ('"strides": [4]', '"strides": [2]', "strides 2 is not supported, only 4"),
        ('"padding": "valid"', '"padding": "same"', "padding 'same' is not supported"),
        (
            '"recurrent_activation": "hard_sigmoid"',
            '"recurrent_activation": "relu"',
            "recurrent_activation 'relu'",
        ),
        ('"class_name": "LSTM"', '"class_name": "GRU"', "wraps a GRU, not an LSTM"),
        ('"merge_mode": "concat"', '"merge_mode": "sum"', "merge_mode 'sum'"),
        ('"Average"', '"Minimum"', "lacks a Average or Maximum"),
        ('"filters": 6', '"filters": 7', "has arrays of shapes"),
        ('"Permute"', '"Reshape"', "no attention that is known"),
        ('"activation": "softmax"', '"activation": "sigmoid"', "activation 'sigmoid'"),
        ('"inbound_nodes"', '"inbound"', "damaged or of another Keras version"),
        ("{", "", "is damaged"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = _edited(tmp_path, old, new)
    with pytest.raises(ValueError, match=message) as error:
        import_published(path)
    assert str(path) in str(error.value)


def test_a_model_of_another_class_is_none(tmp_path: Path) -> None:
    path = _edited(tmp_path, '"class_name": "Model"', '"class_name": "Sequential"')
    with pytest.raises(ValueError, match="class 'Sequential'"):
        import_published(path, kind="deepgrn")


def test_other_scalings_are_refused(tmp_path: Path) -> None:
    path = _edited(tmp_path, '["never read", null, null]', '["never read", null, [64]]', "pairwise before")
    with pytest.raises(ValueError, match=r"scales scores by \[64\], not by the root of 3"):
        import_published(path)


@pytest.mark.parametrize(
    ("delete", "message"),
    [
        ("model_weights", "the group 'model_weights' is missing"),
        ("model_weights/conv1d_1", "the weights of layer 'conv1d_1' are missing"),
        ("model_weights/dense_2/dense_2/bias:0", "the array 'dense_2/dense_2/bias:0' is missing"),
    ],
)
def test_missing_arrays_are_named(tmp_path: Path, delete: str, message: str) -> None:
    path = tmp_path / "model.h5"
    Writer(_drawn({})).write(path)
    with h5py.File(path, "r+") as file:
        del file[delete]
    with pytest.raises(ValueError, match=message):
        import_published(path)


def test_weights_alone_and_broken_values(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    Writer(_drawn({})).write(path)
    with h5py.File(path, "r+") as file:
        place = "model_weights/conv1d_1/conv1d_1/bias:0"
        kept = file[place][()]
        file[place][0] = np.nan
    with pytest.raises(ValueError, match="conv1d_1/conv1d_1/bias:0' holds values that are not finite"):
        import_published(path)
    with h5py.File(path, "r+") as file:
        file[place][...] = kept
        del file.attrs["model_config"]
    with pytest.raises(ValueError, match="lacks the attribute 'model_config'"):
        import_published(path)


def test_links_out_of_the_file_are_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "model.h5", tmp_path / "other.h5"
    Writer(_drawn({})).write(path)
    Writer(_drawn({})).write(other)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/conv1d_1/conv1d_1"]
        del group["bias:0"]
        group["bias:0"] = h5py.ExternalLink(str(other), "model_weights/conv1d_1/conv1d_1/bias:0")
    with pytest.raises(ValueError, match="is no array of its own"):
        import_published(path)


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.99])
def test_truncated_files(tmp_path: Path, keep: float) -> None:
    path, cut = tmp_path / "model.h5", tmp_path / "cut.h5"
    Writer(_drawn({})).write(path)
    data = path.read_bytes()
    cut.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    with pytest.raises(ValueError, match=r"empty|truncated|no published model"):
        import_published(cut)


def test_open_lengths_are_filled(tmp_path: Path) -> None:
    path = _edited(tmp_path, "[null, 80, 6]", "[null, null, 6]", "single1d")
    assert import_published(path, length=80).length == 80
    assert import_published(path).length == 1002  # single1d fits any length
    assert _logits(import_published(path, length=80)).shape == (1, 1)


def _logits(model: torch.nn.Module) -> Tensor:
    return model(torch.zeros(1, 6, 80), torch.zeros(1, 3))
