"""FactorNet's folders: the published ones against their references, and damaged copies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from motiflens.models import import_published, load, save_run
from motiflens.models.architectures.factornet import FactorNet
from motiflens.models.published.importer import read_published

from .reference import check_against_reference

NAMES = {"EGR1__meta_RNAseq_Unique35_DGF": 262_529, "EGR1__onePeak_DGF": 256_769}
pytestmark = pytest.mark.realdata


@pytest.fixture
def folder(shared: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    copy = tmp_path / "EGR1__meta"
    shutil.copytree(shared / "weights" / "factornet" / "EGR1__meta_RNAseq_Unique35_DGF", copy)
    for path in [copy, *copy.iterdir()]:
        path.chmod(0o755)
    return copy


@pytest.mark.parametrize("name", NAMES)
def test_published(shared: Path, name: str, tmp_path: Path) -> None:
    model = import_published(shared / "weights" / "factornet" / name)
    assert isinstance(model, FactorNet)
    assert sum(p.numel() for p in model.parameters()) == NAMES[name]
    check_against_reference(
        model,
        shared / "reference" / f"factornet_{name}.npz",
        bases=[0, 1, 2, 3],
        modules={"pool": "pool", "lstm": "lstm", "feat": "feature_relu"},
    )
    x = torch.rand(2, model.channels, 1002)
    meta = torch.rand(2, model.meta) if model.meta else None
    assert torch.equal(load(save_run(tmp_path / "run", model, {}))(x, meta), model(x, meta))


def test_names(shared: Path, folder: Path) -> None:
    found = read_published(shared / "weights" / "factornet" / "EGR1__meta_RNAseq_Unique35_DGF")
    assert found.channels == ("A", "C", "G", "T", "uniqueness", "dnase")
    assert found.meta == tuple(f"expression{i}" for i in range(1, 9))
    assert found.tasks == ("EGR1",)
    assert found.details["names"]["bigwig"] == ["Unique35", "DGF"]
    for file in (folder / "best_model.hdf5", folder / "model.json"):
        alone = read_published(file)
        assert (alone.channels, alone.meta, alone.tasks) == (found.channels, found.meta, found.tasks)
        for a, b in zip(alone.model.parameters(), found.model.parameters(), strict=True):
            assert torch.equal(a, b)
    (folder / "bigwig.txt").write_text("DGF\n")
    with pytest.raises(ValueError, match=r"bigwig.txt lists 1 signals, the model has 2"):
        read_published(folder)


def _change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "model.json"
    config = json.loads(path.read_text())
    edit({layer["name"]: layer["config"] for layer in config["config"]["layers"]})
    path.write_text(json.dumps(config))


def test_other_layouts_of_the_same_weights(folder: Path) -> None:
    """Keras before 1.1 and ``consume_less='gpu'`` store the same numbers in other shapes and orders."""
    x, meta = torch.rand(2, 6, 1002), torch.rand(2, 8)
    expected = import_published(folder)(x, meta)
    with h5py.File(folder / "best_model.hdf5", "r+") as file:
        weights = file["model_weights"]
        group = weights["convolution1d_1"]
        kernel = group["convolution1d_1_W"][()]  # taps, 1, inputs, kernels
        del group["convolution1d_1_W"]
        group["convolution1d_1_W"] = kernel.transpose(3, 2, 0, 1)
        group = weights["bidirectional_1"]
        names = []
        for direction in ("forward", "backward"):
            for part in "WUb":
                arrays = [group[f"{direction}_lstm_1_{part}_{gate}"][()] for gate in "ifco"]
                names.append(f"{direction}_lstm_1_{part}")
                group[names[-1]] = np.concatenate(arrays, axis=-1)
        group.attrs["weight_names"] = [name.encode() for name in names]
    torch.testing.assert_close(import_published(folder)(x, meta), expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["model.json", "best_model.hdf5"])
def test_missing_files_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(
        FileNotFoundError, match=r"model\.json is missing" if name == "model.json" else "lacks the weights"
    ):
        import_published(folder)


@pytest.mark.parametrize("keep", [0, 0.3, 0.9])
@pytest.mark.parametrize("name", ["model.json", "best_model.hdf5"])
def test_truncated_files(folder: Path, name: str, keep: float) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(keep * len(data))])
    with pytest.raises(ValueError, match=name):
        import_published(folder)


def test_what_is_not_known_is_refused(folder: Path) -> None:
    _change(folder, lambda layers: layers["merge_3"].update(mode="mul"))
    with pytest.raises(ValueError, match="merges the strands by 'mul'"):
        import_published(folder)
    _change(folder, lambda layers: layers["merge_3"].update(mode="max"))
    assert import_published(folder).merge == "max"
    _change(folder, lambda layers: layers["maxpooling1d_1"].update(stride=3))
    with pytest.raises(ValueError, match="stride 3 is not supported"):
        import_published(folder)
    _change(folder, lambda layers: layers["maxpooling1d_1"].update(stride=17))
    _change(folder, lambda layers: layers["dense_3"].update(output_dim=32))
    with pytest.raises(ValueError, match="differs in size"):
        import_published(folder)
