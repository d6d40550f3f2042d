"""gkm-SVM (Ghandi et al. 2014; Lee 2016, LS-GKM): a support vector machine on gapped k-mers."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from motiflens.models.architectures.base import arguments
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.windows import Windows
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Floats, Integers

KERNELS = ("gkm_cnt", "gkm_estfull", "gkm_esttrunc", "gkmrbf", "wgkm", "wgkmrbf")  # LS-GKM's -t 0 to 5
LINEAR = frozenset(KERNELS) - {"gkmrbf", "wgkmrbf"}  # whose scores GkmExplain's attributions add up to


class GkmSVM(FittedModel):
    """Kernels between a window and the support windows → weighted sum + bias, by the package gkmsvm-lite.

    The logits are the machine's decision values as they are; they rank windows, but their sigmoid is no calibrated
    probability. There is no gradient: explain it by GkmExplain, ISM or occlusion.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Any length of at least `word` works; only the bases are read, and an unknown base
        counts as A, as in LS-GKM. `meta` must be 0.
    kernel
        LS-GKM's name: ``gkm_cnt`` (-t 0), ``gkm_estfull``, ``gkm_esttrunc`` (its default), ``gkmrbf``, ``wgkm``,
        ``wgkmrbf`` (-t 5).
    word, informative, mismatches
        LS-GKM's l, k and d.
    cost
        The machine's C.
    gamma, centre, decay
        Of the ``rbf`` kernels, and LS-GKM's M and H of the centre-weighted ones.
    both_strands
        Whether a word and its reverse complement are one.
    most
        Bound windows to train on at most, and as many unbound ones, chosen at random (the papers took 5,000);
        None for all. Memory and time grow with its square: 10,000 windows take 0.8 GB, and of 101 bp about 11
        minutes of one core (all cores are used), nearly all of it in the package's loop over pairs of words.
    supports, support_length
        Support windows of each output (one number: of every one), and their length in bp. Set by `fit`; until
        then they are random.
    """

    name = "gkm_svm"
    any_length = True

    support: Tensor  # S, support_length uint8: bases of all outputs' support windows, one after another

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        kernel: str = "gkm_esttrunc",
        word: int = 11,
        informative: int = 7,
        mismatches: int = 3,
        cost: float = 1.0,
        gamma: float = 1.0,
        centre: int = 50,
        decay: float = 50.0,
        both_strands: bool = True,
        most: int | None = 5000,
        supports: tuple[int, ...] = (),
        support_length: int = 0,
    ) -> None:
        super().__init__(
            length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=arguments(locals())
        )
        self.refuse_meta()
        _check(self.hyperparameters, outputs)
        self.least_length = word
        self.check_length(length)
        self.most, self.cost = most, cost
        self.kernel = kernel
        self.parameters_of_kernel = {
            "L": word,
            "k": informative,
            "d": mismatches,
            "gamma": gamma,
            "M": centre,
            "H": decay,
            "include_rc": both_strands,
        }
        self.bias = nn.Parameter(torch.zeros(outputs))
        each = tuple(supports) or (0,)
        self._sized(each * outputs if len(each) == 1 else each, support_length)

    def _sized(self, supports: tuple[int, ...], length: int) -> None:
        self.supports = supports
        self.coefficient = nn.Parameter(torch.randn(sum(supports)))
        codes = torch.randint(4, (sum(supports), length), dtype=torch.uint8)
        self.register_buffer("support", codes)
        self._machines: list[Any] | None = None

    def machines(self) -> list[Any]:
        """Return gkmsvm-lite's own model of each output, made of the present weights (None without support)."""
        if self._machines is None:
            package = gkm_package()
            made: list[Any] = []
            ends = np.cumsum([0, *self.supports])
            for output, (start, end) in enumerate(itertools.pairwise(ends.tolist())):
                machine = package.GkmSVM(
                    one_hot(self.support[start:end].cpu().numpy()),
                    self.coefficient[start:end].detach().cpu().numpy().astype(np.float32),
                    float(self.bias[output].detach()),
                    self.kernel,
                    dict(self.parameters_of_kernel),
                )
                made.append(machine if end > start else None)
            self._machines = made
        return self._machines

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        if x.requires_grad:
            raise ValueError("gkm_svm has no gradient: use the methods gkm_explain, ism or occlusion")
        bases = _bases(x)
        columns = [
            self.bias[output].detach().expand(len(x), 1)
            if machine is None
            else torch.from_numpy(np.asarray(machine(bases), dtype=np.float32)).to(self.bias)
            for output, machine in enumerate(self.machines())
        ]
        return torch.cat(columns, dim=1).to(x.dtype)

    def substitutions(self, x: Tensor, target: int) -> Tensor:
        """Return logit(base c at l) − logit(x) for every base and place, (N, 4, L), by its own short cut."""
        machine = self.machines()[target]
        if machine is None:
            return torch.zeros_like(x[:, :4])
        return torch.from_numpy(np.asarray(gkm_package().ism(machine, _bases(x)))).to(x)

    def explained(self, x: Tensor, target: int) -> Tensor:
        """Return GkmExplain's hypothetical contributions, (N, 4, L) (Shrikumar et al. 2019)."""
        machine = self.machines()[target]
        if machine is None:
            return torch.zeros_like(x[:, :4])
        return torch.from_numpy(np.asarray(gkm_package().gkmexplain(machine, _bases(x), mode=1))).to(x)

    def _load_from_state_dict(self, *given: Any) -> None:
        super()._load_from_state_dict(*given)
        self._machines = None

    def fit(self, windows: Windows, rows: Integers, *, seed: int, progress: Progress = silent) -> None:
        """Train one machine an output on at most `most` bound and as many unbound windows."""
        package = gkm_package()
        machines = []
        for column, task in enumerate(windows.tasks):
            progress(Step("training gkm-SVM", column, self.outputs, "tasks"))
            bound, unbound = (self._drawn(windows, rows, column, label) for label in (1, 0))
            if not len(bound) or not len(unbound):
                raise ValueError(f"{task} has no bound or no unbound windows to fit to: choose more or other data")
            options = self.parameters_of_kernel
            machines.append(
                package.train_gkmsvm(
                    one_hot(windows.codes(bound)),
                    one_hot(windows.codes(unbound)),
                    kernel_type=self.kernel,
                    l=options["L"],
                    k=options["k"],
                    d=options["d"],
                    C=self.cost,
                    gamma=options["gamma"],
                    M=options["M"],
                    H=options["H"],
                    include_rc=options["include_rc"],
                    device="cpu",
                )
            )
        self.take(machines)
        progress(Step("training gkm-SVM", self.outputs, self.outputs, "tasks"))

    def _drawn(self, windows: Windows, rows: Integers, column: int, label: int) -> Integers:
        """Return the first of the shuffled rows that have a label, in the data's order."""
        return np.sort(rows[windows.labels[rows, column] == label][: self.most])

    def take(self, machines: list[Any]) -> None:
        """Become what gkmsvm-lite's models are, one an output, with support windows of one length."""
        support = np.concatenate([machine.support_sequences for machine in machines])  # S, 4, L
        self._sized(tuple(machine.num_support_vectors for machine in machines), support.shape[2])
        self.hyperparameters |= {"supports": list(self.supports), "support_length": support.shape[2]}
        with torch.no_grad():
            self.support.copy_(torch.from_numpy(support.argmax(axis=1).astype(np.uint8)))
            coefficients = np.concatenate([machine.coefficients for machine in machines])
            self.coefficient.copy_(torch.from_numpy(coefficients))
            self.bias.copy_(torch.tensor([float(machine.bias) for machine in machines]))


def _check(own: dict[str, Any], outputs: int) -> None:
    if own["kernel"] not in KERNELS:
        raise ValueError(f"gkm_svm: kernel must be one of {', '.join(KERNELS)}, not {own['kernel']!r}")
    word, informative, mismatches = own["word"], own["informative"], own["mismatches"]
    if not (1 < word <= 12 and 1 <= informative <= word and 0 <= mismatches <= word - informative):
        raise ValueError(
            f"gkm_svm: word {word}, informative {informative} and mismatches {mismatches} do not fit: expected "
            "1 < word <= 12, informative <= word and mismatches <= word - informative"
        )
    if len(own["supports"]) not in (0, 1, outputs):
        raise ValueError(f"gkm_svm: supports must name a number for each of {outputs} outputs, or one for all")
    if not own["cost"] > 0:
        raise ValueError(f"gkm_svm: cost must be above 0, not {own['cost']}")


def _bases(x: Tensor) -> Floats:
    return np.ascontiguousarray(x[:, :4].detach().float().cpu().numpy())


def gkm_package() -> Any:
    """Return the package gkmsvm-lite, which is an optional extra.

    Raises
    ------
    ValueError
        If it is not installed.
    """
    try:
        return importlib.import_module("gkmsvm")
    except ModuleNotFoundError as error:
        raise ValueError("gkm_svm needs the package gkmsvm-lite: pip install 'motiflens[gkm]'") from error
