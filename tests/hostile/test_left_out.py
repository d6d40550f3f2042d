"""Nothing that is asked for is left out without a word: it is refused, or counted in a note."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .conftest import MEME, Ended, tree

GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
PAIR = f"marginalize WORLD/plain {GENOME} --out o.tsv -n 2 --pair"
ATTRIBUTE = "attribute WORLD/run --only all --out o"
STUDY = "study --data WORLD/a.seq --out o --no-controls --processes 1 --models tbinet"
BENCHMARK = "benchmark --data WORLD --out o --models tbinet"
# Command -> what its one line has to say.
REFUSED = {
    f"{PAIR} ACGT TTAA --spacing 0:99999999999": "--spacing 0:99999999999",
    f"{PAIR} ACGT TTAA --spacing 900:950": "no spacing fits into windows of 200 bp",
    f"{ATTRIBUTE} --export bigwig,bigwig": "--export names bigwig twice",
    f"{ATTRIBUTE} --export bigwig,": "--export 'bigwig,' has an empty name",
    f"{ATTRIBUTE} --plot chr3:400-600 --plot chr3:400-600": "--plot names chr3:400-600 twice",
    f"{ATTRIBUTE} --plot chr3:2400-9999": "ends past the end of chr3 (2500 bp)",
    f"{ATTRIBUTE} --plot chr3:0-99999999999": "MOTIFLENS_MAX_LENGTH",
    "predict WORLD/plain --genome WORLD/genome.fa --out o.bed --chromosomes chr1,chr1": "names chr1 twice",
    "predict WORLD/plain --genome WORLD/genome.fa --out o.bed --chromosomes chr1,,chr2": "has an empty name",
    "data describe WORLD --test chr3,chr3": "test names chr3 twice",
    "data describe WORLD --test chr3,": "test 'chr3,' has an empty name",
    "data describe WORLD --tf CTCF --signals dnase,dnase": "--signals names dnase twice",
    "data describe WORLD --tf CTCF --signals none,dnase": "names none beside others",
    "data describe WORLD/s.fa --division 0.8,,0.2": "division=0.8,,0.2",
    "sweep --model tbinet --data WORLD/a.seq --out o --grid units=1,1": "the grid's units names 1 twice",
    "sweep --model tbinet --data WORLD/a.seq --out o --grid units=1,2 --set units=3": "units is set to",
    "motifs WORLD/run --out o --routes kernels,kernels": "--routes names kernels twice",
    "motifs WORLD/run --out o --routes kernels,": "--routes 'kernels,' has an empty name",
    f"{STUDY},tbinet": "--models names tbinet twice",
    f"{STUDY},": "has an empty name",
    f"{STUDY} --sets a,a": "--sets names a twice",
    f"{STUDY} --sets a,nope": "has no data set 'nope': it has a",
    f"{STUDY} --shuffled shuffled_labels,shuffled_labels": "--shuffled names shuffled_labels twice",
    f"{STUDY} --grid units=1,1": "the grid's units names 1 twice",
    f"{STUDY} --grid units=1,2 --set units=3": "units is set to '3', but the grid gives",
    f"{BENCHMARK},tbinet": "--models names tbinet twice",
    f"{BENCHMARK} --methods attention,attention": "--methods names attention twice",
    f"{BENCHMARK} --routes none,kernels": "--routes 'none,kernels' names none beside others",
    f"{BENCHMARK} --pairs epistasis,": "--pairs 'epistasis,' has an empty name",
    f"{BENCHMARK} --tf CTCF,CTCF": "--tf names CTCF twice",
    "chip WORLD/run --out o --look attention,attention": "--look names attention twice",
    **{
        f"{name} WORLD/run WORLD/run/ --out o": "names WORLD/run twice"
        for name in ("chip", "attention", "importance", "kmers", "compare", "report")
    },
}
# Command -> what its note has to say; it does the rest.
NOTED = {
    f"{PAIR} ACGT TTAA --spacing 90:100": "6 of 11 distances do not fit into windows of 200 bp and are left out; "
    "those from 90 to 94 fit",
    f"{PAIR} two.meme TTAA --spacing 0:1": "two.meme holds 2 motifs, of which the first is taken, one",
    f"hits WORLD/plain --motifs two.meme {GENOME} --out o.tsv": "1 of 2 motifs are wider than the windows",
    f"{ATTRIBUTE} --top 2 --max 1": "--top 2: there are 1 windows that do not overlap",
    f"{ATTRIBUTE} --top 1 --width 999": "--width 999: windows have 200 bp",
    f"attribute WORLD/plain {GENOME} --out o --plot chr3:400-1000": "bp of it lie in no window and are left blank",
    "variants WORLD/plain --genome WORLD/genome.fa --vcf WORLD/v.vcf --null 0 --out o.tsv --top 5": "--top 5: 1 ",
    "scan --motifs two.meme --sequences odd.fa --out o.tsv": "1 of 2 motifs are wider than every sequence",
    "predict WORLD/plain --fasta odd.fa --out o.tsv": "1 of 2 sequences are longer than 200 bp: cut",
    "predict WORLD/plain --out o.tsv --fasta odd.fa": "1 of 2 sequences are shorter than 200 bp: filled",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    before = tree(world)
    ended = interpret(*line.replace("WORLD", str(world)).split())
    lines = [each for each in ended.err.splitlines() if not each.startswith("  ")]  # else stages that take long
    assert (ended.code, len(lines)) == (2, 1), ended
    assert REFUSED[line].replace("WORLD", str(world)) in lines[0]
    assert tree(world) == before
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", NOTED)
def test_noted(line: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    rows = "0.7 0.1 0.1 0.1\n" * 300
    wide = f"MOTIF wide\nletter-probability matrix: alength= 4 w= 300\n{rows}"
    (tmp_path / "two.meme").write_text(MEME + wide)
    (tmp_path / "odd.fa").write_text(f">long\n{'ACGT' * 60}\n>short\n{'ACGT' * 40}\n")
    ended = interpret(*line.replace("WORLD", str(world)).split())
    assert ended.code == 0, ended
    assert NOTED[line] in ended.err


def test_spacings_that_fit_are_those_of_the_window(world: Path, interpret: Callable[..., Ended]) -> None:
    """None is lost but those told of, and the record counts them."""
    import json

    import pandas as pd

    words = f"{PAIR} ACGT TTAA --spacing -200:200".replace("WORLD", str(world)).split()
    assert interpret(*words).code == 0
    seen = sorted(set(pd.read_csv("o.tsv", sep="\t")["spacing"]))
    assert seen == list(range(-94, 95))  # 98 bp on each side of the first motif, 4 of which the second one takes
    assert json.loads(Path("o.tsv.json").read_text())["spacings"] == {"asked": 401, "fit": len(seen)}
    assert np.isfinite(seen).all()
