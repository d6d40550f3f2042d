"""Second-order mutagenesis: which bases a model reads together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import in_full_precision
from motiflens.interpret.attribution.baselines import known_bases
from motiflens.interpret.attribution.edits import Edits, edited_logits
from motiflens.interpret.attribution.gradient_inputs import predictions
from motiflens.interpret.attribution.options import AttributionOptions, attribution_options
from motiflens.interpret.attribution.windows import check_windows
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.models.output import one_output
from motiflens.models.types import Floats

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiflens.interpret.attribution.options import AttributionArguments

MOST_BASES: Final = 60  # 15,930 double mutants a window


class DependencyMap(NamedTuple):
    """What pairs of substitutions do beyond what each does by itself, in a part of each window.

    Positions i, j count from `start`; W = end - start.
    """

    start: int  # bp from the window's start; 0-based, half-open
    end: int
    prediction: Floats  # N: the target's logit
    single: Floats  # N, W, 4: change in logit for base b at i; 0 for the base that stands there
    pair: Floats  # N, W, 4, W, 4: change for b at i and c at j, less both single changes; symmetric

    @property
    def strength(self) -> Floats:
        """The largest interaction of each pair of positions by absolute value, (N, W, W)."""
        return np.abs(self.pair).max(axis=(2, 4))


def dependency_map(
    model: nn.Module,
    x: Tensor | Floats,
    start: int,
    end: int,
    *,
    meta: Tensor | Floats | None = None,
    **arguments: Unpack[AttributionArguments],
) -> DependencyMap:
    """Substitute every base and every pair of bases in a part of each window.

    The interaction (epistasis on logits) of two substitutions is f(both) − f(first) − f(second) + f(neither): 0
    where the model adds the two up.

    Parameters
    ----------
    model, x, meta
        As for `attribute`.
    start, end
        The part, in bp from each window's start: 0-based, half-open, at most `MOST_BASES` bp.
    **arguments
        ``target``, ``output`` and ``batch_size`` count.

    Raises
    ------
    ValueError
        If the part does not lie in the windows or is too long, or as `attribute` does.

    Examples
    --------
    >>> from motiflens.models import build
    >>> x = np.eye(4, dtype=np.float32)[np.arange(40) % 4].T[None]
    >>> found = dependency_map(build("deepbind", length=40), x, 10, 16)
    >>> found.single.shape, found.pair.shape, found.strength.shape
    ((1, 6, 4), (1, 6, 4, 6, 4), (1, 6, 6))
    """
    chosen = attribution_options(AttributionOptions(method="ism"), arguments)
    network = in_full_precision(model)
    windows, extra = check_windows(network, x, meta)
    if not 0 <= start < end <= windows.shape[-1]:
        raise ValueError(f"part {start}-{end} does not lie in windows of {windows.shape[-1]} bp")
    if end - start > MOST_BASES:
        raise ValueError(f"part {start}-{end} has {end - start} bp: pairs are substituted in at most {MOST_BASES}")
    with (
        torch.inference_mode(False),
        model_unchanged(network),
        one_output(network, chosen.output),
        torch.no_grad(),
    ):
        prediction = predictions(network, windows, chosen.target, extra, chosen.batch_size)
        parts = [
            _of_one(
                network,
                windows[row : row + 1],
                None if extra is None else extra[row : row + 1],
                (start, end),
                chosen,
            )
            for row in range(len(windows))
        ]
    width = end - start
    single, pair = np.zeros((0, width, 4), np.float32), np.zeros((0, width, 4, width, 4), np.float32)
    if parts:
        single, pair = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    return DependencyMap(start, end, prediction.cpu().numpy(), single, pair)


def _of_one(
    model: nn.Module, x: Tensor, meta: Tensor | None, part: tuple[int, int], chosen: AttributionOptions
) -> tuple[Floats, Floats]:
    """Return the single changes, (W, 4), and the interactions, (W, 4, W, 4), of one window."""
    start, end = part
    width = end - start
    there = x[0, :4, start:end].T  # W, 4
    places, bases = torch.nonzero((there == 0) & known_bases(x)[0, start:end, None], as_tuple=True)  # S
    first, second = torch.triu_indices(len(places), len(places), 1, device=x.device)
    apart = places[first] != places[second]
    first, second = first[apart], second[apart]
    # Each edit puts a base at two places; a single substitution is put there twice.
    at = torch.stack([torch.cat([places, places[first]]), torch.cat([places, places[second]])], dim=1)  # E, 2
    to = torch.stack([torch.cat([bases, bases[first]]), torch.cat([bases, bases[second]])], dim=1)

    def substitute(index: Tensor, stands: Tensor) -> Tensor:
        row = torch.arange(len(index), device=x.device)
        for number in (0, 1):
            stands[row, :4, at[index, number]] = 0
            stands[row, to[index, number], at[index, number]] = 1
        return stands

    rows = torch.zeros(len(at), dtype=torch.long, device=x.device)
    edits = Edits(rows, torch.full_like(rows, start), width, substitute)
    logits = edited_logits(model, x, edits, target=chosen.target, meta=meta, batch_size=chosen.batch_size)
    change = (logits - predictions(model, x, chosen.target, meta, 1)).double()
    alone, both = change[: len(places)], change[len(places) :]
    single = torch.zeros(width, 4, dtype=torch.float64, device=x.device)
    single[places, bases] = alone
    pair = torch.zeros(width, 4, width, 4, dtype=torch.float64, device=x.device)
    interaction = both - alone[first] - alone[second]
    pair[places[first], bases[first], places[second], bases[second]] = interaction
    pair[places[second], bases[second], places[first], bases[first]] = interaction
    return single.to(x.dtype).cpu().numpy(), pair.to(x.dtype).cpu().numpy()
