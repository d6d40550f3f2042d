"""What `interpret variants` does: read, score, write the table and what goes with it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.study import PROVENANCE
from motiflens.analyses.variant_figure import variant_figure
from motiflens.analyses.variant_files import write_annotated, write_skipped, write_table
from motiflens.analyses.variants import VariantOptions, variant_effects
from motiflens.models import types
from motiflens.models.data.vcf import Variants, read_vcf
from motiflens.models.destination import written_by_us
from motiflens.models.files import files_together, streamed, write_json, write_with_record
from motiflens.models.genome_source import genome_notes, open_genome_source
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.provenance import file_hash, provenance
from motiflens.models.run import open_run, task_number

IMAGES = ("png", "svg", "pdf")


@dataclass(frozen=True)
class VariantFiles:
    """What is read and written.

    Attributes
    ----------
    vcf, genome, data, cell_type
        Variants; FASTA, or a folder with ``dataset.toml`` and the cell type whose signals are read.
    out, annotated
        Table (TSV), and the VCF with effects, or None.
    motifs
        Motif file or JASPAR by name, or None.
    top, image
        Number of pictures, and their format.
    """

    vcf: Path
    out: Path
    genome: Path | None = None
    data: str | None = None
    cell_type: str | None = None
    motifs: str | None = None
    annotated: Path | None = None
    top: int = 0
    image: str = "png"

    def __post_init__(self) -> None:
        if self.image not in IMAGES:
            raise ValueError(f"image {self.image!r} is unknown: expected {', '.join(IMAGES)}")
        check_numbers(self)
        if self.top and streamed(self.out):
            raise ValueError("logos need a table in a file: give --out FILE")

    @property
    def skipped(self) -> Path | None:
        """Where alleles that are left out are listed; None where the table is streamed."""
        return None if streamed(self.out) else Path(f"{self.out}.skipped.tsv")

    @property
    def logos(self) -> Path | None:
        """The folder of the pictures, if any are drawn."""
        return Path(f"{self.out}.logos") if self.top else None


def variants_command(
    run: types.Path,
    files: VariantFiles,
    *,
    mismatch: str = "refuse",
    device: torch.device | str = "cpu",
    options: dict[str, Any] | None = None,
    progress: Progress = silent,
) -> types.Json:
    """Score the variants of a VCF file; return the record that is written beside the table.

    Parameters
    ----------
    run
        A run folder.
    files
        See `VariantFiles`.
    mismatch
        See `read_vcf`.
    device
        Where to compute.
    options
        Those of `VariantOptions`, but for the motifs.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    opened = open_run(run)
    opened.model.to(device)
    motifs = tuple(read_motifs(files.motifs)) if files.motifs else ()
    wanted = VariantOptions(**(options or {}), motifs=motifs)
    target = task_number(opened, wanted.task)
    source = open_genome_source(opened, files.data, genome=files.genome, cell_type=files.cell_type)
    progress(Step("reading variants"))
    variants = read_vcf(files.vcf, source.genome, mismatch=mismatch)
    table = variant_effects(opened, source, variants.alleles, wanted, progress)
    record: types.Json = {
        "notes": list(genome_notes(opened, source, files.data)),
        "variants": len(variants.alleles),
        "scored": len(table),
        "skipped": variants.reasons(),
        "task": opened.tasks[target],
        "null": wanted.null,
        "vcf_hash": file_hash(files.vcf),
        **provenance(
            seed=wanted.seed,
            data=str(source.genome.path),
            data_hash=source.genome.hash,
            weights_hash=opened.weights_hash,
        ),
    }
    if len(table) == 0:
        reasons = ", ".join(f"{count} {reason}" for reason, count in variants.reasons().items())
        raise ValueError(f"{files.vcf} holds no allele that can be scored ({reasons})")
    if files.logos is None:
        _write(files, record, variants, table, opened.tasks[target])
        return record
    largest = table["effect"].abs().sort_values(ascending=False, kind="stable").index[: files.top]
    with files_together(files.logos, first=PROVENANCE) as folder:
        for done, row in enumerate(largest):
            progress(Step("drawing", done, len(largest), "variants"))
            variant_figure(
                opened,
                source,
                variants.alleles[int(row)],
                folder,
                target=target,
                method=wanted.method or "input_x_gradient",
                image=files.image,
            )
        write_json(folder / PROVENANCE, record)
        _write(files, record, variants, table, opened.tasks[target])
    return record


def _write(files: VariantFiles, record: types.Json, variants: Variants, table: pd.DataFrame, task: str) -> None:
    """Write all tables, or none."""
    with ExitStack() as stack:
        write_table(stack.enter_context(write_with_record(files.out, record)), table)
        if files.skipped is not None and variants.skipped:
            write_skipped(stack.enter_context(write_with_record(files.skipped, record)), variants.skipped)
        if files.annotated is not None:
            part = stack.enter_context(write_with_record(files.annotated, record))
            write_annotated(files.vcf, part, variants.alleles, table, task)
    if files.skipped is not None and not variants.skipped and written_by_us(files.skipped):  # of an earlier call
        files.skipped.unlink()
        Path(f"{files.skipped}.json").unlink(missing_ok=True)
