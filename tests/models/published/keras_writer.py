"""Write our DeepGRN models as Keras 2 files, to test the reading of variants that no published file here has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from motiflens.models.architectures.deepgrn import DeepGRN

THEIRS = [0, 3, 2, 1]  # A, T, G, C among A, C, G, T


class Writer:
    """Collects layers, their calls on both strands, and arrays."""

    def __init__(self, model: DeepGRN, *, cudnn: bool = False) -> None:
        self.model, self.cudnn = model, cudnn
        self.own = model.hyperparameters
        self.layers: list[dict[str, Any]] = []
        self.arrays: dict[str, dict[str, np.ndarray]] = {}
        self.count: dict[str, int] = {}

    def add(self, kind: str, config: dict[str, Any], *calls: list[str | tuple[str, int]], **arrays: Any) -> str:
        """One layer; each call is a list of inputs, ``name`` (of the same strand) or (name, call)."""
        number = self.count[kind] = self.count.get(kind, 0) + 1
        name = f"{kind.lower()}_{number}"
        inbound = []
        for strand, inputs in enumerate(calls):
            sources = [(i, strand) if isinstance(i, str) else i for i in inputs]
            inbound.append([[source, call, 0, {}] for source, call in sources])
        self.layers.append(
            {"name": name, "class_name": kind, "config": {"name": name, **config}, "inbound_nodes": inbound}
        )
        self.arrays[name] = {
            key: (value.detach().numpy() if isinstance(value, torch.Tensor) else value)
            for key, value in arrays.items()
        }
        return name

    def both(self, kind: str, config: dict[str, Any], *inputs: str | tuple[str, int], **arrays: Any) -> str:
        """One layer that both strands pass."""
        return self.add(kind, config, list(inputs), list(inputs), **arrays)

    def dense(self, weight: torch.Tensor, bias: torch.Tensor | None, activation: str, *inputs: str) -> str:
        arrays = {"kernel": weight.T} if bias is None else {"kernel": weight.T, "bias": bias}
        config = {"units": len(weight), "activation": activation, "use_bias": bias is not None}
        return self.both("Dense", config, *inputs, **arrays)

    def dropout(self, rate: float, at: str) -> str:
        return self.both("Dropout", {"rate": rate}, at)

    def write(self, path: Path) -> None:
        model, own = self.model, self.own
        shape = [None, model.length, model.channels]
        first, second = (self.add("InputLayer", {"batch_input_shape": shape}) for _ in range(2))
        at = ""
        convolutions = [m for m in model.convolutions if isinstance(m, torch.nn.Conv1d)]
        for i, layer in enumerate(convolutions):
            kernel = layer.weight.permute(2, 1, 0)
            if i == 0:
                kernel = kernel[:, [*THEIRS, *range(4, model.channels)]]
            calls = [[at], [at]] if i else [[(first, 0)], [(second, 0)]]
            config = {
                "filters": own["kernels"],
                "kernel_size": [own["kernel_size"]],
                "strides": [1],
                "padding": "valid",
                "dilation_rate": [1],
                "activation": "relu",
                "use_bias": True,
            }
            at = self.add("Conv1D", config, *calls, kernel=kernel, bias=layer.bias)
            at = self.dropout(own["dropout"], at)
        wrapped = {"class_name": "Dense", "config": {"units": own["kernels"], "activation": "relu"}}
        weight, bias = model.pointwise.weight.squeeze(-1).T, model.pointwise.bias
        at = self.both("TimeDistributed", {"layer": wrapped}, at, kernel=weight, bias=bias)
        pool = own["pool"] or own["kernel_size"] // 2
        at = self.both("MaxPooling1D", {"pool_size": [pool], "strides": [pool], "padding": "valid"}, at)
        at = self.attention(at) if model.attention_first else at
        for lstm in model.lstms:
            at = self.dropout(own["lstm_dropout"] or own["dropout"], self.lstm(lstm, at))
        at = at if model.attention_first else self.attention(at)
        if own["attention"] != "single1d":
            at = self.both("Flatten", {}, at)
        self.head(self.dense(model.feature.weight, model.feature.bias, "relu", at))
        self.save(path)

    def lstm(self, lstm: torch.nn.Module, at: str) -> str:
        own, units = self.own, self.own["units"]
        config = {
            "units": units,
            "return_sequences": True,
            "activation": "tanh",
            "recurrent_activation": own["gates"],
            "use_bias": True,
            "dropout": own["input_dropout"],
            "recurrent_dropout": own["recurrent_dropout"],
        }
        arrays = {}
        for name, direction in (("forward", ""), ("backward", "_reverse")):
            kernel, recurrent, bias = (
                getattr(lstm, f"{part}_l0{direction}").detach().numpy().T
                for part in ("weight_ih", "weight_hh", "bias_ih")
            )
            if self.cudnn:  # Keras' own conversion, the other way round: order='C' from LSTM to cuDNN
                kernel, recurrent = (np.hsplit(array, 4) for array in (kernel, recurrent))
                kernel = np.hstack([k.T.reshape(k.shape) for k in kernel])
                recurrent = np.hstack([u.T for u in recurrent])
                bias = np.concatenate([0.25 * bias, 0.75 * bias])
            arrays |= {f"{name}/kernel": kernel, f"{name}/recurrent_kernel": recurrent, f"{name}/bias": bias}
        inner = {"class_name": "CuDNNLSTM" if self.cudnn else "LSTM", "config": config}
        return self.both("Bidirectional", {"layer": inner, "merge_mode": "concat"}, at, **arrays)

    def attention(self, at: str) -> str:
        model, own, secret = self.model, self.own, {"function": ["never read", None, None]}
        module = model.attention
        if own["attention"] == "single1d":
            weight = model.projection.weight.T
            return self.both("Attention1D", {"output_dim": own["dense"]}, at, kernel=weight)
        if own["attention"] == "single":
            permuted = self.both("Permute", {"dims": [2, 1]}, at)
            score = self.dense(module.score.weight, module.score.bias, "softmax", permuted)
            if own["vector"]:
                width = own["kernels"] if model.attention_first else 2 * own["units"]
                score = self.both("Lambda", secret, score)
                score = self.both("RepeatVector", {"n": width}, score)
            return self.both("Multiply", {}, at, self.both("Permute", {"dims": [2, 1]}, score))
        if own["attention"] == "pairwise":
            placed = at
            if own["positions"] == "learned":
                table = module.positions
                config = {"input_dim": len(table), "output_dim": table.shape[1], "mode": "add"}
                placed = self.both("PositionEmbedding", config, at, embeddings=table)
            elif own["positions"] == "sinusoidal":
                placed = self.both("TrigPosEmbedding", {"mode": "add"}, at)
            v, k, q = (
                self.dense(part.weight, None, "linear", placed)
                for part in (module.value, module.key, module.query)
            )
            scores = self.both("Lambda", secret, q, self.both("Permute", {"dims": [2, 1]}, k))
            mixed = self.both("Lambda", secret, self.both("Softmax", {"axis": 2}, scores), v)
            return self.both("Add", {}, at, mixed)
        return at

    def head(self, at: str) -> None:
        model, own = self.model, self.own
        if model.meta:
            meta = self.add("InputLayer", {"batch_input_shape": [None, model.meta]})
            at = self.both("Concatenate", {"axis": -1}, at, (meta, 0))
        rate = own["dropout"] if own["head_dropout"] is None else own["head_dropout"]
        linear = [layer for layer in model.head if isinstance(layer, torch.nn.Linear)]
        for layer in linear[:-1]:
            at = self.dense(layer.weight, layer.bias, "relu", self.dropout(rate, at))
        at = self.dense(linear[-1].weight, linear[-1].bias, "sigmoid", self.dropout(rate, at))
        self.add("Average" if own["merge"] == "mean" else "Maximum", {}, [(at, 0), (at, 1)])

    def save(self, path: Path) -> None:
        config = {"class_name": "Model", "config": {"name": "model_1", "layers": self.layers}}
        with h5py.File(path, "w") as file:
            file.attrs["keras_version"] = "2.2.4"
            file.attrs["backend"] = "tensorflow"
            file.attrs["model_config"] = json.dumps(config)
            root = file.create_group("model_weights")
            root.attrs["layer_names"] = [name.encode() for name in self.arrays]
            for name, arrays in self.arrays.items():
                group = root.create_group(name)
                paths = [f"{name}/{key}:0" for key in arrays]
                group.attrs["weight_names"] = [p.encode() for p in paths]
                for place, array in zip(paths, arrays.values(), strict=True):
                    group[place] = array
