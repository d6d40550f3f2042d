"""Gradient correction."""

from __future__ import annotations

from torch import Tensor


def correct(scores: Tensor) -> Tensor:
    """Remove the mean over A, C, G, T at each position; signal channels are left as they are.

    One-hot sequences lie on a simplex, while a network is also free to have a gradient off it, which says nothing
    about sequences. Removing the per-position mean projects the gradient onto the simplex (Majdandzic,
    Rajesh & Koo, Genome Biology 2023).

    Parameters
    ----------
    scores
        N, C, L; the first four channels are A, C, G, T.
    """
    bases = scores[:, :4]
    corrected = scores.clone()
    corrected[:, :4] = bases - bases.mean(1, keepdim=True)
    return corrected
