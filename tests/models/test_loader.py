"""Batches: the same however they are read, dealt out to processes without loss, and no thread left behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from motiflens.models.data.windows import ArrayWindows
from motiflens.models.loader import CodeCache, Loader, Step, epoch_loader


def windows(count: int = 47) -> ArrayWindows:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (count, 30)).astype(np.uint8)
    labels = rng.choice([0.0, 1.0, np.nan], (count, 2)).astype(np.float32)
    signals = {"a": rng.random((count, 30)).astype(np.float32), "b": rng.random((count, 30)).astype(np.float32)}
    return ArrayWindows(codes, labels, signals=signals)


def steps(world: int = 1, rank: int = 0) -> list[Step]:
    some = windows()
    order = np.random.default_rng(1).permutation(len(some))
    loader = epoch_loader(CodeCache(some), order, batch=9, epoch=2, seed=3, turn=True, rank=rank, world=world)
    found = list(loader)
    assert len(found) == len(loader)
    return found


def test_small_batches_read_together_are_those_read_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together = steps()
    for size in (1, 30 * 9 * 9 * 2):  # one batch at a time, two
        monkeypatch.setattr("motiflens.models.loader._READ_BYTES", size)
        for step, other in zip(together, steps(), strict=True):
            assert step.known == other.known
            for name in ("codes", "signals", "y"):
                torch.testing.assert_close(
                    getattr(step, name), getattr(other, name), rtol=0, atol=0, equal_nan=True
                )


def test_steps_hold_the_windows_and_their_reverse_complements() -> None:
    some = windows()
    order = np.random.default_rng(1).permutation(len(some))
    codes = torch.cat([step.codes for step in steps()]).numpy()
    signals = torch.cat([step.signals for step in steps() if step.signals is not None]).numpy()
    given, given_signals = some.codes(order), some.signals(order)
    turned = np.where(given < 4, 3 - given, given)[:, ::-1]
    flipped = (codes != given).any(axis=1)
    assert 0 < flipped.sum() < len(order)
    np.testing.assert_array_equal(codes, np.where(flipped[:, None], turned, given))
    np.testing.assert_array_equal(
        signals, np.where(flipped[:, None, None], given_signals[..., ::-1], given_signals)
    )
    np.testing.assert_array_equal(torch.cat([step.y for step in steps()]), some.labels[order])


@pytest.mark.parametrize("world", [2, 3, 4])
def test_processes_share_each_batch(world: int) -> None:
    whole, parts = steps(), [steps(world, rank) for rank in range(world)]
    for number, step in enumerate(whole):
        mine = [part[number] for part in parts]
        assert {len(part.codes) for part in mine} == {-(-len(step.codes) // world)}, "all take steps of one size"
        assert all(part.known == step.known for part in mine)
        dealt = torch.stack([part.codes for part in mine], dim=1).flatten(0, 1)[: len(step.codes)]
        torch.testing.assert_close(dealt, step.codes, rtol=0, atol=0)
        y = torch.stack([part.y for part in mine], dim=1).flatten(0, 1)
        torch.testing.assert_close(y[: len(step.codes)], step.y, rtol=0, atol=0, equal_nan=True)
        assert y[len(step.codes) :].isnan().all(), "what only fills up a step has no label"


def test_known_counts_the_labels() -> None:
    assert [step.known for step in steps()] == [int((~step.y.isnan()).sum()) for step in steps()]


def test_the_reading_thread_ends_with_its_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiflens.models.loader._READ_BYTES", 1)
    loader = iter(Loader(CodeCache(windows()), np.arange(47), 1))
    next(loader)
    assert any(thread.name == "motiflens-read-ahead" for thread in threading.enumerate())
    loader.close()
    assert not any(thread.name == "motiflens-read-ahead" for thread in threading.enumerate())


def test_an_error_in_reading_is_raised_where_batches_are_used() -> None:
    loader = Loader(CodeCache(windows()), np.array([0, 1, 99]), 1)
    with pytest.raises(IndexError):
        list(loader)
