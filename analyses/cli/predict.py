"""`interpret predict`: score windows, intervals or a genome."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motiflens.analyses.cli.shared_options import Overwrite
from motiflens.analyses.cli.workers import Dask, Processes, Threads


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="File to write: .tsv (all tasks), .bed or .bw (one task), with OUT.json: how it was made; - for "
            "the standard output.",
        ),
    ],
    overwrite: Overwrite = False,
    data: Annotated[str | None, typer.Option(help="Data; the run's own by default.")] = None,
    split: Annotated[str | None, typer.Option(help="Score this split's windows.")] = None,
    fasta: Annotated[Path | None, typer.Option(help="Score the sequences of a FASTA file.")] = None,
    locus: Annotated[
        str | None, typer.Option(help="Score windows that cover a region (0-based, half-open).")
    ] = None,
    bed: Annotated[Path | None, typer.Option(help="Score the window about each interval of a BED file.")] = None,
    genome: Annotated[Path | None, typer.Option(help="Genome FASTA, if not that of --data.")] = None,
    step: Annotated[int, typer.Option(help="Of a whole genome: distance between bins in bp.")] = 200,
    bin_size: Annotated[int | None, typer.Option("--bin", help="Base pairs that a prediction is about.")] = None,
    chromosomes: Annotated[str | None, typer.Option(help="Of a whole genome: only these, e.g. chr1,chr8.")] = None,
    cell_type: Annotated[str | None, typer.Option(help="Whose accessibility to read.")] = None,
    blacklist: Annotated[Path | None, typer.Option(help="BED whose bins score 0; else that of --data.")] = None,
    scale_signals: Annotated[
        bool,
        typer.Option("--scale-signals", help="Multiply signals of another size than the run was trained on."),
    ] = False,
    task: Annotated[str | None, typer.Option(help="Which task, for .bed and .bw.")] = None,
    strands: Annotated[
        bool | None, typer.Option("--both-strands/--one-strand", help="Average both strands; else as trained.")
    ] = None,
    strand_merge: Annotated[
        str | None, typer.Option(help="Merge both strands so; else as trained, or as validation chose.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Windows at a time.")] = 256,
    device: Annotated[str | None, typer.Option(help="By default the GPU, where there is one.")] = None,
    processes: Processes = None,
    dask: Dask = None,
    threads: Threads = 1,
) -> None:
    """Write predicted probabilities.

    Of a split (--split), of a BED file (--bed), or of the whole genome (neither).

    A whole genome is predicted in parts, by as many processes as there are cores (or GPUs); stopped, the same
    command goes on with what is missing.
    """
    from contextlib import ExitStack

    from motiflens.analyses.cli.output import note, result
    from motiflens.analyses.cli.progress_display import progress_display
    from motiflens.analyses.cli.workers import absolute, shared_output, workers
    from motiflens.models.data.options import Options
    from motiflens.models.data.signal_ranges import scaled_notes
    from motiflens.models.destination import output_file
    from motiflens.models.evaluate import best_device
    from motiflens.models.executor import device_processes
    from motiflens.models.files import streamed, write_with_record
    from motiflens.models.genome_source import genome_notes
    from motiflens.models.named_list import named_list
    from motiflens.models.open_for_run import open_as_trained
    from motiflens.models.parts import parts_folder
    from motiflens.models.predict import (
        PredictOptions,
        format_of,
        predict_bed,
        predict_windows,
        task_column,
        told,
        write_predictions,
    )
    from motiflens.models.predict_genome import GenomeRequest, part_count, predict_genome
    from motiflens.models.provenance import provenance
    from motiflens.models.real_path import real_path
    from motiflens.models.regions import Regions, data_factors, open_regions, split_windows
    from motiflens.models.run import open_run
    from motiflens.models.strands import merging

    wanted = Options(scale_signals=scale_signals)
    own = Regions(bed, fasta, locus, genome, data, cell_type, wanted)
    if split is not None and own:
        raise ValueError("give either --split or --bed, --fasta or --locus, not both")
    output_file(out, inputs=[run, data, bed, fasta, genome, blacklist], overwrite=overwrite)
    shared_output(out, dask)
    if not streamed(out) and out.suffix.lower() not in (".tsv", ".bed", ".bw", ".bigwig"):
        note(f"{out}: the ending names no format, so tab-separated values are written")
    opened = open_run(run)
    made_by = provenance(weights_hash=opened.weights_hash)
    how = PredictOptions(merging(strands, strand_merge), batch_size, device or best_device())
    sizes = None
    task_column(opened.tasks, task, format_of(out))
    with ExitStack() as stack:
        progress = stack.enter_context(progress_display())
        if split is not None:
            dataset = open_as_trained(opened, data, wanted)
            made_by |= {"data": dataset.source, "data_hash": dataset.hash}
            for line in dataset.notes:
                note(line)
            windows = split_windows(dataset, split)
            chunks = told(predict_windows(opened, windows, how), progress, len(windows))
        elif fasta is not None or locus is not None:
            opened_regions = open_regions(opened, own)
            made_by |= {"data": opened_regions.source, "data_hash": opened_regions.hash}
            of = len(opened_regions.windows)
            for line in opened_regions.notes:
                note(line)
            chunks = told(predict_windows(opened, opened_regions.windows, how), progress, of)
            if opened_regions.genome is not None:
                at = opened_regions.genome
                sizes = dict(zip(at.names, at.lengths.tolist(), strict=True))
        else:
            names = named_list(chromosomes, "--chromosomes") if chromosomes else ()
            factors = data_factors(opened, data, cell_type=cell_type) if scale_signals else {}
            request = GenomeRequest(
                str(real_path(run)),
                absolute(data),
                absolute(genome),
                absolute(blacklist),
                cell_type,
                bin_size,
                step,
                names,
                how,
                tuple(factors.items()),
            )
            genome_source = request.open_source(opened)
            lengths = genome_source.genome.lengths.tolist()
            made_by |= {"data": str(genome_source.genome.path), "data_hash": genome_source.genome.hash}
            sizes = dict(zip(genome_source.genome.names, lengths, strict=True))
            if bed is not None:
                for line in open_regions(opened, own).notes:
                    note(line)
                chunks = told(predict_bed(opened, genome_source, bed, how), progress)
            else:
                remedy = "" if scale_signals else "--scale-signals multiplies it by about"
                for line in (*scaled_notes(factors), *genome_notes(opened, genome_source, data, remedy=remedy)):
                    note(line)
                most = min(device_processes(how.device), part_count(request, genome_source))
                who = workers(processes or (1 if dask else max(most, 1)), dask, threads)
                folder = stack.enter_context(parts_folder(out))
                chunks = predict_genome(request, folder, workers=who, progress=progress)
        part = stack.enter_context(write_with_record(out, made_by))
        made_by["predictions"] = write_predictions(
            part,
            chunks,
            opened.tasks,
            task=task,
            sizes=sizes,
            step=step if bed is None else None,
            format=format_of(out),
        )
    total = made_by["predictions"]
    result({"file": str(out), **made_by}, f"{out}: {total:,} predictions", out=out)
