"""State dicts and safetensors of the registry's architectures and of a user's own."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, import_published, open_run, registry

SIZES = {"kernels": 4, "kernel_size": 5}
PLUGIN = """
    import torch
    from motiflens.models import register

    @register("mine_from_file")
    class Mine(torch.nn.Module):
        def __init__(self, outputs, width=3):
            super().__init__()
            self.convolution = torch.nn.Conv1d(4, width, 5)
            self.dense = torch.nn.Linear(width, outputs)

        def forward(self, x):
            return self.dense(self.convolution(x).relu().amax(-1))
"""


@pytest.mark.parametrize("suffix", ["pt", "pth", "safetensors"])
@pytest.mark.parametrize("within", [False, True])
def test_weights_of_a_known_architecture(tmp_path: Path, suffix: str, within: bool) -> None:
    model = build("cnn_zeng", length=40, outputs=2, **SIZES).eval()
    path = tmp_path / f"model.{suffix}"
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    if suffix == "safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state, "epoch": 3} if within else state, path)
    found = import_published(path, architecture="cnn_zeng", length=40, hyperparameters={**SIZES, "outputs": 2})
    x = torch.rand(2, 4, 40)
    assert torch.equal(found(x), model(x))
    sizes = {**SIZES, "outputs": 2, "length": 40}  # --set length=40: was called a damaged file
    assert torch.equal(import_published(path, architecture="cnn_zeng", hyperparameters=sizes)(x), model(x))
    with pytest.raises(ValueError, match="two lengths are given: 50 by --length, 40 by --set length"):
        import_published(path, architecture="cnn_zeng", length=50, hyperparameters=sizes)
    with pytest.raises(ValueError, match="do not fit cnn_zeng"):
        import_published(path, architecture="cnn_zeng", length=40)


def test_a_users_own_architecture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_PLUGINS", "")
    plugin = tmp_path / "mine.py"
    plugin.write_text(textwrap.dedent(PLUGIN))
    torch.manual_seed(0)
    convolution, dense = torch.nn.Conv1d(4, 3, 5), torch.nn.Linear(3, 1)
    state = {f"convolution.{k}": v for k, v in convolution.state_dict().items()}
    torch.save(state | {f"dense.{k}": v for k, v in dense.state_dict().items()}, tmp_path / "CTCF.pt")
    words = ["--plugin", str(plugin), "import", str(tmp_path / "CTCF.pt"), "--out", str(tmp_path / "run")]
    try:
        result = CliRunner().invoke(
            app, [*words, "--architecture", "mine_from_file", "--length", "30"], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        run = open_run(tmp_path / "run")
        x = torch.rand(2, 4, 30)
        torch.testing.assert_close(run.model(x), dense(convolution(x).relu().amax(-1)))
        assert run.tasks == ("CTCF",)
    finally:
        registry._REGISTERED.pop("mine_from_file", None)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(torch.zeros(3), path)
    with pytest.raises(ValueError, match="holds no state dict"):
        import_published(path, architecture="cnn_zeng")
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(ValueError, match="never loaded"):
        import_published(path, architecture="cnn_zeng")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match="damaged"):
        import_published(path, architecture="cnn_zeng")
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 50)
    with pytest.raises(ValueError, match="damaged"):
        import_published(tmp_path / "model.safetensors", architecture="cnn_zeng")
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="name their architecture with --architecture"):
        import_published(path)
