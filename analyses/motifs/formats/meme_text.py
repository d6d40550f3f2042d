"""MEME text: minimal, and the full output of MEME, STREME and DREME."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np

from motiflens.analyses.motifs.formats.lines import SUM_TOLERANCE, Lines, MotifFile
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types

_HEADER = re.compile(r"\s+width\s*=.*$")  # MEME's full text: MOTIF NAME MEME-1 width = 8 sites = …


def parse_meme(lines: Lines) -> MotifFile:
    """Read every letter-probability matrix, and the background letter frequencies.

    Raises
    ------
    ValueError
        If a number, a row or the alphabet is wrong, with the line.

    Examples
    --------
    >>> text = "MEME version 4\\nMOTIF M1 X\\nletter-probability matrix: w= 1 nsites= 7\\n0.5 0.5 0 0\\n"
    >>> [(m.name, m.alt, m.nsites) for m in parse_meme(Lines(text.split("\\n"), "m.meme", "MEME text")).motifs]
    [('M1', 'X', 7.0)]
    """
    motifs: list[Motif] = []
    background = None
    identifier, alt = "", ""
    i = 0
    while i < len(lines.text):
        line = lines.text[i].strip()
        if line.startswith("ALPHABET") and "=" in line and line.split("=")[1].strip() not in ("ACGT", "ACGU"):
            raise lines.refusal(i + 1, f"alphabet {line.split('=')[1].strip()[:30]} is not DNA")
        if line.startswith("Background letter frequencies"):
            background, i = _background(lines, i + 1)
            continue
        if line.startswith("MOTIF"):
            words = _HEADER.sub("", line).split()
            if len(words) < 2:
                raise lines.refusal(i + 1, "MOTIF without a name")
            identifier, alt = words[1], words[2] if len(words) > 2 else ""
        elif line.startswith("letter-probability matrix"):
            motif, i = _matrix(lines, i, identifier or f"motif_{len(motifs) + 1}", alt)
            motifs.append(motif)
            continue
        i += 1
    return MotifFile(motifs, background)


def _background(lines: Lines, i: int) -> tuple[types.Doubles, int]:
    start, words = i, list[str]()
    while i < len(lines.text) and len(words) < 8 and not lines.text[i].startswith("MOTIF"):
        words += lines.text[i].split()
        i += 1
    letters = [word.upper() for word in words[0:8:2]]
    if letters not in (list("ACGT"), list("ACGU")) or len(words) < 8:
        raise lines.refusal(start + 1, f"expected 'A p C p G p T p', found {' '.join(words)[:60]!r}")
    frequencies = np.array(lines.numbers(words[1:8:2], start + 1))
    if abs(frequencies.sum() - 1) > SUM_TOLERANCE:
        raise lines.refusal(start + 1, f"background sums to {frequencies.sum():g}, not 1")
    return frequencies / frequencies.sum(), i


def _matrix(lines: Lines, i: int, identifier: str, alt: str) -> tuple[Motif, int]:
    """Read the matrix whose header is line i; return it and the index of the line after."""
    fields = dict(re.findall(r"(\w+)=\s*(\S+)", lines.text[i]))
    if fields.get("alength", "4") != "4":
        raise lines.refusal(i + 1, f"motif {identifier} is not DNA (alength 4)")
    width = int(lines.number(fields["w"], i + 1, "a width")) if "w" in fields else None
    sites = lines.number(fields["nsites"], i + 1, "a number of sites") if "nsites" in fields else 0.0
    evalue = _evalue(lines, fields.get("E", "0"), i + 1)
    rows: list[list[float]] = []
    start = i + 1
    i = start
    while i < len(lines.text) and (width is None or len(rows) < width):
        line = lines.text[i].strip()
        if line.startswith("#") or (not line and not rows):
            i += 1
            continue
        if not re.match(r"[-+.\d]", line or "x"):
            break
        row = lines.numbers(line.split(), i + 1)
        if len(row) != 4 or abs(sum(row) - 1) > SUM_TOLERANCE:
            raise lines.refusal(
                i + 1, f"motif {identifier}: expected 4 probabilities that sum to 1, found {line[:60]!r}"
            )
        rows.append(row)
        i += 1
    if not rows or (width is not None and len(rows) != width):
        raise lines.refusal(start, f"motif {identifier}: {len(rows)} rows, expected {width or 'some'}")
    ppm = lines.probabilities(rows, start, identifier)
    source = Path(lines.name).name
    return Motif(identifier, ppm, alt=alt, nsites=sites or None, evalue=evalue, source=source), i


def _evalue(lines: Lines, word: str, line: int) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not value >= 0:  # inf is what MEME prints of a hopeless motif
        raise lines.refusal(line, f"expected an E-value, found {word[:40]!r}")
    return value
