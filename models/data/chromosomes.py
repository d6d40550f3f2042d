"""Whether two files name the same chromosomes, and what to say if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from motiflens.models import types

_MITOCHONDRIAL = ("chrM", "MT", "chrMT", "M", "chrmt", "Mito", "chrMito")


def alias(name: str, names: Sequence[str]) -> str | None:
    """Return how `names` calls the chromosome that is called `name` elsewhere, or None.

    >>> alias("chr1", ["1", "2"]), alias("MT", ["chr1", "chrM"]), alias("chr9", ["chr1"])
    ('1', 'chrM', None)
    """
    other = name[3:] if name.startswith("chr") else f"chr{name}"
    if other in names:
        return other
    if name in _MITOCHONDRIAL:
        return next((known for known in _MITOCHONDRIAL if known in names and known != name), None)
    lower = {known.lower(): known for known in names}
    return lower.get(name.lower())


def mismatch(name: str, file: types.Path, names: Sequence[str], other: types.Path) -> str:
    """Return the message that `file` has a chromosome that `other` lacks."""
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    same = alias(name, names)
    if same:
        return f"{file} says {name!r} where {other} says {same!r}: rename the chromosomes in one of them"
    return f"{file} has the chromosome {name!r}, which is not in {other} ({shown}): are both of one genome?"


def check_lengths(
    sizes: Mapping[str, int], file: types.Path, expected: Mapping[str, int], genome: types.Path
) -> None:
    """Check that a track's chromosomes are the genome's.

    A track may lack chromosomes (they then have no signal), unless it has them under another name.

    Raises
    ------
    ValueError
        If a chromosome has another length or another name, or none is shared; the message names both files.
    """
    for name, size in sizes.items():
        if name in expected and expected[name] != size:
            raise ValueError(
                f"{file} says that {name} has {size} bp, {genome} {expected[name]} bp: "
                "they are of different genomes"
            )
    extra = [name for name in sizes if name not in expected]
    for name in extra:
        same = alias(name, list(expected))
        if same and same not in sizes:
            raise ValueError(mismatch(name, file, list(expected), genome))
    if not any(name in expected for name in sizes):
        first = next(iter(sizes), None)
        if first is None:
            raise ValueError(f"{file} holds no chromosome")
        raise ValueError(mismatch(first, file, list(expected), genome))
