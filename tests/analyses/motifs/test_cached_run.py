"""A model by name: trained once, then taken from the cache; another recipe is another run."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.models.data.one_hot import decode


def test_trains_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "small.seq"
    rows = [f"A\ts{i}\t{decode(rng.integers(0, 4, 60).astype(np.uint8))}\t{i % 2}" for i in range(200)]
    data.write_text("\n".join(["FoldID\tEventID\tseq\tBound", *rows]) + "\n")
    settings = ("epochs=1", "kernels=4", "kernel_size=8", "hidden=4")
    run, dataset = cached_run("deepbind", str(data), settings=settings)
    assert run.model.length == dataset.example.length == 60
    assert not list((tmp_path / "cache" / "runs").glob("*.part"))

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["motiflens.models.train"], "train", never)
        again, _ = cached_run("deepbind", str(data), settings=settings)
        assert again.weights_hash == run.weights_hash
        with pytest.raises(AssertionError, match="trained again"):
            cached_run("deepbind", str(data), settings=(*settings, "rate=0.1"))
    with pytest.raises(ValueError, match="no architecture is called 'deepbend'"):
        cached_run("deepbend", str(data))
