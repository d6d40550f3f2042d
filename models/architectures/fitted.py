"""Models that are fitted in one go, without gradients: the classic baselines."""

from __future__ import annotations

from abc import ABC, abstractmethod

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, silent
from motiflens.models.types import Integers


class FittedModel(SequenceModel, ABC):
    """A `SequenceModel` that `motiflens.models.train` fits by `fit` in place of epochs.

    Once fitted it is a model like any other: it scores, explains itself and is stored as all others are.
    """

    @abstractmethod
    def fit(self, windows: Windows, rows: Integers, *, seed: int, progress: Progress = silent) -> None:
        """Fit to some rows of the training split, in place.

        Hyperparameters that only the data tell (such as a width) may change; they are stored with the model.

        Parameters
        ----------
        windows
            The training split.
        rows
            Which of them, in the order of an epoch (shuffled).
        seed
            Of everything random.
        progress
            Told how far it is.

        Raises
        ------
        ValueError
            If a task has no bound or no unbound windows among the rows.
        """
