"""What the commands of studies share: opening runs, showing progress, writing, and what is said at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motiflens.analyses.cli.data_options import DataOptions
    from motiflens.analyses.cli.region_options import RegionOptions
    from motiflens.analyses.cli.study_options import StudyOptions
    from motiflens.analyses.study import Study
    from motiflens.analyses.targets import OpenedRun
    from motiflens.models.progress import Progress


def run_study(
    paths: Sequence[Path],
    data: DataOptions,
    options: StudyOptions,
    make: Callable[[list[OpenedRun], Progress], Study],
    *,
    regions: RegionOptions | None = None,
) -> None:
    """Open runs, make a study of them, write it, and print what was found.

    Parameters
    ----------
    paths
        Run folders, or folders of runs.
    data, options
        The data options of the command, and those of studies.
    make
        Makes the study of the opened runs.
    regions
        A user's own windows, where the study takes any.
    """
    from motiflens.analyses.cli.output import note
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.targets import open_runs
    from motiflens.models.evaluate import best_device
    from motiflens.models.progress import Step

    inputs = [*paths, data.source, data.genome, *(regions.files if regions else ())]
    check_folder(options.out, inputs, overwrite=options.overwrite)
    with progress_display() as progress:
        progress(Step("opening the data"))
        runs = open_runs(
            paths,
            data.named(),
            data.options(),
            split=options.split,
            regions=regions.of(data) if regions else None,
            device=options.device or best_device(),
        )
        for line in dict.fromkeys(line for opened in runs for line in opened.dataset.notes):
            note(line)
        study = make(runs, progress)
    leave(study, options.out)


def check_folder(out: Path, inputs: Iterable[Path | str | None], *, overwrite: bool) -> None:
    """Check the folder of a study, before any work; see `output_folder`."""
    from motiflens.analyses.study import FILES, PROVENANCE
    from motiflens.models.destination import output_folder

    output_folder(out, mark=PROVENANCE, names=FILES, inputs=inputs, overwrite=overwrite)


def leave(study: Study, out: Path) -> None:
    """Write a study, and print what was found."""
    from motiflens.analyses.cli.output import result
    from motiflens.analyses.study import write_study
    from motiflens.models.amount import amount

    files = write_study(study, out)
    figures, tables = amount(len(study.figures), "figure"), amount(len(study.tables), "table")
    count = f"{figures} as SVG and PNG, {tables}, {files[-1].name}"
    record = {"kind": study.kind, "findings": list(study.findings), "files": [str(file) for file in files]}
    result({**record, "made_by": study.made_by}, *study.findings, f"{out}: {count}")
