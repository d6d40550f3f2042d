"""`interpret variants`: what variants do to a model's prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.option_groups import option_groups
from motiflens.analyses.cli.work_options import WorkOptions
from motiflens.interpret.attribution.method_costs import costs


@option_groups
def command(
    work: WorkOptions,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    vcf: Annotated[Path, typer.Option(help="Variants: VCF, also .gz; BCF with the extra vcf.")],
    genome: Annotated[Path | None, typer.Option(help="Genome FASTA, if not that of --data.")] = None,
    data: Annotated[str | None, typer.Option(help="Folder with dataset.toml; the run's own by default.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    mismatch: Annotated[
        str, typer.Option(help="Where REF is not what the genome has: refuse, or skip and list.")
    ] = "refuse",
    shifts: Annotated[int, typer.Option(help="Average over windows moved by up to this many bp.")] = 0,
    null: Annotated[
        int, typer.Option(help="Random variants, matched in kind and place, for p; 0 for no p.")
    ] = 1000,
    method: Annotated[
        str | None, typer.Option(help=f"Attribution whose change to report, at twice its cost: {costs()}.")
    ] = None,
    attention: Annotated[bool, typer.Option("--attention", help="Report the change of attention.")] = False,
    motifs: Annotated[
        str | None, typer.Option(help="Motif file or jaspar:…: report the site that is made or broken.")
    ] = None,
    annotated: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also write the VCF with the effects in INFO.")
    ] = None,
    top: Annotated[int, typer.Option(help="Draw logos of both alleles for this many of the largest effects.")] = 0,
    image: Annotated[str, typer.Option(help="Format of the logos.")] = "png",
) -> None:
    """Predict what variants do.

    The logit of the alternative less that of the reference allele, mean of both strands, with a p-value.
    """
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.study import PROVENANCE
    from motiflens.analyses.variants_command import VariantFiles, variants_command
    from motiflens.models.destination import output_folder

    files = VariantFiles(
        vcf=vcf,
        out=work.out,
        genome=genome,
        data=data,
        cell_type=cell_type,
        motifs=motifs,
        annotated=annotated,
        top=top,
        image=image,
    )
    inputs = [run, vcf, genome, data, motifs]
    work.check(inputs, annotated, files.skipped)
    if files.logos is not None:
        output_folder(files.logos, mark=PROVENANCE, names=(f"*.{image}",), inputs=inputs, overwrite=work.overwrite)
    with progress_display() as progress:
        record = variants_command(
            run,
            files,
            mismatch=mismatch,
            device=work.place,
            options={
                "task": work.task,
                "shifts": shifts,
                "null": null,
                "method": method,
                "attention": attention,
                "batch_size": work.batch_size,
                "seed": work.seed,
            },
            progress=progress,
        )
    for line in record["notes"]:
        note(line)
    if top > record["scored"]:
        note(f"--top {top}: {record['scored']} alleles are scored, and drawn")
    for reason, count in record["skipped"].items():
        note(
            f"{count:,} alleles left out: {reason}"
            + ("" if files.skipped is None else f" (listed in {files.skipped})")
        )
    result(record, f"{work.out}: {record['variants']:,} alleles", out=work.out)
