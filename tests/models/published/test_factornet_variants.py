"""FactorNet folders that we write ourselves, as Keras 1 on Theano stores them, in variants not at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from motiflens.models.architectures.factornet import FactorNet
from motiflens.models.published.importer import read_published
from motiflens.models.registry import build


def _write(folder: Path, model: FactorNet) -> None:
    own, layers, arrays = model.hyperparameters, [], {}

    def add(kind: str, name: str, config: dict[str, Any], calls: list[list[list[Any]]], *given: Any) -> None:
        layers.append({"class_name": kind, "name": name, "config": config, "inbound_nodes": calls})
        arrays[name] = [np.asarray(a.detach() if isinstance(a, torch.Tensor) else a) for a in given]

    def both(kind: str, name: str, config: dict[str, Any], at: str, *given: Any) -> str:
        add(kind, name, config, [[[at, 0, 0]], [[at, 1, 0]]], *given)
        return name

    def dense(name: str, layer: torch.nn.Linear, activation: str, at: str) -> str:
        return both(
            "Dense",
            name,
            {"output_dim": layer.out_features, "activation": activation},
            at,
            layer.weight.T,
            layer.bias,
        )

    for name in ("input_1", "input_2"):
        add("InputLayer", name, {"batch_input_shape": [None, model.length, model.channels]}, [])
    kernel = model.convolution.weight.flip(-1).permute(2, 1, 0).unsqueeze(1)  # reversed taps, 1, inputs, kernels
    config = {
        "nb_filter": own["kernels"],
        "filter_length": own["kernel_size"],
        "subsample_length": 1,
        "border_mode": "valid",
        "bias": True,
        "activation": "relu",
    }
    calls = [[["input_1", 0, 0]], [["input_2", 0, 0]]]
    add("Convolution1D", "conv", config, calls, kernel, model.convolution.bias)
    at = both("Dropout", "dropout_1", {"p": own["convolution_dropout"]}, "conv")
    wrapped = {"class_name": "Dense", "config": {"activation": "relu", "output_dim": own["kernels"]}}
    weight = model.pointwise.weight.squeeze(-1).T
    at = both("TimeDistributed", "timed", {"layer": wrapped}, at, weight, model.pointwise.bias)
    pool = own["pool"]
    at = both("MaxPooling1D", "pool", {"stride": pool, "pool_length": pool, "border_mode": "valid"}, at)
    if own["units"]:
        config = {
            "output_dim": own["units"],
            "return_sequences": True,
            "activation": "tanh",
            "inner_activation": own["gates"],
            "dropout_W": own["input_dropout"],
            "dropout_U": own["recurrent_dropout"],
        }
        given = []
        for direction in ("", "_reverse"):
            parts = [
                getattr(model.lstm, f"{part}_l0{direction}").split(own["units"])
                for part in ("weight_ih", "weight_hh", "bias_ih")
            ]
            for gate in (0, 2, 1, 3):  # Keras 1 stores i, c, f, o
                given += [part[gate].detach().numpy().T for part in parts]
        inner = {"class_name": "LSTM", "config": config}
        at = both("Bidirectional", "lstm", {"merge_mode": "concat", "layer": inner}, at, *given)
    at = both("Dropout", "dropout_2", {"p": own["dropout"]}, at)
    at = dense("dense_2", model.feature, "relu", both("Flatten", "flatten", {}, at))
    head = [layer for layer in model.head if isinstance(layer, torch.nn.Linear)]
    at = both("Dropout", "dropout_3", {"p": own["head_dropout"]}, at)
    if model.meta:
        add("InputLayer", "input_3", {"batch_input_shape": [None, model.meta]}, [])
        add("Merge", "merge_1", {"mode": "concat"}, [[[at, i, 0], ["input_3", 0, 0]] for i in (0, 1)])
        at = both("Dropout", "dropout_4", {"p": own["head_dropout"]}, dense("dense_3", head[0], "relu", "merge_1"))
    at = dense("dense_4", head[-1], "sigmoid", at)
    mode = "ave" if own["merge"] == "mean" else "max"
    add("Merge", "merge_2", {"mode": mode}, [[[at, 0, 0], [at, 1, 0]]])
    (folder / "model.json").write_text(json.dumps({"class_name": "Model", "config": {"layers": layers}}))
    with h5py.File(folder / "best_model.hdf5", "w") as file:
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, given in arrays.items():
            group = root.create_group(name)
            names = [f"{name}_{i:02d}" for i in range(len(given))]
            group.attrs["weight_names"] = [n.encode() for n in names]
            for n, array in zip(names, given, strict=True):
                group[n] = array


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ({"channels": 6, "meta": 14}, {"head_dropout": 0.5}),
        ({"channels": 4, "outputs": 3}, {"merge": "max", "gates": "sigmoid"}),
        ({"channels": 5}, {"units": 0, "dropout": 0.25}),
    ],
)
def test_variants(tmp_path: Path, sizes: dict[str, int], options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    base = {"kernels": 5, "kernel_size": 7, "pool": 4, "units": 3, "dense": 6, "gates": "hard_sigmoid"}
    model = build("factornet", length=60, **sizes, **{**base, **options}).eval()
    assert isinstance(model, FactorNet)
    folder = tmp_path / "JUND__somewhere"
    folder.mkdir()
    _write(folder, model)
    (folder / "bigwig.txt").write_text("".join(f"{name}\n" for name in ("Unique35", "DGF")[6 - model.channels :]))
    if model.meta:
        (folder / "meta.txt").write_text("".join(f"GEPC{i}\n" for i in range(1, 9)))
        (folder / "feature.txt").write_text("bigwig\nmeta\ngencode\n")
    found = read_published(folder)
    x = torch.rand(3, model.channels, 60)
    meta = torch.randn(3, model.meta) if model.meta else None
    torch.testing.assert_close(found.model(x, meta), model(x, meta), rtol=1e-6, atol=1e-6)
    used = {
        k: v
        for k, v in model.hyperparameters.items()
        if model.hyperparameters["units"] or k not in ("gates", "input_dropout", "recurrent_dropout")
    }
    assert {key: found.model.hyperparameters[key] for key in used} == used
    assert found.channels == ("A", "C", "G", "T", *("uniqueness", "dnase")[6 - model.channels :])
    assert len(found.meta) == model.meta
    if model.meta:
        assert found.meta[7:] == ("expression8", "cpg", "cds", "intron", "promoter", "utr5", "utr3")
    assert found.tasks == (("JUND",) if model.outputs == 1 else ("JUND1", "JUND2", "JUND3"))
