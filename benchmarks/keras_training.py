"""Training steps of the architectures here and in Keras: CPU time of one thread, in turns.

Run: python benchmarks/keras_training.py --keras-python OTHER_VENV/bin/python [--models tbinet,danq]

Keras (TensorFlow) lives in an environment of its own. For each architecture two processes on the same core take
turns, ours and Keras's, each with the paper's sizes, batch and optimiser, on random windows in memory: a step that
warms up, then the best of some steps, by the process's own CPU time and by the clock. Layers are the same as far
as Keras has them: dropout within FactorNet's recurrent layers is left out on both sides. DeepGRN is that with
single attention.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

# Architecture -> length, outputs, batch, optimiser.
SIZES: dict[str, tuple[int, int, int, str]] = {
    "tbinet": (1000, 690, 100, "adam"),
    "danq": (1000, 919, 100, "rmsprop"),
    "deepsea": (1000, 919, 100, "sgd"),
    "cnn_zeng": (101, 1, 100, "adadelta"),
    "saresnet": (101, 1, 100, "adam"),
    "kegru": (101, 1, 200, "adam"),
    "factornet": (1000, 1, 100, "adam"),
    "deepgrn": (1000, 1, 64, "adam"),
    "deepbind": (101, 1, 64, "fast sgd"),
    "expectation_luo": (101, 1, 100, "adadelta"),
}
OWN: dict[str, dict[str, Any]] = {"factornet": {"input_dropout": 0.0, "recurrent_dropout": 0.0}}


def batch_of(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (n, L) as codes, and labels (n, outputs)."""
    length, outputs, size, _ = SIZES[name]
    rng = np.random.default_rng(0)
    labels = (rng.random((size, outputs)) < 0.1).astype(np.float32)
    labels[0], labels[1] = 0, 1
    return rng.integers(0, 4, (size, length)), labels


def timed(step: Any, seconds: float) -> dict[str, float]:
    """Return the best CPU time and time by the clock of a step, and the peak of memory in MiB."""
    step()
    best_cpu = best_wall = float("inf")
    begin = time.perf_counter()
    rounds = 0
    while rounds < 3 or time.perf_counter() - begin < seconds:
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        best_cpu = min(best_cpu, time.process_time() - cpu)
        best_wall = min(best_wall, time.perf_counter() - wall)
        rounds += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": best_cpu, "wall": best_wall, "memory": memory}


def ours(name: str, seconds: float) -> dict[str, float]:
    """Measure ours: gradients, loss and optimiser as `motiflens.models.fit` takes them."""
    import torch

    from motiflens.models import build
    from motiflens.models.keep_memory import keep_memory
    from motiflens.models.objective import masked_loss
    from motiflens.models.optimizers import make_optimizer
    from motiflens.models.recipes import recipe

    keep_memory(large=True)  # as `interpret train` does
    torch.set_num_threads(1)
    codes, labels = batch_of(name)
    model = build(name, length=codes.shape[1], outputs=labels.shape[1], **OWN.get(name, {})).train()
    optimizer = make_optimizer(recipe(name), list(model.parameters()))
    x = torch.from_numpy(np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy())
    y = torch.from_numpy(labels)

    def step() -> None:
        optimizer.zero_grad()
        masked_loss(model(x, None), y, y.numel()).backward()
        optimizer.step()

    return timed(step, seconds) | {"parameters": sum(weight.numel() for weight in model.parameters())}


def kerass(name: str, seconds: float) -> dict[str, float]:
    """Measure the same layers in Keras 2 (tf_keras)."""
    import tensorflow as tf
    import tf_keras as keras

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    codes, labels = batch_of(name)
    model = LAYERS[name](keras, codes.shape[1], labels.shape[1])
    optimizers = {
        "adam": lambda: keras.optimizers.Adam(1e-3),
        "rmsprop": lambda: keras.optimizers.RMSprop(1e-3),
        "sgd": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        "fast sgd": lambda: keras.optimizers.SGD(0.01, momentum=0.98, nesterov=True),
        "adadelta": lambda: keras.optimizers.Adadelta(1.0),
    }
    model.compile(optimizers[SIZES[name][3]](), "binary_crossentropy")
    x = kmers(codes) if name == "kegru" else np.eye(4, dtype=np.float32)[codes]
    given, wanted = tf.constant(x), tf.constant(labels)
    return timed(lambda: model.train_on_batch(given, wanted), seconds) | {"parameters": model.count_params()}


def kmers(codes: np.ndarray, k: int = 5, stride: int = 2) -> np.ndarray:
    """Return KEGRU's tokens."""
    windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)[:, ::stride]
    return np.asarray(windows @ 4 ** np.arange(k)[::-1])


def _convolved(layers: Any, length: int, attention: bool) -> tuple[Any, Any]:
    """TBiNet's and DanQ's layers up to the LSTM's outputs."""
    x = layers.Input((length, 4))
    h = layers.Dropout(0.2)(layers.MaxPooling1D(13)(layers.Conv1D(320, 26, activation="relu")(x)))
    if attention:
        h = layers.Multiply()([h, layers.Softmax(axis=1)(layers.Dense(1)(h))])
    h = layers.Bidirectional(layers.LSTM(320, return_sequences=True))(h)
    return x, layers.Flatten()(layers.Dropout(0.5)(h))


def keras_tbinet(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x, h = _convolved(layers, length, attention=True)
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(layers.Dense(695, activation="relu")(h)))


def keras_danq(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x, h = _convolved(layers, length, attention=False)
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(layers.Dense(925, activation="relu")(h)))


def keras_deepsea(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x = h = layers.Input((length, 4))
    for kernels, pool, rate in ((320, 4, 0.2), (480, 4, 0.2), (960, 1, 0.5)):
        h = layers.Conv1D(kernels, 8, activation="relu")(h)
        h = layers.Dropout(rate)(layers.MaxPooling1D(pool)(h) if pool > 1 else h)
    h = layers.Dense(925, activation="relu")(layers.Flatten()(h))
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(h))


def keras_cnn_zeng(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x = layers.Input((length, 4))
    h = layers.GlobalMaxPooling1D()(layers.Conv1D(128, 24, activation="relu")(x))
    h = layers.Dropout(0.5)(layers.Dense(32, activation="relu")(h))
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(h))


def keras_saresnet(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers

    def normed(h: Any) -> Any:
        return layers.Activation("elu")(layers.BatchNormalization()(h))

    def attended(h: Any) -> Any:
        f = normed(h)
        query, key, value = (layers.Conv1D(32, 1)(f) for _ in range(3))
        weights = layers.Softmax(axis=-1)(layers.Dot(axes=(2, 2))([query, key]))
        y = layers.Dot(axes=(2, 1))([weights, value])
        return layers.Add()([h, layers.Conv1D(64, 1)(normed(y))])

    def residual(h: Any, stride: int, project: bool) -> Any:
        y = layers.Conv1D(64, 3, strides=stride, padding="same", use_bias=False)(normed(h))
        y = layers.Conv1D(64, 3, padding="same", use_bias=False)(normed(y))
        return layers.Add()([layers.Conv1D(64, 1, strides=stride, use_bias=False)(h) if project else h, y])

    x = layers.Input((length, 4))
    h = layers.Activation("elu")(layers.Conv1D(64, 7, padding="same", use_bias=False)(x))
    h = layers.MaxPooling1D(3, strides=2)(h)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        h = attended(h) if stage < 3 else h
        for block in range(blocks):
            h = residual(h, 2 if stage and not block else 1, block == 0)
    h = layers.Dropout(0.7)(layers.GlobalAveragePooling1D()(h))
    h = layers.Dropout(0.7)(layers.Dense(32)(h))
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(h))


def keras_kegru(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x = layers.Input(((length - 5) // 2 + 1,), dtype="int64")
    h = layers.Embedding(4**5 + 1, 100)(x)
    h = layers.Bidirectional(layers.GRU(80, reset_after=False))(h)
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(h))


def keras_factornet(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    trunk = keras.Sequential(
        [
            layers.Conv1D(32, 34, activation="relu"), layers.Dropout(0.1), layers.Dense(32, activation="relu"),
            layers.MaxPooling1D(17), layers.Bidirectional(layers.LSTM(32, return_sequences=True)),
            layers.Dropout(0.5), layers.Flatten(), layers.Dense(128, activation="relu"),
            layers.Dense(outputs, activation="sigmoid"),
        ]
    )  # fmt: skip
    x = layers.Input((length, 4))
    turned = layers.Lambda(lambda h: h[:, ::-1, ::-1])(x)
    return keras.Model(x, layers.Average()([trunk(x), trunk(turned)]))


def keras_deepgrn(keras: Any, length: int, outputs: int) -> Any:
    layers, steps = keras.layers, (length - 29) // 15
    trunk = keras.Sequential(
        [
            layers.Conv1D(64, 30, activation="relu"), layers.Dropout(0.5), layers.Dense(64, activation="relu"),
            layers.MaxPooling1D(15),
        ]
    )  # fmt: skip
    score = keras.Sequential(
        [
            layers.Permute((2, 1)), layers.Dense(steps), layers.Permute((2, 1)), layers.Softmax(axis=1),
            layers.Lambda(lambda h: keras.backend.mean(h, axis=2, keepdims=True)),
        ]
    )  # fmt: skip
    head = keras.Sequential(
        [
            layers.Bidirectional(layers.LSTM(32, return_sequences=True)), layers.Dropout(0.5), layers.Flatten(),
            layers.Dense(64, activation="relu"), layers.Dropout(0.5), layers.Dense(64, activation="relu"),
            layers.Dropout(0.5), layers.Dense(64, activation="relu"), layers.Dropout(0.5),
            layers.Dense(outputs, activation="sigmoid"),
        ]
    )  # fmt: skip

    def strand(x: Any) -> Any:
        h = trunk(x)
        return head(layers.Multiply()([h, score(h)]))

    x = layers.Input((length, 4))
    turned = layers.Lambda(lambda h: h[:, ::-1, ::-1])(x)
    return keras.Model(x, layers.Average()([strand(x), strand(turned)]))


def keras_deepbind(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    trunk = keras.Sequential(
        [
            layers.ZeroPadding1D(23), layers.Conv1D(16, 24, activation="relu"), layers.GlobalMaxPooling1D(),
            layers.Dense(32, activation="relu"), layers.Dense(outputs),
        ]
    )  # fmt: skip
    x = layers.Input((length, 4))
    turned = layers.Lambda(lambda h: h[:, ::-1, ::-1])(x)
    best = layers.Maximum()([trunk(x), trunk(turned)])
    return keras.Model(x, layers.Activation("sigmoid")(best))


def keras_expectation_luo(keras: Any, length: int, outputs: int) -> Any:
    layers = keras.layers
    x = layers.Input((length, 4))
    h = layers.Conv1D(128, 24, activation="relu")(x)
    h = layers.Multiply()([h, layers.Softmax(axis=1)(h)])  # m is 1
    h = layers.Lambda(lambda values: keras.backend.sum(values, axis=1))(h)
    h = layers.Dropout(0.5)(layers.Dense(32, activation="relu")(h))
    return keras.Model(x, layers.Dense(outputs, activation="sigmoid")(h))


LAYERS = {name: globals()[f"keras_{name}"] for name in SIZES}


def run(python: str, side: str, name: str, seconds: float) -> dict[str, float]:
    """Measure one side in a process of its own on the last core."""
    more = {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    core = str(max(os.sched_getaffinity(0)))
    command = [
        "taskset",
        "-c",
        core,
        python,
        __file__,
        "--side",
        side,
        "--models",
        name,
        "--seconds",
        str(seconds),
    ]
    made = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | more)
    found: dict[str, float] = json.loads(made.stdout.splitlines()[-1])
    return found


def versions_of(python: str, names: tuple[str, ...]) -> str:
    """Return the versions of packages in an environment."""
    code = f"from importlib.metadata import version; print(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keras-python", default=sys.executable)
    parser.add_argument("--models", default=",".join(SIZES))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--side", choices=("ours", "keras"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/keras_training.md"))
    given = parser.parse_args()
    if given.side:
        measure = ours if given.side == "ours" else kerass
        print(json.dumps(measure(given.models, given.seconds)))
        return
    from side_by_side import processor

    lines = [
        "# Training steps here and in Keras", "",
        "`python benchmarks/keras_training.py`: the paper's sizes, batch and optimiser, one thread on one core, "
        f"both sides in turns, best step of {given.turns} processes each. {processor()}; "
        f"{versions_of(sys.executable, ('torch', 'numpy'))}; "
        f"{versions_of(given.keras_python, ('tensorflow', 'tf_keras'))}. Ratio > 1: ours is faster. Sequences "
        "a second by CPU time; MiB: peak of the process.", "",
        "| model | weights, ours | Keras | ours/s | Keras/s | ratio, CPU | ratio, clock | MiB, ours | Keras |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in given.models.split(","):
        both: dict[str, list[dict[str, float]]] = {"ours": [], "keras": []}
        for _ in range(given.turns):
            for side, python in (("ours", sys.executable), ("keras", given.keras_python)):
                both[side].append(run(python, side, name, given.seconds))
        best = {
            side: {key: min(each[key] for each in found) for key in ("cpu", "wall", "memory", "parameters")}
            for side, found in both.items()
        }
        mine, other, size = best["ours"], best["keras"], SIZES[name][2]
        lines.append(
            f"| {name} | {mine['parameters']:,.0f} | {other['parameters']:,.0f} | {size / mine['cpu']:,.1f} | "
            f"{size / other['cpu']:,.1f} | {other['cpu'] / mine['cpu']:.2f} | "
            f"{other['wall'] / mine['wall']:.2f} | {mine['memory']:.0f} | {other['memory']:.0f} |"
        )
        print(lines[-1], flush=True)
        given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
