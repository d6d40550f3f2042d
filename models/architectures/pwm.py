"""The best single matrix of JASPAR, chosen on the training windows: what a motif alone can tell."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.models.architectures.base import arguments
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.architectures.layers import pool_all
from motiflens.models.best_matrix import best_matrices
from motiflens.models.data.jaspar_matrices import jaspar_matrices, log_odds
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, silent
from motiflens.models.types import Doubles, Integers

_OUT = -1e4  # of places where a matrix would hang over the window's end


class PWM(FittedModel):
    """One matrix an output: the best score on either strand → a scaled logit.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length works; only the bases are read. `meta` must be 0.
    matrices
        Name of each output's matrix, such as MA0139.2. Set by `fit`; until then the matrices are random.
    widths
        Their widths in bp.
    release, taxon
        The matrices to choose from: JASPAR's CORE collection of a release and a taxonomic group.
    most
        Windows to choose by at most, half of them bound.

    Notes
    -----
    Scores are log2-odds against equal frequencies, with one pseudocount a position; an unknown base adds 0. The
    logit is a logistic regression on the score.
    """

    name = "pwm"
    any_length = True
    siamese = True
    merge = "max"

    kernels: Tensor

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        matrices: tuple[str, ...] = (),
        widths: tuple[int, ...] = (),
        release: str = "2026",
        taxon: str = "vertebrates",
        most: int = 5000,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        if len(widths) not in (0, outputs) or len(matrices) != len(widths):
            raise ValueError(f"pwm: matrices and widths must name one for each of {outputs} outputs, or none")
        self.release, self.taxon, self.most = release, taxon, most
        self.scale = nn.Parameter(torch.ones(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self._sized(tuple(widths) or (8,) * outputs)
        self.check_length(length)
        self.pool = nn.MaxPool1d(length)

    def _sized(self, widths: tuple[int, ...]) -> None:
        self.widths, self.least_length = widths, max(widths)
        self.register_buffer("kernels", torch.randn(self.outputs, 4, max(widths)))
        for kernel, width in zip(self.kernels, widths, strict=True):
            kernel[:, width:] = 0.0

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        bases = functional.pad(x[:, :4], (0, max(self.widths) - min(self.widths)))
        h = functional.conv1d(bases, self.kernels.to(x.dtype))  # N, outputs, T
        if max(self.widths) > min(self.widths):
            places = torch.arange(h.shape[-1], device=x.device)
            last = torch.tensor([x.shape[-1] - width for width in self.widths], device=x.device)
            h = h + _OUT * (places > last[:, None]).to(h.dtype)
        return self.scale * pool_all(self.pool, h) + self.bias

    def first_convolution(self) -> None:
        """Return None: its matrix is JASPAR's, and would name itself."""

    def fit(self, windows: Windows, rows: Integers, *, seed: int, progress: Progress = silent) -> None:
        """Choose each task's matrix by its area under the ROC curve, then fit slope and intercept."""
        matrices = jaspar_matrices(self.release, self.taxon)
        chosen = best_matrices(windows, rows, matrices, most=self.most, seed=seed, progress=progress)
        numbers = [best.number for best in chosen]
        self._sized(tuple(len(matrices[number].counts) for number in numbers))
        self.hyperparameters |= {
            "matrices": [matrices[number].name for number in numbers],
            "widths": list(self.widths),
        }
        for task, best in enumerate(chosen):
            weights = log_odds(matrices[best.number].counts)
            self.kernels[task, :, : len(weights)] = torch.from_numpy(weights.T.astype(np.float32))
            slope, intercept = _logistic(best.scores, best.labels)
            with torch.no_grad():
                self.scale[task], self.bias[task] = slope, intercept


def _logistic(scores: Doubles, labels: Doubles) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0, max_iter=500).fit(scores[:, None], labels)
    slope = float(model.coef_[0, 0])
    # A better match never makes binding less likely here: the rank is the score's.
    return (slope if slope > 0 and math.isfinite(slope) else 1e-3), float(model.intercept_[0])
