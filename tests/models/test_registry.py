"""The list of architectures, one's own ones, and plugins."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret import adapt, attribute
from motiflens.models import architectures, build, import_published, load, register, registry, save_run
from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.output import Output, choose_output
from motiflens.models.recipes import Recipe
from motiflens.models.registry import architecture
from motiflens.models.train import build_for, train

TEN = {
    "cnn_zeng",
    "danq",
    "deepbind",
    "deepgrn",
    "deepsea",
    "expectation_luo",
    "factornet",
    "kegru",
    "saresnet",
    "tbinet",
}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    registered, loaded = dict(registry._REGISTERED), set(registry._LOADED)
    yield
    registry._REGISTERED.clear()
    registry._REGISTERED.update(registered)
    registry._LOADED.clear()
    registry._LOADED.update(loaded)


def test_architectures() -> None:
    assert set(architectures()) >= TEN
    assert architectures() == sorted(architectures())
    for name in TEN:
        assert architecture(name).name == name


def test_unknown_names_and_hyperparameters() -> None:
    with pytest.raises(ValueError, match=r"'tbnet'; did you mean 'tbinet'\? Known: .*danq.*MOTIFLENS_PLUGINS"):
        build("tbnet", length=100)
    with pytest.raises(
        ValueError, match=r"no hyperparameter 'kernel' \(did you mean 'kernels'\?\): it has kernels,"
    ):
        build("tbinet", length=100, kernel=3)
    with pytest.raises(ValueError, match=r"meta"):
        build("kegru", length=100, meta=2)


def test_own_sequence_model(tmp_path: Path) -> None:
    @register("mine")
    class Mine(SequenceModel):
        def __init__(
            self, *, length: int, channels: int = 4, outputs: int = 1, meta: int = 0, scale: float = 2.0
        ) -> None:
            super().__init__(
                length=length,
                channels=channels,
                outputs=outputs,
                meta=meta,
                hyperparameters=arguments(locals()),
            )
            self.linear = nn.Linear(channels * length, outputs)

        def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
            return self.hyperparameters["scale"] * self.linear(x.flatten(1))

    assert "mine" in architectures()
    model = build("mine", length=10, scale=3.0)
    assert isinstance(model, Mine)
    x = torch.rand(2, 4, 10)
    assert torch.equal(load(save_run(tmp_path, model, {}))(x), model(x))


def test_own_module(tmp_path: Path) -> None:
    @register("plain")
    class Plain(nn.Module):
        def __init__(self, length: int, channels: int, width: int = 3, *, act: str = "relu") -> None:
            super().__init__()
            self.convolution = nn.Conv1d(channels, width, 5)
            self.linear = nn.Linear(width * (length - 4), 1)
            self.act = act

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.convolution(x).relu().flatten(1)).squeeze(1)

    assert Plain(20, 4)(torch.zeros(1, 4, 20)).shape == (1,)  # the class itself is as it was
    model = build("plain", length=20, width=2)
    assert model.name == "plain"
    assert model.config["hyperparameters"] == {"width": 2, "act": "relu"}
    assert model.first_convolution() is not None
    x = torch.rand(3, 4, 20)
    assert model(x).shape == (3, 1)
    assert torch.equal(load(save_run(tmp_path, model, {}))(x), model(x))
    with pytest.raises(ValueError, match=r"plain has no hyperparameter 'widht' \(did you mean 'width'"):
        build("plain", length=20, widht=3)
    with pytest.raises(ValueError, match="plain takes no meta"):
        build("plain", length=20, meta=1)
    with pytest.raises(ValueError, match=r"gives \(3,\), expected logits \(3, 2\)"):
        build("plain", length=20, outputs=2)(x)


def test_own_module_with_meta() -> None:
    @register("withmeta")
    class WithMeta(nn.Module):
        def __init__(self, outputs: int, meta: int, rate: float) -> None:
            super().__init__()
            self.linear = nn.Linear(meta, outputs)

        def forward(self, x: Tensor, meta: Tensor) -> Tensor:
            return self.linear(meta)

    with pytest.raises(ValueError, match="needs the hyperparameter 'rate'"):
        build("withmeta", length=5, meta=2)
    model = build("withmeta", length=5, meta=2, outputs=3, rate=0.1)
    assert model(torch.zeros(4, 4, 5), torch.zeros(4, 2)).shape == (4, 3)


def test_what_cannot_be_registered() -> None:
    class Loose(nn.Module):
        def __init__(self, **options: int) -> None:
            super().__init__()

    with pytest.raises(TypeError, match="must name its arguments"):
        register("loose")(Loose)
    assert "loose" not in architectures()

    class Tuple(nn.Module):
        def __init__(self) -> None:
            super().__init__()

        def forward(self, x: Tensor) -> tuple[Tensor]:
            return (x,)

    register("tuple")(Tuple)
    with pytest.raises(ValueError, match=r"tuple: the model gives a tuple of 1: .*output=0"):
        build("tuple", length=5)(torch.zeros(1, 4, 5))


PLUGIN = """
from torch import nn
from motiflens.models import register


@register("plugged")
class Plugged(nn.Module):
    def __init__(self, channels, size=3):
        super().__init__()
        self.convolution = nn.Conv1d(channels, 1, size)

    def forward(self, x):
        return self.convolution(x).amax(-1)
"""


def test_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plugin.py"
    file.write_text(PLUGIN)
    with pytest.raises(ValueError, match="MOTIFLENS_PLUGINS"):
        build("plugged", length=10)
    monkeypatch.setenv("MOTIFLENS_PLUGINS", str(file))
    model = build("plugged", length=10, size=4)
    folder = save_run(tmp_path / "run", model, {})
    # A fresh process finds it again by the same variable, and says what to do without.
    code = "import sys; from motiflens.models import load; print(load(sys.argv[1]).config['hyperparameters'])"
    for environment, expected in ((os.environ, "{'size': 4}"), ({**os.environ, "MOTIFLENS_PLUGINS": ""}, "")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == expected
        assert expected or "MOTIFLENS_PLUGINS" in done.stderr
    monkeypatch.setenv("MOTIFLENS_PLUGINS", str(tmp_path / "missing.py"))
    with pytest.raises(FileNotFoundError, match=r"missing\.py, but there is no such file"):
        architectures()


def test_public_name_is_the_function() -> None:
    """`motiflens.models.architectures` is also a package: in whatever order they are imported, the call works."""
    for code in (
        "import motiflens.models.architectures.base; from motiflens.models import architectures; architectures()",
        "from motiflens.models import build, architectures; architectures(); "
        "from motiflens.models.architectures.tbinet import TBiNet; "
        "from motiflens.models import architectures as again; again()",
    ):
        subprocess.run([sys.executable, "-c", code], check=True)


class Heads(nn.Module):
    """A user's module without a constructor of arguments, with a profile and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.profile, self.counts = nn.Conv1d(4, 1, 3, padding=1), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"profile": self.profile(x), "counts": self.counts(x.mean(-1))}


@pytest.mark.parametrize("output", ["counts", "profile:mean", lambda given: given["counts"]])
def test_one_of_several_outputs(output: Output, tmp_path: Path) -> None:
    register("heads", output=output)(Heads)
    model = build("heads", length=12).eval()
    x = torch.eye(4).repeat(2, 1, 3)
    with torch.no_grad():
        assert torch.equal(model(x), choose_output(model.module(x), output, 2))
        other = build("heads", length=12, output="profile:sum").eval()
        assert torch.equal(other(x), other.module(x)["profile"].sum(-1))
    assert other.config["hyperparameters"] == {"output": "profile:sum"}
    save_run(tmp_path / "run", other, {"tasks": ["a"]})
    assert load(tmp_path / "run").output == "profile:sum"
    with torch.no_grad():
        assert attribute(model, x, method="saliency", output="profile:max").prediction == pytest.approx(
            model.module(x)["profile"].amax(-1)[:, 0].numpy()
        )
        assert torch.equal(model(x), choose_output(model.module(x), output, 2)), "put back"


def test_a_module_without_a_choice_says_so() -> None:
    register("heads")(Heads)
    with pytest.raises(
        ValueError, match=r"heads: the model gives a dict of 'profile'.*output='profile' or 'counts'"
    ):
        build("heads", length=12)(torch.zeros(1, 4, 12))
    with pytest.raises(TypeError, match="gives logits alone"):
        register("sequence", output=0)(SequenceModel)
    with pytest.raises(ValueError, match="after the colon"):
        register("heads", output="profile:median")(Heads)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (None, "heads: the model gives a dict of 'profile' .*: choose one, output='profile' or 'counts'"),
        ("count", "heads: the model has no output 'count': it gives a dict of"),
        (
            "profile",
            "heads: output 'profile' is a tensor of shape .2, 1, 12. .*: expected reduce it, output=':mean'",
        ),
        (lambda given: given["counts"].repeat(1, 3), r"heads gives \(2, 3\), expected logits \(2, 1\)"),
        (
            lambda given: given["counts"] @ torch.zeros(5, 5),
            r"heads cannot read windows of shape \(2, 4, 12\): Runtim",
        ),
    ],
)
def test_what_gives_no_logits_is_refused_before_any_training(output: Output, message: str, tmp_path: Path) -> None:
    register("heads", output=output)(Heads)
    labels = np.arange(40) % 2
    windows = ArrayWindows(np.zeros((40, 12), np.uint8), labels)
    data = Dataset("x", "arrays", {"train": windows, "valid": windows}, "h")
    with pytest.raises(ValueError, match=message):
        train("heads", data, tmp_path / "run", recipe=Recipe(epochs=1))
    assert not (tmp_path / "run" / "config.json").exists()


def test_what_gives_logits_is_built_as_ever() -> None:
    """The look at two windows leaves the random state and the weights alone."""

    @register("dropping")
    class Dropping(nn.Module):
        def __init__(self, channels: int, outputs: int) -> None:
            super().__init__()
            self.normed, self.out = nn.BatchNorm1d(channels), nn.Linear(channels, outputs)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(nn.functional.dropout(self.normed(x), training=True).mean(-1))

    windows = ArrayWindows(np.zeros((4, 12), np.uint8), np.arange(4) % 2)
    torch.manual_seed(1)
    made, drawn = build_for("dropping", windows, Recipe()), torch.rand(1)
    torch.manual_seed(1)
    plain = build("dropping", length=12)
    assert torch.equal(drawn, torch.rand(1))
    assert made.training
    for one, other in zip(made.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_module_without_a_constructor() -> None:
    @register("bare")
    class Bare(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, :1].sum(-1)

    assert build("bare", length=5)(torch.ones(2, 4, 5)).tolist() == [[5.0], [5.0]]


def test_an_adapter_keeps_the_output() -> None:
    x = torch.eye(4).repeat(2, 1, 3)
    model = Heads().eval()
    adapter = adapt(model, output="counts")
    assert adapter.attribute(x, method="saliency").prediction == pytest.approx(
        model(x)["counts"][:, 0].detach().numpy()
    )
    profile = adapter.attribute(x, method="saliency", output="profile:mean").prediction
    assert profile == pytest.approx(model(x)["profile"].mean(-1)[:, 0].detach().numpy())


def test_imported_with_an_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register("heads")(Heads)
    model = Heads()
    torch.save(model.state_dict(), tmp_path / "mine.pt")
    x = torch.eye(4).repeat(2, 1, 3)
    found = import_published(tmp_path / "mine.pt", architecture="heads", length=12, output="counts")
    assert torch.equal(found(x), model(x)["counts"])


@pytest.mark.parametrize(
    ("name", "reason"), [("oracle", "makes it of a simulation's truth"), ("keras", "reads it from a file")]
)
def test_what_is_not_trained_is_refused_in_one_line(name: str, reason: str) -> None:
    assert name not in architectures()
    with pytest.raises(ValueError, match=f"{name} is not trained: motiflens {reason}"):
        registry.check_trainable(name)
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", "train", "--model", name, "--tf", "CTCF"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().startswith(f"interpret: {name} is not trained: ")
