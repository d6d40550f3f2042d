"""The store: what goes in comes out, in constant memory, resumable; and its exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyBigWig
import pytest
import torch

from motiflens.interpret import adapt, open_store, write_store
from motiflens.interpret.adapter import Adapter
from motiflens.interpret.averaged_track import averaged_track
from motiflens.interpret.coordinates import to_bp
from motiflens.interpret.export_bigwig import export_bigwig
from motiflens.interpret.export_modisco import export_modisco
from motiflens.interpret.scaled import half_precision
from motiflens.models import build
from motiflens.models.data import ArrayWindows
from motiflens.models.data.one_hot import one_hot
from motiflens.models.progress import Step

LENGTH = 60


def _adapter(name: str = "tbinet", **options: Any) -> Adapter:
    torch.manual_seed(0)
    small = {"kernels": 4, "kernel_size": 5, "pool": 3, "units": 3, "dense": 4}
    return adapt(build(name, length=LENGTH, **{**small, **options}))


def _windows(n: int = 21) -> ArrayWindows:
    rng = np.random.default_rng(0)
    start = rng.permutation(n) * 25 - 30
    chrom = np.where(np.arange(n) < n - 5, "chr2", "chr1")
    table = pd.DataFrame(
        {"name": [f"w{i}" for i in range(n)], "chrom": chrom, "start": start, "end": start + LENGTH}
    )
    return ArrayWindows(
        rng.integers(0, 5, (n, LENGTH)).astype(np.uint8), rng.integers(0, 2, n).astype(float), table=table
    )


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    adapter, windows = _adapter(), _windows()
    calls: list[tuple[int, int]] = []
    path = write_store(
        adapter,
        windows,
        tmp_path / "a.h5",
        method="input_x_gradient",
        batch_size=2,
        hypothetical=True,
        made_by={"seed": 7},
        progress=lambda step: calls.append((step.done, step.total)),
    )
    assert calls == [(0, 21), (8, 21), (16, 21), (21, 21)]
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]
    batch = windows.read(np.arange(21))
    expected, attention = adapter.attribute(batch.x, method="input_x_gradient"), adapter.attention(batch.x)
    with open_store(path) as store:
        assert len(store) == 21
        assert (store.method, store.task, store.channels) == ("input_x_gradient", "task0", ("A", "C", "G", "T"))
        assert store.made_by == {"seed": 7}
        np.testing.assert_allclose(store.scores[:], expected.scores, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(store.scores[5:7, 2], expected.scores[5:7, 2], rtol=1e-4, atol=1e-7)
        assert expected.hypothetical is not None
        assert store.hypothetical is not None
        np.testing.assert_allclose(store.hypothetical[:], expected.hypothetical, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(store.prediction, expected.prediction, rtol=1e-4, atol=1e-7)
        np.testing.assert_array_equal(store.bases(slice(3, 9)), batch.x[3:9])
        np.testing.assert_allclose(store.attention()[:], attention.profile, rtol=1e-4, atol=1e-7)
        np.testing.assert_array_equal(store.field.start, attention.field.start)
        assert store.field.width == attention.field.width
        assert store.strands == ("+",)
        pd.testing.assert_frame_equal(
            store.table[["name", "chrom", "start", "end"]], windows.table, check_dtype=False
        )
        np.testing.assert_array_equal(store.table["label"], windows.labels[:, 0])
        np.testing.assert_allclose(
            store.importance(slice(0, 21)), expected.scores[:, :4].sum(axis=1), rtol=1e-3, atol=1e-6
        )


def test_both_strands_of_a_siamese_model(tmp_path: Path) -> None:
    adapter = _adapter("deepgrn")
    windows = _windows(5)
    with open_store(
        write_store(adapter, windows, tmp_path / "a.h5", method="saliency", precision="float16")
    ) as store:
        assert store.strands == ("+", "-")
        assert store.scores.dtype == np.float16
        x = windows.read(np.arange(5)).x
        tracks = [
            to_bp(adapter.attention(x, strand=strand).profile, store.field, LENGTH, strand=strand)
            for strand in ("+", "-")
        ]
        np.testing.assert_allclose(store.attention_bp(slice(0, 5)), np.mean(tracks, axis=0), rtol=1e-4, atol=1e-7)


def test_a_model_without_attention_has_scores_only(tmp_path: Path) -> None:
    adapter = _adapter("danq")
    with open_store(write_store(adapter, _windows(3), tmp_path / "a.h5", method="saliency")) as store:
        assert store.strands == ()
        with pytest.raises(ValueError, match="holds no attention"):
            store.attention_bp(slice(0, 3))
        assert [path.name for path in export_bigwig(store, tmp_path)] == ["importance.bw"]


def test_an_interrupted_store_is_gone_on_with(tmp_path: Path) -> None:
    adapter, windows, path = _adapter(), _windows(), tmp_path / "a.h5"

    def stop(step: Step) -> None:
        if step.done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(adapter, windows, path, method="saliency", batch_size=2, progress=stop)
    assert not path.exists()
    done: list[int] = []
    write_store(
        adapter, windows, path, method="saliency", batch_size=2, progress=lambda step: done.append(step.done)
    )
    assert done == [8, 16, 21]  # the first eight were there
    whole = write_store(adapter, windows, tmp_path / "b.h5", method="saliency", batch_size=2)
    with open_store(path) as a, open_store(whole) as b:
        np.testing.assert_array_equal(a.scores[:], b.scores[:])
        np.testing.assert_array_equal(a.attention()[:], b.attention()[:])


def test_a_part_of_something_else_is_thrown_away(tmp_path: Path) -> None:
    adapter, windows, path = _adapter(), _windows(), tmp_path / "a.h5"

    def stop(step: Step) -> None:
        if step.done:
            raise KeyboardInterrupt

    for change in (
        {"method": "saliency"},
        {"seed": 1},
        {"identity": {"weights": "x"}},
        {"index": np.arange(1, 9)},
    ):
        with pytest.raises(KeyboardInterrupt):
            write_store(
                adapter, windows, path, **{"method": "random", "batch_size": 2, "progress": stop, **change}
            )
        done: list[int] = []
        write_store(
            adapter,
            windows,
            path,
            method="random",
            batch_size=2,
            progress=lambda step, done=done: done.append(step.done),
        )
        assert done[:2] == [0, 8]
    with pytest.raises(KeyboardInterrupt):
        write_store(adapter, windows, tmp_path / "b.h5", method="random", batch_size=2, progress=stop)
    (part,) = (tmp_path / "b.h5.parts").glob("part-*")
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{part.name} is damaged .*: remove it, and run the same command again"):
        write_store(adapter, windows, tmp_path / "b.h5", method="random", batch_size=2)
    part.unlink()
    write_store(adapter, windows, tmp_path / "b.h5", method="random", batch_size=2)


def test_files_that_are_no_store(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="interpret attribute"):
        open_store(tmp_path / "no.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(ValueError, match="no HDF5 file"):
        open_store(tmp_path / "text.h5")
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(ValueError, match="no store"):
        open_store(tmp_path / "other.h5")
    with pytest.raises(ValueError, match="precision"):
        write_store(_adapter(), _windows(), tmp_path / "a.h5", method="random", precision="float8")
    with pytest.raises(ValueError, match="no windows"):
        write_store(_adapter(), _windows(), tmp_path / "a.h5", method="random", index=np.arange(0))
    with pytest.raises(ValueError, match="target 3"):
        write_store(_adapter(), _windows(), tmp_path / "a.h5", method="random", target=3)


def _slow_average(starts: np.ndarray, values: np.ndarray) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for start, row in zip(starts, values, strict=True):
        for offset, value in enumerate(row):
            found.setdefault(int(start) + offset, []).append(value)
    return {base: float(np.mean(values)) for base, values in found.items()}


@pytest.mark.parametrize("block", [1, 3, 100])
@pytest.mark.parametrize("reach", [30, 300, 5000])
def test_overlapping_windows_are_averaged(block: int, reach: int, rng: np.random.Generator) -> None:
    starts = rng.integers(-10, reach, 40)
    values = rng.random((40, 12))
    expected = {base: mean for base, mean in _slow_average(starts, values).items() if 0 <= base < reach}
    found: dict[int, float] = {}
    for start, track in averaged_track(starts, 12, values.__getitem__, size=reach, block=block):
        assert not found or start > max(found)
        found.update({start + i: float(value) for i, value in enumerate(track)})
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[b] for b in expected], list(expected.values()), rtol=1e-6)


def test_tracks_on_the_genome(tmp_path: Path) -> None:
    adapter, windows = _adapter(), _windows()
    with open_store(write_store(adapter, windows, tmp_path / "a.h5", method="saliency")) as store:
        importance, attention = store.importance(slice(0, 21)), store.attention_bp(slice(0, 21))
        paths = export_bigwig(store, tmp_path, sizes={"chr1": 500, "chr2": 500, "chr3": 9}, block=4)
        with pytest.raises(ValueError, match="no chromosome 'chr1'"):
            export_bigwig(store, tmp_path, sizes={"chr2": 500})
    assert [path.name for path in paths] == ["importance.bw", "attention.bw"]
    for path, values in zip(paths, (importance, attention), strict=True):
        file = pyBigWig.open(str(path))
        assert file.chroms() == {"chr1": 500, "chr2": 500}
        for chrom in ("chr1", "chr2"):
            rows = np.flatnonzero(windows.table["chrom"] == chrom)
            expected = np.full(500, np.nan)
            for base, mean in _slow_average(windows.table["start"].to_numpy()[rows], values[rows]).items():
                if 0 <= base < 500:
                    expected[base] = mean
            np.testing.assert_allclose(file.values(chrom, 0, 500), expected, rtol=1e-5, atol=1e-7)
        file.close()


def test_cell_types_have_tracks_of_their_own(tmp_path: Path) -> None:
    windows = _windows(6)
    windows.table["cell_type"] = ["A/1", "B"] * 3
    with open_store(write_store(_adapter(), windows, tmp_path / "a.h5", method="saliency")) as store:
        paths = export_bigwig(store, tmp_path)
    assert [path.name for path in paths] == [
        "importance.A_1.bw", "attention.A_1.bw", "importance.B.bw", "attention.B.bw"
    ]  # fmt: skip


def test_windows_without_a_place_are_left_out_of_tracks(tmp_path: Path) -> None:
    windows = _windows(4)
    windows.table = windows.table.astype({"start": "Int64", "end": "Int64"})
    windows.table.loc[1, ["chrom", "start", "end"]] = [None, pd.NA, pd.NA]
    with open_store(write_store(_adapter(), windows, tmp_path / "a.h5", method="saliency")) as store:
        assert store.table["chrom"].tolist()[1] == ""
        export_bigwig(store, tmp_path)
    file = pyBigWig.open(str(tmp_path / "importance.bw"))
    assert set(file.chroms()) == set(windows.table["chrom"].dropna())
    file.close()


def test_no_tracks_without_coordinates(tmp_path: Path) -> None:
    windows = ArrayWindows(np.zeros((3, LENGTH), dtype=np.uint8), np.zeros(3))
    with (
        open_store(write_store(_adapter(), windows, tmp_path / "a.h5", method="saliency")) as store,
        pytest.raises(ValueError, match="no genome coordinates"),
    ):
        export_bigwig(store, tmp_path)


def test_the_pair_for_modisco(tmp_path: Path) -> None:
    windows = _windows()
    path = write_store(_adapter(), windows, tmp_path / "a.h5", method="input_x_gradient", hypothetical=True)
    with open_store(path) as store:
        sequences, scores = export_modisco(store, tmp_path, block=4)
        expected = store.hypothetical
        assert expected is not None
        bases, hypothetical = np.load(sequences)["arr_0"], np.load(scores)["arr_0"]
        np.testing.assert_array_equal(hypothetical, expected[:])
        # What stands there is what the scores are projected on.
        np.testing.assert_allclose(hypothetical * bases, store.scores[:], rtol=1e-6)
    np.testing.assert_array_equal(bases, one_hot(windows.codes(np.arange(21))))
    assert bases.dtype == hypothetical.dtype == np.float32
    path = write_store(_adapter(), windows, tmp_path / "b.h5", method="input_x_gradient")
    with open_store(path) as store, pytest.raises(ValueError, match="no hypothetical scores"):
        export_modisco(store, tmp_path)


def test_small_scores_in_half_precision(tmp_path: Path) -> None:
    """Scores near 3e-9 are kept to three digits of each window's largest; float16 alone makes them zeros."""
    adapter, windows = _adapter(), _windows()
    with torch.no_grad():
        for parameter in list(adapter.model.parameters())[-2:]:
            parameter.mul_(1e-7)
    expected = adapter.attribute(windows.read(np.arange(21)).x, method="ism")
    assert 0 < np.abs(expected.scores).max() < 1e-7
    half = write_store(
        adapter, windows, tmp_path / "half.h5", method="ism", precision="float16", hypothetical=True, batch_size=3
    )
    with open_store(half) as store:
        largest = np.abs(expected.scores).max(axis=(1, 2), keepdims=True)
        assert (np.abs(store.scores[:] - expected.scores) <= 6e-4 * largest).all()
        np.testing.assert_array_equal(store.scores[3:5, 1], store.scores[:][3:5, 1])
        np.testing.assert_array_equal(store.scores[[2, 7]], store.scores[:][[2, 7]])
        np.testing.assert_array_equal(store.scores[4], store.scores[:][4])
        np.testing.assert_array_equal(store.scores[..., 5], store.scores[:][..., 5])
        np.testing.assert_array_equal(store.scores[2, 1, 3:9], store.scores[:][2, 1, 3:9])
        np.testing.assert_array_equal(store.scores[2, 1, 3], store.scores[:][2, 1, 3])
        np.testing.assert_array_equal(store.scores[[2, 7], :4], store.scores[:][[2, 7], :4])
        assert store.hypothetical is not None
        assert np.abs(store.hypothetical[:]).max() > 0
        assert store.importance(slice(0, 3)).dtype == np.float32


def test_a_large_channel_takes_no_digits_of_small_ones() -> None:
    """DNase's scores were 1e10 times those of bases, whose largest then became 0, without a word."""
    rng = np.random.default_rng(0)
    size = np.array([1e-8, 1e-8, 3e-9, 1e-12, 100.0])[None, :, None]
    scores = (rng.normal(size=(6, 5, 40)) * size).astype(np.float32)
    scores[2] = 0
    scaled, power = half_precision(scores)
    assert power.shape == (6, 5, 1)
    back = np.ldexp(scaled.astype(np.float32), power)
    largest = np.abs(scores).max(axis=2, keepdims=True)
    assert (np.abs(back - scores) <= 2.0**-11 * largest).all()
    assert ((back != 0) == (scores != 0)).mean() > 0.99
