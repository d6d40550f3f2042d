"""How each architecture is trained: its paper's recipe, and reduced ones for two cores and for short windows."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from motiflens.models import types
from motiflens.models.option_ranges import check_numbers
from motiflens.models.registry import check_hyperparameters
from motiflens.models.settings import parse_value
from motiflens.models.suggestion import suggestion

Optimizer = Literal["adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta"]
Monitor = Literal["auprc", "loss"]
Preset = Literal["paper", "article", "small", "short"]
# Each optimiser's own default rate, as in Keras 2 (KEGRU's table 1 names none); the paper's of cnn_zeng is 1.0.
DEFAULT_RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2, "rmsprop": 1e-3, "adagrad": 1e-2, "adadelta": 1.0}


@dataclass(frozen=True)
class Recipe:
    """How to train one architecture.

    Attributes
    ----------
    optimizer, rate, momentum, decay
        The optimiser, its learning rate, its momentum (``sgd`` and ``rmsprop``) and its weight decay.
    schedule
        ``constant``, or ``cosine``: a linear warm-up over the first tenth of all steps, then down to 0.
    clip
        Largest norm of the gradient; 0 for none.
    batch
        Windows per step, over all devices together.
    epochs, patience, monitor
        Most epochs, epochs without a better `monitor` on validation before stopping, and what is watched there:
        ``auprc`` (averaged over tasks) or ``loss``. The epoch with the best one is kept.
    ratio
        Negatives per positive; None for the data's own default (1 where negatives are made or drawn).
    use_peak
        Draw one random positive bin of each peak per epoch in place of all positive bins.
    pooling, related
        Of a folder of data sets that are pooled: ``classes``, the larger class over all is under-sampled to the
        size of the smaller (SAResNet's global data), or ``sets``, each epoch draws as many windows from each set;
        ``drop`` or ``keep`` training windows related to test windows of any set (see `data.independent_sets`).
    epoch_windows
        Windows drawn in an epoch at most; None for no limit.
    reverse_complement
        Show each training window as its reverse complement half of the time.
    average_strands
        Evaluate and predict with the probabilities of both strands, merged.
    strand_merge
        How: by their ``mean``, by their maximum (``max``), or by what validates better at the end of the training
        (``valid``; by `monitor`, the mean among equals). Models that merge strands themselves are left alone.
    signal_dropout
        Share of training windows, drawn again each time, whose signals are set to 0. A model that reads DNase
        learns accessibility first, which predicts binding well, and may never look at the bases: this makes it.
    attention_entropy
        Weight of the mean entropy of attention (as a share of its largest value) in the loss: more makes attention
        sparser (see `attention_entropy`). 0 leaves it out, as the papers of the architectures do.
    attended_gain
        Factor on the initial weights of the layer that reads attended positions: attention over T positions
        divides what it passes on by T to begin with (see `attended_gain`). 1 leaves them as published.
    signals
        Signal channels to read: None for all that the data have, () for the sequence alone.
    finetune_rate, finetune_patience
        Used in place of `rate` and `patience` when training starts from another run; a rate of None is 0.4 times
        `rate` (SAResNet's 2e-4 after 5e-4).
    freeze
        Used only when training starts from another run: parameters whose names begin so keep their weights, and
        their batch normalisation its statistics (SAResNet's supplement S2). Such as ``convolution``, ``stages.0``.
    valid_windows
        Validation windows scored after each epoch at most (a fixed random choice of them).
    hyperparameters
        The architecture's own, where they are not its defaults.
    """

    optimizer: Optimizer = "adam"
    rate: float = 1e-3
    momentum: float = 0.0
    decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    clip: float = 0.0
    batch: int = 100
    epochs: int = 60
    patience: int = 5
    monitor: Monitor = "auprc"
    ratio: float | None = None
    use_peak: bool = False
    pooling: Literal["classes", "sets"] = "classes"
    related: Literal["drop", "keep"] = "drop"
    epoch_windows: int | None = None
    reverse_complement: bool = True
    average_strands: bool = True
    strand_merge: Literal["mean", "max", "valid"] = "mean"
    signal_dropout: float = 0.0
    attention_entropy: float = 0.0
    attended_gain: float = 1.0
    signals: tuple[str, ...] | None = ()
    finetune_rate: float | None = None
    finetune_patience: int = 5
    freeze: tuple[str, ...] = ()
    valid_windows: int = 100_000
    hyperparameters: types.Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every number against its range (see `ranges`), and the choices."""
        check_numbers(self, "setting")
        for key, kind in typing.get_type_hints(Recipe).items():
            choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
            if choices and getattr(self, key) not in choices:
                raise ValueError(f"setting {key}={getattr(self, key)}: expected one of {', '.join(choices)}")

    @property
    def json(self) -> types.Json:
        """All fields, for ``config.json``."""
        return dataclasses.asdict(self)


# Each from its paper (specs: architectures.md); what a paper leaves open is the dataclass's default.
_PAPER: dict[str, types.Json] = {
    # Chen et al. 2021: Adam 1e-3, batch 64, 60 epochs, patience 5 on validation auPRC; Siamese, so that turning
    # windows round would change nothing.
    "deepgrn": {"batch": 64, "signals": None, "reverse_complement": False, "average_strands": False},
    # Park et al. 2020: Adam 1e-3, batch 100; its program runs up to 60 epochs, patience 10.
    "tbinet": {"patience": 10},
    # Quang & Xie 2016: RMSprop, batch 100, 60 epochs.
    "danq": {"optimizer": "rmsprop"},
    # Zhou & Troyanskaya 2015: SGD with momentum 0.9 and weight decay 1e-6.
    "deepsea": {"optimizer": "sgd", "rate": 0.05, "momentum": 0.9, "decay": 1e-6},
    # Shen et al. 2021: Adam 5e-4 then 2e-4, batch 100, patience 9 then 6 on validation loss.
    "saresnet": {"rate": 5e-4, "patience": 9, "monitor": "loss", "finetune_rate": 2e-4, "finetune_patience": 6},
    # Shen et al. 2018: batch 200; Adam was its best.
    "kegru": {"batch": 200},
    # Alipanahi et al. 2015: SGD with Nesterov momentum, batch 64; scores both strands itself.
    "deepbind": {"batch": 64, "optimizer": "sgd", "rate": 0.01, "momentum": 0.98, "average_strands": False},
    # Zeng et al. 2016: AdaDelta, batch 100; Luo et al. 2020 train as they do.
    "cnn_zeng": {"optimizer": "adadelta", "rate": 1.0},
    "expectation_luo": {"optimizer": "adadelta", "rate": 1.0},
    # Fitted in one go: neither epochs nor an optimiser; both strands are one to them.
    "gkm_svm": {"average_strands": False, "reverse_complement": False},
    "kmer_logistic": {"average_strands": False, "reverse_complement": False},
    "pwm": {"average_strands": False, "reverse_complement": False},
    # Quang & Xie 2019: Adam 1e-3, batch 100, patience 20; Siamese.
    "factornet": {
        "epochs": 100,
        "patience": 20,
        "signals": None,
        "reverse_complement": False,
        "average_strands": False,
    },
}

# What the article's text says where `_PAPER` follows the published program or weights.
_ARTICLE: dict[str, types.Json] = {
    # Chen et al. 2021, Methods: mean of the single and the pairwise model, attention after the LSTM, sinusoidal
    # positions, d_k = d_v = 64, no residual.
    "deepgrn": {
        "use_peak": False,
        "hyperparameters": {
            "attention": "ensemble",
            "position": "after",
            "positions": "sinusoidal",
            "attention_size": 64,
            "value_size": 64,
            "residual": False,
        },
    },
    # Park et al. 2020, Methods: 18 epochs.
    "tbinet": {"epochs": 18, "patience": 18},
}

# Reduced sizes that train on two cores in minutes; the structure stays the paper's.
_SMALL_ALL: types.Json = {"batch": 50, "epochs": 20, "schedule": "cosine", "valid_windows": 3000}
_SMALL_TBINET: types.Json = {
    "kernels": 128,
    "kernel_size": 20,
    "units": 32,
    "dense": 128,
    "pool_dropout": 0.1,
    "lstm_dropout": 0.1,
}
# Motifs are found late and suddenly: small batches bring this forward, and patience must outlast it.
_SMALL_SIGNALS: types.Json = {
    "batch": 16,
    "epochs": 24,
    "schedule": "constant",
    "patience": 16,
    "signal_dropout": 0.5,
}
_SMALL: dict[str, types.Json] = {
    "tbinet": {
        "rate": 5e-3,
        "epochs": 24,
        "attended_gain": 10.0,
        "hyperparameters": dict(_SMALL_TBINET),
    },
    "danq": {
        "epochs": 24,
        "hyperparameters": dict(_SMALL_TBINET),
    },
    "deepgrn": {
        **_SMALL_SIGNALS,
        "hyperparameters": {
            "log_signals": True,
            "attention": "pairwise",
            "position": "after",
            "kernels": 32,
            "kernel_size": 20,
            "pool": 10,
            "units": 16,
            "dense": 32,
            "dropout": 0.1,
        },
    },
    "factornet": {
        **_SMALL_SIGNALS,
        "hyperparameters": {
            "log_signals": True,
            "kernel_size": 20,
            "pool": 10,
            "units": 16,
            "dense": 32,
            "dropout": 0.1,
        },
    },
    "deepsea": {
        "hyperparameters": {"kernels": (64, 96, 128), "dense": 128, "dropouts": (0.1, 0.1, 0.3)},
    },
    "deepbind": {"optimizer": "adam", "rate": 3e-3, "momentum": 0.0, "hyperparameters": {"kernels": 32}},
    "cnn_zeng": {"hyperparameters": {"kernels": 64, "kernel_size": 20, "dropout": 0.2}},
    "expectation_luo": {
        "hyperparameters": {"kernels": 64, "kernel_size": 20, "dropout": 0.2, "m": 10.0, "learn_m": True}
    },
    "bpnet": {"rate": 4e-3, "hyperparameters": {"kernels": 32, "dilations": 5}},
    # Scaled word vectors made no difference here on two simulations (docs/believe.md).
    "kegru": {"hyperparameters": {"units": 32, "dimension": 50, "reset_after": True}},
    "saresnet": {"hyperparameters": {"kernels": 32, "blocks": (1, 1, 1, 1), "dropout": 0.3}},
}

# For ChIP-seq sets of windows of about 100 bp: sizes that train on two cores in minutes, tuned on validation
# splits. All see at most 20,000 windows an epoch, so that large sets take no longer than others.
_SHORT_ALL: types.Json = {"epochs": 20, "patience": 8, "schedule": "cosine", "epoch_windows": 20_000}
# Motifs that only a part of the peaks hold are found after thousands of steps: batches of 100 underfit.
_SHORT_STEPS: types.Json = {"batch": 32, "epochs": 25}
_SHORT: dict[str, types.Json] = {
    "tbinet": {
        **_SHORT_STEPS,
        "epochs": 30,
        "patience": 10,
        "attended_gain": 10.0,
        "hyperparameters": {
            "kernels": 64,
            "kernel_size": 20,
            "pool": 6,
            "units": 32,
            "dense": 64,
            "pool_dropout": 0.1,
            "lstm_dropout": 0.2,
        },
    },
    "danq": {
        **_SHORT_STEPS,
        "hyperparameters": {
            "kernels": 64,
            "kernel_size": 20,
            "pool": 6,
            "units": 32,
            "dense": 64,
            "pool_dropout": 0.1,
            "lstm_dropout": 0.2,
        },
    },
    "deepsea": {
        **_SHORT_STEPS,
        "optimizer": "adam",
        "rate": 1e-3,
        "momentum": 0.0,
        "hyperparameters": {"kernels": (64, 96, 128), "pool": 2, "dense": 128, "dropouts": (0.1, 0.1, 0.3)},
    },
    "deepgrn": {
        **_SHORT_STEPS,
        "attended_gain": 10.0,
        "hyperparameters": {"kernel_size": 20, "pool": 6, "dropout": 0.2},
    },
    "factornet": {**_SHORT_STEPS, "hyperparameters": {"kernel_size": 20, "pool": 6, "dropout": 0.2}},
    "deepbind": {"optimizer": "adam", "rate": 3e-3, "momentum": 0.0, "hyperparameters": {"kernels": 64}},
    # word2vec's own vectors grow with the corpus; those of 20,000 windows and more saturate the gates for good.
    "kegru": {
        "rate": 6e-3,
        "batch": 100,
        "hyperparameters": {"units": 50, "reset_after": True, "vector_scale": 0.05},
    },
    "saresnet": {"rate": 1e-3, "epochs": 10, "patience": 5, "hyperparameters": {"dropout": 0.3}},
    "cnn_zeng": {},
    "bpnet": {"rate": 4e-3, "hyperparameters": {"dilations": 4}},
    "gkm_svm": {"epoch_windows": None},
    "kmer_logistic": {"epoch_windows": None},
    "pwm": {"epoch_windows": None},
    "expectation_luo": {"hyperparameters": {"m": 10.0, "learn_m": True}},
}


def recipe(name: str, *, preset: str = "paper") -> Recipe:
    """Return the recipe of an architecture.

    Parameters
    ----------
    name
        See `motiflens.models.architectures`; one's own architectures get the defaults of `Recipe`.
    preset
        ``paper``: what the published program and weights do; ``article``: what the article's text says, where it
        differs (TBiNet's 18 epochs; DeepGRN's ensemble after the LSTM); ``small``: reduced hyperparameters that
        train on two cores in minutes; ``short``: for windows of about 100 bp.

    Raises
    ------
    ValueError
        For an unknown preset.
    """
    if preset not in typing.get_args(Preset):
        raise ValueError(f"there is no preset {preset!r}: there are {', '.join(typing.get_args(Preset))}")
    changes: types.Json = {}
    if preset == "small":
        changes = {**_SMALL_ALL, **_SMALL.get(name, {})}
    elif preset == "article":
        changes = _ARTICLE.get(name, {})
    elif preset == "short":
        changes = {**_SHORT_ALL, **_SHORT.get(name, {})}
    return Recipe(**{**_PAPER.get(name, {}), **changes})


def adjust(base: Recipe, architecture: str, settings: Sequence[str] | Mapping[str, Any]) -> Recipe:
    """Change a recipe by ``key=value`` settings: keys of `Recipe`, or hyperparameters of the architecture.

    Parameters
    ----------
    base
        The recipe to start from; it stays as it is.
    architecture
        Whose hyperparameters are known.
    settings
        Texts ``key=value``, or a mapping whose values may be texts. Another optimiser without a rate gets its own
        default rate (`DEFAULT_RATES`).

    Raises
    ------
    ValueError
        For a key that neither knows (the known ones are listed) or a value of the wrong type.

    Examples
    --------
    >>> adjust(Recipe(), "tbinet", ["rate=0.01", "epochs=3"]).rate
    0.01
    """
    from motiflens.models.settings import hyperparameter_types, split_settings

    pairs = split_settings(settings) if not isinstance(settings, Mapping) else dict(settings)
    recipe_types = {key: kind for key, kind in typing.get_type_hints(Recipe).items() if key != "hyperparameters"}
    own_types = hyperparameter_types(architecture)
    changes: types.Json = {}
    own = dict(base.hyperparameters)
    for key, value in pairs.items():
        if key in own_types:
            own[key] = parse_value(key, value, own_types[key])
        elif key in recipe_types:
            changes[key] = parse_value(key, value, recipe_types[key])
        else:
            near, has = suggestion(key, [*own_types, *recipe_types]), ", ".join(own_types) or "no hyperparameters"
            raise ValueError(
                f"unknown setting {key!r}: {near}{architecture} has {has}; training has {', '.join(recipe_types)}"
            )
    if changes.get("optimizer", base.optimizer) != base.optimizer and "rate" not in changes:
        changes["rate"] = DEFAULT_RATES[changes["optimizer"]]
    check_hyperparameters(architecture, own)
    return dataclasses.replace(base, **changes, hyperparameters=own)
