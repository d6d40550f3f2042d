"""Recipes and ``key=value`` settings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Literal

import pytest
import torch

from motiflens.models import architectures, build
from motiflens.models.optimizers import make_optimizer
from motiflens.models.recipes import _PAPER, _SHORT, _SMALL, Recipe, adjust, recipe
from motiflens.models.settings import hyperparameter_types, parse_value, split_settings


@pytest.mark.parametrize("preset", ["paper", "small", "short"])
def test_every_architecture_builds_with_each_preset(preset: Any) -> None:
    length = 101 if preset == "short" else 1000
    for name in architectures():
        how = recipe(name, preset=preset)
        assert json.loads(json.dumps(how.json))["batch"] == how.batch
        if preset == "paper" or name == "toy":
            continue
        model = build(name, length=length, channels=4, outputs=2, **how.hyperparameters).eval()
        assert model(torch.zeros(1, 4, length)).shape == (1, 2)


def test_presets_name_known_architectures_and_keys() -> None:
    names = {field.name for field in dataclasses.fields(Recipe)}
    for table in (_PAPER, _SMALL, _SHORT):
        assert set(table) <= set(architectures())
        for name, changes in table.items():
            assert set(changes) <= names, name
            assert set(changes.get("hyperparameters", {})) <= set(hyperparameter_types(name)), name


def test_papers() -> None:
    assert (recipe("tbinet").optimizer, recipe("tbinet").rate, recipe("tbinet").batch) == ("adam", 1e-3, 100)
    assert (recipe("deepgrn").batch, recipe("deepgrn").epochs, recipe("deepgrn").patience) == (64, 60, 5)
    assert recipe("deepgrn").signals is None
    assert recipe("danq").optimizer == "rmsprop"
    assert (recipe("deepsea").optimizer, recipe("deepsea").momentum) == ("sgd", 0.9)
    found = recipe("saresnet")
    assert (found.rate, found.finetune_rate, found.patience, found.finetune_patience) == (5e-4, 2e-4, 9, 6)
    assert recipe("kegru").batch == 200
    assert recipe("one of mine") == Recipe()


def test_short_recipes_start_where_attention_hides_the_sequence() -> None:
    for name in ("tbinet", "deepgrn"):
        assert recipe(name).attended_gain == 1.0, "the paper's initial weights stay"
        assert recipe(name, preset="short").attended_gain == 10.0


def test_short_recipes_train_long_enough() -> None:
    """Ten epochs in batches of 100 underfit: SP1's TBiNet had .767 in test, .880 after 40 (6-mers .888)."""
    taken = {name: recipe(name, preset="short") for name in _SHORT}
    steps = {name: (how.epochs, how.batch) for name, how in taken.items()}
    assert steps["tbinet"] == (30, 32)
    for name in ("danq", "deepsea", "deepgrn", "factornet"):
        assert steps[name] == (25, 32)
    for name in ("deepbind", "cnn_zeng", "expectation_luo", "kegru", "bpnet"):
        assert steps[name][0] == 20
    assert taken["deepbind"].hyperparameters["kernels"] == 64
    assert all(how.patience >= 5 for how in taken.values())


def test_adjust() -> None:
    base = recipe("tbinet")
    changed = adjust(base, "tbinet", ["rate=0.01", "kernels=64", "signals=dnase,uniqueness", "ratio=none"])
    assert changed.rate == 0.01
    assert changed.hyperparameters["kernels"] == 64
    assert changed.signals == ("dnase", "uniqueness")
    assert changed.ratio is None
    assert base == recipe("tbinet"), "the recipe itself stays"
    assert adjust(base, "tbinet", {"kernels": 64}).hyperparameters == {**base.hyperparameters, "kernels": 64}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "kernel=3",
            r"unknown setting 'kernel': did you mean 'kernels'\? tbinet has kernels, .*training has optimizer",
        ),
        ("kernels=many", "setting kernels=many: expected a whole number"),
        ("kernels=1.5", "expected a whole number"),
        ("kernels=inf", "expected a whole number"),
        ("rate=fast", "setting rate=fast: expected a number"),
        ("use_peak=maybe", "expected true or false"),
        ("optimizer=lion", "expected one of adam, adamw"),
        ("hyperparameters=3", "unknown setting"),
        ("rate", "write it as key=value"),
    ],
)
def test_refusals(setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        adjust(recipe("tbinet"), "tbinet", [setting])


def test_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        split_settings(["a=1", "a=2"])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("true", bool, True),
        ("no", bool, False),
        ("3", int, 3),
        ("1e3", int, 1000),
        ("none", int | None, None),
        ("7", int | None, 7),
        ("", int | None, None),
        ("", tuple[str, ...] | None, ()),
        ("none", tuple[str, ...] | None, None),
        ("x=y", str, "x=y"),
        ("max", Literal["mean", "max"], "max"),
        ("2", Literal[1, 2], 2),
        ("1,2", tuple[int, ...], (1, 2)),
        ("", tuple[str, ...], ()),
        ("1,2", Sequence[int], (1, 2)),
        ("0.5", int | float, 0.5),
        (True, bool, True),
    ],
)
def test_parse_value(text: Any, kind: Any, value: Any) -> None:
    found = parse_value("key", text, kind)
    assert found == value
    assert type(found) is type(value)


def test_every_optimizer_takes_a_step() -> None:
    for name in ("adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta"):
        weight = torch.nn.Parameter(torch.ones(3))
        optimizer = make_optimizer(Recipe(optimizer=name, momentum=0.9, decay=1e-4), [weight])  # type: ignore[arg-type]
        (weight**2).sum().backward()
        optimizer.step()
        assert (weight < 1).all(), name


def test_the_articles_own_recipes() -> None:
    """What the text says: DeepGRN's ensemble after the LSTM with dk = dv = 64, TBiNet's 18 epochs."""
    deepgrn = recipe("deepgrn", preset="article")
    model = build("deepgrn", length=1000, channels=6, meta=14, **deepgrn.hyperparameters)
    assert {m.attends for m in model.members} == {"single", "pairwise"}
    assert not any(m.attention_first for m in model.members)
    pairwise = next(m.attention for m in model.members if m.attends == "pairwise")
    assert (pairwise.query.out_features, pairwise.value.out_features, pairwise.residual) == (64, 64, False)
    assert "positions" in dict(pairwise.named_buffers()), "sinusoidal"
    assert (recipe("tbinet", preset="article").epochs, recipe("tbinet", preset="article").patience) == (18, 18)
    assert recipe("saresnet", preset="article") == recipe("saresnet")


@pytest.mark.parametrize(
    ("settings", "rate"),
    [
        (["optimizer=sgd"], 0.01),
        (["optimizer=adagrad"], 0.01),
        (["optimizer=rmsprop"], 0.001),
        (["optimizer=adadelta"], 1.0),
        (["optimizer=sgd", "rate=0.5"], 0.5),
        (["optimizer=adam"], 0.001),
        (["units=50"], 0.001),
    ],
)
def test_an_optimizer_has_its_own_default_rate(settings: list[str], rate: float) -> None:
    """One rate for all four of KEGRU's table 1 trained two of them at a tenth of theirs."""
    assert adjust(recipe("kegru"), "kegru", settings).rate == rate


def test_a_recipes_own_rate_stays_with_its_own_optimizer() -> None:
    assert adjust(recipe("deepsea"), "deepsea", ["optimizer=sgd"]).rate == 0.05
    assert adjust(recipe("deepsea"), "deepsea", ["optimizer=adam"]).rate == 0.001
