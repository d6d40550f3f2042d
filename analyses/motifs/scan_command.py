"""What `interpret scan` does: read, scan with an engine, write the table and its record."""

from __future__ import annotations

import pandas as pd

from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.external import scan_with
from motiflens.analyses.motifs.engines.scan import scan_to_file
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS, ScanLayout, ScanRows
from motiflens.analyses.motifs.motif_files import read_motif_file
from motiflens.analyses.motifs.scan_regions import ScanRegions
from motiflens.models import types
from motiflens.models.files import write_with_record
from motiflens.models.provenance import file_hash, provenance


def scan_command(
    motifs: str,
    sequences: types.Path | ScanRegions,
    out: types.Path,
    *,
    background: str = "uniform",
    threshold: float = 1e-4,
    both_strands: bool = True,
    engine: str = "ours",
    threads: int | None = None,
) -> types.Json:
    """Scan sequences with a motif file; write `out` and `out`.json; return what the latter says.

    `out` is FIMO's table, or BED where it ends with ``.bed``. Places are those of a FASTA file's sequences, or on
    the genome of which `sequences` are regions.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    file = read_motif_file(motifs)
    frequencies = read_background(
        background, sequences=sequences, motifs=file.background, both_strands=both_strands
    )
    regions = sequences if isinstance(sequences, ScanRegions) else None
    layout = ScanLayout(regions.places if regions else {}, bed=str(out).lower().endswith(".bed"))
    given = sequences.path if isinstance(sequences, ScanRegions) else sequences
    record: types.Json = {
        "motif_file": motifs,
        "sequence_file": str(given),
        "background_source": background,
        "threshold": threshold,
        "both_strands": both_strands,
        "engine": engine,
    }
    if regions:
        record |= {"genome": str(regions.genome.path), "genome_hash": regions.genome.hash}
        record |= {"intervals": regions.intervals, "regions": len(regions.start)}
    with write_with_record(out, record) as part:
        if engine == "ours":
            summary = scan_to_file(
                file.motifs,
                sequences,
                part,
                background=frequencies,
                threshold=threshold,
                both_strands=both_strands,
                threads=threads,
                layout=layout,
            )
            record |= summary._asdict()
            shares = dict(zip((motif.name for motif in file.motifs), summary.null_shares, strict=True))
            record["null_shares"] = {name: round(share, 6) for name, share in shares.items()}
        else:
            table, counted = scan_with(
                engine,
                file.motifs,
                sequences,
                background=frequencies,
                threshold=threshold,
                both_strands=both_strands,
            )
            part.write_text(layout.header + layout.text(_rows(table, bed=layout.bed)), encoding="utf-8")
            record |= {"hits": len(table), "motifs": len(file.motifs), **counted}
        record |= provenance(data=str(given), data_hash=file_hash(given))
    return record


def _rows(table: pd.DataFrame, *, bed: bool) -> ScanRows:
    """Return another engine's occurrences as ours, for BED in order of place."""
    if bed:
        names = {name: place for place, name in enumerate(dict.fromkeys(table["sequence_name"]))}
        table = table.assign(_at=table["sequence_name"].map(names)).sort_values(["_at", "start"], kind="stable")
    return ScanRows(*(table[column].to_numpy() for column in COLUMNS))
