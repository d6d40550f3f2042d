"""CIS-BP text: a table ``Pos A C G T`` a motif, a row a position."""

from __future__ import annotations

from pathlib import Path

from motiflens.analyses.motifs.formats.lines import Lines, MotifFile
from motiflens.analyses.motifs.motif import Motif


def parse_cisbp(lines: Lines) -> MotifFile:
    """Read tables of positions; the letters of the ``Pos`` line give the columns' order.

    A motif is named by the ``Motif`` line above it, else by the file, and its second name is the ``TF Name``.

    Raises
    ------
    ValueError
        If a table is none, with the line.

    Examples
    --------
    >>> text = "TF Name\\tSPI1\\nMotif\\tM0001\\nPos\\tA\\tC\\tG\\tT\\n1\\t0\\t0\\t1\\t0"
    >>> [(m.name, m.alt, m.ppm.tolist()) for m in parse_cisbp(Lines(text.split("\\n"), "m", "CIS-BP")).motifs]
    [('M0001', 'SPI1', [[0.0, 0.0, 1.0, 0.0]])]
    """
    motifs: list[Motif] = []
    names: dict[str, str] = {}
    i = 0
    while i < len(lines.text):
        key, _, value = lines.text[i].partition("\t")
        words = lines.text[i].split()
        i += 1
        if key.strip() in ("Motif", "TF Name") and value.strip():
            names[key.strip()] = value.split()[0]
        elif words[:1] == ["Pos"]:
            letters = [word.upper().replace("U", "T") for word in words[1:]]
            if sorted(letters) != list("ACGT"):
                raise lines.refusal(i, f"expected 'Pos A C G T', found {' '.join(words)[:60]!r}")
            start, rows = i, list[list[float]]()
            while i < len(lines.text) and (given := lines.text[i].split()) and given[0].isdigit():
                numbers = lines.numbers(given[1:], i + 1)
                if len(numbers) != 4:
                    raise lines.refusal(i + 1, f"expected a position and 4 numbers, found {len(given)} words")
                rows.append([numbers[letters.index(letter)] for letter in "ACGT"])
                i += 1
            if rows:  # tables of licensed motifs are empty
                name = names.get("Motif") or _stem(lines.name) + (f"_{len(motifs) + 1}" if motifs else "")
                motifs.append(lines.from_counts(name, names.get("TF Name", ""), rows, start))
            names = {}
    return MotifFile(motifs, None)


def _stem(name: str) -> str:
    return "_".join(Path(name).name.removesuffix(".gz").removesuffix(".txt").split()) or "motif"
