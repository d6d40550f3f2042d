"""Motif files: MEME v4, JASPAR and TRANSFAC text, and the built-in JASPAR releases by name."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types
from motiflens.models.files import write_text

UNIFORM = (0.25, 0.25, 0.25, 0.25)
DEFAULT_NSITES = 20.0  # what the MEME Suite assumes where a file gives no nsites
_SUM_TOLERANCE = 0.1  # rows that sum to 0.9 .. 1.1 are rounded frequencies; the MEME Suite refuses others


class MotifFile(NamedTuple):
    """What a motif file holds."""

    motifs: list[Motif]
    background: types.Doubles | None  # 4: A, C, G, T; None where the file gives none


def read_motifs(source: types.Path) -> list[Motif]:
    """Read motifs from a file of any format, or from JASPAR by name.

    Parameters
    ----------
    source
        A file (``.gz`` allowed; the format is found from its content): MEME version 4 minimal or full text,
        JASPAR text (with or without letters and brackets) or TRANSFAC text. Or ``jaspar``, ``jaspar:2016``,
        ``jaspar:2026:fungi``, ``jaspar:2026:all``, ``jaspar:2026:MA0139.1,MA0138``: the release shipped with
        pyjaspar, a taxon (vertebrates by default) or identifiers.

    Returns
    -------
    list of Motif
        In the file's order; names are kept as they are, also when two motifs share one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds no motif or is malformed: the message names file, line and reason.
    """
    return read_motif_file(source).motifs


def read_motif_file(source: types.Path) -> MotifFile:
    """Read motifs together with the file's background; see `read_motifs`."""
    name = str(source)
    path = Path(source)
    if re.match(r"jaspar(:|$)", name, re.IGNORECASE) and not path.exists():
        from motiflens.analyses.motifs.jaspar import jaspar_by_name

        return MotifFile(jaspar_by_name(name), None)
    if not path.is_file():
        raise FileNotFoundError(f"motif file {name}: there is no such file")
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise ValueError(f"motif file {name}: is a damaged gzip file ({error})") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"motif file {name}: is not text") from error
    found = parse_motifs(text, name=name)
    if not found.motifs:
        raise ValueError(f"motif file {name}: holds no motif (expected MEME v4, JASPAR or TRANSFAC text)")
    return found


def parse_motifs(text: str, *, name: str = "text") -> MotifFile:
    """Read motifs from text; the format is found from its content.

    >>> parse_motifs(">M1 X\\nA [1 0]\\nC [1 4]\\nG [1 0]\\nT [1 0]\\n").motifs[0].ppm.tolist()
    [[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]]
    """
    lines = text.splitlines()
    parser: Callable[[Sequence[str], str], MotifFile]
    if any(re.match(r"\s*MEME version", line) for line in lines):
        parser = _parse_meme
    elif any(line.startswith(">") for line in lines):
        parser = _parse_jaspar
    elif any(re.match(r"P[O0]\s", line) for line in lines):
        parser = _parse_transfac
    else:
        raise ValueError(
            f"motif file {name}: is neither MEME v4 ('MEME version 4'), JASPAR ('>ID name') "
            "nor TRANSFAC text ('P0 A C G T')"
        )
    return parser(lines, name)


def _numbers(words: Iterable[str], name: str, line: int) -> list[float]:
    found = list(words)
    try:
        values = [float(word) for word in found]
    except ValueError as error:
        raise ValueError(
            f"motif file {name}, line {line}: expected numbers, found {' '.join(found)[:40]!r}"
        ) from error
    if not all(np.isfinite(value) and value >= 0 for value in values):
        raise ValueError(f"motif file {name}, line {line}: expected numbers >= 0, found {values}")
    return values


def _normalised(rows: Sequence[Sequence[float]], name: str, line: int, motif: str) -> types.Doubles:
    """Rows divided by their sums; rows that sum to 1 within 1e-5 stay as printed, as in the MEME Suite."""
    matrix = np.asarray(rows, dtype=np.float64)
    sums = matrix.sum(axis=1, keepdims=True)
    if (sums <= 0).any():
        raise ValueError(f"motif file {name}, line {line}: motif {motif} has a position of zeros only")
    return np.where(np.abs(sums - 1) <= 1e-5, matrix, matrix / sums)


def _parse_meme(lines: Sequence[str], name: str) -> MotifFile:
    motifs: list[Motif] = []
    background = None
    identifier, alt = "", ""
    i = 0
    while i < len(lines):
        line = lines[i].strip()
        if line.startswith("ALPHABET") and "=" in line and line.split("=")[1].strip() not in ("ACGT", "ACGU"):
            raise ValueError(f"motif file {name}, line {i + 1}: alphabet {line.split('=')[1].strip()} is not DNA")
        if line.startswith("Background letter frequencies"):
            background, i = _meme_background(lines, i + 1, name)
            continue
        if line.startswith("MOTIF"):
            words = line.split()
            if len(words) < 2:
                raise ValueError(f"motif file {name}, line {i + 1}: MOTIF without a name")
            identifier, alt = words[1], words[2] if len(words) > 2 else ""
            if alt.startswith("MEME-") or "=" in alt:  # full MEME output: MOTIF NAME MEME-1 width = ...
                alt = alt if alt.startswith("MEME-") else ""
        elif line.startswith("letter-probability matrix"):
            motif, i = _meme_matrix(lines, i, name, identifier or f"motif_{len(motifs) + 1}", alt)
            motifs.append(motif)
            continue
        i += 1
    return MotifFile(motifs, background)


def _meme_background(lines: Sequence[str], i: int, name: str) -> tuple[types.Doubles, int]:
    start, words = i, list[str]()
    while i < len(lines) and len(words) < 8 and not lines[i].startswith("MOTIF"):
        words += lines[i].split()
        i += 1
    letters = [word.upper() for word in words[0:8:2]]
    if letters not in (list("ACGT"), list("ACGU")):
        raise ValueError(f"motif file {name}, line {start + 1}: expected 'A p C p G p T p', found {words}")
    frequencies = np.array(_numbers(words[1:8:2], name, start + 1))
    if abs(frequencies.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(f"motif file {name}, line {start + 1}: background sums to {frequencies.sum():g}, not 1")
    return frequencies / frequencies.sum(), i


def _meme_matrix(lines: Sequence[str], i: int, name: str, identifier: str, alt: str) -> tuple[Motif, int]:
    header = lines[i]
    fields = dict(re.findall(r"(\w+)=\s*(\S+)", header))
    if fields.get("alength", "4") != "4":
        raise ValueError(f"motif file {name}, line {i + 1}: motif {identifier} is not DNA (alength 4)")
    rows: list[list[float]] = []
    width = int(fields["w"]) if "w" in fields else None
    start = i + 1
    i = start
    while i < len(lines) and (width is None or len(rows) < width):
        words = lines[i].split()
        if not words and not rows:
            i += 1
            continue
        if not re.match(r"[-+.\d]", lines[i].strip() or "x"):
            break
        row = _numbers(words, name, i + 1)
        if len(row) != 4 or abs(sum(row) - 1) > _SUM_TOLERANCE:
            raise ValueError(
                f"motif file {name}, line {i + 1}: motif {identifier}: expected 4 probabilities that sum to 1, "
                f"found {lines[i].strip()!r}"
            )
        rows.append(row)
        i += 1
    if not rows or (width is not None and len(rows) != width):
        raise ValueError(
            f"motif file {name}, line {start}: motif {identifier}: {len(rows)} rows, expected {width or 'some'}"
        )
    nsites = float(fields["nsites"]) if "nsites" in fields else None
    return (
        Motif(
            identifier,
            _normalised(rows, name, start, identifier),
            alt=alt,
            nsites=nsites if nsites else None,
            evalue=float(fields.get("E", 0)),
            source=Path(name).name,
        ),
        i,
    )


def _parse_jaspar(lines: Sequence[str], name: str) -> MotifFile:
    motifs: list[Motif] = []
    for start, header, body in _blocks(lines):
        words = header[1:].split()
        if not words:
            raise ValueError(f"motif file {name}, line {start}: '>' without a name")
        rows: list[list[float]] = []
        for offset, line in enumerate(body, start=1):
            content = re.sub(r"^\s*[ACGTUacgtu]\b|[\[\]|:]", " ", line).split()
            if content:
                rows.append(_numbers(content, name, start + offset))
        if len(rows) != 4 or len({len(row) for row in rows}) != 1:
            raise ValueError(
                f"motif file {name}, line {start}: motif {words[0]}: expected 4 rows (A, C, G, T) of one length, "
                f"found rows of {[len(row) for row in rows]}"
            )
        counts = np.array(rows).T  # width, 4
        motifs.append(_from_counts(words[0], " ".join(words[1:]), counts, name, start))
    return MotifFile(motifs, None)


def _from_counts(identifier: str, alt: str, counts: types.Doubles, name: str, line: int) -> Motif:
    ppm = _normalised(counts.tolist(), name, line, identifier)
    total = float(counts[0].sum())  # the first position's, as in MEME's converters
    sites = total if total > 1 + _SUM_TOLERANCE else None  # rows that sum to 1 are frequencies
    return Motif(identifier, ppm, alt=alt, nsites=sites, source=Path(name).name)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """(line number of the header, header, lines below) for each '>'."""
    starts = [i for i, line in enumerate(lines) if line.startswith(">")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 1, lines[start], [line for line in lines[start + 1 : end] if not line.startswith("#")]


def _parse_transfac(lines: Sequence[str], name: str) -> MotifFile:
    motifs: list[Motif] = []
    identifier, alt = "", ""
    rows: list[list[float]] = []
    order: list[int] = []
    start = 0

    def finish() -> None:
        nonlocal rows, order
        if rows:
            counts = np.array(rows)[:, order]
            motifs.append(_from_counts(identifier or f"motif_{len(motifs) + 1}", alt, counts, name, start))
        rows, order = [], []

    for i, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        if words[0] == "//":
            finish()
            identifier, alt = "", ""
        elif words[0] in ("AC", "ID", "NA") and len(words) > 1 and words[1]:
            value = " ".join(words[1:]).rstrip(";")
            if words[0] == "AC" or (words[0] == "ID" and not identifier):
                identifier = value.split()[0]
            else:
                alt = value.split()[0]
        elif words[0] in ("P0", "PO"):
            letters = [word.upper().replace("U", "T") for word in words[1:5]]
            if sorted(letters) != list("ACGT"):
                raise ValueError(f"motif file {name}, line {i}: expected 'P0 A C G T', found {line.strip()!r}")
            order, start = [letters.index(letter) for letter in "ACGT"], i
        elif order and words[0].isdigit():
            row = _numbers(words[1:5], name, i)
            if len(row) != 4:
                raise ValueError(f"motif file {name}, line {i}: expected 4 counts, found {line.strip()!r}")
            rows.append(row)
    finish()
    return MotifFile(motifs, None)


def write_meme(
    path: types.Path, motifs: Sequence[Motif], *, background: Sequence[float] | types.Doubles = UNIFORM
) -> None:
    """Write motifs as MEME version 4 minimal text.

    Rows are printed with six decimals that add up to exactly 1; ``nsites`` is 20 where unknown.

    Raises
    ------
    ValueError
        If there are no motifs, or a name is empty or holds white space.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "m.meme"
    >>> write_meme(path, [Motif("M1", np.full((2, 4), 0.25), alt="X")])
    >>> [(m.name, m.alt, m.width, m.nsites) for m in read_motifs(path)]
    [('M1', 'X', 2, 20.0)]
    """
    if len(motifs) == 0:
        raise ValueError(f"{path}: no motifs to write")
    out = io.StringIO()
    frequencies = " ".join(f"{letter} {value:.6g}" for letter, value in zip("ACGT", background, strict=True))
    out.write("MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n")
    out.write(f"Background letter frequencies\n{frequencies}\n")
    for motif in motifs:
        if not motif.name or len(motif.name.split()) != 1:
            raise ValueError(f"{path}: motif name {motif.name!r} is empty or holds white space")
        sites = DEFAULT_NSITES if motif.nsites is None else motif.nsites
        alt = f" {'_'.join(motif.alt.split())}" if motif.alt else ""
        out.write(f"\nMOTIF {motif.name}{alt}\n")
        out.write(
            f"letter-probability matrix: alength= 4 w= {motif.width} nsites= {sites:.15g} E= {motif.evalue:g}\n"
        )
        for row in _exact_rows(motif.ppm):
            out.write(" ".join(f"{value / 1e6:.6f}" for value in row) + "\n")
    write_text(path, out.getvalue())


def _exact_rows(ppm: types.Doubles) -> types.Integers:
    """Millionths that add up to one million: what is left over goes to each row's largest entry."""
    millionths = np.rint(ppm * 1e6).astype(np.int64)
    largest = millionths.argmax(axis=1)
    millionths[np.arange(len(ppm)), largest] += 1_000_000 - millionths.sum(axis=1)
    return millionths
