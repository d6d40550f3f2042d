"""What a benchmark covers: architectures, methods, seeds, windows; and the two shipped sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from motiflens.analyses.interactions import METHODS as PAIR_METHODS
from motiflens.analyses.motifs.motif_options import ROUTES
from motiflens.interpret.attribution.method_costs import COSTS
from motiflens.models.option_ranges import check_numbers
from motiflens.models.registry import architectures
from motiflens.models.suggestion import suggestion

ATTENTION: Final = ("attention", "attention_rollout")
BASELINES: Final = ("random", "position", "dnase", "pwm")
METHODS: Final = tuple(dict.fromkeys((*ATTENTION, *COSTS, *BASELINES)))
UNTRAINED, SHUFFLED = "untrained", "shuffled_labels"
# Models that are not trained: they hold the truth's matrices, and its rule or none (see `oracles`).
ORACLE, ADDITIVE = "oracle", "oracle_additive"
ORACLES: Final = (ORACLE, ADDITIVE)


@dataclass(frozen=True)
class BenchmarkPlan:
    """What is compared, and on how much.

    Attributes
    ----------
    models
        Architectures by name, which are trained, run folders, or `ORACLES`, which are made of the data's truth.
    methods
        Of `METHODS`: attention as computed and as rollout, attribution methods, and what they must beat:
        ``random`` scores, the ``position`` at which sites lie in training windows, ``dnase``, and the factor's
        own JASPAR matrix (``pwm``: −log10 p).
    routes, pairs
        Routes of `find_motifs` and methods of `interactions`.
    seeds
        Trainings of each architecture, from seed 0.
    data
        A simulated data set's folder; the built-in one by default.
    tfs
        Factors that models are trained on, one at a time.
    preset, settings
        The recipe of trainings, and changes to it (``key=value``).
    windows, negatives
        Bound windows that maps are made of, and unbound ones of each kind of hard negative; no two overlap.
    faithful, checked
        Bound windows of faithfulness, and of sanity checks.
    motif_windows, pair_windows
        Windows of motifs and of pairs.
    shuffled
        Whether the first seed of each architecture is also trained on shuffled labels.
    timeout
        Seconds after which a part is given up and becomes a row; 0 for no limit.
    seed, batch_size
        Of everything random but the trainings; rows in one pass.
    """

    models: tuple[str, ...]
    methods: tuple[str, ...] = METHODS
    routes: tuple[str, ...] = ROUTES
    pairs: tuple[str, ...] = PAIR_METHODS
    seeds: int = 3
    data: str | None = None
    tfs: tuple[str, ...] = ("CTCF", "GATA1")
    preset: str = "small"
    settings: tuple[str, ...] = ()
    windows: int = 100
    negatives: int = 50
    faithful: int = 60
    checked: int = 32
    motif_windows: int = 500
    pair_windows: int = 150
    shuffled: bool = True
    timeout: float = 3600.0
    seed: int = 0
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Check what can be checked without models and data."""
        check_numbers(self)
        if not self.models:
            raise ValueError("no models are named: give architectures or run folders")
        if not self.methods:
            raise ValueError("no methods are named: give at least one")
        if not self.tfs:
            raise ValueError("no TF is named: give at least one")
        for what, names, known in (
            ("method", self.methods, METHODS),
            ("route", self.routes, ROUTES),
            ("way to find pairs", self.pairs, PAIR_METHODS),
        ):
            for name in names:
                if name not in known:
                    near = suggestion(name, known)
                    raise ValueError(f"there is no {what} {name!r}: {near}there are {', '.join(known)}")
        for what, values in (("models", self.models), ("methods", self.methods), ("TFs", self.tfs)):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f"{twice!r} is named twice among the {what}: name it once")

    @property
    def fixed(self) -> dict[str, Any]:
        """What all parts of one folder have in common: with other values their rows are of other things."""
        loose = ("models", "methods", "routes", "pairs", "seeds", "tfs", "timeout", "shuffled")
        return {key: value for key, value in dataclasses.asdict(self).items() if key not in loose}


def _small() -> BenchmarkPlan:
    return BenchmarkPlan(
        models=("tbinet", "deepgrn", "deepbind", *ORACLES),
        methods=("attention", "saliency", "integrated_gradients", "deep_lift_shap", "ism", *BASELINES),
        routes=("kernels", "attention"),
        seeds=2,
        windows=40,
        negatives=20,
        faithful=24,
        checked=12,
        motif_windows=200,
        pair_windows=60,
        shuffled=False,
        timeout=600.0,
    )


def _full() -> BenchmarkPlan:
    return BenchmarkPlan(models=(*architectures(), *ORACLES))


PRESETS: Final[dict[str, Callable[[], BenchmarkPlan]]] = {"small": _small, "full": _full}


def plan_named(name: str, **changes: Any) -> BenchmarkPlan:
    """Return a shipped plan with some fields set otherwise; None leaves one as it is.

    Raises
    ------
    ValueError
        If there is none of that name, or a value does not fit.

    Examples
    --------
    >>> plan_named("small", seeds=1).models
    ('tbinet', 'deepgrn', 'deepbind', 'oracle', 'oracle_additive')
    """
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}: expected {', '.join(PRESETS)}")
    given = {key: value for key, value in changes.items() if value is not None}
    return dataclasses.replace(PRESETS[name](), **given)
