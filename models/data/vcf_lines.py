"""The lines of a VCF file, whatever it is kept as: text, gzipped or bgzipped, or BCF (by pysam)."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from motiflens.models import types
from motiflens.models.data.text import existing, open_binary, read_lines


def vcf_lines(path: types.Path) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, counted from 1; of BCF those that ``bcftools view`` would write.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_lines`; for BCF without pysam (the extra ``vcf``), or a damaged one.
    """
    with open_binary(existing(path, "VCF file")) as file:
        binary = file.read(3) == b"BCF"
    yield from _bcf(path) if binary else read_lines(path, "VCF file")


def _bcf(path: types.Path) -> Iterator[tuple[int, str]]:
    pysam = _pysam(path)
    before = pysam.set_verbosity(0)  # what is wrong is said once, by the error
    try:
        with pysam.VariantFile(str(path)) as file:
            number = 0
            for number, line in enumerate(str(file.header).splitlines(), start=1):
                yield number, line
            for record in file:
                number += 1
                yield number, str(record).rstrip("\n")
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is a damaged BCF file ({error}): copy or download it again") from error
    finally:
        pysam.set_verbosity(before)


def _pysam(path: types.Path) -> ModuleType:
    try:
        import pysam
    except ImportError as error:
        raise ValueError(
            f"{path} is a BCF file, which needs pysam: pip install 'motiflens[vcf]', or turn it into text with "
            f"'bcftools view {path}'"
        ) from error
    module: ModuleType = pysam
    return module
