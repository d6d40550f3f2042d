"""What all routes from a model to motifs share: the model, its windows, what is known, how it is sought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from motiflens.analyses.motifs.factors import TrainedFactors, trained_factors
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import MotifOptions, analysed_split
from motiflens.analyses.motifs.motif_parts import MotifParts
from motiflens.analyses.motifs.subsequences import Positives, Subsequences, predicted_positives, subsequences
from motiflens.interpret.adapter import adapt
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.progress import Progress, silent
from motiflens.models.regions import split_windows
from motiflens.models.run import Run


@dataclass(frozen=True)
class MotifContext:
    """A run, its data and the options under which its motifs are sought.

    Positives and attended subsequences are made when they are first asked for, and kept.

    Attributes
    ----------
    run, dataset
        The trained model and its data.
    targets
        Known motifs.
    tf
        Look at this factor's positives only; None for all tasks.
    options
        See `MotifOptions`.
    progress
        Told how far the work is.
    parts
        Who goes over the windows in parts; None for this process, over all at once.

    Raises
    ------
    ValueError
        If there are no targets, no windows or no task of the factor, or model and data do not fit.
    """

    run: Run
    dataset: Dataset
    targets: Sequence[Motif]
    tf: str | None = None
    options: MotifOptions = field(default_factory=MotifOptions)
    progress: Progress = silent
    parts: MotifParts | None = None

    def __post_init__(self) -> None:
        """Check that there is something to look at, and that the model can read it."""
        if not self.targets:
            raise ValueError("there are no known motifs to match against: choose another release, taxon or file")
        if not len(self.windows):
            raise ValueError(f"the {self.split} split of {self.dataset.source} has no windows")
        check_run_fits(self.run, self.windows, tasks=self.windows.tasks, length=False)
        _ = self.tasks  # an unknown factor is said before any work

    @property
    def split(self) -> str:
        """The split that is analysed: by default ``test`` where there is one, else ``valid``, else ``train``."""
        return analysed_split(self.dataset, self.options.split)

    @cached_property
    def windows(self) -> Windows:
        """The windows that are analysed."""
        return split_windows(self.dataset, self.split)

    @cached_property
    def tasks(self) -> list[int]:
        """Columns of the labels and outputs that are looked at."""
        return tasks_of(self.windows, self.tf)

    @cached_property
    def factors(self) -> TrainedFactors:
        """Factors that the model was trained on, or the one that is looked at."""
        return trained_factors(self.run, self.targets, factor=self.options.factor, tf=self.tf)

    @cached_property
    def positives(self) -> Positives:
        """Bound windows that the model predicts; ValueError where there are none."""
        return predicted_positives(
            self.run.model, self.windows, tasks=self.tasks, options=self.options, progress=self.progress
        )

    @cached_property
    def subsequences(self) -> Subsequences:
        """Bases at maximum attention of the positives; ValueError where there are none, or no attention."""
        return subsequences(
            adapt(self.run.model, length=self.windows.length),
            self.windows,
            self.positives,
            options=self.options,
            progress=self.progress,
        )


def tasks_of(windows: Windows, tf: str | None) -> list[int]:
    """Return the tasks of one factor (``TF`` or ``TF|cell type``), or all.

    Raises
    ------
    ValueError
        If no task is of that factor.
    """
    if tf is None:
        return list(range(len(windows.tasks)))
    wanted = tf.upper()
    tasks = [i for i, name in enumerate(windows.tasks) if wanted in (name.upper(), name.partition("|")[0].upper())]
    if not tasks and len(windows.tasks) == 1:
        return [0]  # data opened for this factor alone
    if not tasks:
        names = sorted({name.partition("|")[0] for name in windows.tasks})
        raise ValueError(f"the data have no task of {tf}: they have {', '.join(names)}")
    return tasks
