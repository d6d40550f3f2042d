"""A scan in parts: the same bytes on one process, on two and on a Dask cluster; kept through a stop."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiflens.analyses.motifs.engines.laid_letters import lay_out, read_batches
from motiflens.analyses.motifs.engines.scan import scan
from motiflens.analyses.motifs.engines.window_sample import SAMPLE, WindowSample
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.analyses.motifs.scan_command import ScanCommand, scan_command
from motiflens.models.executor import Workers
from motiflens.models.progress import Step

IDS = ["MA0139.1", "MA0148.5", "MA0162.5", "MA1929.2"]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[scan.__module__], "BATCH", 20_000)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Motifs, one long sequence and many short ones: ten batches, three parts."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(0)
    letters = list("ACGTacgtN")
    with (folder / "s.fa").open("w") as file:
        text = "".join(rng.choice(letters, 120_000, p=[0.12] * 8 + [0.04]))
        file.write(">long one\n" + "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) + "\n")
        for number in range(800):
            file.write(f">read{number}\n{''.join(rng.choice(letters[:4], 100))}\n")
    write_meme(folder / "m.meme", jaspar(ids=IDS))
    return folder


def table(world: Path, out: Path, workers: Workers | None = None) -> bytes:
    how = ScanCommand(threshold=1e-3, threads=1, workers=workers or Workers())
    record = scan_command(str(world / "m.meme"), world / "s.fa", out, how)
    assert {file.name for file in out.parent.iterdir()} == {out.name, f"{out.name}.json"}
    assert json.loads(Path(f"{out}.json").read_text())["hits"] == record["hits"] > 500
    return out.read_bytes()


@pytest.fixture
def whole(world: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return table(world, tmp_path_factory.mktemp("one") / "hits.tsv")


def test_two_processes(world: Path, whole: bytes, tmp_path: Path) -> None:
    assert table(world, tmp_path / "hits.tsv", Workers(processes=2)) == whole


def test_two_dask_workers(world: Path, whole: bytes, tmp_path: Path, dask_cluster: Any) -> None:
    assert table(world, tmp_path / "hits.tsv", Workers(dask=dask_cluster.scheduler_address)) == whole


def test_stopped_and_gone_on_with(world: Path, whole: bytes, tmp_path: Path) -> None:
    """Neither the letters nor the part that was done are made again; with another motif file the letters stay."""
    out = tmp_path / "hits.tsv"

    def stop(step: Step) -> None:
        if step.done:
            raise KeyboardInterrupt

    how = ScanCommand(threshold=1e-3, threads=1)
    with pytest.raises(KeyboardInterrupt):
        scan_command(str(world / "m.meme"), world / "s.fa", out, how, stop)
    assert [file.name for file in tmp_path.iterdir()] == ["hits.tsv.parts"]
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "hits.tsv.parts").glob("part-*")}
    assert sum(file.suffix == ".npz" for file in kept) == 1
    steps: list[Step] = []

    def remember(step: Step) -> None:
        steps.append(step)
        assert {file: file.stat().st_mtime_ns for file in kept} == kept

    scan_command(str(world / "m.meme"), world / "s.fa", out, how, remember)
    assert steps[0].done > 0
    assert out.read_bytes() == whole
    assert not (tmp_path / "hits.tsv.parts").exists()


@pytest.mark.parametrize("lengths", [[], [0], [0, 0], [5], [10], [11], [13], [10, 10], [25, 1, 0, 30], [100]])
@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_pieces_cover_every_base_once(lengths: list[int], overlap: int, tmp_path: Path) -> None:
    """Each window lies whole in the piece in which it starts; a file is read as a mapping is."""
    rng = np.random.default_rng(0)
    texts = {f"s{i}": "".join(rng.choice(list("ACGT"), length)) for i, length in enumerate(lengths)}
    if not texts:
        with pytest.raises(ValueError, match="no sequences"):
            lay_out(texts, tmp_path / "x", size=10, overlap=overlap)
        return
    laid = lay_out(texts, tmp_path / "x", size=10, overlap=overlap)
    assert (laid.sequences, laid.bases) == (len(texts), sum(lengths))
    assert laid.names(np.arange(len(texts))[::-1]).tolist() == list(texts)[::-1]
    found: dict[int, str] = dict.fromkeys(range(len(texts)), "")
    pieces = iter(laid.pieces.tolist())
    for batch in read_batches(laid.stem, laid.batches):
        ends = [*(batch.piece_start[1:] - 1).tolist(), len(batch.letters)]
        for start, end, windows in zip(batch.piece_start, ends, batch.piece_windows, strict=True):
            number, offset, same = next(pieces)
            assert same == windows
            assert offset == len(found[number])
            letters = batch.letters[start:end].tobytes().decode()
            text = texts[f"s{number}"]
            assert letters == text[offset : offset + len(letters)]
            assert len(letters) == min(len(text) - offset, 10 + overlap if len(text) - offset > 10 else 10)
            found[number] += letters[:windows]
    assert found == dict(enumerate(texts.values()))
    (tmp_path / "s.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    again = lay_out(tmp_path / "s.fa", tmp_path / "y", size=10, overlap=overlap)
    for ending in ("letters", "starts", "pieces", "names", "ends"):
        assert (tmp_path / f"x.{ending}").read_bytes() == (tmp_path / f"y.{ending}").read_bytes()
    assert again.batches == laid.batches


def test_samples_of_parts_are_the_sample_of_all() -> None:
    rng = np.random.default_rng(0)
    count = 20 * SAMPLE
    codes, runs = rng.integers(0, 4, count).astype(np.uint8), rng.integers(0, 9, count).astype(np.int32)
    one = WindowSample(4)
    one.add(codes, runs, 0)
    merged = WindowSample(4, count)
    assert merged.limit < one.limit << np.uint64(5)
    for first in range(0, count, count // 4):
        part = WindowSample(4, count)
        some = slice(first, first + count // 4)
        part.add(codes[some], runs[some], first)
        merged.merge(part.hashes, part.codes, part.runs)
    assert SAMPLE / 2 < len(one.hashes) <= SAMPLE
    np.testing.assert_array_equal(merged.hashes, one.hashes)
    np.testing.assert_array_equal(merged.runs, one.runs)


def test_no_name_is_mixed_up() -> None:
    site = "TGGCCACCAGGGGGCGCTA"
    table = scan(jaspar(ids=["MA0139.1"]), [("ä\nb", "TT" + site), ("", site), ("c", "ACGT")])
    assert sorted(table["sequence_name"]) == ["", "ä\nb"]
