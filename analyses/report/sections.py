"""Sections of the report beside motifs: studies, runs, and checks, in the chapters that they belong to."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from motiflens.analyses.report.folder import REQUIRED
from motiflens.analyses.study import STUDY, read_study
from motiflens.models.amount import amount
from motiflens.models.data.text import listed
from motiflens.models.metrics_file import read_metrics
from motiflens.models.reading import reading
from motiflens.models.run_files import CONFIG, LOG, METRICS
from motiflens.models.types import Json

# Chapter -> anchor, and the kinds of section that belong to it, in order.
CHAPTERS = {
    "What the model is": ("is", ("run", "evaluate", "compare")),
    "What it looks at": ("looks", ("chip", "attention", "importance", "dnase")),
    "What it learned": ("learned", ("motifs", "kmers")),
    "How sure that is": ("sure", ("nulls", "sanity", "benchmark")),
}
ROWS, COLUMNS = 40, 14  # of tables that are shown


@dataclass(frozen=True)
class Shown:
    """A table as text."""

    name: str
    caption: str
    head: list[str]
    rows: list[list[str]]
    more: int = 0


@dataclass(frozen=True)
class Section:
    """One study, run or check; `figures` are data addresses with captions."""

    kind: str
    anchor: str
    title: str
    sentences: list[str]
    figures: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Shown] = field(default_factory=list)
    command: str = ""


@dataclass(frozen=True)
class Chapter:
    """Sections that answer one question."""

    anchor: str
    title: str
    sections: list[Section]


def is_motifs_folder(path: Path) -> bool:
    """Whether a path is to be read as an output folder of `interpret motifs`: also if nothing else fits."""
    if (path / REQUIRED[0]).is_file():
        return True
    return not ((path / STUDY).is_file() or (path / CONFIG).is_file() or path.is_file())


def chapters(paths: Sequence[Path]) -> list[Chapter]:
    """Arrange studies, run folders and results of `interpret sanity` into chapters.

    Parameters
    ----------
    paths
        Output folders of studies, run folders, and JSON files of `interpret sanity`.

    Returns
    -------
    list of Chapter
        All four of `CHAPTERS`, the empty ones too: the page puts motifs into the third.

    Raises
    ------
    FileNotFoundError, ValueError
        If one is not whole, or none of these.
    """
    sections: list[Section] = []
    for number, path in enumerate(paths):
        anchor = f"part{number}"
        with reading(path, "result", "make it again", checked=True):
            if path.is_file():
                sections.append(_sanity(path, anchor))
            elif (path / STUDY).is_file():
                sections += _study(path, anchor)
            else:
                sections.append(_run(path, anchor))
    return [
        Chapter(anchor, title, [section for kind in kinds for section in sections if section.kind == kind])
        for title, (anchor, kinds) in CHAPTERS.items()
    ]


def shown_table(name: str, caption: str, table: pd.DataFrame) -> Shown:
    """Write the first rows and columns of a table as text."""
    table = table.iloc[:, :COLUMNS]
    rows = [[_cell(value) for value in row] for row in table.head(ROWS).itertuples(index=False)]
    return Shown(name, caption, [str(column) for column in table], rows, max(0, len(table) - ROWS))


def _study(path: Path, anchor: str) -> list[Section]:
    """One section of a study; its figure of chance stands in the last chapter as well as in its own."""
    study = read_study(path)
    figures = [(_address(file), caption) for file, caption in study.figures]
    tables = []
    for file, caption in study.tables:
        table = pd.read_csv(file, sep="\t", nrows=2000)
        if len(table) <= 4 * ROWS:
            tables.append(shown_table(file.name, caption, table))
    title = f"{study.title} ({path.name})"
    command = str(study.made_by.get("command", ""))
    own = Section(study.kind, anchor, title, list(study.findings), figures, tables, command)
    nulls = [
        pair
        for (file, _), pair in zip(study.figures, figures, strict=True)
        if file.stem.startswith(("nulls", "shift"))
    ]
    if not nulls:
        return [own]
    words = ["What chance, the middle of the window and an untrained model give of the same measures:"]
    return [own, Section("nulls", f"{anchor}-nulls", f"Chance beside {path.name}", words, nulls)]


def _run(path: Path, anchor: str) -> Section:
    from motiflens.analyses.figures.learning_curves import learning_curves
    from motiflens.models.compare import task_table

    config = _json(path / CONFIG)
    model, data = config.get("model", {}), config.get("data", {})
    training = config.get("training", {})
    sentences = [
        f"{model.get('architecture')} for windows of {model.get('length')} bp, {model.get('channels')} channels "
        f"({listed(config.get('channels') or ['not named'], 6)}), "
        f"{amount(int(model.get('outputs') or 1), 'output')}.",
        f"Data: {data.get('source', 'not recorded')}, opened with {_words(data.get('options', {}))}.",
        f"Recipe: {_words({key: value for key, value in training.items() if not isinstance(value, dict)})}.",
        f"Hyperparameters: {_words(model.get('hyperparameters', {}))}.",
    ]
    tables = []
    read_metrics(path)  # damaged ones are told; a split that was not measured is left out
    for split in ("test", "valid"):
        try:
            table = task_table(path, split=split).drop(columns=["data", "data_hash"], errors="ignore")
        except (FileNotFoundError, ValueError):
            continue
        tables.append(shown_table(f"{METRICS} ({split})", f"Measures on the {split} split.", table))
    figures = []
    if (path / LOG).is_file():
        drawing = learning_curves({path.name: pd.read_csv(path / LOG)})
        figures.append(
            (_png(drawing), f"Loss and validation auPRC of {path.name} by epoch; the best epoch was kept.")
        )
    return Section("run", anchor, f"The run {path.name}", sentences, figures, tables)


def _sanity(path: Path, anchor: str) -> Section:
    record = _json(path)
    rows = record.get("checks")
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{path} is no result of 'interpret sanity --out': give such a file, or a folder")
    made = record.get("made_by", {})
    caption = "Checks of an attribution method; a limit says from where on a check has failed."
    table = shown_table(path.name, caption, pd.DataFrame(rows))
    words = [f"Checks of {record.get('method', 'an attribution method')} on {record.get('windows', '?')} windows."]
    return Section("sanity", anchor, f"Checks ({path.name})", words, [], [table], str(made.get("command", "")))


def _address(file: Path) -> str:
    """Return an SVG file as an address that needs no other file; an image cannot clash with others' names."""
    return "data:image/svg+xml;base64," + base64.b64encode(file.read_bytes()).decode("ascii")


def _png(figure: object) -> str:
    from io import BytesIO

    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=200)  # type: ignore[attr-defined]
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _json(path: Path) -> Json:
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no JSON ({error}): nothing to report on") from error
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path.parent} is no output of 'interpret motifs' or of a study, and no run folder: nothing to "
            "report on"
        ) from None
    return content


def _words(options: Json) -> str:
    return ", ".join(f"{key} {value}" for key, value in options.items() if value is not None) or "nothing else"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    return str(value)
