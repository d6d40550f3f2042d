"""Every number that can be set has a range, and the same one from every side."""

from __future__ import annotations

import dataclasses
import math
import typing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.options import Options
from motiflens.models.machine import Machine
from motiflens.models.predict import PredictOptions
from motiflens.models.ranges import (
    MACHINE_RANGES,
    OPTION_RANGES,
    PREDICT_RANGES,
    RECIPE_RANGES,
    Range,
    check_range,
    hyperparameter_ranges,
    stated,
)
from motiflens.models.recipes import Recipe, adjust, recipe
from motiflens.models.registry import _BUILT_IN, build
from motiflens.models.settings import hyperparameter_types
from motiflens.models.sweep import read_grid

BAD: tuple[float, ...] = (0, -1, math.nan, math.inf, -math.inf, 1e99, 10**400)


def outside(range_: Range) -> list[float]:
    """The values of `BAD` that a range refuses, judged by hand."""
    found: list[float] = []
    for value in BAD:
        within = value == value and (value > range_.low if range_.above else value >= range_.low)
        within = within and (value < range_.most if range_.below else value <= range_.most)
        if not within and not (range_.infinite and value == math.inf):
            found.append(value)
    return found


def is_number(kind: object) -> bool:
    return kind in (int, float) or any(is_number(inner) for inner in typing.get_args(kind))


@pytest.mark.parametrize(
    ("cls", "table"),
    [
        (Options, OPTION_RANGES),
        (Recipe, RECIPE_RANGES),
        (PredictOptions, PREDICT_RANGES),
        (Machine, MACHINE_RANGES),
    ],
)
def test_every_numeric_field_has_a_range_that_is_kept(cls: type, table: dict[str, Range]) -> None:
    hints = typing.get_type_hints(cls)
    numeric = {f.name for f in dataclasses.fields(cls) if is_number(hints[f.name])} - {"division"}
    assert numeric <= set(table)
    for key in numeric:
        for value in outside(table[key]):
            with pytest.raises((TypeError, ValueError), match=f"{key} is {str(value)[:20].replace('+', '.')}"):
                cls(**{key: value})


@pytest.mark.parametrize("name", sorted(_BUILT_IN))
def test_every_numeric_hyperparameter_has_a_range_that_is_kept(name: str) -> None:
    for key, kind in hyperparameter_types(name).items():
        if not is_number(kind):
            continue
        many = typing.get_origin(kind) is tuple
        for value in outside(hyperparameter_ranges(name)[key]):
            with pytest.raises(ValueError, match=f"setting {key} is"):
                build(name, length=101, **{key: (value,) * 3 if many else value})


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e99", "many"])
@pytest.mark.parametrize(
    "key", ["valid_windows", "patience", "batch", "epochs", "epoch_windows", "kernels", "kernel_size"]
)
def test_settings_and_grids_have_the_same_ranges(key: str, text: str) -> None:
    if (key, text) == ("rate", "0"):
        return  # weights stay as they are
    for settings in ([f"{key}={text}"], {key: text}):
        with pytest.raises(ValueError, match=f"setting {key}"):
            adjust(Recipe(), "tbinet", settings)
    (values,) = read_grid([f"{key}={text}"]).values()
    with pytest.raises(ValueError, match=f"setting {key}"):
        adjust(Recipe(), "tbinet", {key: values[0]})


@pytest.mark.parametrize("name", sorted(_BUILT_IN))
def test_the_recipes_keep_their_ranges(name: str) -> None:
    for preset in ("paper", "small", "short"):
        how = recipe(name, preset=preset)
        assert adjust(how, name, {}) == how


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--length", "0"), "length is 0"),
        (("--length", "99999999"), "MOTIFLENS_MAX_LENGTH raises it"),
        (("--length", "2000000000"), "at most 1,000,000"),
        (("--ratio", "-1"), "ratio is -1.0"),
        (("--ratio", "1e12"), "MOTIFLENS_MAX_RATIO raises it"),
        (("--ratio", "nan"), "ratio is nan"),
        (("--offset", "-1"), "offset is -1"),
        (("--seed", "-1"), "seed is -1"),
        (("--division", "0.5,0.5"), "division is"),
        (("--division", "0.9,0.1,0.1"), "add up to 1"),
        (("--control", "none"), "control 'none' is unknown: expected random_split, shuffled_labels"),
    ],
)
def test_the_command_line_has_them_too(options: tuple[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.fa"
    path.write_text(">a\nACGT\n")
    result = CliRunner().invoke(app, ["data", "describe", str(path), *options])
    assert isinstance(result.exception, ValueError)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)


def test_a_limit_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="MOTIFLENS_MAX_LENGTH raises it"):
        Options(length=1_000_001)
    monkeypatch.setenv("MOTIFLENS_MAX_LENGTH", "2000000")
    assert Options(length=1_000_001).length == 1_000_001
    monkeypatch.setenv("MOTIFLENS_MAX_LENGTH", "many")
    with pytest.raises(ValueError, match="MOTIFLENS_MAX_LENGTH is 'many'"):
        Options(length=5)


def test_options_of_open_dataset(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no option 'lenght': it has tf, length"):
        open_dataset(tmp_path, lenght=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="signals is the text"):
        open_dataset(tmp_path, signals="dnase")
    assert Options(signals=["a"]).signals == ("a",)  # type: ignore[arg-type]


def test_what_is_stated() -> None:
    assert "MOTIFLENS_MAX_HEADER" in stated()
    check_range("x", None, Range(1, 2))
    check_range("x", math.inf, Range(1, 2, infinite=True))
    check_range("x", "text", Range(1, 2))  # its type is another's to judge


def test_devices_that_are_not_there_are_named() -> None:
    with pytest.raises(ValueError, match=r"accelerator 'tpu' is not usable here: expected .*cpu, auto"):
        Machine(accelerator="tpu")
