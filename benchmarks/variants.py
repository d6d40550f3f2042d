"""Variants a second: `interpret variants` against a plain loop, over architectures.

The plain loop scores one variant at a time: two alleles on two strands, four windows in one pass. Both are timed
by the processor's time of one thread, which other programs on the machine disturb less. Writes
``results/variants.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from motiflens.analyses.variants import VariantOptions, variant_effects
from motiflens.models import build, open_run, save_run
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.vcf import allele_windows, read_vcf
from motiflens.models.genome_source import open_genome_source
from motiflens.models.provenance import versions

NAMES = ("deepbind", "cnn_zeng", "deepsea", "danq", "tbinet", "deepgrn", "saresnet")


def files(folder: Path, count: int, rng: np.random.Generator) -> tuple[Path, Path]:
    """Write a random genome and a VCF of substitutions, every tenth an insertion."""
    text = "".join(rng.choice(list("ACGT"), 200_000))
    (folder / "g.fa").write_text(f">c\n{text}\n")
    rows = []
    for i, at in enumerate(np.sort(rng.integers(1_000, 199_000, count)).tolist()):
        alt = "CGTA"["ACGT".index(text[at])]
        rows.append(f"c\t{at + 1}\t.\t{text[at]}\t{alt if i % 10 else text[at] + alt}\n")
    (folder / "v.vcf").write_text("".join(rows))
    return folder / "g.fa", folder / "v.vcf"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=512)
    parser.add_argument("--loop", type=int, default=24, help="variants that the plain loop is timed on")
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "variants.md")
    own = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        genome, vcf = files(folder, own.variants, rng)
        for architecture in NAMES:
            torch.manual_seed(0)
            model = build(architecture, length=own.length)
            run = open_run(save_run(folder / architecture, model, {"tasks": ["a"]}))
            source = open_genome_source(run, genome=genome)
            variants = read_vcf(vcf, source.genome).alleles
            variant_effects(run, source, variants[:4], VariantOptions(null=0))  # what is compiled once
            started = time.process_time()
            table = variant_effects(run, source, variants, VariantOptions(null=0))
            ours = len(variants) / (time.process_time() - started)
            started = time.process_time()
            loop = []
            for variant in variants[: own.loop]:
                ref, alt = allele_windows(source.genome, [variant], own.length)
                x = torch.from_numpy(np.concatenate([one_hot(ref), one_hot(alt)]))
                strands = x if model.siamese else torch.cat([x, reverse_complement(x)])
                with torch.no_grad():
                    logits = run.model(strands)[:, 0].reshape(-1, 2).mean(0)
                loop.append(float(logits[1] - logits[0]))
            plain = own.loop / (time.process_time() - started)
            error = float(np.abs(table["effect"][: own.loop] - loop).max())
            lines.append(f"| {architecture} | {ours:.0f} | {plain:.1f} | {ours / plain:.1f} | {error:.1e} |")
            print(lines[-1], flush=True)
    made = ", ".join(f"{part} {version}" for part, version in versions().items())
    own.out.write_text(
        f"# Variants a second\n\n{own.variants} variants (one in ten an indel), windows of {own.length:,} bp; "
        "the paper's sizes, one CPU thread; variants a second of its time. The plain loop scores one variant at a "
        "time, all four windows in one pass. The reference's two windows have to be computed whole for each "
        "variant unless they are shared, so that computing only what changes saves at most half of a pass.\n\n"
        "| architecture | ours, per s | plain loop, per s | ratio | largest difference of effects |\n"
        "|---|---|---|---|---|\n" + "\n".join(lines) + f"\n\n{made}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
