"""One self-contained HTML file from one or several output folders of `interpret motifs`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from motiflens.analyses.motifs.cluster_edit import THRESHOLDS
from motiflens.analyses.report.folder import read_folder
from motiflens.analyses.report.glyphs import glyph_symbols
from motiflens.analyses.report.view import HEADS, compare, view
from motiflens.models.files import write_text
from motiflens.models.provenance import versions


def build_report(folders: Sequence[Path], out: Path) -> Path:
    """Write the report of one run, or of several side by side.

    The file holds everything it shows (no network, no other file), is readable without JavaScript, and prints.

    Parameters
    ----------
    folders
        Output folders of `interpret motifs`.
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
    runs = [view(read_folder(folder), anchor=f"run{i}") for i, folder in enumerate(folders)]
    templates = files("motiflens.analyses.report") / "templates"
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        (templates / "report.html").read_text(encoding="utf-8")
    )
    title = f"Motifs learned by {runs[0].name}" if len(runs) == 1 else "Motifs learned by several models"
    text = page.render(
        title=title,
        lead=runs[0].lead if len(runs) == 1 else "; ".join(run.name for run in runs),
        runs=runs,
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
