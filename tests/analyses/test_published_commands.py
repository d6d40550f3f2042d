"""Every command on DeepGRN's own weights of EGR1, with signals and features of a small genome of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.interpret import open_store
from motiflens.models import open_run
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data.one_hot import encode
from motiflens.models.data.windows import Windows
from motiflens.models.genome_source import open_genome_source
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.regions import Regions, open_regions

pytestmark = pytest.mark.realdata
SITE, OTHER = "GCGTGGGCGT", "TGACTCATTG"  # EGR1's and, beside it, AP-1's
SIZE, SPACING, LENGTH, COUNT = 20_000, 2000, 1002, 12
META = ("cpg", "cds", "intron", "promoter", "utr5", "utr3")
WARNING = "warning: the signal dnase reaches 1 here and 12 where the model was trained"

COLUMNS = {
    "marginalize": ("motif", "strand", "effect", "low", "high", "background", "p", "n"),
    "interactions": ("first", "second", "pairs", "score", "low", "high", "excess", "p", "q"),
    "motifs": ("target_id",),
    "chip": ("target", "look"),
}


@dataclass(frozen=True)
class Egr1:
    """The imported run and the files that commands are given."""

    run: Path
    data: Path
    motifs: Path
    bed: Path

    def own(self, cell: str = "open") -> list[str]:
        """Windows about the planted sites."""
        return ["--bed", str(self.bed), "--data", str(self.data), "--cell-type", cell]


@pytest.fixture(scope="module")
def egr1(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Egr1:
    """DeepGRN's EGR1, and a genome with a site every 2,000 bp in open chromatin."""
    folder = tmp_path_factory.mktemp("egr1")
    told = interpret("import", shared / "weights/deepgrn/EGR1_single.h5", "--out", folder / "run")
    assert "EGR1" in told
    data = folder / "data"
    data.mkdir()
    rng = np.random.default_rng(3)
    places = range(SPACING // 2, SIZE, SPACING)
    peaks, fasta = [], []
    chroms = ("chr1", "chr2", "chr3")
    for chrom in chroms:
        bases = rng.choice(list("ACGT"), SIZE)
        for at in places:
            bases[at : at + 10] = list(SITE)
            bases[at + 30 : at + 40] = list(OTHER)
            peaks.append(f"{chrom}\t{at - 95}\t{at + 105}\t{chrom}.{at}\t0\t.\t9\t-1\t-1\t100\n")
        fasta.append(f">{chrom}\n{''.join(bases)}\n")
    (data / "g.fa").write_text("".join(fasta))
    (data / "p.narrowPeak").write_text("".join(peaks))
    (folder / "own.narrowPeak").write_text("".join(peaks[-COUNT:]))
    bump = np.zeros(SIZE)
    for at in places:
        bump[at - 150 : at + 150] = 12.0
    noise = rng.gamma(2.0, 0.1, SIZE)
    tracks = {"u": np.ones(SIZE), "open": bump + noise, "closed": np.ones(SIZE), "fold": bump + 10 * noise}
    for name, values in tracks.items():
        with pyBigWig.open(str(data / f"{name}.bw"), "w") as file:
            file.addHeader([(chrom, SIZE) for chrom in chroms])
            for chrom in chroms:
                file.addEntries(chrom, 0, values=values.tolist(), span=1, step=1)
    for name in META:
        (data / f"{name}.bed").write_text("chr1\t0\t500\nchr2\t0\t500\n")
    cells = ["open", "closed", *(f"c{number}" for number in range(8))]
    rows = [
        "\t".join([f"g{row}", *(f"{value:.3f}" for value in rng.gamma(2, 5, len(cells)))]) for row in range(20)
    ]
    (data / "expression.tsv").write_text("\n".join(["\t".join(["gene", *cells]), *rows]) + "\n")
    annotations = "".join(f'{name} = "{name}.bed"\n' for name in META)
    toml = f"""name = "egr1"
[genome]
fasta = "g.fa"
[windows]
length = {LENGTH}
bin = 200
stride = 200
[splits]
valid = ["chr2"]
test = ["chr3"]
[signals]
uniqueness = "u.bw"
[annotations]
{annotations}[expression]
table = "expression.tsv"
components = 8
"""
    for cell in ("open", "closed"):
        toml += f'[[cell_types]]\nname = "{cell}"\naccessibility = "{cell}.bw"\n[[experiments]]\ntf = "EGR1"\n'
        toml += f'cell_type = "{cell}"\npeaks = "p.narrowPeak"\nfold_change = "fold.bw"\n'
    (data / "dataset.toml").write_text(toml)
    motifs = folder / "m.meme"
    names = {"EGR1": SITE, "AP1": OTHER}
    write_meme(motifs, [Motif(name, 0.97 * np.eye(4)[encode(site)] + 0.0075) for name, site in names.items()])
    return Egr1(folder / "run", data, motifs, folder / "own.narrowPeak")


def interpret(*words: object) -> str:
    """What the command line says, having ended well."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def site_windows(egr1: Egr1) -> Windows:
    """The windows about the planted sites, as the commands read them."""
    return open_regions(open_run(egr1.run), Regions(bed=egr1.bed, data=str(egr1.data), cell_type="open")).windows


def logits(egr1: Egr1, x: torch.Tensor, meta: torch.Tensor) -> list[np.ndarray]:
    """Logits of windows as they are, and of their reverse complement."""
    model = open_run(egr1.run).model
    with torch.no_grad():
        return [model(strand, meta)[:, 0].numpy() for strand in (x, reverse_complement(x))]


def test_predict(egr1: Egr1, tmp_path: Path) -> None:
    """Probabilities are the model's own; EGR1's sites in open chromatin are bound."""
    told = interpret("predict", egr1.run, *egr1.own(), "--out", tmp_path / "p.tsv")
    assert "warning" not in told
    table = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    assert list(table.columns) == ["chrom", "start", "end", "EGR1"]
    batch = site_windows(egr1).read(np.arange(COUNT))
    both = logits(egr1, torch.from_numpy(batch.x), torch.from_numpy(batch.meta))
    strands = [1 / (1 + np.exp(-logit)) for logit in both]
    close = [np.allclose(table["EGR1"], wanted, atol=1e-5) for wanted in (strands[0], np.mean(strands, axis=0))]
    assert any(close)
    assert table["EGR1"].min() > 0.99


def test_locus(egr1: Egr1, tmp_path: Path) -> None:
    """A model that reads DNase takes a place on the genome, but no bare sequences, and warns of weak signals."""
    own = ["--locus", "chr3:2000-4000", *egr1.own("closed")[2:]]
    assert WARNING in interpret("predict", egr1.run, *own, "--out", tmp_path / "p.tsv")
    assert len(pd.read_csv(tmp_path / "p.tsv", sep="\t")) == 2
    (tmp_path / "s.fa").write_text(f">s\n{SITE}\n")
    words = ["predict", egr1.run, "--fasta", tmp_path / "s.fa", "--out", tmp_path / "q.tsv"]
    with pytest.raises(ValueError, match="reads more than the sequence"):
        interpret(*words)
    assert not (tmp_path / "q.tsv").exists()


def test_variants(egr1: Egr1, tmp_path: Path) -> None:
    """The effect is the difference of logits by hand, mean of both strands; a broken site binds less."""
    (tmp_path / "v.vcf").write_text("chr3\t1005\t.\tG\tA\nchr3\t1005\t.\tG\t<DEL>\n")
    where = ["--data", egr1.data, "--cell-type", "open", "--null", 0]
    told = interpret("variants", egr1.run, "--vcf", tmp_path / "v.vcf", *where, "--out", tmp_path / "t.tsv")
    assert "1 alleles left out: symbolic allele" in told
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    assert list(table.columns[:6]) == ["chrom", "pos", "id", "ref", "alt", "effect"]
    run = open_run(egr1.run)
    source = open_genome_source(run, str(egr1.data), cell_type="open")
    first = 1004 - LENGTH // 2  # of the window, on chr3
    windows = source.windows(np.array([2]), np.array([first + (LENGTH - source.bin) // 2]), run.tasks)
    batch = windows.read(np.array([0]))
    pair = torch.from_numpy(np.concatenate([batch.x, batch.x]))
    assert pair[0, 2, LENGTH // 2] == 1  # G
    pair[1, :4, LENGTH // 2] = torch.tensor([1.0, 0.0, 0.0, 0.0])  # A
    both = np.mean(logits(egr1, pair, torch.from_numpy(np.repeat(batch.meta, 2, axis=0))), axis=0)
    assert table["effect"][0] == pytest.approx(both[1] - both[0], abs=2e-4)


def test_attribute(egr1: Egr1, tmp_path: Path) -> None:
    """One record of base contributions a window."""
    interpret("attribute", egr1.run, *egr1.own(), "--processes", 1, "--out", tmp_path / "a")
    with open_store(tmp_path / "a" / "attributions.h5") as store:
        assert len(store) == COUNT


def test_hits(egr1: Egr1, tmp_path: Path) -> None:
    """Instances of the motifs lie within their windows."""
    interpret("hits", egr1.run, *egr1.own(), "--motifs", egr1.motifs, "--out", tmp_path / "h.tsv")
    table = pd.read_csv(tmp_path / "h.tsv", sep="\t")
    assert {"chrom", "start", "end", "strand", "name", "motif", "importance", "q"} <= set(table.columns)
    assert set(table["motif"]) <= {"EGR1", "AP1"}


@pytest.mark.parametrize("command", ["marginalize", "interactions", "motifs", "chip"])
def test_other_commands(command: str, egr1: Egr1, tmp_path: Path) -> None:
    """They end well, and leave what they are for."""
    given = {
        "marginalize": ["--motif", SITE, "-n", 6],
        "interactions": ["--motifs", egr1.motifs, "--shuffles", 1, "--maximum", 6],
        "chip": ["--look", "attention,saliency", "--untrained", 0, "--peaks", 0],
        "motifs": [
            "--routes",
            "kernels",
            "--targets",
            egr1.motifs,
            "--untrained",
            0,
            "--shuffles",
            2,
            "--no-controls",
        ],
    }[command]
    out = tmp_path / "out.tsv"
    interpret(command, egr1.run, *egr1.own(), *given, "--out", out)
    made = {"motifs": out / "motifs.tsv", "chip": out / "correlations.tsv"}.get(command, out)
    table = pd.read_csv(made, sep="\t")
    assert set(COLUMNS[command]) <= set(table.columns)
    if command == "marginalize":
        assert table["strand"].tolist() == ["+", "-"]
        assert (table["low"] <= table["effect"]).all()
        assert table["effect"][0] > 0, "EGR1's site raises EGR1's logit"
    elif command == "interactions":
        assert {"EGR1", "AP1"} == {*table["first"], *table["second"]}


def test_no_seqlets(egr1: Egr1, tmp_path: Path) -> None:
    """Twelve windows are too few for seqlets of this model: one line, and nothing is left."""
    few = ["--routes", "seqlets", "--targets", egr1.motifs, "--untrained", 0, "--shuffles", 2, "--no-controls"]
    with pytest.raises(ValueError, match="no motifs from any route") as error:
        interpret("motifs", egr1.run, *egr1.own(), *few, "--out", tmp_path / "out")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out" / "motifs.tsv").exists()


@pytest.mark.parametrize("name", ["EGR1__meta_RNAseq_Unique35_DGF", "EGR1__onePeak_DGF"])
def test_factornet(name: str, shared: Path, egr1: Egr1, tmp_path: Path) -> None:
    """A model that takes some of the signals and features that a folder has is given these, by their names."""
    interpret("import", shared / "weights/factornet" / name, "--out", tmp_path / "run")
    run = open_run(tmp_path / "run")
    own = Regions(bed=egr1.bed, data=str(egr1.data), cell_type="open")
    batch = open_regions(run, own).windows.read(np.arange(COUNT))
    everything = site_windows(egr1)
    channels = [everything.channels.index(channel) for channel in run.config["channels"]]
    features = [everything.meta_names.index(feature) for feature in run.config["meta"]]
    rows = everything.read(np.arange(COUNT))
    np.testing.assert_array_equal(batch.x, rows.x[:, channels])
    assert len(features) == run.model.meta
    if features:
        np.testing.assert_array_equal(batch.meta, rows.meta[:, features])
    interpret("predict", tmp_path / "run", *egr1.own(), "--out", tmp_path / "p.tsv")
    meta = torch.from_numpy(rows.meta[:, features]) if features else None
    with torch.no_grad():
        strands = [run.model(x, meta)[:, 0] for x in map(strand_of, (False, True), [batch.x] * 2)]
    probabilities = [torch.sigmoid(logit).numpy() for logit in strands]
    table = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    close = [
        np.allclose(table["EGR1"], wanted, atol=1e-5)
        for wanted in (probabilities[0], np.mean(probabilities, axis=0))
    ]
    assert any(close)
    assert len(open_as_trained(run, str(egr1.data))["test"]) > 0


def strand_of(reverse: bool, x: np.ndarray) -> torch.Tensor:
    """Windows, or their reverse complements."""
    return reverse_complement(torch.from_numpy(x)) if reverse else torch.from_numpy(x)
