"""What the numeric options of every command, and the fields of the classes behind them, may be; and their check.

One table a command, by the name of its option and of the field that it becomes; what is alike everywhere stands in
`SHARED`. The command line looks a number up here before it does anything (`shared_options`), the classes when they
are made (`check_numbers`); a test walks over all of both, so that a new one cannot do without.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from motiflens.models.ranges import (
    COUNT,
    DROPOUT,
    MACHINE_RANGES,
    MANY,
    OPTION_RANGES,
    PREDICT_RANGES,
    RECIPE_RANGES,
    SHARE,
    Range,
    check_range,
)

_ANY_COUNT = Range(0, 1_000_000)  # 0: none
_FEW = Range(0, 10_000)  # of what costs a model, or a training, each; 0: none
_WORKERS = Range(1, 4_096)
_PROBABILITY = DROPOUT  # something may lie above it
_BETWEEN = Range(0, 1, above=True, below=True)
_P_VALUE = Range(0, 1, above=True)
_POSITIVE = Range(0, math.inf, above=True)
_RATIO = Range(0, math.inf, infinite=True)
_BASES = Range(0, "LENGTH")
_WIDTH = Range(1, "LENGTH")

# Name -> range, whoever has it.
SHARED: dict[str, Range] = {
    **OPTION_RANGES,
    **PREDICT_RANGES,
    **MACHINE_RANGES,
    "maximum": MANY,
    "bootstrap": COUNT,
    "shuffles": COUNT,
    "repeats": COUNT,
    "untrained": _FEW,
    "threads": _WORKERS,
    "processes": _WORKERS,
    "top": _ANY_COUNT,
    "rows": _ANY_COUNT,
}
_ATTRIBUTION = {
    "width": _WIDTH,
    "target": _ANY_COUNT,
    "column": _ANY_COUNT,
    "n_baselines": COUNT,
    "tolerance": _RATIO,
}
_CHIP = {
    "maximum": Range(3, MANY.high),
    "prediction": _PROBABILITY,
    "step": _WIDTH,
    "reach": _BASES,
    "lag_step": _WIDTH,
    "peaks": _ANY_COUNT,
    "shift_peaks": _ANY_COUNT,
    "shift_step": _WIDTH,
}
_INTERACTIONS = {
    "thresh": _P_VALUE,
    "threshold": _P_VALUE,
    "most": Range(2, 1_000),
    "least": Range(2, 1_000_000),
    "share": _PROBABILITY,
    "permutations": Range(0, 100_000),
}
_MOTIFS = {
    "width": Range(4, "LENGTH"),
    "least_prediction": _PROBABILITY,
    "prediction": _PROBABILITY,
    "flat_dnase": _RATIO,
    "dnase": _RATIO,
    "alpha": _P_VALUE,
    "hit_p": _P_VALUE,
    "shuffles": _ANY_COUNT,
}
_SANITY = {
    "n": COUNT,
    "windows": COUNT,
    "stages": Range(1, 1_000),
    "seeds": Range(1, 1_000),
    "epochs": _ANY_COUNT,
    "train_windows": MANY,
    "twins": _FEW,
}
_HITS = {"fdr": SHARE, "similarity": SHARE, "overlap": SHARE}
_VARIANTS = {"shifts": Range(0, 10_000), "null": _ANY_COUNT, "threshold": _P_VALUE}
_BENCHMARK = {
    "seeds": Range(1, 1_000),
    "windows": Range(3, 1_000_000),
    "negatives": Range(0, 1_000_000),
    "faithful": COUNT,
    "checked": COUNT,
    "motif_windows": Range(10, 1_000_000),
    "pair_windows": Range(10, 1_000_000),
    "timeout": Range(0, 1e7),
}
_STUDY = {"seeds": Range(1, 10_000), "best": Range(1, 10_000)}
_THRESHOLD = {"threshold": _BETWEEN}

# Whose -> name -> range, where it is its own: modules of commands, and classes.
OWN: dict[str, dict[str, Range]] = {
    "attention": {**_THRESHOLD, "maximum": Range(3, MANY.high)},
    "attribute": _ATTRIBUTION,
    "benchmark": _BENCHMARK,
    "chip": _CHIP,
    "data": {"size": Range(1, 1_000), "most": Range(1, 255), "memory": Range(1e-6, 1e6)},
    "dnase": _THRESHOLD,
    "hits": _HITS,
    "importance": {"maximum": Range(10, MANY.high)},
    "interactions": _INTERACTIONS,
    "marginalize": {"count": COUNT},
    "match": {"thresh": Range(0, math.inf)},  # an E-value with --evalue
    "motifs": _MOTIFS,
    "sanity": _SANITY,
    "scan": {"thresh": SHARE},
    "serve": {"port": Range(0, 65_535)},
    "study": _STUDY,
    "variants": _VARIANTS,
    "AttentionOptions": {**_THRESHOLD, "maximum": Range(3, MANY.high)},
    "AttributeOptions": _ATTRIBUTION,
    "AttributionOptions": _ATTRIBUTION,
    "BenchmarkPlan": _BENCHMARK,
    "ChipOptions": _CHIP,
    "DenovoOptions": {
        "widths": Range(1, "MOTIF_WIDTH"),
        "seeds": COUNT,
        "seed_widths": Range(1, 10),
        "patience": COUNT,
        "holdout": _BETWEEN,
        "alpha": _P_VALUE,
    },
    "DnaseOptions": _THRESHOLD,
    "FaithfulnessOptions": {"steps": _WIDTH, "top": _WIDTH},
    "Gate": {
        "flank": Range(0, 2),
        "core": Range(0, 1_000),
        "core_width": Range(1, "MOTIF_WIDTH"),
        "width": Range(1, "MOTIF_WIDTH"),
        "sites": Range(0, 1e9),
    },
    "HitOptions": _HITS,
    "ImportanceOptions": {"maximum": Range(10, MANY.high)},
    "InteractionOptions": _INTERACTIONS,
    "KmerOptions": {"pairings": Range(10, 1_000_000)},
    "MarginalizeOptions": {"count": COUNT},
    "MotifOptions": _MOTIFS,
    "Model": _STUDY,
    "Plan": _STUDY,
    "Recipe": RECIPE_RANGES,
    "SanityOptions": _SANITY,
    "SeqletOptions": {
        "width": Range(4, "LENGTH"),
        "flank": _BASES,
        "fdr": _BETWEEN,
        "least": Range(2, 1_000_000),
    },
    "VariantOptions": _VARIANTS,
    # of attribution methods, by `options` and `attribute --set`
    "methods": {
        "steps": Range(1, 100_000),
        "refinements": Range(0, 20),
        "draws": Range(1, 100_000),
        "samples": Range(1, 100_000),
        "noise": Range(0, 1_000),
        "width": _WIDTH,
        "stride": _WIDTH,
        "start": _BASES,
        "end": _BASES,
        "quadrature": Range(1, 10_000),
    },
}


class Number(NamedTuple):
    """A field that holds a number: what it may be, whether it is a whole one, and whether None is one too."""

    range: Range
    whole: bool
    optional: bool


def option_range(owner: str, name: str) -> Range:
    """Return the range of a number.

    Parameters
    ----------
    owner
        The command's module, the class, or ``methods``.
    name
        Of the option or field.

    Raises
    ------
    LookupError
        If none is stated: a number must not go unchecked.

    Examples
    --------
    >>> str(option_range("chip", "maximum"))
    'at least 3 and at most 1,000,000,000'
    """
    stated = OWN.get(owner, {}).get(name, SHARED.get(name))
    if stated is None:
        raise LookupError(f"{name} of {owner} has no range: state one in models/option_ranges.py")
    return stated


def check_number(name: str, value: object, number: Number) -> None:
    """Refuse what is no number of the kind, or out of its range.

    Raises
    ------
    TypeError, ValueError
        Naming the value and what was expected.

    Examples
    --------
    >>> check_number("top", "many", Number(Range(0, 9), True, False))
    Traceback (most recent call last):
    TypeError: top is 'many': expected a whole number
    """
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError(f"{name} are none: expected one number or more")
        for one in value:
            check_number(name, one, number)
        return
    if value is None and number.optional:
        return
    kind = numbers.Integral if number.whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r:.40}: expected a {'whole ' if number.whole else ''}number")
    check_range(name, value, number.range)


def check_numbers(options: Any, what: str = "") -> None:
    """Check every field of a dataclass that is annotated as a number; for ``__post_init__``.

    Parameters
    ----------
    options
        The dataclass's instance.
    what
        What its fields are called in an error, such as ``setting``.

    Raises
    ------
    TypeError, ValueError
        As `check_number`.
    LookupError
        If a field has no range.
    """
    cls: Any = type(options)
    for name, number in fields_of(cls).items():
        check_number(f"{what} {name}".lstrip(), getattr(options, name), number)


@functools.cache
def fields_of(cls: type) -> Mapping[str, Number]:
    """Return the fields of a dataclass that hold numbers, or tuples of numbers.

    Examples
    --------
    >>> from motiflens.models.predict import PredictOptions
    >>> fields_of(PredictOptions)["batch_size"].whole
    True
    """
    owner = next((base.__name__ for base in cls.__mro__ if base.__name__ in OWN), cls.__name__)
    numbers_of = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        kinds = str(getattr(field.type, "__name__", field.type))
        words = set(re.findall(r"\w+", kinds))
        if words & {"int", "float"} and words <= {"int", "float", "None", "tuple"}:
            numbers_of[field.name] = Number(option_range(owner, field.name), "float" not in words, "None" in words)
    return numbers_of


def check_option_values(values: Mapping[str, object], owner: str) -> None:
    """Check the numbers among an attribution method's own options, by name; others are the method's to judge."""
    known = OWN[owner]
    for name, value in values.items():
        if name in known:
            check_range(name, value, known[name])
