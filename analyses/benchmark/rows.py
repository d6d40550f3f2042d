"""The tidy table: one row a score of a method on a trained model."""

from __future__ import annotations

from motiflens.analyses.benchmark.measures import FAILED, measure_of
from motiflens.analyses.benchmark.part import MODEL, Part, read_part
from motiflens.analyses.benchmark.trainings import Training
from motiflens.models.study.member import told
from motiflens.models.types import Json

COLUMNS = (
    "tf",
    "model",
    "method",
    "seed",
    "control",
    "score",
    "windows",
    "resolution",
    "value",
    "low",
    "high",
    "n",
    "seconds",
    "note",
)


def part_rows(part: Part) -> list[Json]:
    """Return the rows of a part; none if it has not been done.

    ``value`` with its 95 % interval over windows (``low``, ``high``), ``n`` windows; ``windows`` and
    ``resolution`` say what of; ``seconds`` is what the method takes for a window.
    """
    record = read_part(part)
    if not record:
        return []
    common = {
        "tf": part.tf,
        "model": part.model,
        "method": part.label,
        "seed": part.seed,
        "control": part.control,
        "seconds": record["seconds"],
    }
    if record["error"]:
        return [{**common, "score": record["error"], "windows": "", "resolution": "", "note": record["reason"]}]
    rows = []
    for one in record["measures"]:
        measure = measure_of(one)
        value, low, high = (float("nan") if limit is None else limit for limit in one["interval"])
        rows.append(
            {
                **common,
                "score": measure.score,
                "windows": measure.windows,
                "resolution": measure.resolution,
                "value": value,
                "low": low,
                "high": high,
                "n": len(measure.values),
                "note": "",
            }
        )
    return rows


def training_failure(training: Training, reason: str) -> Json:
    """Return the row of a training that failed."""
    note = reason if training.member is None else "; ".join(filter(None, [told(training.member), reason]))
    return {
        "tf": training.tf,
        "model": training.model,
        "method": MODEL,
        "seed": training.seed,
        "control": training.control,
        "score": FAILED,
        "windows": "",
        "resolution": "",
        "note": note,
    }
