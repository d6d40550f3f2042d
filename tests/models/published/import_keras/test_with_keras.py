"""Random small graphs, made and computed by Keras itself (extra ``keras``; skipped without it)."""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiflens.models import import_keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.slow,
]
ACTIVATIONS = [
    "relu",
    "sigmoid",
    "tanh",
    "softmax",
    "elu",
    "selu",
    "softplus",
    "softsign",
    "exponential",
    "hard_sigmoid",
    "swish",
    "gelu",
    "linear",
    "mish",
]
OPERATIONS = [
    "convolution",
    "separable",
    "depthwise",
    "maximum",
    "average",
    "cropping",
    "padding",
    "distributed",
    "batch",
    "layer",
    "dropout",
    "activation",
    "relu",
    "leaky",
    "prelu",
    "recurrent",
    "bidirectional",
    "residual",
    "product",
    "difference",
    "mean",
    "larger",
    "concatenated",
    "attention",
    "additive",
    "heads",
    "permuted",
    "reshaped",
    "upsampled",
    "dense",
    "gated",
    "dot",
    "nested",
    "sequential",
    "shared",
]


class Maker:
    """Draws layers of one of the two libraries.

    Parameters
    ----------
    keras
        The module ``keras`` or ``tf_keras``.
    """

    def __init__(self, keras: Any, seed: int) -> None:
        self.keras, self.layers, self.random = keras, keras.layers, random.Random(seed)

    def some(self, *options: Any) -> Any:
        return self.random.choice(options)

    def activation(self) -> str:
        return self.random.choice(ACTIVATIONS)

    def recurrent(self, **options: Any) -> Any:
        kind = self.some("LSTM", "GRU", "SimpleRNN")
        own: dict[str, Any] = {"units": self.some(2, 4), "use_bias": self.some(True, True, False)}
        own["activation"] = self.some("tanh", "tanh", "relu", "softsign")
        if kind != "SimpleRNN":
            own["recurrent_activation"] = self.some("sigmoid", "hard_sigmoid")
        if kind == "GRU":
            own["reset_after"] = self.some(True, False)
        return getattr(self.layers, kind)(**own, **options)

    def convolution(self, h: Any) -> Any:
        dilation = self.some(1, 1, 2)
        return self.layers.Conv1D(
            self.some(2, 4),
            self.some(1, 2, 4),
            padding=self.some("valid", "same", "causal"),
            dilation_rate=dilation,
            strides=1 if dilation > 1 else self.some(1, 2, 3),
            activation=self.activation(),
            use_bias=self.some(True, True, False),
        )(h)

    def branch(self, h: Any) -> Any:
        width = h.shape[-1]
        return self.layers.Conv1D(width, self.some(1, 2, 3), padding="same", activation=self.activation())(h)

    def step(self, h: Any, depth: int = 0) -> Any:
        """Apply a random layer to (N, T, C)."""
        makers = self.plain(h) | self.pairs(h) | self.composed(h, depth)
        return makers[self.random.choice(OPERATIONS)]()

    def plain(self, h: Any) -> dict[str, Callable[[], Any]]:
        layers, some = self.layers, self.some
        flags = {"scale": some(True, False), "center": some(True, False)}
        shape = (h.shape[1] * h.shape[2] // 2, 2) if h.shape[1] * h.shape[2] % 2 == 0 else (-1, h.shape[2])
        padding = some("valid", "same")
        return {
            "convolution": lambda: self.convolution(h),
            "separable": lambda: layers.SeparableConv1D(3, 2, padding=padding, depth_multiplier=some(1, 2))(h),
            "depthwise": lambda: layers.DepthwiseConv1D(3, padding="same", strides=some(1, 2))(h),
            "maximum": lambda: layers.MaxPooling1D(some(2, 3), strides=some(None, 1, 2), padding=padding)(h),
            "average": lambda: layers.AveragePooling1D(some(2, 3), strides=some(None, 1, 2), padding=padding)(h),
            "cropping": lambda: layers.Cropping1D(some((1, 0), (0, 1)))(h),
            "padding": lambda: layers.ZeroPadding1D(some(1, (2, 0)))(h),
            "distributed": lambda: layers.TimeDistributed(layers.Dense(3, activation=self.activation()))(h),
            "batch": lambda: layers.BatchNormalization(axis=some(-1, -1, 1), **flags)(h),
            "layer": lambda: layers.LayerNormalization(axis=some(-1, -1, 1), **flags)(h),
            "dropout": lambda: layers.SpatialDropout1D(0.2)(layers.Dropout(0.3)(h)),
            "activation": lambda: layers.Activation(self.activation())(h),
            "relu": lambda: layers.ReLU(max_value=some(None, 1.0), negative_slope=some(0.0, 0.1))(h),
            "leaky": lambda: layers.ELU(0.7)(layers.LeakyReLU()(h)),
            "prelu": lambda: layers.PReLU(shared_axes=some(None, [1]))(h),
            "permuted": lambda: layers.Permute((2, 1))(h),
            "reshaped": lambda: layers.Reshape(shape)(h),
            "upsampled": lambda: layers.UpSampling1D(2)(h),
            "dense": lambda: layers.Dense(some(2, 4), activation=self.activation())(h),
        }

    def pairs(self, h: Any) -> dict[str, Callable[[], Any]]:
        layers, some = self.layers, self.some
        other = self.branch(h)
        return {
            "residual": lambda: layers.Add()([h, other]),
            "product": lambda: layers.Multiply()([h, other]),
            "difference": lambda: layers.Subtract()([h, other]),
            "mean": lambda: layers.Average()([h, other, other]),
            "larger": lambda: layers.Maximum()([h, other]),
            "concatenated": lambda: layers.Concatenate(axis=some(-1, 1))([h, other]),
            "attention": lambda: layers.Attention(use_scale=some(True, False))([h, other]),
            "additive": lambda: layers.AdditiveAttention(use_scale=some(True, False))([h, other]),
            "heads": lambda: layers.MultiHeadAttention(some(1, 2), 3, value_dim=some(None, 2))(h, value=other),
            "gated": lambda: layers.Multiply()([h, layers.Softmax(axis=1)(layers.Dense(1)(h))]),
            "dot": lambda: layers.Dot((2, 1))([layers.Dot(2, normalize=some(True, False))([h, other]), h]),
        }

    def composed(self, h: Any, depth: int) -> dict[str, Callable[[], Any]]:
        layers, keras = self.layers, self.keras
        both = layers.Bidirectional(
            self.recurrent(return_sequences=True), merge_mode=self.some("concat", "sum", "ave", "mul")
        )

        def nested() -> Any:
            if depth > 1:
                return h
            given = keras.Input(h.shape[1:])
            model = keras.Model(given, self.step(self.step(given, depth + 1), depth + 1))
            model.trainable = self.some(True, False)
            return self.some(lambda: model(h), lambda: layers.Add()([model(h), model(layers.ReLU()(h))]))()

        def shared() -> Any:
            dense, norm = layers.Dense(h.shape[-1], activation="relu"), layers.BatchNormalization()
            return norm(dense(norm(dense(h))))

        stack = [layers.Dense(4, activation="relu"), layers.BatchNormalization(), layers.Conv1D(3, 1)]
        return {
            "recurrent": lambda: self.recurrent(return_sequences=True, go_backwards=self.some(True, False))(h),
            "bidirectional": lambda: both(h),
            "nested": nested,
            "sequential": lambda: keras.Sequential(stack)(h),
            "shared": shared,
        }

    def model(self) -> tuple[Any, str | None]:
        """A model and the activation of its head."""
        layers = self.layers
        given = self.keras.Input((self.some(20, 33), 4))
        h = given
        for _ in range(self.some(1, 2, 3, 4)):
            h = self.step(h)
        ends = [layers.Flatten(), layers.GlobalMaxPooling1D(), layers.GlobalAveragePooling1D(), self.recurrent()]
        activation = self.some(None, "sigmoid", "softmax")
        return self.keras.Model(given, layers.Dense(2, activation=activation)(self.some(*ends)(h))), activation


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("library", ["tf_keras", "keras"])
def test_random_graphs(library: str, seed: int, tmp_path: Path) -> None:
    pytest.importorskip(library, reason="needs the extra 'keras'")
    keras = importlib.import_module(library)
    keras.utils.set_random_seed(seed)
    model, activation = Maker(keras, seed).model()
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            np.abs(rng.normal(size=w.shape)) + 0.2 if "variance" in variable.name else rng.normal(0, 0.4, w.shape)
            for w, variable in zip(model.get_weights(), model.weights, strict=True)
        ]
    )
    x = np.eye(4, dtype=np.float32)[rng.integers(0, 4, (3, model.inputs[0].shape[1]))]
    expected = model.predict(x, verbose=0)
    for suffix in ("h5", "keras"):
        model.save(tmp_path / f"model.{suffix}")
        with torch.no_grad():
            logits = import_keras(tmp_path / f"model.{suffix}")(torch.from_numpy(x).transpose(1, 2))
        functions = {None: lambda y: y, "sigmoid": torch.sigmoid, "softmax": lambda y: y.softmax(-1)}
        found = functions[activation](logits).numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(1.0, np.abs(expected).max()))
