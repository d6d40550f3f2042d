"""Backgrounds: letter frequencies against which motifs are scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.engines.sequences import Sequences, each_sequence
from motiflens.models import types
from motiflens.models.types import Doubles

UNIFORM = np.full(4, 0.25)
_FLOOR = 5e-7  # added to every letter: what FIMO 5.4.1's p-values show it adds to a background file's


def background(
    source: str | types.Path | Sequence[float] | Doubles = "uniform",
    *,
    sequences: Sequences | None = None,
    both_strands: bool = True,
) -> Doubles:
    """Return the frequencies of A, C, G, T, (4,), that sum to 1.

    Parameters
    ----------
    source
        ``uniform``; ``sequences`` (counted in `sequences`, which are read once more); a file in MEME's
        background format (lines ``A 0.31``; lines of higher order and comments are passed over); or four
        numbers.
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
    if isinstance(source, str) and source == "uniform":
        found = UNIFORM
    elif isinstance(source, str) and source == "sequences":
        if sequences is None:
            raise ValueError("background 'sequences' needs the sequences")
        found = _counted(sequences)
    elif isinstance(source, str | os.PathLike):
        found = _from_file(Path(source))
    else:
        found = np.asarray(source, dtype=np.float64)
        if found.shape != (4,):
            raise ValueError(f"background: expected 4 frequencies (A, C, G, T), found shape {found.shape}")
    if not np.all(np.isfinite(found)) or (found < 0).any() or found.sum() <= 0:
        raise ValueError(f"background: expected frequencies >= 0, found {found.tolist()}")
    found = found / found.sum() + _FLOOR
    found = found / found.sum()
    return (found + found[::-1]) / 2 if both_strands else found


def _counted(sequences: Sequences) -> Doubles:
    counts = np.zeros(4)
    for _, letters in each_sequence(sequences):
        upper = letters.upper()
        counts += [upper.count(b"A"), upper.count(b"C"), upper.count(b"G"), upper.count(b"T") + upper.count(b"U")]
    if counts.sum() == 0:
        raise ValueError("background: the sequences hold no A, C, G or T")
    return counts


def _from_file(path: Path) -> Doubles:
    if not path.is_file():
        raise FileNotFoundError(f"background {path}: is neither 'uniform', 'sequences' nor a file")
    values: dict[str, float] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        letter = words[0].upper().replace("U", "T")
        try:
            value = float(words[1])
        except (IndexError, ValueError) as error:
            shown = line[:60]
            raise ValueError(f"background {path}, line {number}: expected 'A 0.25', found {shown!r}") from error
        if len(letter) == 1:
            values[letter] = value
    if sorted(values) != list("ACGT"):
        raise ValueError(f"background {path}: expected lines for A, C, G, T, found {', '.join(sorted(values))}")
    found = np.array([values[letter] for letter in "ACGT"])
    if abs(found.sum() - 1) > 0.02:
        raise ValueError(f"background {path}: frequencies sum to {found.sum():g}, not 1")
    return found
