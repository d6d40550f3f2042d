"""Effects of variants on a model's logit, with what they change in its attributions, its attention and motifs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.variant_motifs import MotifTables, motif_changes
from motiflens.analyses.variant_windows import variant_windows
from motiflens.interpret.adapter import Adapter, adapt
from motiflens.interpret.attribution.allele_logits import AlleleLogits, turned_starts
from motiflens.interpret.attribution.edits import Edits, mirrored
from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.data.genome import Genome
from motiflens.models.data.one_hot import decode, one_hot
from motiflens.models.data.vcf import Variant
from motiflens.models.genome_source import GenomeSource
from motiflens.models.option_ranges import check_numbers
from motiflens.models.precision import full_precision, like
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.run import Run, task_number
from motiflens.models.types import Codes, Doubles, Floats, Integers

CHUNK = 256  # variants at a time
_SHIFTS = 16  # shifts of these at a time


@dataclass(frozen=True)
class VariantOptions:
    """How effects are computed, and what else is.

    Attributes
    ----------
    task
        Output, by name; the first by default.
    shifts
        Effects are averaged over windows moved by −shifts to shifts bases.
    null
        Random variants, of the same kinds and in the same windows, that p compares with; 0 for no p.
    method
        Attribution whose change is reported; None for none.
    attention
        Report the change of attention, where the model has any.
    motifs
        Motifs whose sites are looked for under the variants.
    threshold
        p-value of a site.
    batch_size, seed
        Windows at a time; of the random variants.
    """

    task: str | None = None
    shifts: int = 0
    null: int = 1000
    method: str | None = None
    attention: bool = False
    motifs: Sequence[Motif] = ()
    threshold: float = 1e-4
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)


class Effects(NamedTuple):
    """Logits of the two alleles of each variant, (V,) each."""

    ref: Doubles
    alt: Doubles
    forward: Doubles  # effect on the forward strand alone; NaN where the model merges the strands

    @property
    def effect(self) -> Doubles:
        """Logit of alt less logit of ref."""
        return self.alt - self.ref


def variant_effects(
    run: Run,
    source: GenomeSource,
    variants: Sequence[Variant],
    options: VariantOptions | None = None,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return the effect of each variant, one row each, in their order.

    Parameters
    ----------
    run
        The trained model, on the device to use.
    source
        What windows are read from; see `open_genome_source`.
    variants
        See `read_vcf`.
    options
        See `VariantOptions`.
    progress
        Told how many variants are done.

    Returns
    -------
    pandas.DataFrame
        ``chrom``, ``pos`` (1-based), ``id``, ``ref``, ``alt``; ``effect`` (logit of alt less logit of ref, mean of
        both strands unless the model merges them, mean of the shifts); ``ref_logit``, ``alt_logit``,
        ``effect_forward``; with a null ``p`` (two-sided, of as many random variants of the same kind) and ``q``
        (Benjamini-Hochberg); and, if asked for, ``attribution_change`` (Σ |Δ| over the window, each base's with
        itself), ``attention_change`` (half of Σ |Δ| of the profile) and what `motif_changes` reports.

    Raises
    ------
    ValueError
        If the run does not fit the genome's inputs, or has no such task.
    """
    wanted = options or VariantOptions()
    target = task_number(run, wanted.task)
    scorer = _Scorer(run, source, target, wanted)
    parts: list[pd.DataFrame] = []
    progress(Step("scoring variants", 0, len(variants), "variants"))
    for done, some in _chunks(variants):
        parts.append(_table(scorer, some, wanted))
        progress(Step("scoring variants", done, len(variants), "variants"))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if wanted.null and len(variants):
        null = random_variants(source.genome, variants, wanted.null, length=source.length, seed=wanted.seed)
        effects = []
        progress(Step("scoring random variants", 0, len(null), "variants"))
        for done, some in _chunks(null):
            effects.append(scorer.effects(some).effect)
            progress(Step("scoring random variants", done, len(null), "variants"))
        table["p"] = empirical_p(table["effect"].to_numpy(), kinds(variants), np.concatenate(effects), kinds(null))
        table["q"] = benjamini_hochberg(table["p"].to_numpy())
    return table


def kinds(variants: Sequence[Variant]) -> list[str]:
    """What each variant is, as far as a null must match it: the substitution (of either strand), or an indel."""
    names = []
    other = str.maketrans("ACGTN", "TGCAN")
    for variant in variants:
        if len(variant.ref) != len(variant.alt):
            names.append("insertion" if len(variant.alt) > len(variant.ref) else "deletion")
        elif len(variant.ref) > 1:
            names.append("substitution of several bases")
        else:
            change = f"{variant.ref}>{variant.alt}"
            names.append(change if variant.ref in "AC" else change.translate(other))
    return names


def random_variants(
    genome: Genome, variants: Sequence[Variant], count: int, *, length: int, seed: int = 0
) -> list[Variant]:
    """Draw variants that match given ones: each takes one's kind and lies at random in its window.

    A substitution lies at a base equal to the reference's (or, elsewhere, that of the other strand, both alleles
    complemented); inserted and deleted lengths are kept, inserted bases are shuffled.

    Parameters
    ----------
    count
        At least this many, and as many for each given variant.
    length
        Of the window, in bp.
    """
    rng = np.random.default_rng(seed)
    each = -(-count // len(variants))
    if each == 1:
        chosen = [variants[i] for i in sorted(rng.choice(len(variants), count, replace=False))]
    else:
        chosen = [variant for variant in variants for _ in range(each)]
    drawn = []
    for variant in chosen:
        drawn.append(_moved(genome, variant, length, rng))
    return [variant for variant in drawn if variant is not None]


def _moved(genome: Genome, variant: Variant, length: int, rng: np.random.Generator) -> Variant | None:
    start = max(0, variant.position - length // 2)
    end = min(int(genome.lengths[variant.chrom]), start + length) - len(variant.ref)
    if end <= start:
        return None
    codes = genome.read(np.array([variant.chrom]), np.array([start]), end - start + len(variant.ref))[0]
    if len(variant.ref) == len(variant.alt) == 1:
        base = "ACGTN".index(variant.ref)
        places = np.flatnonzero((codes[: end - start] == base) | (codes[: end - start] == 3 - base))
        places = places[places != variant.position - start]
        if not len(places) or base == 4:
            return None
        at = int(rng.choice(places))
        alt = "ACGTN".index(variant.alt)
        alt = alt if codes[at] == base or alt == 4 else 3 - alt
        return variant._replace(position=start + at, ref="ACGTN"[codes[at]], alt="ACGTN"[alt])
    at = int(rng.integers(end - start))
    ref = decode(codes[at : at + len(variant.ref)])
    if len(variant.ref) == len(variant.alt):
        alt_letters = "".join(
            "ACGT"[(4 if b == "N" else "ACGT".index(b) + int(rng.integers(1, 4))) % 4] for b in ref
        )
        return variant._replace(position=start + at, ref=ref, alt=alt_letters)
    common = min(len(variant.ref), len(variant.alt))
    added = list(variant.alt[common:])
    rng.shuffle(added)
    return variant._replace(position=start + at, ref=ref, alt=ref[:common] + "".join(added))


def empirical_p(effect: Doubles, of: Sequence[str], null: Doubles, null_of: Sequence[str]) -> Doubles:
    """Return two-sided p-values, (1 + null effects at least as large) / (1 + null effects), kind by kind.

    Examples
    --------
    >>> empirical_p(np.array([2.0, -0.5]), ["A>C", "A>C"], np.array([1.0, -3.0, 0.1]), ["A>C"] * 3).tolist()
    [0.5, 0.75]
    """
    p = np.ones(len(effect))
    kind, null_kind = np.asarray(of), np.asarray(null_of)
    for one in set(of):
        here = kind == one
        drawn = np.sort(np.abs(null[null_kind == one]))
        above = len(drawn) - np.searchsorted(drawn, np.abs(effect[here]), side="left")
        p[here] = (1 + above) / (1 + len(drawn))
    return p


def benjamini_hochberg(p: Doubles) -> Doubles:
    """Return q-values (Benjamini & Hochberg 1995)."""
    from statsmodels.stats.multitest import multipletests

    return np.asarray(multipletests(p, method="fdr_bh")[1]) if len(p) else p


def _chunks(variants: Sequence[Variant]) -> Iterator[tuple[int, list[Variant]]]:
    for start in range(0, len(variants), CHUNK):
        some = list(variants[start : start + CHUNK])
        yield start + len(some), some


class _Scorer:
    """Logits of windows with either allele."""

    def __init__(self, run: Run, source: GenomeSource, target: int, options: VariantOptions) -> None:
        self.run, self.source, self.target, self.options = run, source, target, options
        self.model: SequenceModel = full_precision(run.model)
        self.siamese = bool(self.model.siamese)
        self.place = like(self.model)
        self.logits = [
            AlleleLogits(self.model, target=target, batch_size=options.batch_size) for _ in range(2)
        ]  # a strand each
        self.tables = MotifTables(options.motifs, options.threshold) if options.motifs else None

    def windows(
        self, variants: Sequence[Variant], shifts: Sequence[int] = (0,)
    ) -> tuple[Tensor, Codes, Codes, Tensor | None]:
        """Windows with the reference, (n, C, L), the bases of both alleles, and meta; all of a shift together."""
        made = [variant_windows(self.source, variants, self.run.tasks, shift) for shift in shifts]
        meta = None
        if made[0].meta is not None and self.model.meta:
            meta = torch.from_numpy(np.concatenate([one.meta for one in made if one.meta is not None]))
            meta = meta.to(self.place)
        x = torch.from_numpy(np.concatenate([one.x for one in made])).to(self.place)
        return x, np.concatenate([one.ref for one in made]), np.concatenate([one.alt for one in made]), meta

    def with_bases(self, x: Tensor, codes: Codes) -> Tensor:
        """The same windows with other bases."""
        return torch.cat([torch.from_numpy(one_hot(codes)).to(x), x[:, 4:]], dim=1)

    def effects(self, variants: Sequence[Variant]) -> Effects:
        """Logits of both alleles, mean of the strands and the shifts."""
        most = self.options.shifts
        parts = [
            self._shifted(variants, range(first, min(first + _SHIFTS, most + 1)))
            for first in range(-most, most + 1, _SHIFTS)
        ]
        return Effects(*(np.concatenate([part[i] for part in parts]).mean(axis=0) for i in range(3)))

    def _shifted(self, variants: Sequence[Variant], shifts: Sequence[int]) -> tuple[Doubles, Doubles, Doubles]:
        """Logits of both alleles and effects of the forward strand, (shifts, V) each."""
        x, ref, alt, meta = self.windows(variants, shifts)
        length = self.source.length
        at = np.repeat(length // 2 - np.array(shifts), len(variants))
        widths = np.concatenate([_edited_widths(variants, length // 2 - shift, length) for shift in shifts])
        starts = np.tile(self._places(variants), len(shifts)) - at
        refs, alts, forward = (np.full(len(at), np.nan) for _ in range(3))
        for width in np.unique(widths):  # of most variants 1, of insertions and deletions all that follows
            rows = np.flatnonzero(widths == width)
            some = torch.from_numpy(rows).to(x.device)
            pair = _Pair(
                x[some],
                ref[rows],
                alt[rows],
                None if meta is None else meta[some],
                int(width),
                np.where((at[rows] >= 0) & (at[rows] < length), at[rows], 0),
                torch.from_numpy(starts[rows]).to(x.device),
            )
            refs[rows], alts[rows], forward[rows] = self._both_strands(pair)
        shape = (len(shifts), len(variants))
        return refs.reshape(shape), alts.reshape(shape), forward.reshape(shape)

    def _places(self, variants: Sequence[Variant]) -> Integers:
        """Positions on one axis for all chromosomes, farther apart than a window is long."""
        ends = np.cumsum(np.asarray(self.source.genome.lengths, dtype=np.int64) + 2 * self.source.length)
        return np.array([(ends[one.chrom - 1] if one.chrom else 0) + one.position for one in variants])

    def _both_strands(self, pair: _Pair) -> tuple[Doubles, Doubles, Doubles]:
        """Logits of both alleles, means of the strands, and the effect on the forward strand."""
        length = pair.x.shape[-1]
        first, back = _first_of_each(pair.ref, pair.x)
        changed = pair.first[:, None] + np.arange(pair.width)
        letters = torch.from_numpy(one_hot(np.take_along_axis(pair.alt, changed, axis=1))).to(pair.x)
        edits = Edits(
            torch.from_numpy(back).to(pair.x.device),
            torch.from_numpy(pair.first).to(pair.x.device),
            pair.width,
            lambda index, there: torch.cat([letters[index], there[:, 4:]], dim=1),
        )
        x, meta = pair.x[first], None if pair.meta is None else pair.meta[first]
        starts = pair.starts[first]
        strands = []
        for turned in (False,) if self.siamese else (False, True):
            given = (reverse_complement(x), mirrored(edits, length)) if turned else (x, edits)
            logits = self.logits[turned](*given, meta, turned_starts(starts) if turned else starts)
            before, after = (values.double().cpu().numpy() for values in logits)
            unchanged = (pair.ref == pair.alt).all(axis=1)
            strands.append((before[back], np.where(unchanged, before[back], after)))
        refs, alts = (np.mean([one[i] for one in strands], axis=0) for i in range(2))
        forward = np.full(len(refs), np.nan) if self.siamese else strands[0][1] - strands[0][0]
        return refs, alts, forward


class _Pair(NamedTuple):
    """Windows of variants that change equally many bases of them."""

    x: Tensor  # n, C, L: with the reference
    ref: Codes  # n, L
    alt: Codes
    meta: Tensor | None
    width: int  # bases that differ at most
    first: Integers  # n: the first of them, in the window
    starts: Tensor  # n: first base of each window, on one axis for all chromosomes


def _edited_widths(variants: Sequence[Variant], at: int, length: int) -> Integers:
    """Bases of each window that its variant may change, from where it stands on."""
    if not 0 <= at < length:  # the window was moved away from it
        return np.full(len(variants), length, dtype=np.int64)
    widths = [
        min(len(variant.ref), length - at) if len(variant.ref) == len(variant.alt) else length - at
        for variant in variants
    ]
    return np.array(widths, dtype=np.int64)


def _first_of_each(ref: Codes, x: Tensor) -> tuple[Tensor, Integers]:
    """Rows of windows that differ, and which of them each row equals: alleles of one record share theirs."""
    if x.shape[1] > 4:
        everything = np.arange(len(ref))
        return torch.from_numpy(everything).to(x.device), everything
    _, first, back = np.unique(ref, axis=0, return_index=True, return_inverse=True)
    return torch.from_numpy(first).to(x.device), back.reshape(-1)


def _table(scorer: _Scorer, variants: list[Variant], options: VariantOptions) -> pd.DataFrame:
    effects = scorer.effects(variants)
    table = pd.DataFrame(
        {
            "chrom": [variant.name for variant in variants],
            "pos": [variant.position + 1 for variant in variants],
            "id": [variant.id for variant in variants],
            "ref": [variant.ref for variant in variants],
            "alt": [variant.alt for variant in variants],
            "effect": effects.effect,
            "ref_logit": effects.ref,
            "alt_logit": effects.alt,
            "effect_forward": effects.forward,
        }
    )
    if options.method or options.attention:
        for name, values in _seen(scorer, variants, options).items():
            table[name] = values
    if scorer.tables is not None:
        _, ref, alt, _ = scorer.windows(variants)
        changes = motif_changes(scorer.tables, ref, alt, scorer.source.length // 2, variants)
        table = pd.concat([table, changes], axis=1)
    return table


def _seen(scorer: _Scorer, variants: list[Variant], options: VariantOptions) -> dict[str, Floats]:
    """Changes of attribution and attention between the alleles."""
    x, _, alt, meta = scorer.windows(variants)
    other = scorer.with_bases(x, alt)
    adapter = adapt(scorer.model)
    measured: dict[str, Floats] = {}
    at = scorer.source.length // 2
    if options.method:
        tracks = [
            adapter.attribute(part, method=options.method, target=scorer.target, meta=meta, seed=options.seed)
            .scores[:, :4]
            .sum(axis=1)
            for part in (x, other)
        ]
        measured["attribution_change"] = _change(tracks[0], tracks[1], variants, at)
    if options.attention:
        measured["attention_change"] = _attention_change(adapter, x, other, meta, scorer.siamese)
    return measured


def _attention_change(adapter: Adapter, x: Tensor, other: Tensor, meta: Tensor | None, siamese: bool) -> Floats:
    if not adapter.sources(x.shape[-1]):
        return np.full(len(x), np.nan, dtype=np.float32)
    changes = []
    for strand in ("+", "-"):
        ref, alt = (adapter.attention(part, meta, strand=strand).profile for part in (x, other))  # type: ignore[arg-type]
        total = np.maximum(np.abs(ref).sum(axis=1), 1e-12)
        changes.append(np.abs(alt - ref).sum(axis=1) / (2 * total))
    return np.asarray(np.mean(changes, axis=0), dtype=np.float32)


def _change(ref: Floats, alt: Floats, variants: Sequence[Variant], at: int) -> Floats:
    """Σ |Δ| of each window, every base compared with itself; bases of one allele alone count whole."""
    changes = np.zeros(len(ref), dtype=np.float32)
    for row, variant in enumerate(variants):
        before = np.abs(ref[row, :at] - alt[row, :at]).sum()
        a, b = ref[row, at + len(variant.ref) :], alt[row, at + len(variant.alt) :]
        shared = min(len(a), len(b))
        inside = _unequal(ref[row, at : at + len(variant.ref)], alt[row, at : at + len(variant.alt)])
        changes[row] = before + inside + np.abs(a[:shared] - b[:shared]).sum()
    return changes


def _unequal(a: Floats, b: Floats) -> float:
    shared = min(len(a), len(b))
    rest = np.abs(a[shared:]).sum() + np.abs(b[shared:]).sum()
    return float(np.abs(a[:shared] - b[:shared]).sum() + rest)
