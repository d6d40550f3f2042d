"""What `interpret scan` does: read, scan with an engine, write the table and its record."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.external import scan_with
from motiflens.analyses.motifs.engines.scan import ScanWork, scan_to_file
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS, ScanLayout, ScanRows
from motiflens.analyses.motifs.motif_files import read_motif_file
from motiflens.analyses.motifs.scan_regions import ScanRegions
from motiflens.models import types
from motiflens.models.data.text import existing
from motiflens.models.executor import Workers
from motiflens.models.files import write_with_record
from motiflens.models.parts import parts_folder
from motiflens.models.progress import Progress, silent
from motiflens.models.provenance import file_hash, provenance


@dataclass(frozen=True)
class ScanCommand:
    """How `scan_command` scans.

    Attributes
    ----------
    background, threshold, both_strands, threads
        See `scan`; threads are those of all processes of this machine together.
    engine
        ``ours``, or another program's as a cross-check, which scans all at once.
    workers
        Who scans.
    """

    background: str = "uniform"
    threshold: float = 1e-4
    both_strands: bool = True
    engine: str = "ours"
    threads: int | None = None
    workers: Workers = field(default_factory=Workers)


def scan_command(
    motifs: str,
    sequences: types.Path | ScanRegions,
    out: types.Path,
    how: ScanCommand | None = None,
    progress: Progress = silent,
) -> types.Json:
    """Scan sequences with a motif file; write `out` and `out`.json; return what the latter says.

    `out` is FIMO's table, or BED where it ends with ``.bed``. Places are those of a FASTA file's sequences, or on
    the genome of which `sequences` are regions.

    Stopped or killed, the same call goes on with the parts that are missing (see `parts_folder`).

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    how = how or ScanCommand()
    file = read_motif_file(motifs)
    frequencies = read_background(
        how.background, sequences=sequences, motifs=file.background, both_strands=how.both_strands
    )
    regions = sequences if isinstance(sequences, ScanRegions) else None
    layout = ScanLayout(regions.places if regions else {}, bed=str(out).lower().endswith(".bed"))
    given = sequences.path if isinstance(sequences, ScanRegions) else sequences
    record: types.Json = {
        "motif_file": motifs,
        "sequence_file": str(given),
        "background_source": how.background,
        "threshold": how.threshold,
        "both_strands": how.both_strands,
        "engine": how.engine,
    }
    if regions:
        record |= {"genome": str(regions.genome.path), "genome_hash": regions.genome.hash}
        record |= {"intervals": regions.intervals, "regions": len(regions.start)}
    options: dict[str, Any] = {
        "background": frequencies,
        "threshold": how.threshold,
        "both_strands": how.both_strands,
    }
    ours = how.engine == "ours"
    content = file_hash(existing(given, "sequence file (FASTA)") if regions is None else given)
    with parts_folder(out) if ours else nullcontext() as folder, write_with_record(out, record) as part:
        if ours:
            told = content if regions is None else f"{content} {regions.genome.hash}"
            work = ScanWork(folder, how.workers, told, progress, layout)
            summary = scan_to_file(file.motifs, sequences, part, **options, threads=how.threads, work=work)
            record |= summary._asdict()
            shares = dict(zip((motif.name for motif in file.motifs), summary.null_shares, strict=True))
            record["null_shares"] = {name: round(share, 6) for name, share in shares.items()}
        else:
            table, counted = scan_with(how.engine, file.motifs, sequences, **options)
            part.write_text(layout.header + layout.text(_rows(table, bed=layout.bed)), encoding="utf-8")
            record |= {"hits": len(table), "motifs": len(file.motifs), **counted}
        record |= provenance(data=str(given), data_hash=content)
    return record


def _rows(table: pd.DataFrame, *, bed: bool) -> ScanRows:
    """Return another engine's occurrences as ours, for BED in order of place."""
    if bed:
        names = {name: place for place, name in enumerate(dict.fromkeys(table["sequence_name"]))}
        table = table.assign(_at=table["sequence_name"].map(names)).sort_values(["_at", "start"], kind="stable")
    return ScanRows(*(table[column].to_numpy() for column in COLUMNS))
