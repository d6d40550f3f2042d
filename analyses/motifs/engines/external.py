"""Other programs as cross-checks of `scan` and `match`: pymemesuite (MEME Suite's own code) and memelite.

Both are optional and read only when asked for.
"""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.engines.background import background as read_background
from motiflens.analyses.motifs.engines.pvalues import smooth
from motiflens.analyses.motifs.engines.sequences import (
    ForeignLetters,
    Sequences,
    each_sequence,
    reverse_complement,
)
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.too_wide import wider_than_all
from motiflens.models import types
from motiflens.models.types import Doubles

SCAN_ENGINES = ("ours", "meme", "memelite")
MATCH_ENGINES = ("ours", "memelite")


def scan_with(
    engine: str,
    motifs: Sequence[Motif],
    sequences: Sequences,
    *,
    background: str | types.Path | Sequence[float] | Doubles = "uniform",
    threshold: float = 1e-4,
    both_strands: bool = True,
) -> tuple[pd.DataFrame, dict[str, int | str]]:
    """Scan with another program; return FIMO's columns, and what was scanned.

    The latter: sequences, bases, and what there is to tell of foreign letters and of motifs that are too wide.

    ``meme`` (pymemesuite 0.1.0a4) is FIMO's code; what it gets wrong by itself is put right here: it passes
    over the last window of each sequence (an N is appended) and takes NRDB's frequencies for pseudocounts (they
    are added beforehand). ``memelite`` scores against a uniform background only, is approximate, and has no
    q-values (nan).

    Raises
    ------
    ValueError
        If the engine is unknown, not installed, or lacks what is asked for.
    """
    if engine not in SCAN_ENGINES[1:]:
        raise ValueError(f"engine {engine!r}: expected one of {', '.join(SCAN_ENGINES)}")
    foreign = ForeignLetters()
    pairs = list(each_sequence(sequences, foreign))
    frequencies = read_background(background, sequences=sequences, both_strands=both_strands)
    if engine == "meme":
        table = _fimo(motifs, pairs, frequencies, threshold, both_strands)
    else:
        if not np.allclose(frequencies, 0.25, rtol=0, atol=1e-9):
            raise ValueError("engine memelite: knows a uniform background only")
        table = _memelite_fimo(motifs, pairs, threshold, both_strands)
    table = table.sort_values("p-value", kind="stable", ignore_index=True)
    bases = sum(len(letters) for _, letters in pairs)
    widest = max((len(known) for _, letters in pairs for known in re.findall(rb"[ACGTacgt]+", letters)), default=0)
    counted: dict[str, Any] = {"sequences": len(pairs), "bases": bases, "foreign": foreign.told}
    return table, {**counted, "wide": wider_than_all(motifs, widest)}


def match_with(
    engine: str,
    queries: Sequence[Motif],
    targets: Sequence[Motif],
    *,
    distance: str = "ed",
    threshold: float = 0.5,
    evalue: bool = False,
) -> pd.DataFrame:
    """Match with another program; return TOMTOM's columns.

    ``memelite`` is approximate and knows ``ed`` only; E- and q-values are computed from its p-values.

    Raises
    ------
    ValueError
        If the engine is unknown, not installed, or lacks what is asked for.
    """
    from motiflens.analyses.motifs.engines.match import COLUMNS, consensus
    from motiflens.analyses.motifs.engines.qvalues import q_values

    if engine not in MATCH_ENGINES[1:]:
        raise ValueError(f"engine {engine!r}: expected one of {', '.join(MATCH_ENGINES)}")
    if distance != "ed":
        raise ValueError("engine memelite: knows the distance ed only")
    memelite = _import("memelite")
    p, _, offsets, overlaps, strands = (
        np.asarray(part)
        for part in memelite.tomtom([motif.ppm.T for motif in queries], [motif.ppm.T for motif in targets])
    )
    tables = []
    for i, query in enumerate(queries):
        q = q_values(np.clip(p[i], 0, 1))
        e = p[i] * len(targets)
        keep = np.flatnonzero((e if evalue else q) <= threshold)
        keep = keep[np.argsort(p[i, keep], kind="stable")]
        chosen = [targets[t] for t in keep.tolist()]
        reverse = strands[i, keep] == 1
        columns = (
            query.name,
            [target.name for target in chosen],
            offsets[i, keep].astype(np.int64),
            p[i, keep],
            e[keep],
            q[keep],
            overlaps[i, keep].astype(np.int64),
            consensus(query.ppm),
            [
                consensus(target.ppm[::-1, ::-1] if back else target.ppm)
                for target, back in zip(chosen, reverse, strict=True)
            ],
            np.where(reverse, "-", "+"),
        )
        tables.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise ValueError(f"engine: {package} is not installed (pip install {package}), or use ours") from error


def _fimo(
    motifs: Sequence[Motif],
    pairs: Sequence[tuple[str, bytes]],
    frequencies: Doubles,
    threshold: float,
    both_strands: bool,
) -> pd.DataFrame:
    common, fimo = _import("pymemesuite.common"), _import("pymemesuite.fimo")
    known = [
        common.Sequence(letters.decode("ascii").upper() + "N", name=str(i).encode())
        for i, (_, letters) in enumerate(pairs)
    ]
    rows: list[tuple[Any, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "motifs.meme")
        path.write_text(_meme_text(motifs, frequencies), encoding="utf-8")
        runner = fimo.FIMO(both_strands=both_strands, threshold=threshold, max_stored_scores=10_000_000)
        with common.MotifFile(str(path)) as file:
            bg = common.Background(common.Alphabet.dna(), common.Array(frequencies.tolist()))
            for motif in motifs:
                pattern = runner.score_motif(file.read(), known, bg)
                for hit in pattern.matched_elements:
                    name, letters = pairs[int(hit.source.accession)]
                    start, stop = sorted((hit.start, hit.stop))
                    matched = letters[start - 1 : stop]
                    if hit.strand == "-":
                        matched = reverse_complement(matched.upper())
                    row = (
                        name,
                        start,
                        stop,
                        hit.strand,
                        hit.score,
                        hit.pvalue,
                        hit.qvalue,
                        matched.decode("ascii"),
                    )
                    rows.append((motif.name, motif.alt, *row))
    return _frame(rows)


def _memelite_fimo(
    motifs: Sequence[Motif], pairs: Sequence[tuple[str, bytes]], threshold: float, both_strands: bool
) -> pd.DataFrame:
    memelite = _import("memelite")
    rows: list[tuple[Any, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sequences.fa")
        with path.open("wb") as file:
            for i, (_, letters) in enumerate(pairs):
                file.write(f">{i}\n".encode() + letters.upper() + b"\n")
        tables = memelite.fimo(
            {str(i): motif.ppm.T for i, motif in enumerate(motifs)},
            str(path),
            threshold=threshold,
            reverse_complement=both_strands,
        )
    for table in tables:
        for index, source, start, end, strand, score, p in table[
            ["motif_name", "sequence_name", "start", "end", "strand", "score", "p-value"]
        ].itertuples(index=False):
            name, letters = pairs[int(source)]
            matched = letters[start:end]
            if strand == "-":
                matched = reverse_complement(matched.upper())
            motif = motifs[int(index)]
            rows.append(
                (motif.name, motif.alt, name, start + 1, end, strand, score, p, np.nan, matched.decode("ascii"))
            )
    return _frame(rows)


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    from motiflens.analyses.motifs.engines.scan_layout import COLUMNS

    return pd.DataFrame(rows, columns=list(COLUMNS))


def _meme_text(motifs: Sequence[Motif], frequencies: Doubles) -> str:
    """MEME text at full precision, pseudocounts already added and so many sites that none are added again."""
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    lines += ["Background letter frequencies", "A 0.25 C 0.25 G 0.25 T 0.25", ""]
    for i, motif in enumerate(motifs):
        lines += [f"MOTIF m{i}", f"letter-probability matrix: alength= 4 w= {motif.width} nsites= 1000000000 E= 0"]
        lines += [" ".join(f"{value:.12f}" for value in row) for row in smooth(motif, frequencies)] + [""]
    return "\n".join(lines)
