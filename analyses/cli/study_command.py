"""What the commands of studies share: opening runs, showing progress, writing, and what is said at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motiflens.analyses.cli.data_options import DataOptions
    from motiflens.analyses.study import Study
    from motiflens.analyses.targets import OpenedRun
    from motiflens.models.progress import Progress


def run_study(
    paths: Sequence[Path],
    data: DataOptions,
    out: Path,
    make: Callable[[list[OpenedRun], Progress], Study],
    *,
    split: str = "test",
    device: str | None = None,
) -> None:
    """Open runs, make a study of them, write it, and print what was found.

    Parameters
    ----------
    paths
        Run folders, or folders of runs.
    data
        The data options of the command.
    out
        Folder to write to.
    make
        Makes the study of the opened runs.
    split, device
        See `open_runs`.
    """
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.study import PROVENANCE
    from motiflens.analyses.targets import open_runs
    from motiflens.models.destination import output_folder
    from motiflens.models.evaluate import best_device
    from motiflens.models.progress import Step

    output_folder(out, mark=PROVENANCE, names=(PROVENANCE,), inputs=[*paths, data.source])
    with progress_display() as progress:
        progress(Step("opening the data"))
        runs = open_runs(paths, data.named(), data.options(), split=split, device=device or best_device())
        study = make(runs, progress)
    leave(study, out)


def leave(study: Study, out: Path) -> None:
    """Write a study, and print what was found."""
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.study import write_study

    files = write_study(study, out)
    count = f"{len(study.figures)} figure(s) as SVG and PNG, {len(study.tables)} table(s), {files[-1].name}"
    record = {"kind": study.kind, "findings": list(study.findings), "files": [str(file) for file in files]}
    result({**record, "made_by": study.made_by}, *study.findings, f"{out}: {count}")
