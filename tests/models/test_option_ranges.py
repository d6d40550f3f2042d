"""Every number of every command and of every class of options has a range that is kept; found from the code."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

import motiflens.analyses
import motiflens.interpret
import motiflens.models
from motiflens.analyses import marginalize
from motiflens.analyses.cli.main import app
from motiflens.analyses.cli.shared_options import _infos, _is_number
from motiflens.analyses.hits_command import HitSource
from motiflens.analyses.marginalize_command import MarginalizeOptions
from motiflens.interpret.attribution.attribute import _COMMON, _FUNCTIONS
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.models.genome_source import GenomeSource
from motiflens.models.option_ranges import Number, check_number, fields_of, option_range
from motiflens.models.ranges import Range
from motiflens.models.regions import Regions
from motiflens.models.study.plan import Model, Plan

BAD = ("0", "-1", "nan", "inf", "-inf", "1e99", "many")
# What classes need beside their numbers.
NEEDED: dict[str, dict[str, Any]] = {
    "AttributionOptions": {"method": "saliency"},
    "StoreOptions": {"method": "saliency"},
    "HitSource": {"where": Path("run"), "regions": Regions()},
    "MarginalizeOptions": {"motif": "ACGT"},
    "Model": {"name": "tbinet"},
    "Plan": {"models": (Model("tbinet"),)},
    "WindowSource": {"run": "run"},
    "VariantFiles": {"vcf": Path("v.vcf"), "out": Path("out.tsv")},
}


_OTHERS = (GenomeSource, marginalize.Model)  # made of what was checked


class NumericOption(NamedTuple):
    """An option of a command that takes a number."""

    command: tuple[str, ...]
    owner: str
    name: str
    spelling: str
    kind: type
    callback: Callable[..., None]


def commands() -> Iterator[tuple[tuple[str, ...], Callable[..., None]]]:
    """Walk over all commands that typer knows."""
    for info in app.registered_commands:
        yield (str(info.name),), info.callback  # type: ignore[misc]
    for group in app.registered_groups:
        for info in group.typer_instance.registered_commands:  # type: ignore[union-attr]
            yield (str(group.name), str(info.name)), info.callback  # type: ignore[misc]


def numeric_options() -> Iterator[NumericOption]:
    """Walk over their options."""
    for words, command in commands():
        parameters = [p for p in inspect.signature(command).parameters.values() if p.annotation is not p.empty]
        for parameter in parameters:
            if _is_number(parameter) and not parameter.name.endswith("_alias"):
                kind = float if "float" in str(parameter.annotation) else int
                owner = command.__module__.rpartition(".")[2]
                yield NumericOption(words, owner, parameter.name, spelling(parameter), kind, command)


def spelling(parameter: inspect.Parameter) -> str:
    """Return how an option is typed."""
    declared = [one for info in _infos(parameter) for one in info.param_decls or () if one.startswith("--")]
    return declared[0] if declared else f"--{parameter.name.replace('_', '-')}"


def option_classes() -> Iterator[type]:
    """Walk over all dataclasses of options, sources and plans in the package."""
    for package in (motiflens.models, motiflens.interpret, motiflens.analyses):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "._" in module.name or ".cli." in module.name:  # groups of options that typer fills
                continue
            found = importlib.import_module(module.name)
            for name, cls in inspect.getmembers(found, inspect.isclass):
                if (
                    cls.__module__ == module.name
                    and dataclasses.is_dataclass(cls)
                    and cls not in _OTHERS
                    and (name.endswith(("Options", "Source", "Settings", "Recipe")) or name in NEEDED)
                ):
                    yield cls


OPTIONS = list(numeric_options())
CLASSES = sorted(option_classes(), key=lambda cls: cls.__name__)
METHODS = [
    (method, name)
    for method, function in _FUNCTIONS.items()
    for name, parameter in inspect.signature(function).parameters.items()
    if name not in _COMMON and ("int" in str(parameter.annotation) or "float" in str(parameter.annotation))
]


def refused(range_: Range, kind: type, text: str) -> bool:
    """Tell whether a text must be refused, judged by hand."""
    try:
        value = kind(text)
    except (ValueError, OverflowError):
        return True
    if value == math.inf and range_.infinite:
        return False
    low = value > range_.low if range_.above else value >= range_.low
    high = value < range_.most if range_.below or range_.most == math.inf else value <= range_.most
    return not (low and high)


def test_the_walks_find_what_there_is() -> None:
    assert len(OPTIONS) >= 90
    assert {option.command[0] for option in OPTIONS} >= {"chip", "serve", "study", "hits", "variants", "simulate"}
    assert len(CLASSES) >= 18
    assert ("smoothgrad", "noise") in METHODS


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: " ".join((*option.command, option.spelling)))
def test_every_number_of_the_command_line(option: NumericOption) -> None:
    range_ = option_range(option.owner, option.name)
    for value in (0, -1, 10**99) if option.kind is int else (0.0, -1.0, math.nan, math.inf, -math.inf, 1e99):
        if refused(range_, option.kind, str(value)):
            # Before the command does anything: it gets nothing else here.
            with pytest.raises(ValueError, match=f"^{option.spelling} is {re.escape(str(value)[:9])}") as caught:
                option.callback(**{option.name: value})
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("command", sorted({option.command for option in OPTIONS}), ids=" ".join)
def test_what_is_no_number(command: tuple[str, ...]) -> None:
    for option in OPTIONS:
        if option.command == command:
            texts = ("many",) if option.kind is float else ("many", "nan", "1e99")
            break
    for text in texts:
        result = CliRunner().invoke(app, [*command, option.spelling, text])
        assert result.exit_code == 2
        assert option.spelling in result.output


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_number_of_a_class(cls: type) -> None:
    needed = NEEDED.get(cls.__name__, {})
    cls(**needed)
    for name, number in fields_of(cls).items():
        for text in BAD:
            kind: type = int if number.whole else float
            if not refused(number.range, kind, text):
                continue
            try:
                value: object = float(text) if text in ("nan", "inf", "-inf", "1e99") else kind(text)
            except ValueError:
                value = text
            many = "tuple" in str({field.name: field.type for field in dataclasses.fields(cls)}[name])
            with pytest.raises((TypeError, ValueError), match=name) as caught:
                cls(**{**needed, name: (value,) * 3 if many else value})
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("method", "name"), METHODS)
def test_every_number_of_an_attribution_method(method: str, name: str) -> None:
    range_ = option_range("methods", name)
    for value in (-1, math.nan, math.inf, 1e99, *([0] if range_.low > 0 else [])):
        with pytest.raises(ValueError, match=f"{name} is"):
            AttributionOptions(method=method, options={name: value})


def test_kinds() -> None:
    check_number("x", np.int64(3), Number(Range(0, 9), True, False))
    check_number("x", np.float32(0.5), Number(Range(0, 9), False, False))
    check_number("x", None, Number(Range(0, 9), False, True))
    for value in (None, True, 0.5, "3", [1, "2"]):
        with pytest.raises(TypeError, match="expected a whole number"):
            check_number("x", value, Number(Range(0, 9), True, False))
    with pytest.raises(ValueError, match="x are none"):
        check_number("x", (), Number(Range(0, 9), True, False))
    with pytest.raises(ValueError, match="maximum is 0"):
        HitSource(Path("run"), Regions(), maximum=0)
    with pytest.raises(TypeError, match="count is 'many': expected a whole number"):
        MarginalizeOptions(motif="ACGT", count="many")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seeds is 0"):
        Plan(models=(Model("tbinet"),), seeds=0)


def test_a_number_without_a_range_is_a_fault() -> None:
    @dataclasses.dataclass
    class Unheard:
        new: int = 3

    with pytest.raises(LookupError, match="new of Unheard has no range"):
        fields_of(Unheard)
