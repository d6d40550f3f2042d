"""Variant effects against a plain loop, over architectures, and what bad files get."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.variant_files import write_annotated
from motiflens.analyses.variants import VariantOptions, empirical_p, kinds, random_variants, variant_effects
from motiflens.models import Run, architectures, build, open_run, save_run
from motiflens.models.architectures.base import SequenceModel, reverse_complement
from motiflens.models.data.genome import open_genome
from motiflens.models.data.one_hot import encode, one_hot
from motiflens.models.data.vcf import allele_windows, read_vcf
from motiflens.models.genome_source import open_genome_source

LENGTH, SIZE = 61, 400
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome of two chromosomes with unknown and soft-masked bases, and a VCF of every kind of allele."""
    folder = tmp_path_factory.mktemp("variants")
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), SIZE)) for _ in range(2)]
    letters[0] = letters[0][:60] + "NNN" + letters[0][63:150].lower() + letters[0][150:]
    (folder / "g.fa").write_text("".join(f">chr{i + 1}\n{text}\n" for i, text in enumerate(letters)))
    upper = [text.upper() for text in letters]

    def other(base: str) -> str:
        return "CGTA"["ACGT".index(base)]

    rows = []
    for chrom, at in ((0, 0), (0, 99), (0, 170), (1, 200), (1, SIZE - 1)):
        ref = upper[chrom][at]
        rows.append((f"chr{chrom + 1}", at + 1, f"rs{at}", ref, other(ref)))
    ref = upper[0][120]
    rows.append(("chr1", 121, "multi", ref, f"{other(ref)},{ref}TTG,<DEL>,*,{ref}"))
    rows.append(("chr2", 51, "deletion", upper[1][50:57], upper[1][50]))
    rows.append(("chr1", 101, "mnv", upper[0][100:103], "".join(map(other, upper[0][100:103]))))
    rows.append(("chr1", 66, "long", upper[0][65], upper[0][65] + "ACGT" * 30))
    rows.append(("chr1", 62, "unknown", "N", "A"))
    rows.append(("chr2", 11, "breakend", upper[1][10], f"{upper[1][10]}[chr1:5["))
    rows.append(("chr2", 12, "none", upper[1][11], "."))
    (folder / "v.vcf").write_text(HEADER + "".join("\t".join(map(str, row)) + "\t.\t.\tA=1\n" for row in rows))
    return folder


def run_of(model: SequenceModel, path: Path) -> Run:
    return open_run(save_run(path, model, {"tasks": ["a", "b"][: model.outputs]}))


def by_hand(model: SequenceModel, letters: dict[str, str], row: pd.Series, target: int) -> float:
    """One variant, one window and one strand at a time."""
    text = letters[row["chrom"]]
    at = int(row["pos"]) - 1
    start = at - LENGTH // 2
    logits = []
    for whole in (text, text[:at] + row["alt"] + text[at + len(row["ref"]) :]):
        padded = "N" * LENGTH + whole + "N" * (2 * LENGTH)
        x = torch.from_numpy(one_hot(encode(padded[LENGTH + start : 2 * LENGTH + start])))[None]
        strands = [x] if model.siamese else [x, reverse_complement(x)]
        with torch.no_grad():
            logits.append(float(np.mean([model(strand)[0, target].item() for strand in strands])))
    return logits[1] - logits[0]


def sequences(folder: Path) -> dict[str, str]:
    lines = (folder / "g.fa").read_text().split()
    return {lines[i][1:]: lines[i + 1].upper() for i in (0, 2)}


def small(name: str) -> SequenceModel:
    options = {
        "deepsea": {"kernels": (8, 10, 12), "kernel_size": 4, "pool": 2, "dense": 16},
        "saresnet": {"kernels": 8, "attention_size": 4, "dense": 8, "blocks": (1, 1)},
        "kegru": {"k": 3, "dimension": 8, "units": 6},
        "deepgrn": {"kernels": 8, "kernel_size": 8, "units": 6, "dense": 24},
        "factornet": {"kernels": 8, "kernel_size": 8, "units": 6, "dense": 24},
        "tbinet": {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 12},
        "danq": {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 12},
    }
    torch.manual_seed(1)
    return build(name, length=LENGTH, outputs=2, **options.get(name, {})).eval()


NAMES = [name for name in architectures() if not name.startswith("test")]
UNTRAINED = ("gkm_svm", "kmer_logistic", "pwm")  # may be all zeros before training


@pytest.mark.parametrize("name", NAMES)
def test_effects_equal_a_plain_loop(name: str, folder: Path, tmp_path: Path) -> None:
    model = small(name)
    run = run_of(model, tmp_path / "run")
    source = open_genome_source(run, genome=folder / "g.fa")
    variants = read_vcf(folder / "v.vcf", source.genome)
    options = VariantOptions(task="b", null=0, attention=True, method="random" if name == "kegru" else None)
    table = variant_effects(run, source, variants.alleles, options)
    expected = [by_hand(run.model, sequences(folder), row, 1) for _, row in table.iterrows()]
    np.testing.assert_allclose(table["effect"], expected, rtol=0, atol=2e-5)
    assert np.abs(expected).max() > 0 or name in UNTRAINED


def test_first_layers_alone_are_computed_anew(folder: Path, tmp_path: Path) -> None:
    """Many substitutions at once: the fast way gives what the plain loop gives."""
    run = run_of(small("danq"), tmp_path / "run")
    source = open_genome_source(run, genome=folder / "g.fa")
    letters = sequences(folder)
    rows = [f"chr2\t{at}\t.\t{letters['chr2'][at - 1]}\tA,C,G,T\n" for at in range(100, 150)]
    (tmp_path / "v.vcf").write_text(HEADER + "".join(rows))
    variants = read_vcf(tmp_path / "v.vcf", source.genome)
    assert variants.reasons() == {"ALT equals REF": 50}
    table = variant_effects(run, source, variants.alleles, VariantOptions(null=0))
    expected = [by_hand(run.model, letters, row, 0) for _, row in table.iterrows()]
    np.testing.assert_allclose(table["effect"], expected, rtol=0, atol=2e-5)


def test_shifts_are_averaged(folder: Path, tmp_path: Path) -> None:
    run = run_of(small("cnn_zeng"), tmp_path / "run")
    source = open_genome_source(run, genome=folder / "g.fa")
    letters = sequences(folder)["chr2"]
    (tmp_path / "v.vcf").write_text(f"chr2\t201\t.\t{letters[200]}\t{letters[200]}AC\n")  # no header
    (variant,) = read_vcf(tmp_path / "v.vcf", source.genome).alleles
    found = variant_effects(run, source, [variant], VariantOptions(shifts=2, null=0))["effect"][0]
    parts = []
    for shift in range(-2, 3):
        start = 200 - LENGTH // 2 + shift
        pair = []
        for text in (letters, letters[:201] + "AC" + letters[201:]):
            x = torch.from_numpy(one_hot(encode(text[start : start + LENGTH])))[None]
            pair.append(np.mean([run.model(strand)[0, 0].item() for strand in (x, reverse_complement(x))]))
        parts.append(pair[1] - pair[0])
    assert found == pytest.approx(np.mean(parts), abs=1e-5)


def test_null_matches_in_kind_and_place(folder: Path) -> None:
    genome = open_genome(folder / "g.fa")
    variants = read_vcf(folder / "v.vcf", genome).alleles
    null = random_variants(genome, variants, 400, length=LENGTH, seed=3)
    assert len(null) >= 300
    assert set(kinds(null)) == set(kinds([v for v in variants if v.ref != "N"]))
    letters = sequences(folder)
    for variant in null:
        there = letters[variant.name][variant.position : variant.position + len(variant.ref)]
        assert there == variant.ref
    assert null == random_variants(genome, variants, 400, length=LENGTH, seed=3)
    p = empirical_p(np.array([0.0, 9.0]), ["A>C", "A>C"], np.linspace(-1, 1, 99), ["A>C"] * 99)
    assert p.tolist() == [1.0, 0.01]


def test_null_p_is_uniform_where_variants_are_random(folder: Path, tmp_path: Path) -> None:
    run = run_of(small("cnn_zeng"), tmp_path / "run")
    source = open_genome_source(run, genome=folder / "g.fa")
    variants = [v for v in read_vcf(folder / "v.vcf", source.genome).alleles if len(v.ref) == len(v.alt) == 1]
    drawn = random_variants(source.genome, variants, 120, length=LENGTH, seed=9)
    p = variant_effects(run, source, drawn, VariantOptions(null=2000))["p"]
    assert 0.35 < p.mean() < 0.65
    assert (p > 0).all()


def test_command(folder: Path, tmp_path: Path) -> None:
    run = run_of(small("tbinet"), tmp_path / "run")
    with gzip.open(tmp_path / "v.vcf.gz", "wt") as file:
        file.write((folder / "v.vcf").read_text())
    out = tmp_path / "t.tsv"
    words = ["variants", str(run.path), "--vcf", str(tmp_path / "v.vcf.gz"), "--genome", str(folder / "g.fa")]
    words += ["--out", str(out), "--null", "50", "--method", "saliency", "--attention", "--top", "1"]
    words += ["--motifs", "jaspar:2026:MA0139.1,MA0148.5", "--annotated", str(tmp_path / "a.vcf")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, sep="\t")
    assert table.columns[:6].tolist() == ["chrom", "pos", "id", "ref", "alt", "effect"]
    assert {"p", "q", "attribution_change", "attention_change", "motif_change"} <= set(table.columns)
    np.testing.assert_allclose(table["effect"], table["alt_logit"] - table["ref_logit"], atol=1e-4)
    record = json.loads(Path(f"{out}.json").read_text())
    assert record["skipped"] == {
        "symbolic allele": 1,
        "overlapping deletion (*)": 1,
        "ALT equals REF": 1,
        "breakend": 1,
        "no alternative allele": 1,
    }
    skipped = pd.read_csv(f"{out}.skipped.tsv", sep="\t")
    assert skipped["id"].tolist() == ["multi", "multi", "multi", "breakend", "none"]
    assert len(list(Path(f"{out}.logos").glob("*.png"))) == 1
    annotated = (tmp_path / "a.vcf").read_text().splitlines()
    (multi,) = (line for line in annotated if "\tmulti\t" in line)
    effects = multi.split("MLE=")[1].split(";")[0].split(",")
    assert [value == "." for value in effects] == [False, False, True, True, True]
    assert "A=1;MLE=" in multi
    assert any(line.startswith("##INFO=<ID=MLE,Number=A") for line in annotated)


def test_a_site_that_is_broken_is_named(folder: Path, tmp_path: Path) -> None:
    from motiflens.analyses.motifs.jaspar import jaspar

    motif = jaspar(ids=["MA0139.1"])[0]
    site = "".join("ACGT"[i] for i in motif.ppm.argmax(axis=1))
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ACGT"), 100)) + site + "".join(rng.choice(list("ACGT"), 100))
    (tmp_path / "g.fa").write_text(f">c\n{text}\n")
    run = run_of(small("cnn_zeng"), tmp_path / "run")
    source = open_genome_source(run, genome=tmp_path / "g.fa")
    at = 100 + int(motif.information.argmax())
    worst = "ACGT"[int(motif.ppm[at - 100].argmin())]
    rows = (at + 1, text[at], worst), (at + 1, text[at : at + 2], text[at]), (30, text[29], "N")
    (tmp_path / "v.vcf").write_text("".join(f"c\t{place}\t.\t{ref}\t{alt}\n" for place, ref, alt in rows))
    options = VariantOptions(null=0, motifs=[motif], threshold=1e-6)
    alleles = read_vcf(tmp_path / "v.vcf", source.genome).alleles
    table = variant_effects(run, source, alleles, options)
    assert table["motif"].tolist() == [motif.name, motif.name, ""]
    assert table["motif_start"].tolist()[0] == 101
    assert table["motif_strand"].tolist()[0] == "+"
    assert table["motif_change"].tolist()[1] == "broken"
    assert (table["motif_ref_score"] > table["motif_alt_score"])[:2].all()


BAD = {
    "chr3\t5\t.\tA\tC": "chr3",
    "1\t5\t.\tA\tC": "chr1",  # names of another style are told
    "chr1\t5\t.\tA": "has 4 tab-separated columns",
    "chr1\tx\t.\tA\tC": "has the position 'x'",
    "chr1\t0\t.\tA\tC": "has the position '0'",
    "chr1\t999\t.\tA\tC": "past the end of chr1",
    "chr1\t5\t.\t\tC": "has the REF ''",
    "chr1\t5\t.\tREF\t": "has an empty ALT allele",
    "chr1\t5\t.\tR\tC": "has the REF 'R'",
    "chr1\t5\t.\tREF\tQ": "has the ALT 'Q'",
    "chr1\t5\t.\tWRONG\tN": "to give --mismatch skip",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_files_get_one_line(line: str, folder: Path, tmp_path: Path) -> None:
    genome = open_genome(folder / "g.fa")
    base = sequences(folder)["chr1"][4]
    wrong = "ACGT".replace(base, "")[0]
    path = tmp_path / "bad.vcf"
    text = line.replace("REF", base).replace("WRONG", wrong)
    path.write_text(text + "\n")
    message = f"chr1:5 .* has REF {wrong}, .* has {base} there" if "WRONG" in line else BAD[line]
    with pytest.raises(ValueError, match=message) as error:
        read_vcf(path, genome)
    assert "bad.vcf" in str(error.value)
    assert "\n" not in str(error.value)
    if "WRONG" in line:
        assert read_vcf(path, genome, mismatch="skip").reasons() == {"REF is not what the genome has": 1}


def test_files_that_are_none(folder: Path, tmp_path: Path) -> None:
    genome = open_genome(folder / "g.fa")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_vcf(tmp_path / "no.vcf", genome)
    for content, message in (
        (b"", "is empty"),
        (b"BCF\2\2", "BCF file"),
        (HEADER.encode(), "holds no variant"),
    ):
        (tmp_path / "v.vcf").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_vcf(tmp_path / "v.vcf", genome)


def test_a_model_that_reads_signals(small_world: Any, tmp_path: Path) -> None:
    """Signals and features are the place's with either allele; logos of both alleles are drawn."""
    run = open_run(small_world.signals)
    source = open_genome_source(run, str(small_world.data), cell_type="two")
    letters = source.genome.read(np.array([2]), np.array([20_000]), 40)[0]
    rows = [f"chr3\t{20_001 + at}\t.\t{'ACGT'[letters[at]]}\t{'CGTA'[letters[at]]}\n" for at in (3, 17)]
    rows.append(f"chr3\t20031\t.\t{'ACGT'[letters[30]]}\t{'ACGT'[letters[30]]}TTG\n")
    (tmp_path / "v.vcf").write_text("".join(rows))
    out = tmp_path / "t.tsv"
    words = ["variants", str(run.path), "--vcf", str(tmp_path / "v.vcf"), "--data", str(small_world.data)]
    words += ["--cell-type", "two", "--null", "0", "--top", "2", "--out", str(out)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert len(list(Path(f"{out}.logos").glob("*.png"))) == 2
    table = pd.read_csv(out, sep="\t")
    for row, variant in enumerate(read_vcf(tmp_path / "v.vcf", source.genome).alleles):
        start = variant.position - source.length // 2
        window = source.windows(np.array([2]), np.array([start + (source.length - source.bin) // 2]), run.tasks)
        batch = window.read(np.array([0]))
        pair = []
        for letters in allele_windows(source.genome, [variant], source.length):
            x = torch.from_numpy(batch.x.copy())
            x[:, :4] = torch.from_numpy(one_hot(letters))
            with torch.no_grad():
                meta = torch.from_numpy(batch.meta) if run.model.meta else None
                strands = [x] if run.model.siamese else [x, reverse_complement(x)]
                pair.append(np.mean([run.model(strand, meta)[0, 0].item() for strand in strands]))
        # fitted weights are large: float32 itself is 1e-4 off float64 here
        assert table["effect"][row] == pytest.approx(pair[1] - pair[0], abs=5e-4)


def test_bcf_is_what_its_text_is(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alleles, what is left out and the annotated file; without pysam, one line that says what to do."""
    pysam = pytest.importorskip("pysam")
    contigs = "".join(f"##contig=<ID=chr{i},length={SIZE}>\n" for i in (1, 2))
    more = '##INFO=<ID=A,Number=1,Type=Integer,Description="a">\n##ALT=<ID=DEL,Description="d">\n'
    more += '##INFO=<ID=END,Number=1,Type=Integer,Description="of symbolic alleles">\n'
    text = (folder / "v.vcf").read_text().replace("#CHROM", f"{contigs}{more}#CHROM")
    (tmp_path / "v.vcf").write_text(text)
    with (
        pysam.VariantFile(str(tmp_path / "v.vcf")) as given,
        pysam.VariantFile(str(tmp_path / "v.bcf"), "wb", header=given.header) as out,
    ):
        for record in given:
            out.write(record)
    genome = open_genome(folder / "g.fa")
    found = [read_vcf(tmp_path / name, genome) for name in ("v.vcf", "v.bcf")]
    for a, b in zip(found[0].alleles, found[1].alleles, strict=True):
        assert a._replace(line=0) == b._replace(line=0)
    assert [one[1:] for one in found[0].skipped] == [one[1:] for one in found[1].skipped]
    table = pd.DataFrame({"effect": np.arange(len(found[1].alleles), dtype=float)})
    write_annotated(tmp_path / "v.bcf", tmp_path / "a.vcf", found[1].alleles, table, "a")
    lines = [line for line in (tmp_path / "a.vcf").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == text.count("\nchr")
    assert sum("MLE=" in line for line in lines) == len({one.line for one in found[1].alleles})
    (tmp_path / "cut.bcf").write_bytes((tmp_path / "v.bcf").read_bytes()[:400])
    with pytest.raises(ValueError, match=r"cut\.bcf is a"):
        read_vcf(tmp_path / "cut.bcf", genome)
    monkeypatch.setitem(sys.modules, "pysam", None)
    with pytest.raises(ValueError, match=r"v\.bcf is a BCF file, which needs pysam.*bcftools view"):
        read_vcf(tmp_path / "v.bcf", genome)
