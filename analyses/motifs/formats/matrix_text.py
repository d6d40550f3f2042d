"""Matrices below '>' headers: JASPAR's (a row a letter), HOMER's and others with a row a position (.pfm, .ppm)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from motiflens.analyses.motifs.formats.lines import Lines, MotifFile
from motiflens.analyses.motifs.motif import Motif

JASPAR, HOMER = "JASPAR text", "HOMER text"  # stated
EITHER = "JASPAR or HOMER text"  # to be told from the matrices
_LABEL = re.compile(r"\s*([ACGTUacgtu])(?=[\s\[|:])[\s|:]*(.*)$")
_EQUAL = 0.01  # relative spread of sums that are the same number of sites, rounded

Rows = list[list[float]]


def parse_matrices(lines: Lines) -> MotifFile:
    """Read matrices below headers ``>ID name``.

    Rows that carry letters are A, C, G, T in whatever order they stand. Rows without are letters (JASPAR) or
    positions (HOMER, ``.pfm``), as stated or else as their number and length show. Four rows of four numbers could
    be either: HOMER's header (``>consensus``, tab, name, tab, threshold) says positions, and so do rows that alone
    sum to one number; columns that alone do so say letters; where both do, the format must be stated.

    Raises
    ------
    ValueError
        If a matrix is none, with the line.

    Examples
    --------
    >>> text = ">m X\\nT [1 0]\\nG [0 0]\\nC [0 0]\\nA [0 1]\\n>AC\\tname\\t6\\n.7 .1 .1 .1\\n.1 .7 .1 .1\\n"
    >>> [m.ppm.argmax(axis=1).tolist() for m in parse_matrices(Lines(text.split("\\n"), "m", EITHER)).motifs]
    [[3, 0], [0, 1]]
    """
    return MotifFile([_motif(lines, *block) for block in _blocks(lines)], None)


def _blocks(lines: Lines) -> Iterator[tuple[int, str, list[tuple[int, str]]]]:
    """(line number of the header, header, numbered lines below that hold something) for each '>'."""
    starts = [i for i, line in enumerate(lines.text) if line.startswith(">")]
    for start, end in zip(starts, [*starts[1:], len(lines.text)], strict=False):
        body = [(i + 1, lines.text[i]) for i in range(start + 1, end)]
        yield (
            start + 1,
            lines.text[start],
            [(number, line) for number, line in body if line.strip() and not line.lstrip().startswith("#")],
        )


def _motif(lines: Lines, start: int, header: str, body: list[tuple[int, str]]) -> Motif:
    words = header[1:].split()
    if not words:
        raise lines.refusal(start, "'>' without a name")
    fields = [field.strip() for field in header[1:].split("\t")]
    homer = lines.format == HOMER or (lines.format == EITHER and _is_homer(fields))
    named = lines._replace(format=HOMER) if homer else lines
    labels, rows = _rows(named, body)
    alt = (fields[1] if len(fields) > 1 else "") if homer else " ".join(words[1:])
    per_position = _per_position(named, start, words[0], labels, rows, homer)
    if per_position:
        return named.from_counts(words[0], alt, rows, start)
    order = ["ACGT".index(label) for label in labels] if labels else [0, 1, 2, 3]
    by_letter = [rows[order.index(letter)] for letter in range(4)]
    return named.from_counts(words[0], alt, [list(column) for column in zip(*by_letter, strict=True)], start)


def _is_homer(fields: Sequence[str]) -> bool:
    return len(fields) >= 3 and re.fullmatch(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", fields[2], re.IGNORECASE) is not None


def _rows(lines: Lines, body: Sequence[tuple[int, str]]) -> tuple[list[str], Rows]:
    """Letters of the rows (none or one each) and their numbers."""
    labels: list[str] = []
    rows: Rows = []
    for number, line in body:
        label = _LABEL.match(line)
        if label:
            labels.append(label[1].upper().replace("U", "T"))
        elif labels:
            raise lines.refusal(number, "a row without a letter below rows with letters")
        words = re.sub(r"[\[\]]", " ", label[2] if label else line).split()
        if re.fullmatch(r"[ACGTUNacgtun-]{2,}", "".join(words)):
            raise lines.refusal(number, "a sequence, no matrix: give counts, which JASPAR has beside its sites")
        if words:
            rows.append(lines.numbers(words, number))
    if labels and (sorted(labels) != list("ACGT") or len(rows) != 4):
        at = body[0][0]
        raise lines.refusal(at, f"expected 4 rows, one each of A, C, G, T, found rows of {', '.join(labels)[:40]}")
    return labels, rows


def _per_position(lines: Lines, start: int, name: str, labels: list[str], rows: Rows, homer: bool) -> bool:
    """Whether a row is a position (or else a letter)."""
    sizes = {len(row) for row in rows}
    if homer:
        if sizes != {4} or labels:
            raise lines.refusal(
                start, f"motif {name}: expected rows of 4 numbers (A, C, G, T), found {_sizes(rows)}"
            )
        return True
    if not labels and sizes == {4} and len(rows) != 4:
        return True
    if len(rows) != 4 or len(sizes) != 1:
        raise lines.refusal(
            start,
            f"motif {name}: expected 4 rows (A, C, G, T) of one length or rows of 4 numbers, found {_sizes(rows)}",
        )
    if labels or sizes != {4} or lines.format == JASPAR:
        return False
    equal_rows = _equal([sum(row) for row in rows])
    if equal_rows and _equal([sum(column) for column in zip(*rows, strict=True)]):
        raise lines.refusal(
            start,
            f"motif {name}: four rows of four numbers could be letters or positions: begin the rows with "
            f"A, C, G, T, or state the format: {lines.name}=jaspar or {lines.name}=homer",
        )
    return equal_rows


def _sizes(rows: Rows) -> str:
    return f"rows of {[len(row) for row in rows][:12]}"


def _equal(sums: Sequence[float]) -> bool:
    return max(sums) - min(sums) <= _EQUAL * max(sums)
