"""Variants from VCF files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from motiflens.models import types
from motiflens.models.data.genome import Genome
from motiflens.models.data.one_hot import decode, encode
from motiflens.models.data.vcf_lines import vcf_lines
from motiflens.models.types import Codes

_LETTERS = frozenset("ACGTN")
MISMATCHES = ("refuse", "skip")


class Variant(NamedTuple):
    """One allele of a record."""

    line: int  # of the file
    allele: int  # 1 for the first alternative allele of its record
    chrom: int  # number in the genome
    name: str  # of the chromosome
    position: int  # 0-based first base of `ref`
    id: str  # `.` where there is none
    ref: str  # upper case
    alt: str

    @property
    def where(self) -> str:
        """As people write it, 1-based."""
        return f"{self.name}:{self.position + 1} {self.ref[:20]}>{self.alt[:20]}"


class Skipped(NamedTuple):
    """An allele that has no effect to compute."""

    line: int
    chrom: str
    position: str  # as the file has it, 1-based
    id: str
    ref: str
    alt: str
    reason: str


@dataclass(frozen=True)
class Variants:
    """What a VCF file holds.

    Attributes
    ----------
    alleles
        In the file's order, one an alternative allele.
    skipped
        Those that were left out, with the reason.
    """

    alleles: list[Variant]
    skipped: list[Skipped]

    def reasons(self) -> dict[str, int]:
        """Number of alleles left out for each reason."""
        return dict(Counter(one.reason for one in self.skipped))


def read_vcf(path: types.Path, genome: Genome, *, mismatch: str = "refuse") -> Variants:
    """Read a VCF file of any version, plain, gzipped or bgzipped, or BCF (see `vcf_lines`), in any order.

    Parameters
    ----------
    path
        At least five tab-separated columns: CHROM, POS (1-based), ID, REF, ALT; alleles are separated by
        commas. The header may be absent.
    genome
        That the positions are in; its soft-masking does not count.
    mismatch
        What to do where REF is not what the genome has: ``refuse``, or ``skip`` and list the record. An N on
        either side is no mismatch.

    Returns
    -------
    Variants
        Symbolic alleles (``<DEL>``), breakends, ``*``, missing alleles and alleles equal to REF are left out and
        listed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For a record without the columns, with a position that is no number or past the chromosome's end, an empty
        allele, letters that are no bases, a chromosome that the genome has not, or a REF that differs; the message
        names file and line.
    """
    if mismatch not in MISMATCHES:
        raise ValueError(f"mismatch must be one of {', '.join(MISMATCHES)}, not {mismatch!r}")
    alleles: list[Variant] = []
    skipped: list[Skipped] = []
    numbers: dict[str, int] = {}
    for line, text in vcf_lines(path):
        if text.startswith("#"):
            continue
        fields = text.split("\t")
        where = f"{path} line {line}"
        if len(fields) < 5:
            raise ValueError(
                f"{where} has {len(fields)} tab-separated columns: expected at least 5 (CHROM, POS, ID, REF, ALT)"
            )
        name, position, identifier, ref, alts = fields[:5]
        if name not in numbers:
            numbers[name] = genome.number(name, where)
        record = _Record(line, where, name, numbers[name], position, identifier, ref.upper())
        left_out = record.check(genome, mismatch)
        for number, alt in enumerate(alts.upper().split(","), start=1):
            reason = left_out or record.reason(alt)
            if reason is not None:
                skipped.append(Skipped(line, name, position, identifier, ref, alt, reason))
            else:
                alleles.append(
                    Variant(line, number, record.chrom, name, record.first, identifier, record.ref, alt)
                )
    if not alleles and not skipped:
        raise ValueError(f"{path} holds no variant: expected a VCF file")
    return Variants(alleles, skipped)


class _Record(NamedTuple):
    line: int
    where: str
    name: str
    chrom: int
    position: str
    id: str
    ref: str

    @property
    def first(self) -> int:
        """0-based first base."""
        if not self.position.isdecimal() or int(self.position) < 1:
            raise ValueError(
                f"{self.where} has the position {self.position[:20]!r}: expected a whole number from 1 on"
            )
        return int(self.position) - 1

    def check(self, genome: Genome, mismatch: str) -> str | None:
        """Compare REF with the genome; return why the record is left out, or None."""
        first = self.first
        if not self.ref or not set(self.ref) <= _LETTERS:
            raise ValueError(
                f"{self.where} ({self.name}:{self.position}) has the REF {self.ref[:20]!r}: expected bases"
            )
        end = first + len(self.ref)
        if end > genome.lengths[self.chrom]:
            raise ValueError(
                f"{self.where} ends at {end}, past the end of {self.name} ({genome.lengths[self.chrom]} bp in "
                f"{genome.path}): are both of one genome?"
            )
        there = genome.read(np.array([self.chrom]), np.array([first]), len(self.ref))[0]
        given = encode(self.ref)
        if ((there == given) | (there == 4) | (given == 4)).all():
            return None
        if mismatch == "skip":
            return "REF is not what the genome has"
        raise ValueError(
            f"{self.where}: {self.name}:{self.position} {self.id} has REF {self.ref[:20]}, {genome.path} has "
            f"{decode(there)[:20]} there: give the genome of the VCF, or --mismatch skip"
        )

    def reason(self, alt: str) -> str | None:
        """Why an allele has no effect to compute; None if it has."""
        if not alt:
            raise ValueError(f"{self.where} ({self.name}:{self.position}) has an empty ALT allele")
        if alt == ".":
            return "no alternative allele"
        if alt == "*":
            return "overlapping deletion (*)"
        if alt.startswith("<"):
            return "symbolic allele"
        if set(alt) & set("[]") or alt.startswith(".") or alt.endswith("."):
            return "breakend"
        if alt == self.ref:
            return "ALT equals REF"
        if not set(alt) <= _LETTERS:
            raise ValueError(
                f"{self.where} ({self.name}:{self.position}) has the ALT {alt[:20]!r}: expected bases"
            )
        return None


def allele_windows(genome: Genome, variants: list[Variant], length: int, shift: int = 0) -> tuple[Codes, Codes]:
    """Return the windows about variants with each allele, two of (n, length) uint8.

    The window of a variant begins length // 2 bases before its position (and `shift` bases later), for both
    alleles: what a deletion takes away is filled from beyond the window's end, what an insertion adds pushes bases
    out there.
    Past the ends of a chromosome, bases are N.

    Parameters
    ----------
    shift
        Bases by which all windows are moved to the right.
    """
    if not variants:
        nothing = np.zeros((0, length), dtype=np.uint8)
        return nothing, nothing
    chrom = np.array([variant.chrom for variant in variants])
    start = np.array([variant.position for variant in variants]) - length // 2 + shift
    lost = max(0, *(len(variant.ref) - len(variant.alt) for variant in variants))
    whole = genome.read(chrom, start, length + lost)
    ref = whole[:, :length].copy()
    alt = ref.copy()
    at = length // 2 - shift
    for row, variant in enumerate(variants):
        if not 0 <= at < length:
            continue
        letters, behind = encode(variant.alt), whole[row, at + len(variant.ref) :]
        alt[row] = np.concatenate([ref[row, :at], letters, behind, np.full(length, 4, np.uint8)])[:length]
    return ref, alt
