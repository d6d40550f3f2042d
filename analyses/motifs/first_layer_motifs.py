"""Route 1: what a model's first convolution detects, as matrices of its best-activating subsequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import KernelThreshold
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.one_hot import one_hot, reverse_complement
from motiflens.models.data.windows import Windows
from motiflens.models.precision import full_precision
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Codes, Doubles, Floats, Integers

MAP_CELLS = 1 << 23  # activations computed at a time: 32 MB, so that they stay near the processor


@dataclass(frozen=True)
class KernelSites:
    """What the best-activating subsequences of each kernel add up to.

    Attributes
    ----------
    counts
        (K, width, 4) int64: bases of the best subsequence of every sequence that passes the threshold.
    sites
        (K,) int64: sequences that pass.
    maximum
        (K,) float32: largest activation of any sequence, before the rectifier.
    positions
        (K, L') int64: how often the best subsequence starts at each position, counted along the window.
    """

    counts: Integers
    sites: Integers
    maximum: Floats
    positions: Integers


def first_layer_motifs(
    model: SequenceModel,
    windows: Windows,
    *,
    kernel_threshold: KernelThreshold = "zero",
    both_strands: bool | None = None,
    batch_size: int = 256,
    progress: Progress = silent,
) -> list[Motif]:
    """Turn every kernel of the first convolution into a motif.

    For each kernel, the best-activating subsequence of each window is counted into a position frequency matrix
    where its activation passes the threshold (DeepBind; TBiNet). Only windows' bases, one batch of activations
    and the counts are held: the cost is the convolution's.

    Parameters
    ----------
    model
        A model whose `first_convolution` reads the sequence. It is neither moved nor changed.
    windows
        The windows to search; signal channels are fed to the kernels as the model feeds them.
    kernel_threshold
        ``zero``: activation > 0 (TBiNet). ``half``: > half of the kernel's largest activation (needs a second
        pass over the windows).
    both_strands
        Search the reverse complement of every window as well; by default where the model itself does.
    batch_size
        Windows to read at a time.
    progress
        Told the windows read and to be read after each batch.

    Returns
    -------
    list of Motif
        ``kernel_000``, …, of the kernel's width. Kernels that no window activates are absent. `Motif.info`
        holds ``channel``, ``maximum`` and ``activating`` (share of the sequences that pass).

    Raises
    ------
    ValueError
        If the model has no first convolution, the windows are shorter than its kernels or hold no base, or no
        kernel is activated by any window.
    """
    convolution = first_kernels(model)
    both = model.siamese if both_strands is None else both_strands

    done, total = 0, len(windows) * (2 if kernel_threshold == "half" else 1)

    def batches() -> Iterator[tuple[Codes, Floats]]:
        nonlocal done
        for first in range(0, len(windows), batch_size):
            index = np.arange(first, min(first + batch_size, len(windows)))
            yield windows.codes(index), windows.signals(index)
            done += len(index)
            progress(Step("kernels", done, total))

    sites = kernel_sites(
        convolution,
        batches,
        kernel_threshold=kernel_threshold,
        both_strands=both,
        prepare=model.first_inputs,
    )
    return kernel_motifs(sites, windows=len(windows), both_strands=both)


def first_kernels(model: SequenceModel) -> nn.Conv1d:
    """Return a model's first convolution; ValueError where it has none."""
    convolution = model.first_convolution()
    if convolution is None:
        raise ValueError(
            f"{model.name or type(model).__name__} has no first convolution, hence no kernels: "
            "use the routes 'seqlets' or 'denovo'"
        )
    return convolution


def kernel_sites(
    convolution: nn.Conv1d,
    batches: Callable[[], Iterator[tuple[Codes, Floats]]],
    *,
    kernel_threshold: KernelThreshold = "zero",
    both_strands: bool = False,
    prepare: Callable[[Tensor], Tensor] = lambda x: x,
) -> KernelSites:
    """Count the bases of the best-activating subsequence of each kernel and sequence.

    Parameters
    ----------
    convolution
        Weights (K, C, width). Padding is left out, so that every subsequence lies within its sequence; stride
        and dilation are the layer's.
    batches
        Makes an iterator over (codes (n, L), signal channels (n, C - 4, L)); called twice for ``half``.
    kernel_threshold
        See `first_layer_motifs`.
    both_strands
        The reverse complements are further sequences.
    prepare
        What a model does to its input, (n, C, L), before the layer.

    Returns
    -------
    KernelSites

    Raises
    ------
    ValueError
        If sequences are shorter than the kernels, or hold no base.
    """
    floor = np.zeros(convolution.out_channels, dtype=np.float32)
    if kernel_threshold == "half":
        floor = half(kernel_maxima(convolution, batches, both_strands=both_strands, prepare=prepare))
    sites = sites_above(convolution, batches, floor, both_strands=both_strands, prepare=prepare)
    if sites is None:
        raise ValueError("there are no sequences with a known base to search for kernels' sites")
    return sites


def half(maximum: Floats) -> Floats:
    """Return the threshold ``half`` of the largest activations, at least 0."""
    return np.maximum(maximum / 2, 0)


def _span(convolution: nn.Conv1d) -> int:
    return (convolution.kernel_size[0] - 1) * convolution.dilation[0] + 1


def kernel_maxima(
    convolution: nn.Conv1d,
    batches: Callable[[], Iterator[tuple[Codes, Floats]]],
    *,
    both_strands: bool = False,
    prepare: Callable[[Tensor], Tensor] = lambda x: x,
) -> Floats:
    """Return the largest activation of each kernel, (K,); minus infinity without sequences. See `kernel_sites`."""
    best = torch.full((convolution.out_channels,), -np.inf)
    for x, _ in _chunks(convolution, batches, _span(convolution), both_strands):
        best = torch.maximum(best, _activate(convolution, prepare(x)).amax(dim=(0, 2)).cpu())
    return best.numpy()


def sites_above(
    convolution: nn.Conv1d,
    batches: Callable[[], Iterator[tuple[Codes, Floats]]],
    floor: Floats,
    *,
    both_strands: bool = False,
    prepare: Callable[[Tensor], Tensor] = lambda x: x,
) -> KernelSites | None:
    """Count the best subsequences that are activated above a floor, (K,); None without sequences.

    See `kernel_sites`.
    """
    count, width = convolution.out_channels, convolution.kernel_size[0]
    span, least = _span(convolution), torch.from_numpy(floor)
    counts = torch.zeros(count * width * 5, dtype=torch.int64)
    sites = torch.zeros(count, dtype=torch.int64)
    maximum = torch.full((count,), -np.inf)
    starts: Tensor | None = None
    for x, codes in _chunks(convolution, batches, span, both_strands):
        value, place = _best(_activate(convolution, prepare(x)))  # n, K
        maximum = torch.maximum(maximum, value.amax(dim=0).cpu())
        passed = value > least.to(value.device)
        at = place * convolution.stride[0]
        sites += passed.sum(dim=0).cpu()
        counts += _count(codes, at, passed, width, convolution.dilation[0]).cpu()
        histogram = _histogram(at, passed, codes.shape[1] - span + 1).cpu()
        starts = histogram if starts is None else starts + histogram
    if starts is None:
        return None
    return KernelSites(
        counts.view(count, width, 5)[..., :4].numpy(), sites.numpy(), maximum.numpy(), starts.numpy()
    )


def _chunks(
    convolution: nn.Conv1d, batches: Callable[[], Iterator[tuple[Codes, Floats]]], span: int, both_strands: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give (x (n, C, L), codes (n, L)) on the convolution's device, few enough for `MAP_CELLS`."""
    device = convolution.weight.device
    for codes, signals in batches():
        if codes.shape[1] < span:
            raise ValueError(f"the sequences have {codes.shape[1]} bp, shorter than the kernels' {span} bp")
        known = (codes < 4).any(axis=1)
        codes, signals = codes[known], signals[known]
        if both_strands:
            codes = np.concatenate([codes, reverse_complement(codes)])
            signals = np.concatenate([signals, signals[..., ::-1]])
        size = max(1, MAP_CELLS // (convolution.out_channels * codes.shape[1]))
        for first in range(0, len(codes), size):
            part = codes[first : first + size]
            x = np.concatenate([one_hot(part), signals[first : first + size]], axis=1)
            yield torch.from_numpy(x).to(device), torch.from_numpy(np.ascontiguousarray(part)).to(device)


@torch.no_grad()
def _activate(convolution: nn.Conv1d, x: Tensor) -> Tensor:
    """Activations without padding, before the rectifier, (n, K, L')."""
    convolution = full_precision(convolution)
    return functional.conv1d(
        x.to(convolution.weight.dtype),
        convolution.weight,
        convolution.bias,
        stride=convolution.stride,
        dilation=convolution.dilation,
        groups=convolution.groups,
    )


def _best(activation: Tensor) -> tuple[Tensor, Tensor]:
    """Largest activation and its (first) place, (n, K) each."""
    if activation.device.type == "cpu":  # numpy's argmax takes a seventh of the time of torch's there
        place = torch.from_numpy(activation.numpy().argmax(axis=2))
    else:
        place = activation.argmax(dim=2)
    return activation.gather(2, place[..., None])[..., 0], place


def _count(codes: Tensor, at: Tensor, passed: Tensor, width: int, dilation: int) -> Tensor:
    """Count bases, (K * width * 5,): kernel by kernel, position by position, A, C, G, T, N."""
    kernel_count = at.shape[1]
    row, kernel = passed.nonzero(as_tuple=True)
    steps = torch.arange(width, device=codes.device)
    base = codes[row[:, None], at[row, kernel][:, None] + steps * dilation].long()  # sites, width
    cell = (kernel[:, None] * width + steps) * 5 + base
    return torch.bincount(cell.flatten(), minlength=kernel_count * width * 5)


def _histogram(at: Tensor, passed: Tensor, length: int) -> Tensor:
    """Count where the best subsequences start, (K, length)."""
    kernel = torch.arange(at.shape[1], device=at.device).expand_as(at)
    cell = (kernel * length + at)[passed]
    return torch.bincount(cell, minlength=at.shape[1] * length).view(-1, length)


def kernel_motifs(sites: KernelSites, *, windows: int, both_strands: bool) -> list[Motif]:
    """Make a motif of each kernel that is activated; ValueError if none is by any of the windows."""
    if not sites.counts.sum():
        raise ValueError(
            f"none of the {len(sites.sites)} kernels is activated by any of the {windows} windows: "
            "train the model further, or use other windows"
        )
    sequences = windows * (2 if both_strands else 1)
    digits = max(3, len(str(len(sites.sites) - 1)))
    return [
        Motif(
            name=f"kernel_{k:0{digits}d}",
            ppm=frequencies(sites.counts[k]),
            nsites=float(sites.sites[k]),
            source="kernel",
            info={
                "channel": float(k),
                "maximum": float(sites.maximum[k]),
                "activating": float(sites.sites[k] / sequences),
            },
        )
        for k in range(len(sites.sites))
        if sites.counts[k].sum()
    ]


def frequencies(counts: Integers | Doubles) -> Doubles:
    """Counts to probabilities, (width, 4); positions at which no base is known become uniform.

    >>> frequencies(np.array([[3, 1, 0, 0], [0, 0, 0, 0]])).tolist()
    [[0.75, 0.25, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]
    """
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), 0.25)
