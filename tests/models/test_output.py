"""Choosing one of a model's outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from motiflens.models.output import choose_output, one_output, parse_output


class Heads(NamedTuple):
    profile: Tensor
    counts: Tensor


PROFILE = torch.arange(24.0).reshape(2, 3, 4)
COUNTS = torch.tensor([[1.0], [2.0]])


@pytest.mark.parametrize(
    ("given", "output", "expected"),
    [
        (COUNTS, None, COUNTS),
        (COUNTS[:, 0], None, COUNTS),
        ((PROFILE, COUNTS), 1, COUNTS),
        ([PROFILE, COUNTS], -1, COUNTS),
        ({"profile": PROFILE, "counts": COUNTS}, "counts", COUNTS),
        (Heads(PROFILE, COUNTS), "counts", COUNTS),
        (Heads(PROFILE, COUNTS), "profile:mean", PROFILE.mean(-1)),
        ((PROFILE, COUNTS), "0:sum", PROFILE.sum(-1)),
        (PROFILE, ":max", PROFILE.amax(-1)),
        ({"profile": PROFILE}, "profile:log_counts", PROFILE.logsumexp(-1)),
        ({"profile": PROFILE}, "profile:weighted", (PROFILE * PROFILE.softmax(-1)).sum(-1)),
        ({"a": {"b": COUNTS}}, lambda given: given["a"]["b"], COUNTS),
        (PROFILE[:, :, :1], None, PROFILE[:, :, 0]),
    ],
)
def test_what_is_chosen(given: Any, output: Any, expected: Tensor) -> None:
    assert torch.equal(choose_output(given, output, 2), expected)


def test_one_window_squeezed_away() -> None:
    assert choose_output(torch.tensor(3.0), None, 1).shape == (1, 1)
    assert choose_output(torch.tensor([3.0, 4.0]), None, 1).shape == (1, 2)


@pytest.mark.parametrize(
    ("given", "output", "words"),
    [
        ((PROFILE, COUNTS), None, r"a tuple of 2: \(2, 3, 4\), \(2, 1\): choose one, output=0 to 1"),
        ({"profile": PROFILE, "counts": COUNTS}, None, "choose one, output='profile' or 'counts'"),
        (Heads(PROFILE, COUNTS), None, "output=0 to 1 or 'profile' or 'counts'"),
        (PROFILE, None, r"tensor of shape \(2, 3, 4\) for 2 windows.*:mean"),
        (torch.tensor(1.0), None, r"a tensor of shape \(\) for 2 windows"),
        ({"profile": PROFILE}, "count", "no output 'count': it gives a dict of 'profile'"),
        ((PROFILE, COUNTS), 2, "no output 2"),
        (COUNTS, "counts", "leave it out"),
        ((PROFILE, COUNTS), "0:middle", "after the colon stands one of mean, sum"),
        (None, None, "a NoneType"),
        (COUNTS, lambda given: "text", "the function output= gives a str"),
    ],
)
def test_one_clear_line(given: Any, output: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        choose_output(given, output, 2)


def test_from_the_command_line() -> None:
    assert parse_output("-1") == -1
    assert parse_output("profile:mean") == "profile:mean"
    with pytest.raises(ValueError, match="after the colon"):
        parse_output("profile:middle")


def test_a_model_is_put_back() -> None:
    model = nn.Linear(2, 2)
    with one_output(model, lambda given: given.sum(1)):
        assert model(torch.ones(3, 2)).shape == (3, 1)
    assert "forward" not in model.__dict__
    with pytest.raises(ValueError, match="scripted or traced"), one_output(torch.jit.script(model), 0):
        pass
