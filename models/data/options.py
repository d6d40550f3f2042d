"""The options of `open_dataset`, as one value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

from motiflens.models import types
from motiflens.models.data.folder_spec import LABELLINGS
from motiflens.models.option_ranges import check_numbers

CONTROLS = ("random_split", "shuffled_labels")
Division = tuple[float, float, float]
NEGATIVES = ("dinucleotide", "gc", "bins")


@dataclass(frozen=True)
class Options:
    """What `open_dataset` is asked for. None stands for the source's own default.

    Attributes
    ----------
    tf
        Of a folder: the TF, for one row per window and cell type with signals. None: all experiments as
        tasks, sequence only. Of a folder of DeepBind files: which one.
    length
        Base pairs per window; the source's own by default.
    labelling
        ``deepsea``, ``dream`` or ``centered``; see `labels`.
    negatives
        ``dinucleotide``: shuffled positives; ``gc``: genomic, matched on length, GC and repeats; ``bins``:
        unbound bins, drawn afresh each epoch. By default ``bins`` for binned labellings, else
        ``dinucleotide`` (``gc`` where there are signals: shuffled sequences have none).
    negatives_file
        FASTA of negatives, instead.
    ratio
        Negatives per positive, 1 by default.
    genome
        FASTA that BED coordinates, or matched negatives, are taken from.
    signals
        Channels beside A, C, G, T, by name; ``()`` for none; None for all that the source has.
    features
        Features of the cell type and the place, by name, of which those are opened that the source has; None for
        all.
    test
        A test file of the same kind, or chromosomes ("chr8,chr9").
    columns
        Of several tasks: ``first:end`` (0-based, half-open), or ``tbinet`` for DeepSEA's 125:815.
    offset
        Of peaks: shift each window by up to this many bp, so that its centre carries no information.
    seed
        Of the splits, the shuffling and all other random choices.
    division
        Shares of train, valid and test where a file is divided at random (.8, .1, .1; with a test file, train and
        valid in proportion).
    control
        ``random_split`` or ``shuffled_labels``: the control of this data set (see `control`).
    scale_signals
        Opened for a trained model: multiply signals that are of another size than it knows (see `fit_signals`).
    peak_windows
        Of a folder's bins with a TF: in place of bound bins, train on a random place in each peak, another each
        epoch (see `PeakWindows`; the recipe's ``use_peak`` asks for it).
    variable
        Of files of sequences: take sequences of different lengths, filled up with N at the end (KEGRU's
        ``variable`` does not read it).

    Raises
    ------
    TypeError, ValueError
        For a value that no source can take.
    """

    tf: str | None = None
    length: int | None = None
    labelling: str | None = None
    negatives: str | None = None
    negatives_file: types.Path | None = None
    ratio: float | None = None
    genome: types.Path | None = None
    signals: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    test: str | None = None
    columns: str | None = None
    offset: int = 0
    seed: int = 0
    division: Division | None = None
    control: str | None = None
    scale_signals: bool = False
    peak_windows: bool = False
    variable: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without the source, and write values as they are kept."""
        if isinstance(self.signals, str):
            raise TypeError(f"signals is the text {self.signals!r}: expected a tuple of names")
        for key in ("signals", "features", "division"):
            value = getattr(self, key)
            object.__setattr__(self, key, None if value is None else tuple(value))
        object.__setattr__(self, "test", None if self.test is None else str(self.test))
        check_numbers(self)
        if self.labelling is not None and self.labelling not in LABELLINGS:
            raise ValueError(f"labelling {self.labelling!r} is unknown: expected {', '.join(LABELLINGS)}")
        if self.negatives is not None and self.negatives not in NEGATIVES:
            raise ValueError(
                f"negatives {self.negatives!r} are unknown: expected {', '.join(NEGATIVES)}, or a file"
            )
        if self.ratio is not None and math.isinf(self.ratio) and self.negatives in ("dinucleotide", "gc"):
            raise ValueError(f"ratio is infinite, which {self.negatives} negatives cannot be: expected a number")
        if self.division is not None and (len(self.division) != 3 or not all(0 < s < 1 for s in self.division)):
            raise ValueError(
                f"division is {self.division}: expected shares of train, valid and test, each above 0"
            )
        if self.division is not None and abs(sum(self.division) - 1) > 1e-6:
            raise ValueError(f"division is {self.division}: expected shares that add up to 1")
        if self.control is not None and self.control not in CONTROLS:
            raise ValueError(f"control {self.control!r} is unknown: expected {', '.join(CONTROLS)}")
        if self.negatives is not None and self.negatives_file is not None:
            raise ValueError("give either negatives or a negatives file, not both")

    def given(self) -> types.Json:
        """Return what differs from the defaults, as JSON can hold it (for hashes and run folders)."""
        content: types.Json = {}
        for key, value in asdict(self).items():
            if value is None or value is False or (key == "offset" and value == 0):
                continue
            content[key] = value if isinstance(value, str | int | float | tuple) else str(Path(value))
        return content

    def refuse(self, kind: str, *keys: str) -> None:
        """Raise ValueError if an option is given that has no meaning for a kind of source."""
        given = self.given()
        for key in keys:
            if key in given:
                raise ValueError(f"{key} means nothing for {kind}: leave it out")


class GivenOptions(TypedDict, total=False):
    """The fields of `Options`, as keyword arguments of `open_dataset`."""

    tf: str | None
    length: int | None
    labelling: str | None
    negatives: str | None
    negatives_file: types.Path | None
    ratio: float | None
    genome: types.Path | None
    signals: Sequence[str] | None
    features: Sequence[str] | None
    test: types.Path | None
    columns: str | None
    offset: int
    seed: int
    division: Sequence[float] | None
    control: str | None
    scale_signals: bool
    peak_windows: bool
    variable: bool
