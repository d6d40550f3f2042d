"""UniPROBE text: four rows ``A: … T: …`` a motif, below a line that names it."""

from __future__ import annotations

import re
from pathlib import Path

from motiflens.analyses.motifs.formats.lines import Lines, MotifFile
from motiflens.analyses.motifs.motif import Motif

_ROW = re.compile(r"\s*([ACGTUacgtu])\s*:\s*(.*)$")


def parse_uniprobe(lines: Lines) -> MotifFile:
    """Read matrices whose rows carry letters; the line above the first one names the motif, else the file does.

    Raises
    ------
    ValueError
        If a matrix is none, with the line.

    Examples
    --------
    >>> text = "Protein: Gata4\\tSeed k-mer: GATA\\nA:\\t0\\t1\\nC:\\t0\\t0\\nG:\\t1\\t0\\nT:\\t0\\t0"
    >>> motif = parse_uniprobe(Lines(text.split("\\n"), "m", "UniPROBE text")).motifs[0]
    >>> motif.name, motif.ppm.argmax(axis=1).tolist()
    ('Gata4', [2, 0])
    """
    motifs: list[Motif] = []
    rows: dict[str, list[float]] = {}
    name, start = "", 0
    for number, line in enumerate(lines.text, start=1):
        row = _ROW.match(line)
        if row is None:
            if line.strip() and rows:
                raise lines.refusal(number, f"expected a row of {'/'.join(sorted(set('ACGT') - set(rows)))}")
            name = _name(line) or name
            continue
        start = start if rows else number
        letter = row[1].upper().replace("U", "T")
        if letter in rows:
            raise lines.refusal(number, f"a second row of {letter}")
        rows[letter] = lines.numbers(row[2].split(), number)
        if len(rows) == 4:
            if len({len(values) for values in rows.values()}) != 1 or not rows["A"]:
                raise lines.refusal(
                    start, f"expected 4 rows of one length, found {[len(v) for v in rows.values()]}"
                )
            positions = [list(column) for column in zip(*(rows[base] for base in "ACGT"), strict=True)]
            stem = Path(lines.name).name.partition(".")[0]
            own = name or "_".join(f"{stem} {len(motifs) + 1 if motifs else ''}".split()) or "motif"
            motifs.append(lines.from_counts(own, "", positions, start))
            rows, name = {}, ""
    if rows:
        raise lines.refusal(start, f"expected 4 rows, one each of A, C, G, T, found rows of {', '.join(rows)}")
    return MotifFile(motifs, None)


def _name(line: str) -> str:
    """The first word of a line that names a motif, without what it is called by."""
    words = re.sub(r"^\s*#?\s*((protein|motif|name)\s*:)?", "", line, flags=re.IGNORECASE).split()
    return words[0] if words else ""
