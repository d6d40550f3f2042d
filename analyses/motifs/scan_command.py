"""What `interpret scan` does: read, scan with an engine, write the table and its record."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.external import scan_with
from motiflens.analyses.motifs.engines.scan import PRINTED, scan_to_file
from motiflens.analyses.motifs.motif_files import read_motif_file
from motiflens.models import types
from motiflens.models.files import write_with_record
from motiflens.models.provenance import file_hash, provenance


def scan_command(
    motifs: str,
    sequences: types.Path,
    out: types.Path,
    *,
    background: str = "uniform",
    threshold: float = 1e-4,
    both_strands: bool = True,
    engine: str = "ours",
    threads: int | None = None,
) -> types.Json:
    """Scan a FASTA file with a motif file; write `out` (TSV) and `out`.json; return what the latter says.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    file = read_motif_file(motifs)
    frequencies = read_background(
        background, sequences=sequences, motifs=file.background, both_strands=both_strands
    )
    record: types.Json = {
        "motif_file": motifs,
        "sequence_file": str(sequences),
        "background_source": background,
        "threshold": threshold,
        "both_strands": both_strands,
        "engine": engine,
    }
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
            for column, digits in PRINTED.items():
                table[column] = table[column].map(f"{{:.{digits}g}}".format)
            table.to_csv(part, sep="\t", index=False)
            record |= {"hits": len(table), "motifs": len(file.motifs), **counted}
        record |= provenance(data=str(sequences), data_hash=file_hash(sequences))
    return record
