"""DeepGRN (Chen et al. 2021, BMC Bioinformatics 22:38): Siamese convolution, BiLSTM and attention."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from motiflens.models.architectures.attention import (
    ChannelAttention,
    PairwiseAttention,
    Positions,
    SingleAttention,
    SummedAttention,
)
from motiflens.models.architectures.base import SequenceModel, arguments
from motiflens.models.architectures.channels_last import convolve
from motiflens.models.architectures.dropout import Dropout
from motiflens.models.architectures.initialise import keras_initialise
from motiflens.models.architectures.layers import (
    LogSignals,
    Merge,
    merge_logits,
    pooled_length,
)
from motiflens.models.architectures.pooled_pointwise import pooled_pointwise
from motiflens.models.architectures.rectified_convolution import rectified_convolution
from motiflens.models.architectures.recurrent import Gates, bidirectional_lstm
from motiflens.models.types import Json

Attention = Literal["none", "single", "single1d", "single_sum", "pairwise", "ensemble"]
ATTENTIONS = ("none", "single", "single1d", "single_sum", "pairwise", "ensemble")
_SUMMED = ("single1d", "single_sum")  # they leave no positions, so that they come after the LSTM


class DeepGRN(SequenceModel):
    """Both strands through one trunk and head; their probabilities are merged.

    Trunk: [Conv → ReLU → Dropout] × `convolutions` → position-wise dense → ReLU → max pooling → BiLSTM and
    attention, in the order of `position` → dense features. Head: features and meta → Dropout → dense → ReLU →
    Dropout → [dense → ReLU → Dropout] × `dense_layers` → outputs. The defaults are the sizes of the published
    EGR1 model with single attention.

    Parameters
    ----------
    length, channels, outputs, meta
        See `SequenceModel`. Published: 1,002 bp, channels A, C, G, T, uniqueness, DNase, one output, 14 meta.
    attention
        ``none``; ``single``: softmax over time of a learned map of time, a channel at a time; ``single1d``:
        softmax over time of the LSTM's output itself, a channel at a time, and the weighted sum; ``single_sum``:
        the learned score of ``single`` and the weighted sum (the arXiv version); ``pairwise``: query, key, value;
        ``ensemble``: mean of the probabilities of `members`, each trained by itself.
    position
        Attention ``before`` or ``after`` the LSTM (``single1d`` and ``single_sum``: always after).
    vector
        ``single`` and ``single_sum`` only: average the weights over channels into one vector.
    positions
        ``pairwise`` only: ``learned`` embedding of positions (published weights), ``sinusoidal`` (paper) or
        ``none``.
    attention_size
        ``pairwise`` only: width of queries and keys (the paper's d_k, 64); None for half of the channels.
    value_size, residual
        ``pairwise`` only: width of the values (the paper's d_v, 64), None for that of the channels; whether the
        input is added (published weights do, the paper's equation does not).
    kernels, kernel_size, pool, convolutions
        Convolutions; width and stride of the pooling (None for half of `kernel_size`).
    units, lstm_layers
        LSTM units per direction, and layers.
    dense, dense_layers
        Units of every dense layer; number of further layers in the head.
    dropout, lstm_dropout, head_dropout
        After convolutions; after LSTM layers and in the head (None for the same).
    input_dropout, recurrent_dropout
        The LSTM's own.
    gates
        Activation of the LSTM's gates (published files: ``hard_sigmoid``).
    merge
        ``mean`` or ``max`` of the strands' probabilities.
    log_signals
        Read signal channels on a logarithmic scale (`layers.LogSignals`); the published files do not.
    members
        Attentions of the ensemble's members.
    """

    name = "deepgrn"
    siamese = True

    def __init__(
        self,
        *,
        length: int,
        channels: int = 4,
        outputs: int = 1,
        meta: int = 0,
        attention: Attention = "single",
        position: Literal["before", "after"] = "before",
        vector: bool = True,
        positions: Positions = "learned",
        attention_size: int | None = None,
        kernels: int = 64,
        kernel_size: int = 30,
        pool: int | None = None,
        convolutions: int = 1,
        units: int = 32,
        lstm_layers: int = 1,
        dense: int = 64,
        dense_layers: int = 1,
        dropout: float = 0.5,
        lstm_dropout: float | None = None,
        head_dropout: float | None = None,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        gates: Gates = "sigmoid",
        merge: Merge = "mean",
        log_signals: bool = False,
        members: tuple[Attention, ...] = ("single", "pairwise"),
        value_size: int | None = None,
        residual: bool = True,
    ) -> None:
        own = arguments(locals())
        super().__init__(length=length, channels=channels, outputs=outputs, meta=meta, hyperparameters=own)
        for option, known in (
            ("attention", ATTENTIONS),
            ("position", ("before", "after")),
            ("merge", ("mean", "max")),
        ):
            if own[option] not in known:
                raise ValueError(f"deepgrn: {option} must be one of {', '.join(known)}, not {own[option]!r}")
        self.merge = merge
        self.attends = attention
        self.attention_first = position == "before" and attention not in _SUMMED
        if attention == "ensemble":
            self._make_members(own)
            return
        self._make_trunk(own)
        self._make_head(own)
        keras_initialise(self)
        if isinstance(self.attention, PairwiseAttention):
            self.attention.initialise()

    def _make_members(self, own: Json) -> None:
        if not own["members"] or "ensemble" in own["members"]:
            raise ValueError(f"deepgrn: members must be attentions other than ensemble, not {own['members']!r}")
        sizes: Json = {
            "length": self.length,
            "channels": self.channels,
            "outputs": self.outputs,
            "meta": self.meta,
        }
        self.members = nn.ModuleList(
            DeepGRN(**sizes, **{**own, "attention": attention}) for attention in own["members"]
        )

    def _make_trunk(self, own: Json) -> None:
        kernels, kernel_size, units = own["kernels"], own["kernel_size"], own["units"]
        pool = own["pool"] or max(1, kernel_size // 2)
        steps = pooled_length(
            self.name, self.length, kernel_size=kernel_size, pool=pool, convolutions=own["convolutions"]
        )
        self.signals: nn.Module = LogSignals() if own["log_signals"] else nn.Identity()
        layers: list[nn.Module] = []
        for inputs in (self.channels, *[kernels] * (own["convolutions"] - 1)):
            layers += [nn.Conv1d(inputs, kernels, kernel_size), nn.ReLU(), Dropout(own["dropout"])]
        self.convolutions = nn.Sequential(*layers)
        self.pointwise = nn.Conv1d(kernels, kernels, 1)  # a dense layer at every position
        self.pointwise_relu = nn.ReLU()
        self.pool = nn.MaxPool1d(pool)
        width = kernels if self.attention_first else 2 * units
        self.attention = _attention(own, steps, width, recurrent=not self.attention_first)
        if isinstance(self.attention, PairwiseAttention):
            width = self.attention.width
        first, last = (width, 2 * units) if self.attention_first else (kernels, width)
        rate = own["dropout"] if own["lstm_dropout"] is None else own["lstm_dropout"]
        self.lstms = nn.ModuleList(
            bidirectional_lstm(
                inputs,
                units,
                gates=own["gates"],
                input_dropout=own["input_dropout"],
                recurrent_dropout=own["recurrent_dropout"],
            )
            for inputs in (first, *[2 * units] * (own["lstm_layers"] - 1))
        )
        self.lstm_dropouts = nn.ModuleList(Dropout(rate) for _ in self.lstms)
        if self.attends in _SUMMED:
            self.projection = nn.Linear(2 * units, own["dense"], bias=False)
            self.projection_relu = nn.ReLU()
            self.feature = nn.Linear(own["dense"], own["dense"])
        else:
            self.feature = nn.Linear(steps * last, own["dense"])
        self.feature_relu = nn.ReLU()

    def _make_head(self, own: Json) -> None:
        rate = own["dropout"] if own["head_dropout"] is None else own["head_dropout"]
        layers: list[nn.Module] = [Dropout(rate)]
        for inputs in (own["dense"] + self.meta, *[own["dense"]] * own["dense_layers"]):
            layers += [nn.Linear(inputs, own["dense"]), nn.ReLU(), Dropout(rate)]
        self.head = nn.Sequential(*layers, nn.Linear(own["dense"], self.outputs))

    def features(self, x: Tensor) -> Tensor:
        """Features of one strand before meta joins them, (N, dense)."""
        h = self._convolved(self.first_inputs(x))
        h = pooled_pointwise(self.pointwise, self.pointwise_relu, self.pool, h, training=self.training)
        if self.attention_first:
            h = self.attention(h)
        for lstm, dropout in zip(self.lstms, self.lstm_dropouts, strict=True):
            h = dropout(lstm(h)[0])  # N, T, 2 · units
        if not self.attention_first:
            h = self.attention(h)  # N, T, 2 · units; summed: N, 2 · units
        if self.attends in _SUMMED:
            h = self.projection_relu(self.projection(h))
        return self.feature_relu(self.feature(h.flatten(1)))

    def _convolved(self, x: Tensor) -> Tensor:
        """Return what the convolutions make of windows, (N, kernels, L') or (N, kernels, 1, L')."""
        convolution, relu, dropout, *others = self.convolutions
        assert isinstance(convolution, nn.Conv1d)
        assert isinstance(dropout, nn.Dropout)
        h = rectified_convolution(convolution, relu, dropout, x, model=self)
        for layer in others:
            h = convolve(layer, h) if isinstance(layer, nn.Conv1d) else layer(h)
        return h

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        if self.attends == "ensemble":
            return merge_logits(torch.stack([member.strand(x, meta) for member in self._parts()]), "mean")
        features = self.features(x)
        if self.meta and meta is not None:
            features = torch.cat([features, meta], dim=1)
        return self.head(features)

    def forward(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        if self.attends == "ensemble":
            return merge_logits(torch.stack(self.training_logits(x, meta)), "mean")
        return super().forward(x, meta)

    def training_logits(self, x: Tensor, meta: Tensor | None = None) -> tuple[Tensor, ...]:
        if self.attends == "ensemble":
            return tuple(member(x, meta) for member in self._parts())
        return (self.forward(x, meta),)

    def _parts(self) -> list[DeepGRN]:
        return [member for member in self.members if isinstance(member, DeepGRN)]

    def first_inputs(self, x: Tensor) -> Tensor:
        part = self if self.attends != "ensemble" else self._parts()[0]
        scaled: Tensor = part.signals(x)
        return scaled

    def attended_readers(self) -> tuple[nn.Module, ...]:
        if self.attends == "ensemble":
            return tuple(reader for member in self._parts() for reader in member.attended_readers())
        if self.attends != "single":  # others add up what they weight, which shrinks nothing
            return ()
        return (self.lstms[0] if self.attention_first else self.feature,)

    def attention_stems(self) -> dict[str, tuple[nn.Module, ...]]:
        if self.attends == "none":
            return {}
        if self.attends == "ensemble":
            return {
                f"members.{i}.{name}": stem
                for i, member in enumerate(self._parts())
                for name, stem in member.attention_stems().items()
            }
        convolutions = [layer for layer in self.convolutions if isinstance(layer, nn.Conv1d)]
        return {"attention.weights": (*convolutions, self.pointwise, self.pool)}


def _attention(own: Json, steps: int, width: int, *, recurrent: bool) -> nn.Module:
    if own["attention"] == "single":
        return SingleAttention(steps, vector=own["vector"], after_recurrent=recurrent)
    if own["attention"] == "single1d":
        return ChannelAttention()
    if own["attention"] == "single_sum":
        return SummedAttention(steps, vector=own["vector"], after_recurrent=recurrent)
    if own["attention"] == "pairwise":
        size = own["attention_size"] or max(1, width // 2)
        return PairwiseAttention(
            steps,
            width,
            size,
            positions=own["positions"],
            after_recurrent=recurrent,
            value_size=own["value_size"],
            residual=own["residual"],
        )
    return nn.Identity()
