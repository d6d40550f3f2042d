"""`interpret sanity`: do a model's attributions deserve to be believed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.shared_options import Overwrite
from motiflens.interpret.attribution.method_costs import costs

if TYPE_CHECKING:
    from motiflens.interpret.sanity import Sanity

FAILED = 3  # exit code: a check failed


@option_groups
def command(
    data: DataOptions,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    split: Annotated[str, typer.Option(help="Where the windows come from.")] = "test",
    method: Annotated[
        str, typer.Option(help=f"Attribution method, and what it costs a window: {costs()}.")
    ] = "saliency",
    task: Annotated[str | None, typer.Option(help="Output to look at, by name; the first by default.")] = None,
    windows: Annotated[int, typer.Option(help="Windows to attribute, bound ones first.")] = 32,
    shuffled: Annotated[Path | None, typer.Option(help="Run trained on shuffled labels.")] = None,
    epochs: Annotated[int, typer.Option(help="Else: epochs of training a twin on them; 0 leaves it out.")] = 5,
    twin: Annotated[
        list[Path] | None, typer.Option(help="Run trained alike from another start; repeatable.")
    ] = None,
    twins: Annotated[int, typer.Option(help="Else: twins to train anew on the true labels, for --epochs.")] = 0,
    output: Annotated[str | None, typer.Option(help="Which of several outputs: index or name.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    batch_size: Annotated[int, typer.Option(help="Rows in one pass.")] = 64,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Also write the results here (JSON).")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Test whether attributions are about the model at all.

    Weights and labels are randomised, seeds, strands and batches changed: what becomes of the attributions?

    The exit code is 0 if every check passed and 3 if one failed (2: bad input).
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.interpret.sanity import SanityOptions, sanity
    from motiflens.models.destination import output_file
    from motiflens.models.files import streamed, write_json
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.output import parse_output
    from motiflens.models.provenance import provenance
    from motiflens.models.run import open_run, task_number

    if out is not None:
        output_file(out, inputs=[run, data.source, shuffled, *(twin or ())], overwrite=overwrite, record=False)
    opened = open_run(run)
    dataset = open_as_trained(opened, data.named(), data.options())
    for line in dataset.notes:
        note(line)
    checks = sanity(
        opened,
        dataset[split],
        method=method,
        target=task_number(opened, task),
        shuffled=None if shuffled is None else open_run(shuffled),
        twins=[open_run(twin) for twin in twin or ()],
        settings=SanityOptions(
            n=windows, epochs=epochs, twins=twins, seed=seed, batch_size=batch_size, output=parse_output(output)
        ),
    )
    made_by = provenance(seed=seed, data=dataset.source, data_hash=dataset.hash, weights_hash=opened.weights_hash)
    record = {**checks.as_json(), "made_by": made_by}
    if out is not None:
        write_json(out, record)
    if not streamed(out):
        result(record)
        _show(checks, str(run))
    if not checks.passed:
        raise typer.Exit(FAILED)


def _show(checks: Sanity, run: str) -> None:
    from motiflens.analyses.cli.tables import print_table

    verdicts = {True: "passed", False: "FAILED"}
    lines = [
        [check, part, measure, f"{value:.4g}", limit, verdicts.get(passed, "")]
        for check, part, measure, value, limit, passed in checks.table.to_numpy().tolist()
    ]
    title = f"{checks.method} of {run}, {checks.windows} windows"
    print_table(["check", "part", "measure", "value", "limit", ""], lines, title=title)
