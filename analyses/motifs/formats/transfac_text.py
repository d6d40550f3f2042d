"""TRANSFAC text: matrices between 'P0 A C G T' and '//'."""

from __future__ import annotations

from motiflens.analyses.motifs.formats.lines import Lines, MotifFile
from motiflens.analyses.motifs.motif import Motif


def parse_transfac(lines: Lines) -> MotifFile:
    """Read matrices; the letters of ``P0`` give the columns' order.

    Raises
    ------
    ValueError
        If a matrix is none, with the line.

    Examples
    --------
    >>> text = "AC M1\\nP0 T G C A\\n01 0 0 0 5\\n//"
    >>> [(m.name, m.ppm.tolist()) for m in parse_transfac(Lines(text.split("\\n"), "m", "TRANSFAC text")).motifs]
    [('M1', [[1.0, 0.0, 0.0, 0.0]])]
    """
    motifs: list[Motif] = []
    identifier, alt = "", ""
    rows: list[list[float]] = []
    order: list[int] = []
    start = 0

    def finish() -> None:
        nonlocal rows, order
        if rows:
            counts = [[row[column] for column in order] for row in rows]
            motifs.append(lines.from_counts(identifier or f"motif_{len(motifs) + 1}", alt, counts, start))
        rows, order = [], []

    for i, line in enumerate(lines.text, start=1):
        words = line.split()
        if not words:
            continue
        if words[0] == "//":
            finish()
            identifier, alt = "", ""
        elif words[0] in ("AC", "ID", "NA") and len(words) > 1:
            if rows:  # the last motif was not closed by '//'
                finish()
                identifier, alt = "", ""
            value = words[1].rstrip(";")
            if words[0] == "AC" or (words[0] == "ID" and not identifier):
                identifier = value
            else:
                alt = value
        elif words[0] in ("P0", "PO"):
            letters = [word.upper().replace("U", "T") for word in words[1:5]]
            if sorted(letters) != list("ACGT"):
                raise lines.refusal(i, f"expected 'P0 A C G T', found {line.strip()[:60]!r}")
            finish()
            order, start = [letters.index(letter) for letter in "ACGT"], i
        elif order and words[0].isdigit():
            row = lines.numbers(words[1:5], i)
            if len(row) != 4:
                raise lines.refusal(i, f"expected 4 counts, found {line.strip()[:60]!r}")
            rows.append(row)
    finish()
    return MotifFile(motifs, None)
