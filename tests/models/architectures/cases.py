"""Small models of every architecture and variant, for tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.registry import build


class Case(NamedTuple):
    """One small model: architecture, sizes and hyperparameters."""

    name: str
    options: dict[str, Any]
    length: int = 61
    channels: int = 4
    meta: int = 0

    def build(self, *, outputs: int = 1, length: int | None = None, seed: int = 0) -> SequenceModel:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return build(
                self.name,
                length=length or self.length,
                channels=self.channels,
                outputs=outputs,
                meta=self.meta,
                **self.options,
            )

    def inputs(self, n: int = 5, *, seed: int = 1, unknown: bool = True) -> tuple[Tensor, Tensor | None]:
        """Random windows, some bases unknown, with signals ≥ 0, and meta."""
        generator = torch.Generator().manual_seed(seed)
        x = torch.rand(n, self.channels, self.length, generator=generator)
        codes = torch.randint(4, (n, self.length), generator=generator)
        x[:, :4] = torch.nn.functional.one_hot(codes, 4).transpose(1, 2).float()
        if unknown:
            x[0, :4, :5] = 0.0
        meta = torch.randn(n, self.meta, generator=generator) if self.meta else None
        return x, meta


_LSTM = {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 12}
_GRN = {"kernels": 8, "kernel_size": 8, "units": 6, "dense": 24}
_CNN = {"kernels": 16, "kernel_size": 8}

CASES: dict[str, Case] = {
    "tbinet": Case("tbinet", _LSTM),
    "danq": Case("danq", _LSTM),
    "deepsea": Case("deepsea", {"kernels": (8, 10, 12), "kernel_size": 4, "pool": 2, "dense": 16}),
    "deeptf": Case("deeptf", {"n": 2, "kernels": 6, "kernel_sizes": (3, 5), "pool": 4, "units": 6, "dense": 8}),
    "deepbind": Case("deepbind", _CNN),
    "deepbind averaged": Case("deepbind", {**_CNN, "average": True, "hidden": 0, "strands": "forward"}),
    "cnn_zeng": Case("cnn_zeng", _CNN),
    "bpnet": Case("bpnet", {"kernels": 8, "kernel_size": 9, "dilations": 3}),
    "expectation_luo": Case("expectation_luo", {**_CNN, "m": 2.0, "learn_m": True}),
    "factornet": Case("factornet", _GRN, channels=6, meta=3),
    "factornet logarithm": Case("factornet", {**_GRN, "log_signals": True}, channels=6),
    "factornet alone": Case("factornet", {**_GRN, "merge": "max", "gates": "hard_sigmoid"}),
    "factornet no lstm": Case("factornet", {**_GRN, "units": 0}, channels=5),
    "saresnet": Case("saresnet", {"kernels": 8, "attention_size": 4, "dense": 8, "blocks": (1, 2, 1, 1)}),
    "saresnet plain": Case("saresnet", {"kernels": 8, "dense": 8, "blocks": (1, 1), "attention": False}),
    "kegru": Case("kegru", {"k": 3, "dimension": 8, "units": 6}),
    "kegru fast": Case("kegru", {"k": 2, "stride": 1, "dimension": 8, "units": 6, "reset_after": True}),
    "gkm_svm": Case(
        "gkm_svm",
        {"word": 6, "informative": 4, "mismatches": 2, "supports": (9,), "support_length": 40},
    ),
    "kmer_logistic": Case("kmer_logistic", {"k": 4}),
    "pwm": Case("pwm", {}),
    "kegru product": Case("kegru", {"k": 3, "dimension": 8, "units": 6, "join": "product"}),
    "deepgrn none": Case("deepgrn", {**_GRN, "attention": "none"}, channels=5),
    "deepgrn single before": Case("deepgrn", _GRN, channels=6, meta=14),
    "deepgrn single after": Case("deepgrn", {**_GRN, "position": "after", "vector": False}),
    "deepgrn single1d": Case(
        "deepgrn",
        {
            **_GRN,
            "attention": "single1d",
            "gates": "hard_sigmoid",
            "merge": "max",
            "input_dropout": 0.2,
            "recurrent_dropout": 0.1,
            "dense_layers": 0,
        },
        channels=5,
    ),
    "deepgrn pairwise before": Case("deepgrn", {**_GRN, "attention": "pairwise"}, channels=6, meta=2),
    "deepgrn pairwise after": Case(
        "deepgrn", {**_GRN, "attention": "pairwise", "position": "after", "positions": "sinusoidal"}
    ),
    "deepgrn pairwise unplaced": Case(
        "deepgrn",
        {
            **_GRN,
            "attention": "pairwise",
            "positions": "none",
            "attention_size": 3,
            "convolutions": 2,
            "lstm_layers": 2,
        },
    ),
    "deepgrn ensemble": Case("deepgrn", {**_GRN, "attention": "ensemble"}, channels=6, meta=2),
    "deepgrn ensemble max": Case(
        "deepgrn",
        {**_GRN, "attention": "ensemble", "merge": "max", "members": ("single", "single", "single1d", "pairwise")},
    ),
}
