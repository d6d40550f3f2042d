"""What every study leaves behind: figures, tables, what was found in words, and how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from motiflens.models import types
from motiflens.models.files import files_together, write_json, write_text, write_whole
from motiflens.models.folder_lock import folder_lock
from motiflens.models.types import Json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STUDY, PROVENANCE = "study.json", "provenance.json"
FILES = (PROVENANCE, STUDY, "*.svg", "*.png", "*.tsv")  # what a study writes, by pattern


@dataclass(frozen=True)
class StudyFigure:
    """A figure and what has to be known to read it.

    Attributes
    ----------
    name
        Of the files, without suffix.
    figure
        Matplotlib's.
    caption
        n, the test, and what could be misread.
    """

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Study:
    """The result of a study, not yet written.

    Attributes
    ----------
    kind
        The command, such as ``chip``.
    title
        For the report.
    findings
        Sentences with the numbers that count, whichever way they go.
    figures
        In the order of reading.
    tables
        Name of the file without suffix -> table, and in `captions` what its columns are.
    captions
        Name of a table -> what it holds.
    made_by
        Provenance; see `motiflens.models.provenance`.
    """

    kind: str
    title: str
    findings: Sequence[str]
    figures: Sequence[StudyFigure]
    tables: Mapping[str, pd.DataFrame]
    captions: Mapping[str, str] = field(default_factory=dict)
    made_by: Json = field(default_factory=dict)


@dataclass(frozen=True)
class StudyFolder:
    """A study as it was written; see `Study`.

    Attributes
    ----------
    figures
        SVG file and caption.
    tables
        TSV file and what it holds.
    """

    path: Path
    kind: str
    title: str
    findings: tuple[str, ...]
    figures: tuple[tuple[Path, str], ...]
    tables: tuple[tuple[Path, str], ...]
    made_by: Json


def write_study(study: Study, out: types.Path) -> list[Path]:
    """Write a study into a folder (made if need be): SVG and PNG figures, TSV tables, ``provenance.json``.

    Returns
    -------
    list of Path
        The files, those to look at first in front.
    """
    folder = Path(out)
    with folder_lock(folder):
        with files_together(folder, first=PROVENANCE) as part:
            files = write_figures(part, study.figures)
            for name, table in study.tables.items():
                files.append(part / f"{name}.tsv")
                write_text(files[-1], table.to_csv(sep="\t", index=False))
            write_json(part / PROVENANCE, study.made_by)
        # Last: a folder with it is whole.
        write_json(folder / STUDY, _record(study))
    return [*(folder / file.relative_to(part) for file in files), folder / PROVENANCE]


def _record(study: Study) -> Json:
    """Return what `read_study` reads."""
    return {
        "kind": study.kind,
        "title": study.title,
        "findings": list(study.findings),
        "figures": [{"name": shown.name, "caption": shown.caption} for shown in study.figures],
        "tables": [{"name": name, "caption": study.captions.get(name, "")} for name in study.tables],
    }


def write_figures(folder: Path, figures: Sequence[StudyFigure]) -> list[Path]:
    """Write each figure as PNG and SVG into a folder (made if need be); return the files."""
    from matplotlib import rc_context

    files: list[Path] = []
    for shown in figures:
        for kind in ("png", "svg"):
            files.append(folder / f"{shown.name}.{kind}")
            # Without the time of day, the same data give the same file.
            metadata = {"Date": None} if kind == "svg" else None
            with write_whole(files[-1]) as part, rc_context({"svg.hashsalt": "motiflens"}):
                shown.figure.savefig(part, format=kind, dpi=300, metadata=metadata)
            shown.figure.set_layout_engine("none")  # laid out once is enough
    return files


def read_study(path: types.Path) -> StudyFolder:
    """Read back what `write_study` wrote.

    Raises
    ------
    FileNotFoundError
        If the folder holds no study.
    ValueError
        If its record is damaged.
    """
    folder = Path(path)
    if not (folder / STUDY).is_file():
        raise FileNotFoundError(f"{folder} holds no {STUDY}: it is no output of a study such as 'interpret chip'")
    try:
        record = json.loads((folder / STUDY).read_text(encoding="utf-8"))
        made_by = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
        return StudyFolder(
            path=folder,
            kind=record["kind"],
            title=record["title"],
            findings=tuple(record["findings"]),
            figures=tuple((folder / f"{row['name']}.svg", row["caption"]) for row in record["figures"]),
            tables=tuple((folder / f"{row['name']}.tsv", row["caption"]) for row in record["tables"]),
            made_by=made_by,
        )
    except (json.JSONDecodeError, KeyError) as error:
        raise ValueError(f"{folder / STUDY} is damaged ({error!r}): run the study again") from error


def number(value: float, digits: int = 2) -> str:
    """Return a number as captions show it, or a dash where there is none; a zero has no sign.

    >>> number(0.1234), number(-0.001), number(float("nan"))
    ('0.12', '0.00', '-')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}" if value == value else "-"


def p_words(p: float) -> str:
    """Return a p-value as captions show it.

    >>> p_words(0.03), p_words(1e-9), p_words(0.0)
    ('p = 0.03', 'p = 1e-09', 'p < 1e-300')
    """
    if p != p:
        return "p unknown"
    return f"p = {p:.2g}" if p else "p < 1e-300"
