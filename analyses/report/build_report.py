"""One self-contained HTML file from one or several output folders of `interpret motifs`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from motiflens.analyses.motifs.cluster_edit import THRESHOLDS
from motiflens.analyses.report.folder import read_folder
from motiflens.analyses.report.glyphs import glyph_symbols
from motiflens.analyses.report.sections import chapters, is_motifs_folder
from motiflens.analyses.report.view import HEADS, compare, view
from motiflens.models.files import write_text
from motiflens.models.provenance import versions
from motiflens.models.reading import reading


def build_report(folders: Sequence[Path], out: Path) -> Path:
    """Write one page on whatever is given: motifs of one run or of several side by side, studies, runs, checks.

    The file holds everything it shows (no network, no other file), is readable without JavaScript, and prints.

    Parameters
    ----------
    folders
        Output folders of `interpret motifs` and of studies (`interpret chip`, …), run folders, and JSON files of
        `interpret sanity`. With other than motifs the page has chapters and a table of contents: what the model
        is, what it looks at, what it learned, how sure that is.
    out
        The HTML file to write, whole.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no folder, or one is not whole (see `read_folder`).
    """
    from jinja2 import Environment, StrictUndefined

    if not folders:
        raise ValueError("no folder to report on: give at least one output folder of 'interpret motifs'")
    paths = [Path(folder) for folder in folders]
    motifs = [path for path in paths if is_motifs_folder(path)]
    others = [path for path in paths if path not in motifs]
    runs = []
    for number, folder in enumerate(motifs):
        with reading(folder, "folder of motifs", "make it again by 'interpret motifs'", checked=True):
            runs.append(view(read_folder(folder), anchor=f"run{number}"))
    parts = chapters(others) if others else []
    templates = files("motiflens.analyses.report") / "templates"
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        (templates / "report.html").read_text(encoding="utf-8")
    )
    title = f"Motifs learned by {runs[0].name}" if len(runs) == 1 else "Motifs learned by several models"
    if parts:
        title = "What the model has learned, and whether to believe it"
    lead = runs[0].lead if len(runs) == 1 else "; ".join(run.name for run in runs)
    text = page.render(
        title=title,
        lead=lead or ", ".join(path.name for path in others),
        runs=runs,
        chapters=parts,
        comparison=compare(runs),
        heads=HEADS,
        edit_distances=THRESHOLDS,
        symbols=glyph_symbols(),
        css=(templates / "report.css").read_text(encoding="utf-8"),
        js=(templates / "report.js").read_text(encoding="utf-8"),
        version=versions(("motiflens",)).get("motiflens", ""),
    )
    write_text(out, text)
    return Path(out)
