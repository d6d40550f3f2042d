"""The options of `open_dataset`, as one value."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path

from motiflens.models import types
from motiflens.models.data.folder_spec import LABELLINGS

NEGATIVES = ("dinucleotide", "gc", "bins")


@dataclass(frozen=True)
class Options:
    """What `open_dataset` was asked for; see there. None stands for the source's own default."""

    tf: str | None = None
    length: int | None = None
    labelling: str | None = None
    negatives: str | None = None
    negatives_file: types.Path | None = None
    ratio: float | None = None
    genome: types.Path | None = None
    signals: tuple[str, ...] | None = None
    test: str | None = None
    columns: str | None = None
    offset: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what can be checked without the source."""
        if self.length is not None and self.length < 1:
            raise ValueError(f"length is {self.length}: expected at least 1 bp")
        if self.labelling is not None and self.labelling not in LABELLINGS:
            raise ValueError(f"labelling {self.labelling!r} is unknown: expected {', '.join(LABELLINGS)}")
        if self.negatives is not None and self.negatives not in NEGATIVES:
            raise ValueError(
                f"negatives {self.negatives!r} are unknown: expected {', '.join(NEGATIVES)}, or a file"
            )
        if self.ratio is not None and not self.ratio >= 0:
            raise ValueError(f"ratio is {self.ratio}: expected negatives per positive, 0 or more")
        if self.ratio is not None and math.isinf(self.ratio) and self.negatives in ("dinucleotide", "gc"):
            raise ValueError(f"ratio is infinite, which {self.negatives} negatives cannot be: expected a number")
        if self.offset < 0:
            raise ValueError(f"offset is {self.offset}: expected 0 bp or more")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}: expected 0 or more")
        if self.negatives is not None and self.negatives_file is not None:
            raise ValueError("give either negatives or a negatives file, not both")

    def given(self) -> types.Json:
        """Return what differs from the defaults, as JSON can hold it (for hashes and run folders)."""
        found: types.Json = {}
        for key, value in asdict(self).items():
            if value is None or (key == "offset" and value == 0):
                continue
            found[key] = value if isinstance(value, str | int | float | tuple) else str(Path(value))
        return found

    def refuse(self, kind: str, *keys: str) -> None:
        """Raise ValueError if an option is given that has no meaning for a kind of source."""
        given = self.given()
        for key in keys:
            if key in given:
                raise ValueError(f"{key} means nothing for {kind}: leave it out")
