"""Contributions that do not add up are told from those with nothing to add up to."""

from __future__ import annotations

import torch

from motiflens.interpret.attribution.completeness import completeness


def errors(total: float, change: float, size: float) -> tuple[float, bool]:
    """Return the error and whether there was nothing to explain, of a window whose logit changes from 1."""
    logits = torch.tensor([[1.0 + change, 1.0 + change]], dtype=torch.float64)
    reference = torch.ones_like(logits)
    measured = completeness(torch.full_like(logits, total), logits, reference, torch.full_like(logits, size))
    return float(measured.error[0]), bool(measured.unexplained[0])


def test_a_change_is_missed_by_its_share() -> None:
    error, unexplained = errors(1.5, 2.0, 1.5)
    assert abs(error - 0.25) < 1e-12
    assert not unexplained


def test_no_change_and_contributions_of_rounding_are_no_error() -> None:
    assert errors(1e-17, 0.0, 1e-17) == (0.0, True)


def test_no_change_and_contributions_beyond_rounding_are_an_error() -> None:
    error, unexplained = errors(0.5, 0.0, 0.5)
    assert unexplained
    assert error > 1e6, "as many times what rounding allows"


def test_a_change_that_is_met_to_rounding_is_met_by_its_share_all_the_same() -> None:
    error, unexplained = errors(2.0 + 1e-15, 2.0, 2.0)
    assert 0 < error < 1e-14
    assert not unexplained


def test_errors_of_opposite_signs_do_not_cancel() -> None:
    logits = torch.full((1, 2), 3.0, dtype=torch.float64)
    total = torch.tensor([[1.0, 3.0]], dtype=torch.float64)
    error = completeness(total, logits, torch.ones_like(logits), total.abs()).error
    assert abs(float(error[0]) - 0.5) < 1e-12
