"""Backgrounds: letter frequencies against which motifs are scored."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.engines.sequences import Sequences, each_piece
from motiflens.models import types
from motiflens.models.data.text import listed
from motiflens.models.reading import reading
from motiflens.models.types import Doubles

LARGEST = 1 << 24  # bytes of a background file: one of order 8 takes 4 MB
UNIFORM = np.full(4, 0.25)
NRDB = np.array([0.281774, 0.222020, 0.228876, 0.267330])  # non-redundant database: what FIMO takes by default
_FLOOR = 5e-7  # added to every letter: what FIMO 5.4.1's p-values show it adds to a background file's
NAMES = ("uniform", "nrdb", "motifs", "sequences")
_SPELLINGS = {"--uniform--": "uniform", "--nrdb--": "nrdb", "--motif--": "motifs"}


def background(
    source: str | types.Path | Sequence[float] | Doubles = "uniform",
    *,
    sequences: Sequences | None = None,
    motifs: Doubles | None = None,
    both_strands: bool = True,
) -> Doubles:
    """Return the frequencies of A, C, G, T, (4,), that sum to 1.

    Parameters
    ----------
    source
        ``uniform`` (our default); ``nrdb``, those of the non-redundant database (FIMO's default); ``motifs``,
        those that the motif file gives (FIMO's ``--bfile --motif--``); ``sequences``, counted in `sequences`,
        which are read once more; a file in MEME's background format (lines ``A 0.31``; lines of higher order and
        comments are passed over); or four numbers. FIMO's spellings ``--uniform--``, ``--nrdb--`` and
        ``--motif--`` are known.
    motifs
        What the motif file gives; where None, ``motifs`` is uniform, as in FIMO.
    both_strands
        Complementary letters get their mean, as FIMO does when it scans both strands.

    Raises
    ------
    ValueError
        If a letter is missing or negative, or the sequences hold no A, C, G, T.

    Examples
    --------
    >>> background([0.4, 0.2, 0.1, 0.3]).round(4).tolist()
    [0.35, 0.15, 0.15, 0.35]
    """
    name = _SPELLINGS.get(source, source) if isinstance(source, str) else None
    if name == "uniform":
        counts = UNIFORM
    elif name == "nrdb":
        counts = NRDB
    elif name == "motifs":
        counts = UNIFORM if motifs is None else motifs
    elif name == "sequences":
        if sequences is None:
            raise ValueError("background 'sequences' needs the sequences")
        counts = _counted(sequences)
    elif isinstance(source, str | os.PathLike):
        counts = _from_file(Path(source))
    else:
        counts = np.asarray(source, dtype=np.float64)
        if counts.shape != (4,):
            raise ValueError(f"background: expected 4 frequencies (A, C, G, T), found shape {counts.shape}")
    if not np.all(np.isfinite(counts)) or (counts < 0).any() or not 0 < counts.max() <= 1e15:
        raise ValueError(f"background: expected frequencies >= 0, found {counts.tolist()}")
    frequencies = counts / counts.sum() + _FLOOR
    frequencies = frequencies / frequencies.sum()
    return (frequencies + frequencies[::-1]) / 2 if both_strands else frequencies


def _counted(sequences: Sequences) -> Doubles:
    counts = np.zeros(4)
    for _, _, letters in each_piece(sequences):
        upper = letters.upper()
        counts += [upper.count(b"A"), upper.count(b"C"), upper.count(b"G"), upper.count(b"T") + upper.count(b"U")]
    if counts.sum() == 0:
        raise ValueError("background: the sequences hold no A, C, G or T")
    return counts


def _from_file(path: Path) -> Doubles:
    if path.is_dir():
        raise ValueError(f"background {path}: is a folder")
    if not path.is_file():
        raise FileNotFoundError(f"background {path}: is neither a file nor {', '.join(NAMES)}")
    with reading(path, "background file"), path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST or b"\0" in raw:
        raise ValueError(f"background {path}: is no background file (lines 'A 0.25')")
    values: dict[str, float] = {}
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").split("\n"), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        letter = words[0].upper().replace("U", "T")
        if len(words) < 2 or not re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", words[1]):
            shown = ascii(line.strip()[:40])
            raise ValueError(f"background {path}, line {number}: expected 'A 0.25', numbers >= 0, found {shown}")
        if letter in values:
            raise ValueError(f"background {path}, line {number}: {letter} stands there a second time")
        if len(letter) == 1:
            values[letter] = float(words[1])
    if sorted(values) != list("ACGT"):
        shown = listed(map(ascii, sorted(values)), 8)
        raise ValueError(f"background {path}: expected lines for A, C, G, T, found {shown}")
    frequencies = np.array([values[letter] for letter in "ACGT"])
    if not abs(frequencies.sum() - 1) <= 0.02:
        raise ValueError(f"background {path}: frequencies sum to {frequencies.sum():g}, not 1")
    return frequencies
