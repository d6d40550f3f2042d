"""The model that a simulation's truth makes: its matrices, its concentrations, and its rule or none."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from motiflens.models.architectures.oracle import Oracle
from motiflens.models.data.simulate.factors import MILLIBITS, PAIR, Factor, factors
from motiflens.models.data.simulate.grammar import Grammar
from motiflens.models.data.simulate.occupancy import halves
from motiflens.models.types import Doubles


def make_oracle(tf: str, length: int, grammar: Grammar, *, additive: bool = False) -> Oracle:
    """Return the model that knows what makes a factor's sites bound, in eval mode.

    Parameters
    ----------
    tf
        One of the planted factors. Only the first one of the pair has a rule.
    length
        Window length in bp.
    grammar
        The simulation's rule.
    additive
        Of the pair's first factor: know both matrices but no rule; the best sites of both add up.

    Raises
    ------
    ValueError
        For a factor that is not planted, or one without a rule that is to be without it.

    Examples
    --------
    >>> from motiflens.models.data.simulate.grammar import DEFAULT
    >>> make_oracle("GATA1", 300, DEFAULT).rule
    'and'
    """
    known = {factor.name: factor for factor in factors()}
    if tf not in known:
        raise ValueError(f"{tf!r} is not planted: there are {', '.join(known)}")
    if additive and tf != PAIR[0]:
        raise ValueError(f"{tf} binds alone: only {PAIR[0]} has a rule that could be left out")
    pair = (known[tf], known[PAIR[1]])
    model = Oracle(
        length=length,
        widths=(pair[0].width, pair[1].width),
        rule=_rule(tf, grammar, additive),
        distance=grammar.distance,
    )
    half = halves(grammar)
    for sites, factor in zip((model.first, model.second), pair, strict=True):
        with torch.no_grad():
            sites.score.weight.copy_(torch.from_numpy(_both_strands(factor).astype(np.float32)))
            sites.score.bias = nn.Parameter(torch.full((2,), -half[factor.name] / MILLIBITS))
            sites.concentration.fill_(math.fsum(factor.concentration) / len(factor.concentration))
    return model.eval()


def _rule(tf: str, grammar: Grammar, additive: bool) -> str:
    if tf != PAIR[0]:
        return "alone"
    if additive:
        return "additive_not" if grammar.name == "not" else "additive"
    return grammar.name


def _both_strands(factor: Factor) -> Doubles:
    """Scores in bits, (2, 4, width): of the site as it stands, and of its reverse complement."""
    forward = factor.scores.T / MILLIBITS
    return np.stack([forward, forward[::-1, ::-1]])
