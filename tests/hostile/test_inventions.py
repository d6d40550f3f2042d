"""Odd but possible input to every command that looks at a model: one line, nothing written, nothing lost."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import MEME, Ended, tree

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
MOTIF = MEME.split("MOTIF")[0]
# What lies in the folder that a command is run in: name -> content.
PREPARED: dict[str, str] = {
    "far.vcf": HEAD + "chr1\t99999999\t.\tA\tC\t.\t.\t.\n",
    "zero.vcf": HEAD + "chr1\t0\t.\tA\tC\t.\t.\t.\n",
    "float.vcf": HEAD + "chr1\t1e3\t.\tA\tC\t.\t.\t.\n",
    "other.vcf": HEAD + "chrUn\t10\t.\tA\tC\t.\t.\t.\n",
    "short.vcf": HEAD + "chr1\t10\n",
    "head.vcf": HEAD,
    "huge.vcf": HEAD + "chr1\t9223372036854775808\t.\tA\tC\t.\t.\t.\n",
    "empty.meme": MOTIF,
    "nan.meme": MOTIF + "MOTIF a\nletter-probability matrix: alength= 4 w= 1 nsites= 5\nnan nan nan nan\n",
    "minus.meme": MOTIF + "MOTIF a\nletter-probability matrix: alength= 4 w= 1 nsites= 5\n-1 1 0.5 0.5\n",
    "five.meme": MOTIF + "MOTIF a\nletter-probability matrix: alength= 5 w= 1 nsites= 5\n.2 .2 .2 .2 .2\n",
    "none.meme": MOTIF + "MOTIF a\nletter-probability matrix: alength= 4 w= 0 nsites= 5\n",
    "wide.meme": MOTIF + "MOTIF a\nletter-probability matrix: alength= 4 w= 300\n" + ".25 .25 .25 .25\n" * 300,
    "twice.meme": MEME + MEME.split("ACGT\n")[1],
    "reversed.bed": "chr1\t500\t400\n",
    "minus.bed": "chr1\t-5\t400\n",
    "beyond.bed": "chr1\t3900\t4100\n",
    "spaces.bed": "chr1 100 400\n",
    "ragged.bed": "chr1\t100\t400\nchr1\t100\n",
    "plan.toml": 'models = "tbinet"\n',
    "loop.toml": '[[models]]\nname = "tbinet"\nstart = "tbinet"\n',
    "typo.toml": "modles = ['tbinet']\n",
    "number.toml": "models = 3\n",
    "name.toml": "[[models]]\nname = 5\n",
    "letters.toml": 'sets = "a"\n[[models]]\nname = "tbinet"\n',
    "grid.toml": '[[models]]\nname = "tbinet"\ngrid = 3\n',
    "set.toml": '[[models]]\nname = "tbinet"\nset = ["x"]\n',
    "seeds.toml": "seeds = -3\n[[models]]\nname = 'tbinet'\n",
    "twice.fa": ">a\nACGT\n>a\nACGT\n",
    "protein.fa": ">a\nMKLVEFW\n",
}
GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
VARIANTS = "variants WORLD/plain --genome WORLD/genome.fa --null 0 --out o.tsv --vcf"
HITS = f"hits WORLD/plain {GENOME} --out o.tsv --motifs"
PAIRS = f"interactions WORLD/plain {GENOME} --out o.tsv --motifs"
GRAMMAR = f"marginalize WORLD/plain {GENOME} --out o.tsv"
STUDY = "study --data WORLD/a.seq --out o --no-controls --processes 1"
LINES = (
    *(f"{VARIANTS} {name}.vcf" for name in ("zero", "float", "short", "huge", "head")),
    f"{VARIANTS} WORLD",
    f"{VARIANTS} WORLD/v.vcf --method nope",
    f"{VARIANTS} WORLD/v.vcf --motifs WORLD/genome.fa",
    f"{VARIANTS} WORLD/v.vcf --task 7",
    f"{VARIANTS} WORLD/v.vcf --annotated WORLD/v.vcf",
    f"{VARIANTS} WORLD/v.vcf --image exe --top 1",
    f"{VARIANTS} WORLD/v.vcf --device nope",
    "variants WORLD/plain --genome twice.fa --vcf WORLD/v.vcf --out o.tsv",
    "variants WORLD/plain --genome protein.fa --vcf WORLD/v.vcf --out o.tsv",
    *(f"{HITS} {name}.meme" for name in ("empty", "nan", "minus", "five", "none", "wide")),
    f"{HITS} jaspar:1999",
    f"{HITS} jaspar:2026:nowhere",
    f"{HITS} WORLD/m.meme --method nope",
    f"{HITS} WORLD/m.meme --method attention",
    f"{HITS} WORLD/m.meme --only some",
    f"{HITS} WORLD/m.meme --fdr 2",
    f"{HITS} WORLD/m.meme --locus chr1:0-0",
    *(
        f"hits WORLD/plain --motifs WORLD/m.meme --genome WORLD/genome.fa --out o.tsv --bed {name}.bed"
        for name in ("reversed", "minus", "beyond", "spaces", "ragged")
    ),
    *(f"{PAIRS} {name}.meme" for name in ("empty", "none", "wide")),
    f"{PAIRS} WORLD/m.meme --method nope",
    f"{PAIRS} WORLD/m.meme --thresh 0",
    f"{GRAMMAR}",
    f"{GRAMMAR} --motif WORLD/m.meme --pair ACGT TTAA",
    f"{GRAMMAR} --pair ACGT",
    f"{GRAMMAR} --pair ACGT ZZZ",
    f"{GRAMMAR} --pair {'A' * 150} {'C' * 150}",
    f"{GRAMMAR} --pair ACGT TTAA --spacing 5",
    f"{GRAMMAR} --pair ACGT TTAA --spacing 9:1",
    f"{GRAMMAR} --pair ACGT TTAA --spacing a:b",
    f"{GRAMMAR} --pair ACGT TTAA --spacing 100000:100001",
    f"{GRAMMAR} --pair ACGT TTAA --figure o.exe",
    f"{GRAMMAR} --motif WORLD/m.meme --figure o.png",
    f"{GRAMMAR} --motif WORLD/m.meme --background nope",
    f"{STUDY}",
    f"{STUDY} --models nope",
    f"{STUDY} --models tbinet,tbinet --set nope=3",
    f"{STUDY} --models tbinet --sets nope",
    f"{STUDY} --models tbinet --metric nope",
    f"{STUDY} --models tbinet --shuffled nope",
    f"{STUDY} --models tbinet --preset nope",
    f"{STUDY} --models tbinet --grid units",
    f"{STUDY} --models tbinet --dask nowhere.json",
    *(
        f"study {name}.toml --data WORLD/a.seq --out o"
        for name in ("plan", "loop", "typo", "seeds", "number", "name", "letters", "grid", "set")
    ),
    "study nope --data WORLD/a.seq --out o",
    "benchmark --models nope --data WORLD --out o",
    "benchmark --models tbinet --data WORLD --out o",
    "benchmark --models tbinet --methods nope --out o",
    "benchmark --models tbinet --routes nope --out o",
    "benchmark --models tbinet --pairs nope --out o",
    "benchmark --preset nope --out o",
    "serve WORLD",
    "serve WORLD/m.meme",
    "serve WORLD/plain --port 99999",
    "serve WORLD/plain --host nowhere.invalid",
    "chip WORLD/plain --out o --look nope",
    "chip WORLD/run --out o --segments nope",
    "chip WORLD/run --out o --layer nope",
    "chip WORLD/m.meme --out o",
    "importance WORLD/run --out o --split nope",
    "importance WORLD/m.meme --out o",
    "importance WORLD/run --out o --tf NOPE",
    "dnase WORLD/run WORLD/plain/config.json --out o",
    "dnase WORLD/plain WORLD/nowhere --out o",
    "kmers WORLD/run --out o",
    "kmers WORLD --out o --metric nope",
    "attention WORLD/run --out o --layer nope",
)


@pytest.mark.parametrize("line", LINES)
def test_one_line(line: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    for name, content in PREPARED.items():
        (tmp_path / name).write_text(content)
    before = tree(tmp_path), tree(world)
    ended = interpret(*line.replace("WORLD", str(world)).split())
    lines = [each for each in ended.err.splitlines() if not each.startswith(("  ", "note:", "warning:"))]
    assert (ended.code, len(lines)) == (2, 1), ended
    assert lines[0].startswith("interpret: ")
    assert len(lines[0]) < 1_500, "a line that can be read"
    assert (tree(tmp_path), tree(world)) == before
    assert {path.name for path in tmp_path.iterdir()} == set(PREPARED)


UNKNOWN = {
    "benchmark --models tbinet --tf CTCF --out o --accelerator tpux": "accelerator 'tpux'",
    "benchmark --models tbinet --tf CTCF --out o --device tpux": "device 'tpux'",
    "study --data WORLD/a.seq --models tbinet --out o --accelerator tpux": "accelerator 'tpux'",
    "sweep --data WORLD/a.seq --model tbinet --grid units=1,2 --out o --accelerator tpux": "accelerator 'tpux'",
    "train --data WORLD/a.seq --model tbinet --out o --accelerator tpux": "accelerator 'tpux'",
    "attribute WORLD/run --out o --device tpux": "device 'tpux'",
    "study --data pipe --models tbinet --out o": "pipe is neither a file nor a folder",
    "study --data pipe.seq --models tbinet --out o": "pipe.seq is neither a file nor a folder",
    "train --data pipe.seq --model tbinet --out o": "pipe.seq is neither a file nor a folder",
    "evaluate WORLD/run --data loop": "loop",
    "kmers WORLD/run --data loop --out o": "loop",
    "kmers loop --out o": "loop",
    "benchmark --models tbinet --data loop --out o": "loop",
    "study --data loop --models tbinet --out o": "loop does not exist",
    "predict loop --genome WORLD/genome.fa --out o.tsv": "loop",
    "predict WORLD/plain --genome loop --out o.tsv": "loop",
    "serve loop": "loop",
    "data uniqueness WORLD/genome.fa --size 8 --out loop/u.bw": "loop",
    "report WORLD/run --out r.exe": "r.exe does not end with .html",
    "report WORLD/run --out r": "r does not end with .html",
}


@pytest.mark.parametrize("line", UNKNOWN)
def test_nothing_of_that_kind(line: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """Devices that there are not, pipes, links to themselves, pages by another ending: refused before any work."""
    for name in ("pipe", "pipe.seq"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "loop").symlink_to("loop")
    before = tree(world)
    ended = interpret(*line.replace("WORLD", str(world)).split())
    lines = [each for each in ended.err.splitlines() if not each.startswith(("  ", "note:", "warning:"))]
    assert (ended.code, len(lines)) == (2, 1), ended
    assert UNKNOWN[line] in lines[0]
    assert tree(world) == before
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "pipe.seq", "loop"}


def test_a_port_that_is_taken(world: Path, interpret: Callable[..., Ended]) -> None:
    """The server's own way is two lines, and the process's end with code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = interpret("serve", world / "plain", "--port", taken.getsockname()[1])
    assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended
    assert "cannot be listened on" in ended.err
