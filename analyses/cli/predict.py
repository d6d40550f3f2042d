"""`interpret predict`: score windows, intervals or a genome."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: .tsv (all tasks), .bed or .bw (one task), with OUT.json: how it was made; - for "
            "the standard output."
        ),
    ],
    overwrite: Overwrite = False,
    data: Annotated[str | None, typer.Option(help="Data; the run's own by default.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Score this split's windows: test, valid, train or all.")
    ] = None,
    fasta: Annotated[Path | None, typer.Option(help="Score the sequences of a FASTA file.")] = None,
    locus: Annotated[
        str | None, typer.Option(help="Score windows that cover chr:start-end (0-based, half-open).")
    ] = None,
    bed: Annotated[Path | None, typer.Option(help="Score the window about each interval of a BED file.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome FASTA, if not that of --data.")] = None,
    step: Annotated[int, typer.Option(help="Of a whole genome: distance between bins in bp.")] = 200,
    bin_size: Annotated[int | None, typer.Option("--bin", help="Base pairs that a prediction is about.")] = None,
    chromosomes: Annotated[str | None, typer.Option(help="Of a whole genome: only these, e.g. chr1,chr8.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    blacklist: Annotated[Path | None, typer.Option(help="BED whose bins score 0; else that of --data.")] = None,
    task: Annotated[str | None, typer.Option(help="Which task, for .bed and .bw.")] = None,
    strands: Annotated[
        bool | None, typer.Option("--both-strands/--one-strand", help="Average both strands; else as trained.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 256,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; the GPU where there is one.")] = None,
) -> None:
    """Write probabilities of a split (--split), of a BED file (--bed) or of the whole genome (neither)."""
    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device
    from motiflens.models.files import streamed, write_with_record
    from motiflens.models.genome_source import genome_tiles, open_genome_source
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.predict import (
        PredictOptions,
        format_of,
        predict_bed,
        predict_bins,
        predict_windows,
        told,
        write_predictions,
    )
    from motiflens.models.provenance import provenance
    from motiflens.models.regions import Regions, open_regions, split_windows
    from motiflens.models.run import open_run

    own = Regions(bed, fasta, locus, genome, data, cell_type)
    if split is not None and own:
        raise ValueError("give either --split or --bed, --fasta or --locus, not both")
    if step < 1:
        raise ValueError(f"--step is {step}: expected at least 1 bp")
    output_file(out, inputs=[run, data, bed, fasta, genome, blacklist], overwrite=overwrite)
    if not streamed(out) and out.suffix.lower() not in (".tsv", ".bed", ".bw", ".bigwig"):
        note(f"{out}: the ending names no format, so tab-separated values are written")
    opened = open_run(run)
    made_by = provenance(weights_hash=opened.weights_hash)
    of: int | None = None
    how = PredictOptions(strands, batch_size, device or best_device())
    sizes = None
    if split is not None:
        dataset = open_as_trained(opened, data)
        made_by |= {"data": dataset.source, "data_hash": dataset.hash}
        windows = split_windows(dataset, split)
        of = len(windows)
        chunks = predict_windows(opened, windows, how)
    elif fasta is not None or locus is not None:
        opened_regions = open_regions(opened, own)
        made_by |= {"data": opened_regions.source, "data_hash": opened_regions.hash}
        of = len(opened_regions.windows)
        chunks = predict_windows(opened, opened_regions.windows, how)
        if opened_regions.genome is not None:
            at = opened_regions.genome
            sizes = dict(zip(at.names, at.lengths.tolist(), strict=True))
    else:
        genome_source = open_genome_source(
            opened, data, genome=genome, blacklist=blacklist, cell_type=cell_type, bin_size=bin_size
        )
        lengths = genome_source.genome.lengths.tolist()
        made_by |= {"data": str(genome_source.genome.path), "data_hash": genome_source.genome.hash}
        sizes = dict(zip(genome_source.genome.names, lengths, strict=True))
        if bed is not None:
            chunks = predict_bed(opened, genome_source, bed, how)
        else:
            names = tuple(chromosomes.split(",")) if chromosomes else ()
            known = [sizes[name] for name in names or sizes if name in sizes]
            of = sum(max(size - genome_source.bin, -step) // step + 1 for size in known)
            chunks = predict_bins(opened, genome_source, genome_tiles(genome_source, step, names), how)
    with progress_display() as progress, write_with_record(out, made_by) as part:
        total = write_predictions(
            part,
            told(chunks, progress, of),
            opened.tasks,
            task=task,
            sizes=sizes,
            step=step if bed is None else None,
            format=format_of(out),
        )
        made_by["predictions"] = total
    result({"file": str(out), **made_by}, f"{out}: {total:,} predictions", out=out)
