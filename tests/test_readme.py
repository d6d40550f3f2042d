"""What README and the pages say is so: every command line as it stands, every snippet, every number."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.cli.main import app, main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {"README.md": README} | {
    page.name: page.read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md"))
    if page.name != "changelog.md"
}
BLOCKS = [
    block for text in PAGES.values() for block in re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.S | re.M)
]
LINES = [
    part.strip()
    for kind, block in BLOCKS
    if not kind
    for line in block.splitlines()
    for part in line.split("#")[0].split("&&")
    if re.match(r"\s*interpret (?!--version|--install-completion)", part)
]
# `interpret chip RUN` amid a sentence: its command and its options are looked up.
SPANS = sorted({span for text in PAGES.values() for span in re.findall(r"`(interpret [^`\n]+)`", text)})


def parsed(words: list[str]) -> None:
    """Read a command line as far as its options, and run nothing."""
    from typer.main import get_command

    group = get_command(app)
    with group.make_context("interpret", list(words), resilient_parsing=False) as context:
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)  # type: ignore[attr-defined]
        with command.make_context(name, rest, parent=context) as inner:
            if hasattr(command, "resolve_command"):
                parsed_name, deeper, rest = command.resolve_command(inner, [*inner._protected_args, *inner.args])
                deeper.make_context(parsed_name, rest, parent=inner)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_is_read(line: str) -> None:
    parsed(shlex.split(line)[1:])


def test_there_are_command_lines() -> None:
    assert len(LINES) >= 50
    assert len(SPANS) >= 15


@pytest.mark.parametrize("span", SPANS)
def test_every_command_amid_a_sentence_is_known(span: str) -> None:
    from typer.main import get_command

    command = get_command(app)
    for word in span.split()[1:]:
        below = getattr(command, "commands", {})
        if word in ("COMMAND", "…"):
            return
        if word.startswith("-"):
            known = {"--help", "--install-completion", *(opt for param in command.params for opt in param.opts)}
            assert word in known, f"{word} of {span}"
        elif below and "." not in word:
            assert word in below, f"{word} of {span}"
            command = below[word]


def test_every_command_has_an_example_and_a_place_in_the_table() -> None:
    from motiflens.analyses.cli.main import COMMANDS

    shown = {shlex.split(line)[1] for line in LINES} | {"import"}
    (table,) = re.findall(r"^\| to \| use \|\n(.*?)\n\n", README, flags=re.S | re.M)
    assert set(COMMANDS) <= shown
    assert set(re.findall(r"`(\w+)`", table)) == set(COMMANDS)


def test_readme_is_short_and_names_pages_that_there_are() -> None:
    """What it is, two commands, one picture, one table of commands, where to read on."""
    assert len(README.splitlines()) <= 85
    assert README.count("![") == 1
    places = re.findall(r"`((?:docs|benchmarks|notebooks)/[\w/.]*)`", README)
    assert len(places) >= 10
    for place in places:
        assert (ROOT / place).exists(), place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the names of the pages are small files of these kinds."""
    import pyBigWig

    from motiflens.analyses.motifs import jaspar, write_meme

    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    sizes = {"chr1": 8000, "chr2": 4000, "chr3": 4000}
    (folder / "sim").mkdir()
    text = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in sizes.items()}
    genome = "".join(f">{name}\n{letters}\n" for name, letters in text.items())
    (folder / "sim" / "genome.fa").write_text(genome)
    with pyBigWig.open(str(folder / "sim" / "signal.bw"), "w") as file:
        file.addHeader(list(sizes.items()))
        for name, size in sizes.items():
            file.addEntries(name, 0, values=rng.random(size).tolist(), span=1, step=1)
    peaks = [f"{name}\t{at}\t{at + 150}\t.\t0\t.\t5\t5\t5\t75" for name in sizes for at in range(400, 3600, 400)]
    (folder / "sim" / "peaks.narrowPeak").write_text("\n".join(peaks) + "\n")
    experiments = (
        '[[experiments]]\ntf = "CTCF"\ncell_type = "{0}"\npeaks = "peaks.narrowPeak"\nfold_change = "signal.bw"\n'
    )
    cells = '[[cell_types]]\nname = "{0}"\naccessibility = "signal.bw"\n'
    spec = 'name = "tiny"\n[genome]\nfasta = "genome.fa"\n[windows]\nlength = 200\nbin = 100\nstride = 100\n'
    spec += 'labelling = "deepsea"\n[splits]\nvalid = ["chr2"]\ntest = ["chr3"]\n'
    names = ("lymphoid", "hepatic")
    spec += "".join(cells.format(name) for name in names) + "".join(experiments.format(name) for name in names)
    (folder / "sim" / "dataset.toml").write_text(spec)
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (20, 100))]
    import gzip

    (folder / "S.fa.gz").write_bytes(
        gzip.compress("".join(f">s{i}\n{row}\n" for i, row in enumerate(rows)).encode())
    )
    write_meme(folder / "M.meme", jaspar(ids=["MA0139.2", "MA0148.5"]))
    write_meme(folder / "kernels.meme", jaspar(ids=["MA0139.2"]))
    return folder


# The page of examples, in its order.
EXAMPLES = [line for line in LINES if line in PAGES["command_line.md"]]
# Lines of the pages that are run here, with what makes them quick; the others need files of published models, or
# train for minutes (they are run in the tests of their commands).
QUICK = {
    "data describe": (),
    "train": ("--set", "epochs=1", "--set", "kernels=4", "--set", "batch=64", "--set", "valid_windows=60"),
    "evaluate": ("--no-controls",),
    "predict": ("--step", "400"),
    "attribute": ("--set", "steps=2"),
    "scan": (),
    "match": (),
}


@pytest.mark.slow
def test_the_command_lines_run_one_after_the_other(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    done = []
    for line in EXAMPLES:
        words = shlex.split(line)
        name = " ".join(words[1:3]) if words[1] == "data" else words[1]
        if name not in QUICK:
            continue
        steps = name == "attribute" and "integrated_gradients" not in words  # other methods take none
        monkeypatch.setattr(sys, "argv", [*words, *(() if steps else QUICK[name])])
        with pytest.raises(SystemExit) as stop:
            main()
        assert not stop.value.code, (line, capsys.readouterr().err)
        done.append(name)
    assert set(done) == set(QUICK)
    assert (place / "ctcf.bw").stat().st_size > 0
    assert len(list((place / "att").glob("top_*.png"))) == 5


@pytest.mark.parametrize("snippet", [block for kind, block in BLOCKS if kind == "python"])
def test_snippets_name_what_there_is(snippet: str) -> None:
    tree = ast.parse(snippet)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module or "")
            for alias in node.names:
                assert callable(getattr(module, alias.name))


def test_the_snippet_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an untrained model in the file's place."""
    import torch

    from motiflens import models

    torch.manual_seed(0)
    model = models.build("deepgrn", length=64, channels=4, outputs=1, kernels=8, units=4, dense=4)

    def imported(path: str) -> torch.nn.Module:
        return model

    (snippet,) = (block for kind, block in BLOCKS if kind == "python" and "import_published" in block)
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, 64))].transpose(0, 2, 1)
    scope: dict[str, object] = {"x": x, "meta": None, "stand_in": imported}
    exec(snippet.replace("import_published(", "stand_in("), scope)
    assert scope["why"].scores.shape == x.shape  # type: ignore[attr-defined]


def test_the_page_of_limits_states_the_limits() -> None:
    from motiflens.models.limits import LIMITS

    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([\d,]+) ", page, flags=re.M))
    assert {name: int(most.replace(",", "")) for name, most in rows.items()} == {
        name: each.most for name, each in LIMITS.items()
    }


def test_every_dependency_is_used() -> None:
    """What every copy installs is imported somewhere; what few need is an extra."""
    import configparser

    names = {"scikit-learn": "sklearn", "pybigwig": "pyBigWig"}
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    wanted = [
        re.split(r"[>;=<]", line)[0].strip().lower() for line in config["options"]["install_requires"].split("\n")
    ]
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for top in ("models", "interpret", "analyses")
        for path in (ROOT / top).rglob("*.py")
    )
    for name in filter(None, wanted):
        module = names.get(name, name)
        assert re.search(rf"\b(import|from) {module}\b", code), f"{name} is installed and never imported"


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`([a-z_/]+\.py)(?:: \w+)?`", CONTRIBUTING))))
def test_contributing_names_files_that_there_are(place: str) -> None:
    if "/" in place:
        assert (ROOT / place).is_file()


@pytest.mark.parametrize(("place", "name"), sorted(set(re.findall(r"`([a-z_/]+\.py): (\w+)`", CONTRIBUTING))))
def test_contributing_names_functions_that_there_are(place: str, name: str) -> None:
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
