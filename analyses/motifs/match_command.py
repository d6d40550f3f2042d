"""What `interpret match` does: read, compare with an engine, write the table and its record."""

from __future__ import annotations

from collections.abc import Sequence

from motiflens.analyses.motifs.engines.external import match_with
from motiflens.analyses.motifs.engines.match import match_to_file
from motiflens.analyses.motifs.match_notes import low_information
from motiflens.analyses.motifs.motif_files import read_databases, read_motif_file
from motiflens.models import types
from motiflens.models.files import write_with_record
from motiflens.models.provenance import provenance


def match_command(
    queries: str,
    targets: str | Sequence[str],
    out: types.Path,
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
    engine: str = "ours",
    threads: int | None = None,
) -> types.Json:
    """Compare motif files; write `out` (TSV) and `out`.json; return what the latter says.

    Several `targets` are one database; see `read_databases`. Pseudocounts follow the query file's background,
    where it gives one. Queries that hold too little information for a match to mean anything (see `Gate`) are
    matched, and named in the record (``low_information``): a flat matrix "matches" flat stretches of long ones.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    sources = [targets] if isinstance(targets, str) else list(targets)
    query, target = read_motif_file(queries), read_databases(sources)
    record: types.Json = {
        "query_file": queries,
        "target_file": ", ".join(sources),
        "distance": distance,
        "threshold": threshold,
        "threshold_of": "E-value" if evalue else "q-value",
        "engine": engine,
        "queries": len(query.motifs),
        "targets": len(target),
        "low_information": low_information(query.motifs),
    }
    with write_with_record(out, record) as part:
        if engine == "ours":
            record["pairs"], record["matched"] = match_to_file(
                query.motifs,
                target,
                part,
                distance=distance,
                threshold=threshold,
                evalue=evalue,
                background="uniform" if query.background is None else query.background,
                threads=threads,
            )
        else:
            table = match_with(engine, query.motifs, target, distance=distance, threshold=threshold, evalue=evalue)
            record["pairs"], record["matched"] = len(table), int(table["Query_ID"].nunique())
            table.to_csv(part, sep="\t", index=False, float_format="%.6g")
        record |= provenance()
    return record
