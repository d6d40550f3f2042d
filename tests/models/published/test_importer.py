"""Detection of kinds, run folders of imports, and the command."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import import_published, open_run, save_run
from motiflens.models.provenance import file_hash
from motiflens.models.published.importer import import_run
from motiflens.models.registry import build

from .keras_writer import Writer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A DeepGRN file."""
    torch.manual_seed(0)
    model = build("deepgrn", length=80, channels=6, meta=14, kernels=5, kernel_size=8, units=4, dense=6)
    path = tmp_path / "CTCF_single.h5"
    Writer(model).write(path)  # type: ignore[arg-type]
    return path


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        import_published(tmp_path / "nothing.h5")
    with pytest.raises(FileNotFoundError, match=r"model\.json is missing"):
        import_published(tmp_path)
    for content in (b"\x93NUMPY", b"PK\x03\x04", b"hello", b"\xff\xfe\x00"):
        path = tmp_path / "foreign"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="no published model that we know"):
            import_published(path)
        for kind in ("deepgrn", "factornet", "deepbind"):
            with pytest.raises(ValueError, match="foreign"):
                import_published(path, kind=kind)


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (open, ("exploded", "w"))


def test_pickles_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    torch.save(_Bomb(), buffer)
    for content in (pickle.dumps(_Bomb()), buffer.getvalue()):
        (tmp_path / "model.pt").write_bytes(content)
        with pytest.raises(ValueError, match="never loaded"):
            import_published(tmp_path / "model.pt")
    assert not (tmp_path / "exploded").exists()


def test_kind(file: Path) -> None:
    assert import_published(file, kind="deepgrn").name == "deepgrn"
    with pytest.raises(
        ValueError,
        match="kind must be one of deepgrn, factornet, deepbind, lsgkm, keras, torch, program, not 'tbinet'",
    ):
        import_published(file, kind="tbinet")
    with pytest.raises(ValueError, match=str(file)):
        import_published(file, kind="factornet")


def test_command(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = CliRunner().invoke(app, ["import", str(file), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "deepgrn, " in result.output
    assert "channels: A, C, G, T, uniqueness, dnase" in result.output
    assert "outputs: CTCF" in result.output
    run = open_run(out)
    assert run.tasks == ("CTCF",)
    assert run.config["published"]["hashes"] == {file.name: file_hash(file)}
    assert run.config["meta"][:1] == ["expression1"]
    assert run.config["meta"][8:] == ["cpg", "cds", "intron", "promoter", "utr5", "utr3"]
    assert json.loads((out / "config.json").read_text())["channels"][4:] == ["uniqueness", "dnase"]
    x, meta = torch.rand(2, 6, 80), torch.rand(2, 14)
    assert torch.equal(run.model(x, meta), import_published(file)(x, meta))


def test_length_that_the_file_fixes(file: Path) -> None:
    assert import_published(file, length=80).length == 80
    with pytest.raises(ValueError, match="is of windows of 80 bp, not 90"):
        import_published(file, length=90)


def test_trained_runs_are_not_overwritten(file: Path, tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", build("cnn_zeng", length=40, kernels=4, dense=2), {"tasks": ["a"]})
    before = file_hash(run / "model.safetensors")
    with pytest.raises(ValueError, match="already holds a trained run"):
        import_run(file, run)
    assert file_hash(run / "model.safetensors") == before
    for _ in range(2):  # an import is made again in its place
        import_run(file, tmp_path / "imported")


def test_command_fails_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["import", str(tmp_path / "no.h5"), "--out", str(tmp_path / "run")])
    assert isinstance(result.exception, FileNotFoundError)
    assert not (tmp_path / "run").exists()


def _copy(file: Path, to: Path) -> Path:
    to.write_bytes(file.read_bytes())
    return to


@pytest.mark.parametrize("name", ["layer_names", "weight_names"])
@pytest.mark.parametrize("value", [h5py.Empty("S1"), 3.5, np.zeros((2, 2))], ids=["empty", "number", "table"])
def test_names_that_are_none(file: Path, tmp_path: Path, name: str, value: object) -> None:
    path = _copy(file, tmp_path / "odd.h5")
    with h5py.File(path, "a") as opened:
        root = opened["model_weights"]
        place = (
            root
            if name == "layer_names"
            else next(root[layer] for layer in root if len(root[layer].attrs["weight_names"]))
        )
        place.attrs[name] = value
    for kind in (None, "deepgrn", "factornet", "keras"):
        with pytest.raises(ValueError, match=r"odd\.h5") as error:
            import_published(path, kind=kind)
        assert "\n" not in str(error.value)


def test_bytes_that_are_damaged(file: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    whole = file.read_bytes()
    messages = []
    for _ in range(60):
        content = bytearray(whole)
        at = int(rng.integers(0, len(whole) - 64))
        content[at : at + 64] = rng.bytes(64)
        path = tmp_path / "damaged.h5"
        path.write_bytes(content)
        try:
            import_published(path)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 5
    assert all("damaged.h5" in message and "\n" not in message for message in messages)
