"""The built-in data set opens in both forms, and its truth is seen through the windows."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.models.data import open_dataset
from motiflens.models.data.simulate.builtin import builtin


@pytest.mark.slow
def test_the_built_in_data() -> None:
    folder = builtin()
    data = open_dataset(folder)
    assert len(data.example.tasks) == 16
    one = open_dataset(folder, tf="CTCF")
    assert one.example.channels[4:6] == ("uniqueness", "dnase")
    assert len(one.example.meta_names) == 14
    train = one["train"]
    index = train.epoch(0)
    bound = train.labels[index, 0] == 1
    fold = train.track("fold_change", index).max(axis=1)
    assert np.median(fold[bound]) > 3 * np.median(fold[~bound])
    dnase = train.track("dnase", index).mean(axis=1)
    assert dnase[bound].mean() > 1.5 * dnase[~bound].mean()
