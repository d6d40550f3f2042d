"""Finding the attention of any module, and what its positions look at, from one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from motiflens.interpret.attention_hooks import Captured, attention_hooked
from motiflens.interpret.fields import Geometry, advance, field_of, has_geometry, hull
from motiflens.interpret.function_layers import layer_of
from motiflens.interpret.results import Field
from motiflens.interpret.sources import Source, layout_of, sums_to_one

_MOVES = ("Convolution", "MaxPool", "AvgPool", "ConstantPad", "Upsample")
# What torch's graph calls products of two tensors.
_PRODUCTS = ("Mul", "Bmm", "Baddbmm", "Addcmul", "Dot", "Mv", "MmBackward", "ScaledDot")


class Graph:
    """What lies between the input and any tensor, read off torch's graph of one forward pass.

    Parameters
    ----------
    length
        Window length in bp.
    """

    def __init__(self, length: int) -> None:
        self.origin = Geometry(0, 1, 1, length)
        self._layers: dict[Any, tuple[nn.Module, list[Tensor]]] = {}  # node of a layer's output
        self._behind: dict[Any, Geometry | None] = {}  # node of a layer's, or a function's, output

    def hook(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Forward hook of the layers that move or mix positions."""
        out = output[0] if isinstance(output, tuple) else output
        given = [arg for arg in args if isinstance(arg, Tensor) and arg.requires_grad]
        if isinstance(out, Tensor) and out.grad_fn is not None and given:
            self._layers[out.grad_fn] = module, given

    def geometry(self, tensors: Sequence[Tensor]) -> Geometry | None:
        """Return the hull of all paths from the input to some tensors; None if none leads there.

        Raises
        ------
        ValueError
            If a layer, or a function, on the way has no fixed geometry.
        """
        return self._behind_nodes([_node(tensor) for tensor in tensors if tensor.requires_grad])

    def _behind_nodes(self, nodes: Sequence[Any]) -> Geometry | None:
        ends = [end for node in self._back(nodes) if (end := self._end(node)) is not None]
        if not ends:
            return None
        # A branch with one position (squeeze and excitation) sees the whole window and reaches all others.
        local = [end for end in ends if end.steps > 1]
        if local and len(local) < len(ends):
            return hull(local)._replace(nominal=True)
        return hull(ends)

    def _end(self, node: Any) -> Geometry | None:
        if node in self._behind:
            return self._behind[node]
        if node in self._layers:
            module, given = self._layers[node]
            before = self.geometry(given)
        elif _moves(node):
            module = layer_of(node)
            before = self._behind_nodes([node.next_functions[0][0]])
        else:
            return self.origin if type(node).__name__ == "AccumulateGrad" else None
        self._behind[node] = None if before is None else advance(before, module)
        return self._behind[node]

    def _back(self, nodes: Sequence[Any]) -> Iterator[Any]:
        """Walk the graph backwards, up to layers and functions whose geometry is known."""
        waiting, seen = list(nodes), set()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            yield node
            if node not in self._layers and not _moves(node):
                waiting += [before for before, _ in node.next_functions]


def _moves(node: Any) -> bool:
    return any(word in type(node).__name__ for word in _MOVES)


def _node(tensor: Tensor) -> Any:
    # A leaf has no node of its own until something is computed from it.
    if tensor.grad_fn is not None:
        return tensor.grad_fn
    view = tensor.view_as(tensor).grad_fn
    return None if view is None else view.next_functions[0][0]


def _ancestors(tensor: Tensor) -> set[Any]:
    waiting, seen = [_node(tensor)] if tensor.requires_grad else [], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
    return seen


def discover(
    model: nn.Module,
    run: Callable[[Tensor], Any],
    x: Tensor,
    *,
    names: Sequence[str] | None = None,
    kind: str | None = None,
    stem: Sequence[nn.Module] | None = None,
) -> list[Source]:
    """Find where a model computes attention; to be called within `model_unchanged`.

    Layers are followed through torch's own graph, so that residual and parallel branches are found as they are.
    Whether anything else mixes positions is then tried out: all bases outside a position's field are changed, and
    if what goes into the softmax there changes with them, the field is nominal.

    Parameters
    ----------
    model
        Any module.
    run
        One forward pass of one strand; takes x.
    x
        (1, C, L): any window.
    names
        Modules (or ``softmax:i``) to take; by default everything that looks like attention over positions.
    kind
        ``vector``, ``channel`` or ``pairwise``, where the shape does not tell.
    stem
        Layers before the attention, in order, in place of what the graph shows.

    Raises
    ------
    ValueError
        If what was named is not there or is no attention, is computed several times, or has no fixed field.
    """
    known = dict(model.named_modules())
    for name in names or ():
        if name not in known and not name.startswith("softmax:"):
            raise ValueError(f"the model has no module {name!r}: it has {', '.join(key for key in known if key)}")
    window = x.detach().clone().requires_grad_(True)
    graph = Graph(x.shape[-1])
    recorded: list[tuple[str, Tensor, Tensor]] = []
    handles = [layer.register_forward_hook(graph.hook) for layer in known.values() if has_geometry(layer)]
    try:
        with torch.enable_grad(), attention_hooked(model, names, lambda *what: recorded.append(what)):
            output = run(window.clone())  # the model may work in place on its input
    finally:
        for handle in handles:
            handle.remove()
    sources = []
    for name, into, weights in recorded:
        source = _source(name, into, weights, graph, kind, stem, told=names is not None)
        if source is not None and (names is not None or _is_attention(source, weights, output)):
            sources.append(source)
    _refuse_repeats([source.name for source in sources])
    for name in names or ():
        if name not in {source.name for source in sources}:
            raise ValueError(f"the model's forward pass computes nothing at {name!r}")
    kept = {source.name for source in sources}
    outputs = {name: _node(weights) for name, _, weights in recorded if name in kept and weights.requires_grad}
    behind = {name: _ancestors(into) for name, into, _ in recorded if name in kept}
    sources = [
        source._replace(below=tuple(name for name, node in outputs.items() if node in behind[source.name]))
        for source in sources
    ]
    if stem is not None:
        return sources
    return [_tried(model, run, x, source) for source in sources]


def _source(
    name: str,
    into: Tensor,
    weights: Any,
    graph: Graph,
    kind: str | None,
    stem: Sequence[nn.Module] | None,
    *,
    told: bool,
) -> Source | None:
    if not isinstance(weights, Tensor):
        if told:
            raise ValueError(f"{name} gives no tensor but {type(weights).__name__}: name the softmax itself")
        return None
    field: Field | None = None
    try:
        if stem is not None:
            field = field_of(stem, int(graph.origin.steps))
        else:
            geometry = graph.geometry([into])
            field = None if geometry is None else geometry.field()
    except ValueError:
        # Behind flattening and the like: only a fault if the user says that it is the attention.
        if told or layout_of(weights, weights.shape[-1], kind) == "nqk":
            raise
        return None
    layout = None if field is None else layout_of(weights.detach(), len(field.start), kind)
    if layout is not None and field is not None:
        return Source(name, layout, field)
    if not told:
        return None
    if field is None:
        raise ValueError(f"no path leads from the input to {name}: name the layers between with adapt(stem=[...])")
    raise ValueError(
        f"{name} gives weights of shape {tuple(weights.shape)}, but the layers before it leave "
        f"{len(field.start)} positions: is it the attention? Say adapt(model, stem=[...], kind=...)"
    )


def _is_attention(source: Source, weights: Tensor, output: Any) -> bool:
    """Whether weights are shares of positions that something is multiplied by, and no output of classes."""
    if not sums_to_one(weights, source.layout):
        return False
    waiting = [(_node(tensor), False) for tensor in _tensors(output) if tensor.requires_grad]
    ends, seen = {weights.grad_fn}, set()
    only = False
    while waiting and weights.grad_fn is not None:
        node, multiplied = waiting.pop()
        if node is None or (node, multiplied) in seen:
            continue
        seen.add((node, multiplied))
        if node in ends:
            if multiplied:
                return True
            only = True
            continue
        multiplied = multiplied or type(node).__name__.startswith(_PRODUCTS)
        waiting += [(before, multiplied) for before, _ in node.next_functions]
    return not only  # the weights of a fused function lie on no path at all


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, Mapping):
        for part in output.values():
            yield from _tensors(part)
    elif isinstance(output, tuple | list):
        for part in output:
            yield from _tensors(part)


def _refuse_repeats(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{name} is computed {names.count(name)} times in one pass: give adapt(model, forward=...) a "
                "function of x and meta that computes one strand"
            )


def _tried(model: nn.Module, run: Callable[[Tensor], Any], x: Tensor, source: Source) -> Source:
    """Mark the field as nominal if changing all bases outside it changes what goes into the softmax."""
    steps = len(source.field.start)
    generator = torch.Generator().manual_seed(0)
    length = x.shape[-1]
    first = _random_window(x, generator)
    for position in sorted({0, steps // 2, steps - 1}):
        other = _random_window(x, generator)
        low = max(0, int(source.field.start[position]))
        high = min(length, int(source.field.end[position]))
        other[..., low:high] = first[..., low:high]
        # One by one: positions must not depend on what else is in the batch.
        a, b = (_at(_into(model, run, window, source.name), source.layout, position) for window in (first, other))
        if not torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max())):
            return source._replace(field=source.field._replace(nominal=True))
    return source


def _random_window(x: Tensor, generator: torch.Generator) -> Tensor:
    window = torch.rand(x.shape, generator=generator).to(x)
    base = torch.randint(4, (x.shape[0], x.shape[-1]), generator=generator)
    window[:, :4] = nn.functional.one_hot(base, 4).transpose(1, 2).to(x)
    return window


def _into(model: nn.Module, run: Callable[[Tensor], Any], x: Tensor, name: str) -> Tensor:
    taken: list[Tensor] = []

    def take(source: str, into: Tensor, _: Tensor) -> None:
        if source == name:
            taken.append(into)
            raise Captured

    try:
        with torch.no_grad(), attention_hooked(model, [name], take):
            run(x)
    except Captured:
        pass
    return taken[0]


def _at(into: Tensor, layout: str, position: int) -> Tensor:
    """Return what goes into the softmax at one position (and, for pairs, at the same key)."""
    if layout in ("nqk", "nhqk"):
        steps = into.shape[-2]
        if into.shape[-1] == steps and into.ndim >= 3:
            return into[..., position, position]
        return into.select(-2, position)  # queries: (N, T, E) or (N, H, T, E)
    axis = {"nt": 1, "nt1": 1, "n1t": 2, "ntd": 1, "ndt": 2, "nh1t": into.ndim - 1}[layout]
    return into.select(min(axis, into.ndim - 1), position)
