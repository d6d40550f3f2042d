"""`interpret data`: looking at data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.shared_options import Overwrite

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from motiflens.models.data.describe import Description
    from motiflens.models.data.windows import Dataset

app = typer.Typer(help="Describe a data set; tell how unique a genome is.", no_args_is_help=True)
_SHOWN = 20  # tasks
_HEADINGS = {"positives": "pos", "negatives": "neg", "gc_positive": "GC pos", "gc_negative": "GC neg", "n": "N"}
_PERCENT = ("unknown", "gc_positive", "gc_negative", "n", "zero")


@app.callback()
def _group() -> None:
    """Describe a data set; how unique a genome is."""


@app.command("describe")
@option_groups
def describe_command(
    data: DataOptions,
    source: Annotated[
        Path | None, typer.Argument(metavar="[SOURCE]", help="What to describe; default: the simulated genome.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder: are the signals as large as those that it was trained on?")
    ] = None,
) -> None:
    """Describe a data set, and warn of what will hurt."""
    from motiflens.analyses.cli.output import result, talkative
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.models.data.describe import describe
    from motiflens.models.data.signal_ranges import fit_signals
    from motiflens.models.open_for_run import known_signals
    from motiflens.models.progress import Step
    from motiflens.models.run import open_run

    with progress_display() as progress:
        if data.scale_signals and run is None:
            raise ValueError("--scale-signals needs --run: whose signals shall be reached?")
        dataset = _folder_of_sets(data) or data.open(progress)
        if run is not None:
            dataset = fit_signals(dataset, known_signals(open_run(run)), scale=data.scale_signals)
        progress(Step("describing the data"))
        description = describe(dataset)
    result(description.as_json())
    if talkative():
        _show(description)


def _folder_of_sets(data: DataOptions) -> Dataset | None:
    """Open a folder of several DeepBind-format sets as one, whole, unless one of them is chosen."""
    from motiflens.models.data.deepbind_seq import seq_sets

    folder = data.source
    if data.tf is not None or folder is None or not folder.is_dir() or (folder / "dataset.toml").exists():
        return None
    if len(seq_sets(folder)) < 2:
        return None
    from motiflens.models.set_folder import folder_as_it_is

    return folder_as_it_is(folder, ratio=data.ratio, seed=data.seed)


@app.command("uniqueness")
def uniqueness_command(
    genome: Annotated[Path, typer.Argument(help="FASTA of the genome.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="bigWig to write.")],
    size: Annotated[int, typer.Option(help="Length of the k-mers.")] = 35,
    most: Annotated[int, typer.Option(help="Counts above this are 0.")] = 4,
    memory: Annotated[float, typer.Option(help="GB of memory to use, about.")] = 4.0,
    overwrite: Overwrite = False,
) -> None:
    """Write how unique each place of a genome is.

    1 / count of its 35-mer, as ENCODE's Duke uniqueness.
    """
    from motiflens.analyses.cli.output import result
    from motiflens.models.data.genome import open_genome
    from motiflens.models.data.uniqueness import write_uniqueness
    from motiflens.models.destination import output_file
    from motiflens.models.files import write_with_record
    from motiflens.models.provenance import provenance

    output_file(out, inputs=[genome], overwrite=overwrite)
    opened = open_genome(genome)
    made_by = {"size": size, "most": most, **provenance(data=str(opened.path), data_hash=opened.hash)}
    with write_with_record(out, made_by) as part:
        write_uniqueness(opened, part, size=size, most=most, memory=1e9 * memory)
    result({"file": str(out), **made_by}, str(out), out=out)


def _show(description: Description) -> None:
    from rich.console import Console

    console = Console()
    console.print(f"{description.source}: {description.kind}", highlight=False, markup=False, soft_wrap=True)
    lines = {
        "windows": f"{description.length} bp, channels {', '.join(description.channels)}",
        "meta": ", ".join(description.meta_names),
        "tracks": ", ".join(description.tracks),
        "hash": description.hash[:16],
        **{f"note {i + 1}": note for i, note in enumerate(description.notes)},
    }
    for name, text in lines.items():
        if text:
            console.print(f"  {name:8} {text}", highlight=False, markup=False, soft_wrap=True)
    for table in (description.splits, description.tasks.head(_SHOWN), description.signals):
        if len(table):
            _table(console, table)
    if len(description.tasks) > _SHOWN:
        console.print(f"… and {len(description.tasks) - _SHOWN} more tasks (--json prints all)")
    for warning in description.warnings:
        console.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)


def _table(console: Console, table: pd.DataFrame) -> None:
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in table:
        shown.add_column(
            _HEADINGS.get(str(column), str(column)),
            justify="left" if table[column].dtype.kind in "OT" else "right",
        )
    for row in table.to_dict(orient="records"):
        shown.add_row(*(_cell(str(column), value) for column, value in row.items()))
    console.print(shown)


def _cell(column: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1%}" if column in _PERCENT else f"{value:.4g}"
    return str(value)
