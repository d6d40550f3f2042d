"""Graphs built in unusual ways, made and computed by Keras itself (extra ``keras``; skipped without it)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiflens.models import import_keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
Graph = Callable[[Any, Any], Any]  # keras, keras.layers -> model


def chain(make: Callable[[Any], list[Any]]) -> Graph:
    return lambda keras, layers: keras.Sequential([keras.Input((30, 4)), *make(layers)])


def ended(make: Callable[[Any, Any, Any], list[Any]]) -> Graph:
    """A functional model of (keras, layers, input): what is listed is flattened and joined."""

    def graph(keras: Any, layers: Any) -> Any:
        x = keras.Input((30, 4))
        parts = [layers.Flatten()(part) for part in make(keras, layers, x)]
        return keras.Model(x, layers.Concatenate()(parts) if len(parts) > 1 else parts[0])

    return graph


def several_inputs_and_heads(keras: Any, layers: Any) -> Any:
    a, b, c = keras.Input((30, 4), name="s"), keras.Input((30, 2), name="t"), keras.Input((5,), name="m")
    y = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3)(layers.Concatenate()([a, b])))
    y = layers.Concatenate()([y, layers.Dense(3)(c)])
    heads = [layers.Dense(1, activation="sigmoid", name="p")(y), layers.Dense(3, activation="softmax")(y), y]
    return keras.Model([a, b, c], heads)


def one_model_on_two_inputs(keras: Any, layers: Any) -> Any:
    a, b, i = keras.Input((30, 4)), keras.Input((30, 4)), keras.Input((30, 4))
    h = layers.GlobalMaxPooling1D()(layers.Conv1D(5, 4, activation="relu")(i))
    base = keras.Model(i, [layers.Dense(2)(h), h], name="base")
    return keras.Model([a, b], layers.Concatenate()([*base(a), *base(b)]))


def states(kind: str, both: bool) -> Graph:
    def make(keras: Any, layers: Any, x: Any) -> list[Any]:
        def layer(**options: Any) -> Any:
            inner = getattr(layers, kind)(3, **options)
            return layers.Bidirectional(inner) if both else inner

        y, *last = layer(return_sequences=True, return_state=True)(x)
        return [y, *last, layer()(y, initial_state=last if len(last) > 1 else last[0])]

    return ended(make)


def attention(keras: Any, layers: Any, x: Any) -> list[Any]:
    key, value = layers.Conv1D(4, 3)(x), layers.Conv1D(6, 3)(x)
    heads = layers.MultiHeadAttention(3, 5, value_dim=2, output_shape=9)
    shared = layers.MultiHeadAttention(2, 3, use_bias=False)
    return [
        layers.Attention(use_scale=True, dropout=0.2)([x, value, key]),
        layers.Attention(score_mode="concat", use_scale=True)([x, key, key]),
        *layers.Attention()([x, x], return_attention_scores=True, use_causal_mask=True),
        *heads(x, value, key, return_attention_scores=True),
        shared(query=shared(x, x, use_causal_mask=True), value=x),
    ]


def masked(keras: Any, layers: Any, x: Any) -> list[Any]:
    m = layers.Masking()(x)
    added = layers.Concatenate()([layers.Add()([m, layers.Dense(4)(x)]), m])
    return [
        layers.LSTM(3)(added),
        layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 3)(m, m)),
        layers.Bidirectional(layers.GRU(3, return_sequences=True))(layers.TimeDistributed(layers.Dense(3))(m)),
        layers.SimpleRNN(3, go_backwards=True)(layers.LayerNormalization()(m)),
    ]


def times(keras: Any, layers: Any, x: Any) -> list[Any]:
    y = layers.Reshape((6, 5, 4))(x)
    i = keras.Input((5, 4))
    model = keras.Model(i, layers.Dense(2)(layers.Flatten()(layers.Conv1D(3, 2)(i))))
    inner: list[Any] = [
        layers.Conv1D(3, 2, activation="relu", padding="same"),
        layers.BatchNormalization(),
        layers.LSTM(3),
        layers.Bidirectional(layers.GRU(3)),
        layers.GlobalMaxPooling1D(),
        layers.PReLU(),
        model,
        keras.Sequential([layers.Conv1D(3, 2), layers.BatchNormalization(), layers.GlobalMaxPooling1D()]),
    ]
    return [layers.TimeDistributed(layer)(y) for layer in inner]


def operators(keras: Any, layers: Any, x: Any) -> list[Any]:
    y = layers.Conv1D(4, 1)(x)
    return [y + x, y * x, y - x, layers.Conv1D(2, 3)(x + y)]


def products(keras: Any, layers: Any, x: Any) -> list[Any]:
    y, flat = layers.Conv1D(4, 3)(x), layers.Flatten()(x)
    gate = layers.Reshape((1, 4))(layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling1D()(x)))
    return [
        layers.Dot(axes=(2, 2))([x, y]),
        layers.Dot(axes=1)([x, layers.ReLU()(x)]),
        layers.Dot(axes=-1, normalize=True)([flat, flat]),
        layers.Minimum()([layers.Multiply()([x, gate]), layers.Dense(1)(x)]),
    ]


def pooled(keras: Any, layers: Any, x: Any) -> list[Any]:
    first = {"data_format": "channels_first"}
    return [
        layers.GlobalAveragePooling1D(keepdims=True)(x),
        layers.GlobalMaxPooling1D(keepdims=True, **first)(x),
        layers.GlobalAveragePooling1D(**first)(x),
        layers.AveragePooling1D(2, **first)(x),
        layers.Flatten(**first)(layers.MaxPooling1D(2, **first)(x)),
        layers.Add()([layers.Softmax(axis=[1, 2])(x), layers.Softmax(axis=-2)(x)]),
    ]


def units(kind: str, **options: Any) -> Graph:
    def make(layers: Any) -> list[Any]:
        layer = getattr(layers, kind)
        return [
            layer(4, return_sequences=True, go_backwards=True, **options),
            layer(3, return_sequences=True, use_bias=False, activation="softsign", **options),
            layer(5, go_backwards=True, unroll=True, **options),
        ]

    return chain(make)


GRAPHS: dict[str, Graph] = {
    "attention": ended(attention),
    "backward layer": chain(
        lambda k: [
            k.Bidirectional(
                k.LSTM(3, return_sequences=True), backward_layer=k.GRU(3, return_sequences=True, go_backwards=True)
            ),
            k.Bidirectional(k.SimpleRNN(3), merge_mode="mul"),
        ]
    ),
    "axes": chain(
        lambda k: [
            k.BatchNormalization(axis=1),
            k.BatchNormalization(axis=-2, scale=False),
            k.LayerNormalization(axis=[1, 2]),
            k.LayerNormalization(axis=1, center=False),
            k.LayerNormalization(scale=False, center=False, epsilon=0.1),
            k.UnitNormalization(),
            k.GroupNormalization(groups=2),
        ]
    ),
    "causal": chain(
        lambda k: [k.Conv1D(5, 3, padding="causal", dilation_rate=rate, activation="relu") for rate in (4, 2)]
    ),
    "cells": chain(lambda k: [k.RNN(k.LSTMCell(4), return_sequences=True), k.RNN(k.GRUCell(3))]),
    "cut and padded": chain(
        lambda k: (
            [
                *(k.Cropping1D((3, 0)), k.ZeroPadding1D((2, 5)), k.Cropping1D(2), k.UpSampling1D(3), k.Flatten()),
                *(k.RepeatVector(3), k.Permute((2, 1)), k.Reshape((3, -1))),
            ]
        )
    ),
    "groups": chain(lambda k: [k.Conv1D(6, 3, groups=2), k.Conv1D(6, 3, groups=6), k.Conv1D(12, 3, groups=3)]),
    "half": chain(lambda k: [k.Conv1D(4, 3, dtype="float64"), k.LSTM(3, dtype="float64")]),
    "heads": several_inputs_and_heads,
    "layers of layers": chain(
        lambda k: [
            k.Conv1D(4, 3, activation=k.ReLU(max_value=1.0)),
            k.Dense(3, activation=k.ELU(0.3)),
            k.PReLU(),
            k.PReLU(shared_axes=[1]),
            k.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.3),
        ]
    ),
    "masked": ended(masked),
    "one model twice": one_model_on_two_inputs,
    "operators": ended(operators),
    "pooled": ended(pooled),
    "products": ended(products),
    "same": chain(
        lambda k: [
            k.Conv1D(5, 4, padding="same", strides=3),
            k.MaxPooling1D(3, 2, padding="same"),
            k.SeparableConv1D(4, 3, strides=2, padding="same", depth_multiplier=2),
            k.DepthwiseConv1D(3, depth_multiplier=3, padding="same"),
        ]
    ),
    "times": ended(times),
    "transposed": chain(
        lambda k: [
            k.Conv1DTranspose(3, 5, strides=2, padding="same"),
            k.Conv1DTranspose(3, 4, strides=3, padding="same"),
            k.Conv1DTranspose(2, 2, strides=3),
        ]
    ),
    "gru": units("GRU", reset_after=True),
    "gru of keras 1": units("GRU", reset_after=False),
    "lstm": units("LSTM", recurrent_activation="hard_sigmoid"),
    **{f"states {kind} {both}": states(kind, both) for kind in ("LSTM", "GRU") for both in (False, True)},
    **{
        f"merged by {mode}": ended(
            lambda keras, k, x, mode=mode: (  # type: ignore[misc]
                [k.Bidirectional(k.LSTM(3, return_sequences=True), merge_mode=mode)(x)]
                if mode
                else list(k.Bidirectional(k.GRU(3), merge_mode=None)(x))
            )
        )
        for mode in ("concat", "sum", "ave", "mul", None)
    },
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("library", ["tf_keras", "keras"])
def test_odd_graph(library: str, name: str, tmp_path: Path) -> None:
    pytest.importorskip(library, reason="needs the extra 'keras'")
    keras = importlib.import_module(library)
    keras.backend.clear_session()
    model = GRAPHS[name](keras, keras.layers)
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            np.abs(rng.normal(size=w.shape)) + 0.3 if "variance" in variable.name else rng.normal(0, 0.4, w.shape)
            for w, variable in zip(model.get_weights(), model.weights, strict=True)
        ]
    )
    given = []
    for tensor in model.inputs:
        shape = (3, *tensor.shape[1:])
        x = rng.normal(size=shape).astype(np.float32)
        if shape[-1] == 4:
            x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, shape[:2])]
            if name == "masked":
                x[:, :4] = x[:, 20:] = x[1, 10:13] = 0
        given.append(x)
    heads = model(given if len(given) > 1 else given[0], training=False)
    expected = [np.asarray(head) for head in (heads if isinstance(heads, list | tuple) else [heads])]
    if name == "heads":  # logits of a sigmoid and of a softmax, which leaves a constant open
        expected[0] = np.log(expected[0] / (1 - expected[0]))
        expected[1] = np.log(expected[1]) - np.log(expected[1]).mean(-1, keepdims=True)
    tensors = [torch.from_numpy(x).transpose(1, 2) if x.ndim == 3 else torch.from_numpy(x) for x in given]
    for suffix in ("h5", "keras"):
        model.save(tmp_path / f"model.{suffix}")
        with torch.no_grad():
            made = import_keras(tmp_path / f"model.{suffix}")(tensors if len(tensors) > 1 else tensors[0])
        parts = [part.numpy() for part in (made if isinstance(made, tuple) else (made,))]
        if name == "heads":
            parts[1] = parts[1] - parts[1].mean(-1, keepdims=True)
        for part, own in zip(parts, expected, strict=True):
            assert part.shape == own.shape
            np.testing.assert_allclose(part, own, rtol=0, atol=1e-5 * max(1.0, np.abs(own).max()))
