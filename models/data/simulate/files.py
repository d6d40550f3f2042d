"""Writing the simulation in the formats that measured data come in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig

from motiflens.models.data.simulate.genome import Genome
from motiflens.models.files import write_text
from motiflens.models.types import Floats, Integers

_LINE = 80
_UPPER = np.frombuffer(b"ACGTN", dtype=np.uint8)
_LOWER = np.frombuffer(b"acgtn", dtype=np.uint8)


def write_fasta(path: Path, genome: Genome) -> None:
    """Write the genome, soft-masked, with its ``.fai`` index."""
    parts: list[str] = []
    index = []
    offset = 0
    for name, start, end in genome.chromosomes():
        codes = genome.codes[start:end]
        text = np.where(genome.masked[start:end], _LOWER[codes], _UPPER[codes]).tobytes().decode("ascii")
        header = f">{name}\n"
        body = "\n".join(text[i : i + _LINE] for i in range(0, len(text), _LINE)) + "\n"
        offset += len(header)
        index.append(f"{name}\t{end - start}\t{offset}\t{_LINE}\t{_LINE + 1}\n")
        offset += len(body)
        parts += [header, body]
    write_text(path, "".join(parts))
    write_text(path.with_name(path.name + ".fai"), "".join(index))


def write_bigwig(path: Path, genome: Genome, values: Floats, step: int) -> None:
    """Write a track of one value every `step` bp; chromosomes' lengths need not be multiples of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(name, end - start) for name, start, end in genome.chromosomes()])
        for name, start, end in genome.chromosomes():
            part = values[start // step : end // step]
            file.addEntries(name, 0, values=part, span=step, step=step)


def write_runs(path: Path, genome: Genome, values: Floats) -> None:
    """Write a track of one value a base as runs of equal values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(name, end - start) for name, start, end in genome.chromosomes()])
        for name, start, end in genome.chromosomes():
            part = values[start:end]
            edges = np.concatenate([[0], np.flatnonzero(np.diff(part)) + 1, [len(part)]])
            file.addEntries(
                np.full(len(edges) - 1, name),
                edges[:-1],
                ends=edges[1:],
                values=part[edges[:-1]].astype(np.float64),
            )


def write_intervals(path: Path, genome: Genome, intervals: Iterable[tuple[int, int]]) -> None:
    """Write a BED of three columns, sorted, without overlaps."""
    merged: list[list[int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    starts = np.array([interval[0] for interval in merged], dtype=np.int64)
    ends = np.array([interval[1] for interval in merged], dtype=np.int64)
    write_bed(path, genome, starts, ends, [])


def write_bed(
    path: Path,
    genome: Genome,
    starts: Integers,
    ends: Integers,
    columns: list[Iterable[object]],
    header: str = "",
) -> None:
    """Write a BED with further columns, whose items are written as they are."""
    names, first = genome.locate(starts)
    last = first + (ends - starts)
    rows = zip(names, first.tolist(), last.tolist(), *columns, strict=True)
    write_text(path, header + "".join("\t".join(map(str, row)) + "\n" for row in rows))


def write_narrow_peaks(path: Path, genome: Genome, peaks: pd.DataFrame, label: str) -> None:
    """Write peaks as ENCODE's narrowPeak; q-values are not computed (-1)."""
    n = len(peaks)
    write_bed(
        path,
        genome,
        peaks["start"].to_numpy(),
        peaks["end"].to_numpy(),
        [
            [f"{label}.{i}" for i in range(1, n + 1)],
            [min(1000, round(10 * float(signal))) for signal in peaks["signal"]],
            ["."] * n,
            [f"{signal:.2f}" for signal in peaks["signal"]],
            [f"{value:.2f}" for value in peaks["pvalue"]],
            ["-1"] * n,
            peaks["summit"].tolist(),
        ],
    )


def write_meme(path: Path, motifs: dict[str, np.ndarray], alt: dict[str, str]) -> None:
    """Write matrices in MEME's minimal format."""
    text = [
        "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
        "Background letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"
    ]
    for name, ppm in motifs.items():
        text.append(f"\nMOTIF {name} {alt[name]}\nletter-probability matrix: alength= 4 w= {len(ppm)}\n")
        text += [" ".join(f"{value:.8f}" for value in row) + "\n" for row in ppm]
    write_text(path, "".join(text))
