"""Programs that are damaged or made to do harm: one line, and nothing of them is executed."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import import_program, import_published
from motiflens.models.published.import_program.operators import ALLOWED, IN_PLACE, aten, number, split_target
from tests.models.published.import_program.conftest import Exported

Get = Callable[..., Exported]
GRAPH, INDEX = "models/model.json", "data/weights/model_weights_config.json"


class Bait:
    """Pickled, it leaves a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


class Archive:
    """A program's members, to be changed and written again."""

    def __init__(self, path: Path, out: Path) -> None:
        self.out = out
        with zipfile.ZipFile(path) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}
        self.root = next(iter(self.members)).partition("/")[0]

    def change(self, member: str, edit: Callable[[Any], Any]) -> None:
        """Change a member of JSON in place."""
        name = f"{self.root}/{member}"
        content = json.loads(self.members[name])
        edit(content)
        self.members[name] = json.dumps(content).encode()

    def write(self) -> Path:
        with zipfile.ZipFile(self.out, "w") as archive:
            for name, content in self.members.items():
                archive.writestr(name, content)
        return self.out


@pytest.fixture
def archive(exported: Get, tmp_path: Path) -> Archive:
    """A small program with an open number of windows."""
    return Archive(exported("viewed", "open")[1], tmp_path / "bad.pt2")


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Path]:
    """A file that must not be there afterwards."""
    yield tmp_path / "bait"
    assert not (tmp_path / "bait").exists(), "something in the file was executed"


def refused(path: Path, reason: str) -> None:
    """From Python and on the command line: one line that names the file."""
    with pytest.raises(ValueError, match=reason) as error:
        import_program(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    with pytest.raises(ValueError, match=reason):
        import_published(path)


def said(path: Path) -> str | None:
    """What is wrong with a program; None if it can be read."""
    try:
        import_program(path)
    except ValueError as error:
        return str(error)
    return None


def nodes(content: Any) -> list[Any]:
    """The nodes of a program's JSON."""
    found: list[Any] = content["graph_module"]["graph"]["nodes"]
    return found


def of(content: Any, operator: str) -> Any:
    """The first node of an operator."""
    return next(node for node in nodes(content) if f".{operator}." in node["target"])


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.bernoulli.default",
        "torch.ops.aten.resize_.default",
        "torch.ops.aten.set_.source_Tensor",
        "torch.ops.aten.as_strided.default",
        "torch.ops.aten.relu.out",
        "torch.ops.aten.relu.__class__",
        "torch.ops.aten.relu",
        "torch.ops.aten.__init__.default",
        "torch.ops.mine.relu.default",
        "torch.ops.higher_order.cond",
        "torch.load",
        "os.system",
        "builtins.eval",
        "_operator.pow",
        "_operator.attrgetter",
        "torch.ops.aten.relu.default; import os",
        None,
        7,
        ["torch.ops.aten.relu.default"],
    ],
)
def test_operators_off_the_list(target: Any, archive: Archive) -> None:
    def edit(content: Any) -> None:
        of(content, "relu")["target"] = target

    archive.change(GRAPH, edit)
    refused(archive.write(), r"operator .*(is none of those that may be run|is unknown to torch)")


def test_expressions_are_never_evaluated(archive: Archive, bait: Path) -> None:
    """What torch's reader gives to sympy, wherever it stands; the model computes as before."""
    evil = f"__import__('pathlib').Path({str(bait)!r}).touch()"

    def edit(content: Any) -> None:
        text = json.dumps(content["graph_module"])
        assert '"expr_str": "' in text
        graph = content["graph_module"]["graph"]
        for meta in graph["tensor_values"].values():
            for size in [*meta["sizes"], *meta["strides"]]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = evil
        for value in graph["sym_int_values"].values():
            if "as_expr" in value:
                value["as_expr"]["expr_str"] = evil
        content["guards_code"] = [evil]
        content["range_constraints"] = {evil: {"min_val": 0, "max_val": 4}}
        content["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = evil
        for node in graph["nodes"]:
            node["metadata"] = {"stack_trace": evil, "nn_module_stack": evil, "torch_fn": evil}

    before = import_program(archive.write())
    archive.change(GRAPH, edit)
    after = import_program(archive.write())
    x = torch.rand(3, 4, 40)
    assert torch.equal(before(x), after(x))


def test_pickled_members(archive: Archive, bait: Path) -> None:
    """Example inputs are not read; pickled weights, constants and objects are refused unread."""
    evil = pickle.dumps(Bait(bait))
    sample = f"{archive.root}/data/sample_inputs/model.pt"
    assert sample in archive.members
    archive.members[sample] = evil
    import_program(archive.write())
    archive.members[f"{archive.root}/data/weights/weight_0"] = evil

    def pickled(content: Any) -> None:
        next(iter(content["config"].values()))["use_pickle"] = True

    archive.change(INDEX, pickled)
    refused(archive.write(), "is pickled, which is never loaded")

    def custom(content: Any) -> None:
        first = content["graph_module"]["signature"]["input_specs"]
        arg = {"name": "p", "class_fqn": "os.system"}
        first[0] = {"custom_obj": {"arg": arg, "custom_obj_name": "p"}}

    archive.change(GRAPH, custom)
    archive.change(INDEX, lambda content: next(iter(content["config"].values())).update(use_pickle=False))
    refused(archive.write(), "of kind 'custom_obj', which is never loaded|truncated")


def test_pickled_state_of_older_layouts(archive: Archive, bait: Path, tmp_path: Path) -> None:
    """Archives of torch.save within the archive are loaded without classes."""
    graph = archive.members[f"{archive.root}/{GRAPH}"]
    buffer = io.BytesIO()
    torch.save({"w": Bait(bait)}, buffer)
    for content in (buffer.getvalue(), pickle.dumps({"w": Bait(bait)}), buffer.getvalue()[:100]):
        with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as out:
            out.writestr("serialized_exported_program.json", graph)
            out.writestr("serialized_state_dict.pt", content)
            out.writestr("version", "8.8")
        refused(tmp_path / "bad.pt2", "damaged, or holds more than tensors, which is never loaded")
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(1).expand(1 << 40)}, buffer)
    with zipfile.ZipFile(tmp_path / "bad.pt2", "w") as out:
        out.writestr("serialized_exported_program.json", graph)
        out.writestr("serialized_state_dict.pt", buffer.getvalue())
    refused(tmp_path / "bad.pt2", "claims more numbers than there are")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda meta: meta["sizes"].__setitem__(0, {"as_int": 1 << 35}), "truncated"),
        (lambda meta: meta["sizes"].__setitem__(0, {"as_int": -3}), "no whole number"),
        (lambda meta: meta["sizes"].__setitem__(0, {"as_int": True}), "no whole number"),
        (lambda meta: meta["sizes"].__setitem__(0, {"as_expr": {"expr_str": "s0"}}), "no whole number"),
        (lambda meta: meta["strides"].__setitem__(0, {"as_int": 1 << 30}), "truncated"),
        (lambda meta: meta.update(storage_offset={"as_int": 10_000}), "truncated"),
        (lambda meta: meta.update(strides=meta["strides"][1:]), "sizes but"),
        (lambda meta: meta.update(sizes="4"), "has no sizes"),
        (lambda meta: meta.update(dtype=11), "type that is not supported"),
        (lambda meta: meta.update(dtype="float"), "type that is not supported"),
        (lambda meta: meta.update(layout=1), "type that is not supported"),
        (
            lambda meta: meta.update(
                sizes=[{"as_int": 1 << 30}] * 3, strides=[{"as_int": 0}] * 3, storage_offset={"as_int": 0}
            ),
            "claims 1,237,940,039,285,380,274,899,124,224 numbers",
        ),
    ],
)
def test_weights_that_lie(edit: Callable[[Any], Any], reason: str, archive: Archive) -> None:
    archive.change(INDEX, lambda content: edit(content["config"]["features.0.weight"]["tensor_meta"]))
    refused(archive.write(), reason)


def test_truncated(archive: Archive, exported: Get, tmp_path: Path) -> None:
    """A weight cut short, one that is gone, a file cut anywhere."""
    whole = dict(archive.members)
    name = next(name for name in whole if name.endswith("weights/weight_0"))
    archive.members[name] = whole[name][:-1]
    refused(archive.write(), "truncated: it reaches to number")
    archive.members.pop(name)
    refused(archive.write(), "which is no member of")
    archive.members = {**whole, f"{archive.root}/{INDEX}": b'{"config": {}}'}
    refused(archive.write(), "its weight '.*' is missing")
    archive.members = {**whole, f"{archive.root}/byteorder": b"big"}
    refused(archive.write(), "big-endian")
    content = exported("viewed", "open")[1].read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 30):
        (tmp_path / "cut.pt2").write_bytes(content[:size])
        refused(tmp_path / "cut.pt2", "cut.pt2")


@pytest.mark.parametrize("file", ["../weight_0", "/etc/passwd", "a/../../weight_0", "..\\weight_0", 3, None, ""])
def test_paths_outside(file: Any, archive: Archive) -> None:
    archive.change(INDEX, lambda content: next(iter(content["config"].values())).update(path_name=file))
    refused(archive.write(), "which is no member of|does not say where")


def test_members_outside(archive: Archive) -> None:
    whole = dict(archive.members)
    for name in ("../x", "/etc/x", "C:\\x"):
        archive.members = {**whole, name: b""}
        refused(archive.write(), "has a member outside of its folder")
    last = list(whole.items())[-1]
    with zipfile.ZipFile(archive.out, "w") as out:
        for name, content in whole.items():
            out.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            out.writestr(*last)
    refused(archive.out, "is there twice")


def test_a_value_before_it_is_computed(archive: Archive) -> None:
    """Circles and forward references, values computed twice, and outputs that nothing computes."""
    whole = dict(archive.members)

    def forward(content: Any) -> None:
        nodes(content).reverse()

    def circle(content: Any) -> None:
        node = of(content, "relu")
        node["inputs"][0]["arg"] = node["outputs"][0]

    def twice(content: Any) -> None:
        nodes(content).append(nodes(content)[-1])

    def nothing(content: Any) -> None:
        specs = content["graph_module"]["signature"]["output_specs"]
        specs[-1]["user_output"]["arg"] = {"as_tensor": {"name": "nowhere"}}

    for edit, reason in (
        (forward, "before it is computed"),
        (circle, "before it is computed"),
        (twice, "twice"),
        (nothing, "'nowhere' before it is computed"),
    ):
        archive.members = dict(whole)
        archive.change(GRAPH, edit)
        refused(archive.write(), reason)


def test_bombs(archive: Archive) -> None:
    """Sizes that would fill the memory are refused before any of it is taken, also those of a packed file."""
    whole = dict(archive.members)

    def huge(operator: str, arguments: list[Any]) -> Callable[[Any], None]:
        def edit(content: Any) -> None:
            x = of(content, "relu")["outputs"][0]["as_tensor"]["name"]
            given = [{"name": name, "arg": x if value is None else value, "kind": 1} for name, value in arguments]
            for each in given:
                if isinstance(each["arg"], str):
                    each["arg"] = {"as_tensor": {"name": x}}
            made = {
                "target": operator,
                "inputs": given,
                "outputs": [{"as_tensor": {"name": "huge"}}],
                "metadata": {},
            }
            specs = content["graph_module"]["signature"]["output_specs"]
            nodes(content).append(made)
            specs[-1]["user_output"]["arg"] = {"as_tensor": {"name": "huge"}}

        return edit

    for operator, arguments in (
        ("torch.ops.aten.zeros.default", [("size", {"as_ints": [1 << 40]})]),
        ("torch.ops.aten.arange.default", [("end", {"as_int": 1 << 50})]),
        ("torch.ops.aten.repeat.default", [("self", None), ("repeats", {"as_ints": [1 << 20, 1 << 20, 1]})]),
        ("torch.ops.aten.constant_pad_nd.default", [("self", None), ("pad", {"as_ints": [1 << 40, 0]})]),
        ("torch.ops.aten.repeat_interleave.self_int", [("self", None), ("repeats", {"as_int": 1 << 40})]),
    ):
        archive.members = dict(whole)
        archive.change(GRAPH, huge(operator, arguments))
        refused(archive.write(), r"does not fit what it is given \(gives [\d,]+ bytes, more than|does not fit")
    archive.members = dict(whole)
    with zipfile.ZipFile(archive.out, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in whole.items():
            out.writestr(name, bytes(100 << 20) if name.endswith("weight_0") else content)
    refused(archive.out, "like a bomb")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"graph_module": 1}', b"[" * 100_000 + b"]" * 100_000]
)
def test_graphs_that_are_none(content: bytes, archive: Archive) -> None:
    archive.members[f"{archive.root}/{GRAPH}"] = content
    refused(archive.write(), r"is no JSON|holds no object|is no program|damaged|nested")


def test_every_part_may_be_missing_or_of_another_kind(archive: Archive) -> None:
    """Whatever entry of the graph is replaced, the answer is a model or one line."""
    whole = dict(archive.members)
    graph = json.loads(whole[f"{archive.root}/{GRAPH}"])["graph_module"]
    places: list[tuple[Any, ...]] = [("graph", key) for key in graph["graph"]]
    places += [("signature", key) for key in graph["signature"]] + [("module_call_graph",), ("graph",)]
    places += [("graph", "nodes", 2, key) for key in ("target", "inputs", "outputs")]
    places += [("graph", "nodes", 2, "inputs", 0, "arg"), ("graph", "nodes", 2, "outputs", 0)]
    places += [("signature", "input_specs", 0), ("signature", "output_specs", 0, "user_output")]
    for place in places:
        for value in (None, [], {}, "x", 3, [None], {"as_tensor": 5}, {"as_graph": {}}):

            def edit(content: Any, place: tuple[Any, ...] = place, value: Any = value) -> None:
                there = content["graph_module"]
                for step in place[:-1]:
                    there = there[step]
                there[place[-1]] = value

            archive.members = dict(whole)
            archive.change(GRAPH, edit)
            text = said(archive.write())
            assert text is None or ("\n" not in text and str(archive.out) in text)


def test_several_programs_and_others(archive: Archive, tmp_path: Path) -> None:
    archive.members[f"{archive.root}/models/other.json"] = b"{}"
    refused(archive.write(), "has one program; it holds 2")
    (tmp_path / "text.pt2").write_text("hello")
    refused(tmp_path / "text.pt2", "damaged program of torch.export")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        import_program(tmp_path / "none.pt2")


def test_the_command_line_says_one_line(archive: Archive, tmp_path: Path) -> None:
    archive.change(GRAPH, lambda content: of(content, "relu").update(target="torch.ops.aten.from_file.default"))
    words = ["import", str(archive.write()), "--out", str(tmp_path / "run")]
    with pytest.raises(ValueError, match=r"operator 'torch\.ops\.aten\.from_file\.default' is none of those"):
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert not (tmp_path / "run").exists()


def test_the_list() -> None:
    """Operators of the list do not write into their arguments, but those that say so by their name."""
    assert not any(name.endswith("_") and not name.endswith("__") for name in ALLOWED)
    assert all(name.endswith("_") for name in IN_PLACE)
    assert not {name for name in ALLOWED | IN_PLACE if "rand" in name or "empty" in name or "resize" in name}
    with pytest.raises(ValueError, match="writes into its arguments"):
        aten("_native_batch_norm_legit", "default")
    with pytest.raises(ValueError, match="none of those"):
        split_target("torch.ops.aten.add.out")
    with pytest.raises(ValueError, match="more than any size"):
        number("_operator.mul", [1 << 40, 1 << 40])
    with pytest.raises(ValueError, match="is given no number"):
        number("_operator.add", ["a", "b"])
