"""What `interpret match` does: read, compare with an engine, write the table and its record."""

from __future__ import annotations

from motiflens.analyses.motifs.engines.external import match_with
from motiflens.analyses.motifs.engines.match import match_to_file
from motiflens.analyses.motifs.motif_files import read_motif_file, read_motifs
from motiflens.models import types
from motiflens.models.files import write_with_record
from motiflens.models.provenance import provenance


def match_command(
    queries: str,
    targets: str,
    out: types.Path,
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
    engine: str = "ours",
    threads: int | None = None,
) -> types.Json:
    """Compare two motif files; write `out` (TSV) and `out`.json; return what the latter says.

    Pseudocounts follow the query file's background, where it gives one.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    query, target = read_motif_file(queries), read_motifs(targets)
    record: types.Json = {
        "query_file": queries,
        "target_file": targets,
        "distance": distance,
        "threshold": threshold,
        "threshold_of": "E-value" if evalue else "q-value",
        "engine": engine,
        "queries": len(query.motifs),
        "targets": len(target),
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
