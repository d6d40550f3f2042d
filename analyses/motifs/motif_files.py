"""Motif files: MEME, JASPAR, HOMER, TRANSFAC, CIS-BP and UniPROBE text, and built-in JASPAR releases by name."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from motiflens.analyses.motifs.formats.cisbp_text import parse_cisbp
from motiflens.analyses.motifs.formats.lines import Lines, MotifFile
from motiflens.analyses.motifs.formats.matrix_text import EITHER, HOMER, JASPAR, parse_matrices
from motiflens.analyses.motifs.formats.meme_text import parse_meme
from motiflens.analyses.motifs.formats.transfac_text import parse_transfac
from motiflens.analyses.motifs.formats.uniprobe_text import parse_uniprobe
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import types
from motiflens.models.files import write_text
from motiflens.models.reading import reading

UNIFORM = (0.25, 0.25, 0.25, 0.25)
DEFAULT_NSITES = 20.0  # what the MEME Suite assumes where a file gives no nsites
LARGEST = 1 << 28  # bytes of text: all of JASPAR takes 2 MB


class _Format(NamedTuple):
    title: str
    parse: Callable[[Lines], MotifFile]
    begins: re.Pattern[str]  # a line that shows it


FORMATS = {
    "meme": _Format("MEME text", parse_meme, re.compile(r"\s*MEME version")),
    "jaspar": _Format(JASPAR, parse_matrices, re.compile(r">")),
    "homer": _Format(HOMER, parse_matrices, re.compile(r">")),
    "transfac": _Format("TRANSFAC text", parse_transfac, re.compile(r"P[O0]\s")),
    "cisbp": _Format("CIS-BP text", parse_cisbp, re.compile(r"Pos(\s+[ACGTU]){4}\s*$", re.IGNORECASE)),
    "uniprobe": _Format("UniPROBE text", parse_uniprobe, re.compile(r"\s*A\s*:\s*[\d.]", re.IGNORECASE)),
}
_BY_CONTENT = (
    FORMATS["meme"],
    FORMATS["jaspar"]._replace(title=EITHER),
    *(FORMATS[name] for name in ("transfac", "cisbp", "uniprobe")),
)


def read_motifs(source: types.Path, *, format: str | None = None) -> list[Motif]:
    """Read motifs from a file of any format, or from JASPAR by name.

    Parameters
    ----------
    source
        A file (``.gz`` allowed; the format is found from its content): MEME version 4 minimal or full text,
        JASPAR text (rows with or without letters and brackets), HOMER or ``.pfm`` text (a row a position),
        TRANSFAC, CIS-BP or UniPROBE text. Or ``jaspar``, ``jaspar:2016``, ``jaspar:2026:fungi``,
        ``jaspar:2026:human``, ``jaspar:2026:NRF1``, ``jaspar:2026:all``, ``jaspar:2026:MA0139.1,MA0138``: see
        `jaspar_by_name`.
    format
        ``meme``, ``jaspar``, ``homer`` (a row a position, with any header), ``transfac``, ``cisbp`` or
        ``uniprobe``: for files that could be two of them. A file's name may state it as well: ``file.pfm=homer``.

    Returns
    -------
    list of Motif
        In the file's order; names are kept as they are, also when two motifs share one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds no motif or is malformed: the message names file, format, line and reason.
    """
    return read_motif_file(source, format=format).motifs


def read_motif_file(source: types.Path, *, format: str | None = None) -> MotifFile:
    """Read motifs together with the file's background; see `read_motifs`."""
    if re.match(r"jaspar(:|$)", str(source), re.IGNORECASE) and not Path(source).exists():
        from motiflens.analyses.motifs.jaspar import jaspar_by_name

        return MotifFile(jaspar_by_name(str(source)), None)
    name, stated = stated_format(source)
    motif_file = parse_motifs(_text(Path(name), name), name=name, format=format or stated)
    if not motif_file.motifs:
        raise ValueError(f"motif file {name}: holds no motif (expected {_known()})")
    return motif_file


def stated_format(source: types.Path) -> tuple[str, str | None]:
    """Split ``FILE=FORMAT`` into the file's path and the format that is stated, None where none is.

    >>> stated_format("m.pfm=homer"), stated_format("a=b.meme")
    (('m.pfm', 'homer'), ('a=b.meme', None))
    """
    path, _, format = str(source).rpartition("=")
    return (path, format) if path and format in FORMATS and not Path(source).exists() else (str(source), None)


def read_databases(sources: Sequence[types.Path]) -> list[Motif]:
    """Read several motif files or JASPAR releases as one database, as TBiNet's authors matched three at once.

    A motif that an earlier database holds under the same name with the same matrix is left out; one with another
    matrix gets its database's name behind its own (``NAME@SOURCE``), so that a table of matches tells them apart.

    >>> [len(read_databases(names)) for names in (["jaspar:2016"], ["jaspar:2016", "jaspar:2016"])]
    [519, 519]
    """
    if not sources:
        raise ValueError("no motif database was given")
    motifs: dict[str, list[Motif]] = {}
    for number, source in enumerate(sources):
        fresh = read_motifs(source)
        if number == 0:
            for motif in fresh:
                motifs.setdefault(motif.name, []).append(motif)
            continue
        for motif in fresh:
            same_name = motifs.get(motif.name)
            if same_name is None:
                motifs[motif.name] = [motif]
            elif not any(_same(motif, other) for other in same_name):
                renamed = replace(motif, name=f"{motif.name}@{motif.source or Path(source).name}")
                motifs.setdefault(renamed.name, []).append(renamed)
    return [motif for group in motifs.values() for motif in group]


def _same(one: Motif, other: Motif) -> bool:
    """Whether two matrices are equal to the digits that files print."""
    return one.width == other.width and bool(np.allclose(one.ppm, other.ppm, rtol=0, atol=1e-5))


def _text(path: Path, name: str) -> str:
    if path.is_dir():
        raise ValueError(f"motif file {name}: is a folder")
    if not path.is_file():
        raise FileNotFoundError(f"motif file {name}: there is no such file")
    with reading(path, "motif file"), path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path, "rb") as packed:
                raw = packed.read(LARGEST + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"motif file {name}: is a damaged gzip file ({error})") from error
    if len(raw) > LARGEST:
        raise ValueError(f"motif file {name}: holds more than {LARGEST >> 20} MB of text: is it a motif file?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"motif file {name}: is not text") from error
    if "\0" in text:
        raise ValueError(f"motif file {name}: is not text")
    return text


def _known() -> str:
    return (
        "MEME v4 ('MEME version 4'), JASPAR ('>ID name', 4 rows), HOMER ('>consensus', tab, name, tab, "
        "threshold), TRANSFAC ('P0 A C G T'), CIS-BP ('Pos A C G T') or UniPROBE text ('A:', 'C:', 'G:', 'T:')"
    )


def parse_motifs(text: str, *, name: str = "text", format: str | None = None) -> MotifFile:
    """Read motifs from text; the format is found from its content where it is not stated.

    >>> parse_motifs(">M1 X\\nA [1 0]\\nC [1 4]\\nG [1 0]\\nT [1 0]\\n").motifs[0].ppm.tolist()
    [[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0]]
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"motif file {name}: format {format!r}: expected one of {', '.join(FORMATS)}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if format is None:
        _refuse_markup(text, name)
        chosen = next((known for known in _BY_CONTENT if any(map(known.begins.match, lines))), None)
        if chosen is None:
            raise ValueError(f"motif file {name}: is neither {_known()}")
    else:
        chosen = FORMATS[format]
    return chosen.parse(Lines(lines, name, chosen.title))


def _refuse_markup(text: str, name: str) -> None:
    """Say what MEME's other two outputs are, and which to take instead."""
    head = text[:4096].lstrip().lower()
    for begins, what in (("<?xml", "XML"), ("<!doctype html", "HTML"), ("<html", "HTML"), ("<meme", "XML")):
        if head.startswith(begins):
            raise ValueError(
                f"motif file {name}: is {what}: give the text output that MEME, STREME and DREME write beside it "
                "(meme.txt, streme.txt, dreme.txt)"
            )


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
