"""Exported programs against the modules that they were made of."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.interpret import adapt, attribute
from motiflens.models import import_program, import_published, load, open_run
from tests.models.published.import_program.conftest import Exported, logits
from tests.models.published.import_program.modules import CASES, LENGTH, Residual, Viewed

Get = Callable[..., Exported]


def as_windows(name: str, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The inputs as (N, C, L)."""
    return tuple(x.transpose(1, 2) if x.ndim == 3 and x.shape[2] == 4 else x for x in given)


@pytest.mark.parametrize("how", ["static", "open", "decomposed"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_its_module(name: str, how: str, exported: Get) -> None:
    """Any number of windows, whatever number it was exported for; to 1e-5."""
    if how == "decomposed" and name not in ("plain", "lstm", "attention", "residual", "written", "normed"):
        pytest.skip("its operators are among those of the others")
    model, path = exported(name, how)
    found = import_program(path)
    given = tuple(
        torch.rand(5, *shape, generator=torch.Generator().manual_seed(1)) for shape in CASES[name].shapes
    )
    heads = found(as_windows(name, given))
    heads = [heads] if isinstance(heads, Tensor) else list(heads)
    expected = logits(name, model, given)
    assert len(heads) == len(expected)
    for head, wanted in zip(heads, expected, strict=True):
        scores = head.log_softmax(-1) if CASES[name].probabilities and head.shape[-1] > 1 else head
        torch.testing.assert_close(scores, wanted, rtol=1e-5, atol=1e-5)
    assert not found.training
    trained = {key for key, _ in model.named_parameters(remove_duplicate=False)}
    own = {key.split("layers.", 1)[1] for key, weight in found.named_parameters() if weight.requires_grad}
    assert own == trained


@pytest.mark.parametrize("name", ["plain", "viewed", "lstm", "attention", "gated", "residual", "multihead"])
def test_gradients(name: str, exported: Get) -> None:
    """Input gradients and integrated gradients are the module's own."""
    model, path = exported(name, "open")
    found = import_program(path, output="counts" if name == "residual" else None)
    x = torch.rand(3, 4, LENGTH, generator=torch.Generator().manual_seed(2))
    grads = []
    for run in (lambda x: logit(name, model(x)), found):
        leaf = x.clone().requires_grad_()
        run(leaf)[:, -1].sum().backward()
        grads.append(leaf.grad)
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-6)


def logit(name: str, given: Any) -> Tensor:
    """The one head that has a logit, before its sigmoid."""
    y: Tensor = given["counts"] if isinstance(given, dict) else given
    return y.logit() if CASES[name].probabilities else y


class Logit(nn.Module):
    """The module that was exported, giving one head's logits."""

    def __init__(self, name: str, model: nn.Module) -> None:
        super().__init__()
        self.name, self.model = name, model

    def forward(self, x: Tensor) -> Tensor:
        return logit(self.name, self.model(x))


@pytest.mark.parametrize("method", ["ism", "integrated_gradients", "saliency", "deep_lift_shap"])
@pytest.mark.parametrize("name", ["plain", "gated", "residual", "danq", "attention"])
def test_attribution(name: str, method: str, exported: Get) -> None:
    """The same as of the module itself."""
    model, path = exported(name, "open")
    found = import_program(path, output="counts" if name == "residual" else None)
    codes = np.random.default_rng(0).integers(0, 4, (2, LENGTH))
    x = torch.eye(4)[torch.from_numpy(codes)].transpose(1, 2)
    results = [attribute(each, x, method=method) for each in (Logit(name, model), found)]
    if (name, method) == (
        "attention",
        "deep_lift_shap",
    ):  # of torch's function there is no rule, of its parts there is
        assert results[0].without_rule
        assert results[1].without_rule == ()
        assert results[1].completeness.max() < 1e-5 < results[0].completeness.max()
        return
    np.testing.assert_allclose(results[1].scores, results[0].scores, rtol=1e-3, atol=1e-5)


def test_a_fixed_number_of_windows(exported: Get) -> None:
    """It runs in parts, the last one filled up; DeepLIFT says that it cannot follow, the others agree."""
    model, path = exported("multihead")
    found = import_program(path)
    assert found.windows_at_once == 2
    x = torch.eye(4)[torch.arange(LENGTH).remainder(4)].T.repeat(3, 1, 1)
    x[1] = x[1].flip(-1)
    with torch.no_grad():
        torch.testing.assert_close(found(x), model(x), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found(x[:1]), model(x[:1]), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found(x[1:]), model(x[1:]), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="a program of 2 windows at a time: use integrated_gradients or ism"):
        attribute(found, x, method="deep_lift_shap")
    for method in ("ism", "integrated_gradients"):
        wanted, given = (attribute(each, x, method=method).scores for each in (model, found))
        np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-5)


def test_attention_is_seen(exported: Get) -> None:
    """That of torch's function is read from a program, where the module itself hides it."""
    model, path = exported("attention", "open")
    x = torch.eye(4)[torch.arange(LENGTH).remainder(4)].T[None].contiguous()
    layer = adapt(import_program(path)).attention(x)
    h = torch.nn.functional.max_pool1d(torch.relu(model.convolution(x)), 4).transpose(1, 2)
    query, key, _ = model.attention(h).chunk(3, dim=-1)
    weights = (query @ key.transpose(1, 2) / 8**0.5).softmax(-1)
    assert layer.kind == "pairwise"
    np.testing.assert_allclose(np.squeeze(layer.weights), weights[0].detach(), rtol=1e-4, atol=1e-6)


def test_heads(exported: Get, tmp_path: Path) -> None:
    """By name, index and reduction; a run takes the one with one logit, and says which others there are."""
    model, path = exported("residual")
    x = torch.rand(2, 4, LENGTH)
    with torch.no_grad():
        profile, counts = model(x).values()
    heads = import_program(path)(x)
    assert heads._fields == ("profile", "counts")
    for output, wanted in {
        "counts": counts,
        "1": counts,
        "profile:log_counts": profile.logsumexp(-1),
        "0:mean": profile.mean(-1),
    }.items():
        torch.testing.assert_close(import_program(path, output=output)(x), wanted, rtol=1e-5, atol=1e-5)
    words = ["import", str(path), "--out", str(tmp_path / "run")]
    told = CliRunner().invoke(app, words, catch_exceptions=False).output
    assert "outputs: counts" in told
    assert "other heads of the file (--output): profile" in told
    torch.testing.assert_close(load(tmp_path / "run")(x), counts, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"has no output 'nothing': it gives a Heads of"):
        import_program(path, output="nothing")
    with pytest.raises(ValueError, match=r"expected reduce it, output=':mean'"):
        import_published(path, output="profile")


def test_several_inputs(exported: Get, tmp_path: Path) -> None:
    """Signals are channels after the bases, features are meta; a tuple takes them as the program does."""
    model, path = exported("two")
    given = torch.rand(3, 4, LENGTH), torch.rand(3, 2, LENGTH), torch.rand(3, 2)
    found = import_published(path)
    with torch.no_grad():
        one = model(*given)[0].logit()
        torch.testing.assert_close(found(torch.cat(given[:2], 1), given[2]), one, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(import_program(path, output=0)(given), one, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            import_program(path, "GTAC", output=0)((given[0][:, [2, 3, 0, 1]], *given[1:]))[:0], one[:0]
        )
    assert (found.channels, found.meta, found.length) == (6, 2, LENGTH)
    with pytest.raises(ValueError, match="has 3 inputs"):
        import_program(path)(given[:2])


def test_alphabet(exported: Get) -> None:
    model, path = exported("plain")
    x = torch.rand(2, 4, LENGTH)
    with torch.no_grad():  # the program's own channels are G, T, A, C
        torch.testing.assert_close(
            import_program(path, "GTAC")(x), model(x[:, [2, 3, 0, 1]]), rtol=1e-5, atol=1e-6
        )


def test_any_length(tmp_path: Path) -> None:
    """An open length stays open, and shorter or longer windows are computed as the module does."""
    model = Residual().eval()
    length = torch.export.Dim("length", min=20)
    program = torch.export.export(
        model, (torch.rand(2, 4, 50),), dynamic_shapes=({0: torch.export.Dim("n"), 2: length},)
    )
    torch.export.save(program, tmp_path / "m.pt2")
    found = import_program(tmp_path / "m.pt2", output="counts", length=60)
    assert found.any_length
    assert found.length == 60
    for size in (30, 60, 100):
        x = torch.rand(3, 4, size)
        with torch.no_grad():
            torch.testing.assert_close(found(x), model(x)["counts"], rtol=1e-5, atol=1e-5)
    path = tmp_path / "v.pt2"
    torch.export.save(torch.export.export(Viewed().eval(), (torch.rand(1, 4, LENGTH),)), path)
    with pytest.raises(ValueError, match=r"windows of 40 bp, not 30"):
        import_program(path, length=30)


@pytest.mark.parametrize("rows", [1, 2])
def test_flattening_by_a_view_takes_any_number(rows: int, tmp_path: Path) -> None:
    """A number of windows that was written into a view is put right where that gives the same logits."""
    model = Viewed().eval()
    torch.export.save(torch.export.export(model, (torch.rand(rows, 4, LENGTH),)), tmp_path / "v.pt2")
    found = import_program(tmp_path / "v.pt2")
    assert found.windows_at_once is None
    x = torch.rand(7, 4, LENGTH)
    with torch.no_grad():
        torch.testing.assert_close(found(x), model(x), rtol=1e-5, atol=1e-6)


def test_training_mode_is_left(tmp_path: Path) -> None:
    """A program exported in training mode computes as in evaluation."""
    model = Viewed()
    with torch.no_grad():
        model(torch.rand(8, 4, LENGTH))
    torch.export.save(torch.export.export(model, (torch.rand(2, 4, LENGTH),)), tmp_path / "v.pt2")
    x = torch.rand(3, 4, LENGTH)
    with torch.no_grad():
        torch.testing.assert_close(import_program(tmp_path / "v.pt2")(x), model.eval()(x), rtol=1e-5, atol=1e-6)


def test_half_precision_is_read_as_single(tmp_path: Path) -> None:
    model = Viewed().double().eval()
    torch.export.save(torch.export.export(model, (torch.rand(1, 4, LENGTH).double(),)), tmp_path / "v.pt2")
    x = torch.rand(3, 4, LENGTH)
    with torch.no_grad():
        wanted = model(x.double()).float()
        torch.testing.assert_close(import_program(tmp_path / "v.pt2")(x), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layout", ["2.7", "2.8"])
def test_older_layouts(layout: str, exported: Get, tmp_path: Path) -> None:
    """Weights and constants as archives of torch.save: rewritten here, since no older torch is at hand."""
    model, path = exported("gated")
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].partition("/")[0]
        graph = archive.read(f"{root}/models/model.json")
    constants = {"shift": model.shift}
    names = {
        "2.7": ("serialized_exported_program.json", "serialized_state_dict.pt", "serialized_constants.pt"),
        "2.8": ("m/models/model.json", "m/data/weights/model.pt", "m/data/constants/model.pt"),
    }[layout]
    with zipfile.ZipFile(tmp_path / "m.pt2", "w") as archive:
        archive.writestr(names[0], graph)
        for name, state in zip(names[1:], (model.state_dict(), constants), strict=True):
            buffer = io.BytesIO()
            torch.save(dict(state), buffer)
            archive.writestr(name, buffer.getvalue())
        archive.writestr("version", "8.8")
    x = torch.rand(2, 4, LENGTH)
    with torch.no_grad():
        torch.testing.assert_close(import_program(tmp_path / "m.pt2")(x), model(x), rtol=1e-5, atol=1e-6)


def test_a_run_of_it(exported: Get, tmp_path: Path) -> None:
    """The run folder gives the program's logits, without the program; commands take it."""
    model, path = exported("lstm", "open")
    runner = CliRunner()
    words = ["import", str(path), "--out", str(tmp_path / "run")]
    assert runner.invoke(app, words, catch_exceptions=False).exit_code == 0
    run = open_run(tmp_path / "run")
    x = torch.rand(3, 4, LENGTH)
    with torch.no_grad():
        torch.testing.assert_close(run.model(x), model(x).logit(), rtol=1e-4, atol=1e-5)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["published"]["kind"] == "program"
    assert config["published"]["torch"] == torch.__version__
    (tmp_path / "s.fa").write_text(">a\n" + "ACGT" * 10 + "\n>b\n" + "TTGC" * 10 + "\n")
    words = ["predict", str(tmp_path / "run"), "--fasta", str(tmp_path / "s.fa"), "--out", str(tmp_path / "p.tsv")]
    assert runner.invoke(app, words, catch_exceptions=False).exit_code == 0
    words = ["attribute", str(tmp_path / "run"), "--fasta", str(tmp_path / "s.fa"), "--out", str(tmp_path / "a")]
    assert runner.invoke(app, words, catch_exceptions=False).exit_code == 0
