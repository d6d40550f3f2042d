"""One run behind the page: predictions, importance, attention and known motifs of sequences that people paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from motiflens.analyses.serve.read_request import Named
from motiflens.analyses.serve.refused_error import RefusedError
from motiflens.interpret.adapter import Adapter, adapt
from motiflens.interpret.attribution.attribute import METHODS
from motiflens.models import types
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data.one_hot import decode, encode, one_hot
from motiflens.models.finite import check_finite
from motiflens.models.real_path import real_path
from motiflens.models.run import Run, open_run
from motiflens.models.strands import strand_merge
from motiflens.models.types import Codes, Floats

_BATCH = 64  # windows in a pass


@dataclass(frozen=True)
class ServedRun:
    """A run and its name on the page.

    Attributes
    ----------
    name
        What clients call it: the folder's name, numbered where several have the same.
    run
        The run.
    """

    name: str
    run: Run

    @cached_property
    def adapter(self) -> Adapter:
        """The run's adapter."""
        return adapt(self.run.model)

    @property
    def length(self) -> int:
        """Base pairs of a window."""
        return int(self.run.model.length)

    @property
    def methods(self) -> tuple[str, ...]:
        """Attribution methods that apply."""
        return tuple(m for m in METHODS if self._attends or m != "attention_x_gradient")

    @cached_property
    def _attends(self) -> bool:
        return bool(self.adapter.layers)

    @property
    def note(self) -> str:
        """What a reader must know of predictions from letters alone; empty if nothing."""
        signals = self.run.config.get("channels", ())[4:]
        names = [*signals, *self.run.config.get("meta", ())]
        if not names:
            return ""
        listed = ", ".join(map(str, names[:6])) + (" …" if len(names) > 6 else "")
        return f"This model also reads {listed}: here they are 0, so that its predictions are not those on data."

    def describe(self) -> types.Json:
        """What the page shows of it."""
        return {
            "name": self.name,
            "architecture": self.run.config["model"]["architecture"],
            "tasks": list(self.run.tasks),
            "length": self.length,
            "methods": list(self.methods),
            "attention": list(self.adapter.layers),
            "note": self.note,
        }

    def task(self, name: str) -> int:
        """Return the number of an output by its name; the first one for an empty name."""
        if not name:
            return 0
        if name not in self.run.tasks:
            raise RefusedError(404, f"{self.name} has no such output: choose one that /api/runs lists")
        return self.run.tasks.index(name)

    def tiles(self, letters: str) -> list[tuple[int, Codes]]:
        """Return the windows of a sequence, each with the place of its first base.

        A sequence shorter than a window lies in the middle of N; of a longer one windows start every half
        window, the last one ends where the sequence ends.
        """
        codes = encode(letters)
        size, length = len(codes), self.length
        if size <= length:
            window = np.full(length, 4, dtype=np.uint8)
            first = (length - size) // 2
            window[first : first + size] = codes
            return [(-first, window)]
        step = max(length // 2, 1)
        starts = [*range(0, size - length, step), size - length]
        return [(start, codes[start : start + length]) for start in starts]

    def inputs(self, codes: Sequence[Codes]) -> tuple[Floats, Floats | None]:
        """Return x (N, C, L), signals 0, and meta (N, M), zeros, or None."""
        model = self.run.model
        x = np.zeros((len(codes), model.channels, self.length), dtype=np.float32)
        x[:, :4] = one_hot(np.stack(codes))
        return x, np.zeros((len(codes), model.meta), dtype=np.float32) if model.meta else None

    def logits(self, codes: Sequence[Codes]) -> tuple[Floats, Floats]:
        """Return the logits of windows on the forward and on the reverse strand, (N, T) each."""
        x, meta = self.inputs(codes)
        return self._logits(x, meta), self._logits(x, meta, turned=True)

    def _logits(self, x: Floats, meta: Floats | None, *, turned: bool = False) -> Floats:
        """Return the logits of windows on one strand, (N, T)."""
        with torch.inference_mode():
            forward = torch.from_numpy(x)
            extra = None if meta is None else torch.from_numpy(meta)
            logits: Floats = self.run.model(reverse_complement(forward) if turned else forward, extra).numpy()
        check_finite("prediction", logits)
        return logits

    def predict(self, sequences: Sequence[Named]) -> Iterator[types.Json]:
        """Yield one entry a sequence: its window with the highest prediction, by task, on both strands."""
        for one in sequences:
            tiles = self.tiles(one.letters)
            for first in range(0, len(tiles), _BATCH):
                part = tiles[first : first + _BATCH]
                plus, minus = self.logits([codes for _, codes in part])
                if first == 0:
                    best_plus, best_minus = plus, minus
                else:
                    best_plus, best_minus = np.vstack([best_plus, plus]), np.vstack([best_minus, minus])
                if first + _BATCH < len(tiles):
                    yield {"progress": one.name, "windows": first + len(part), "of": len(tiles)}
            yield self._entry(one, tiles, best_plus, best_minus)

    def _entry(self, one: Named, tiles: list[tuple[int, Codes]], plus: Floats, minus: Floats) -> types.Json:
        strands = np.stack([_sigmoid(plus), _sigmoid(minus)])  # 2, N, T
        merge = strand_merge(self.run.config)
        whole = strands[0] if merge is None else strands.max(axis=0) if merge == "max" else strands.mean(axis=0)
        best = whole.argmax(axis=0)  # T
        rows = {}
        for number, task in enumerate(self.run.tasks):
            at = int(best[number])
            rows[task] = {
                "probability": _round(whole[at, number]),
                "plus": _round(strands[0, at, number]),
                "minus": _round(strands[1, at, number]),
                "start": max(tiles[at][0], 0),
            }
        return {
            "name": one.name,
            "bases": len(one.letters),
            "windows": len(tiles),
            "probabilities": {task: row["probability"] for task, row in rows.items()},
            "strands": rows,
        }

    def explain(self, one: Named, start: int, task: int, method: str) -> types.Json:
        """Return what a window's prediction is owed to.

        Parameters
        ----------
        one
            The sequence.
        start
            Where in it the window begins; sequences no longer than a window have one.
        task, method
            The output, by number, and one of `methods`.
        """
        from motiflens.analyses.serve.known_motifs import known_motifs

        size = len(one.letters)
        at = min(max(start, 0), max(size - self.length, 0))
        first, codes = (
            self.tiles(one.letters)[0] if size <= self.length else (at, encode(one.letters)[at:][: self.length])
        )
        inside = slice(max(-first, 0), max(-first, 0) + min(size, self.length))
        x, meta = self.inputs([codes])
        why = self.adapter.attribute(x, method=method, target=task, meta=meta)
        plus, minus = why.prediction[:1], self._logits(x, meta, turned=True)[:, task]
        scores = np.nan_to_num(why.scores[0, :4].sum(axis=0)[inside])
        letters = one.letters[max(first, 0) : max(first, 0) + min(size, self.length)]
        return {
            "name": one.name,
            "start": max(first, 0),
            "letters": letters,
            "task": self.run.tasks[task],
            "method": method,
            "logit": _round(float(plus[0])),
            "plus": _round(_sigmoid(plus)[0]),
            "minus": _round(_sigmoid(minus)[0]),
            "scores": [_round(value) for value in scores],
            "flagged": bool(why.flagged is not None and why.flagged[0]),
            "attention": self._attention(x, meta, inside),
            "motifs": known_motifs(letters),
            "note": self.note,
            "command": self.command(task, method),
        }

    def _attention(self, x: Floats, meta: Floats | None, inside: slice) -> types.Json | None:
        """Return the last attention layer's profile with its exact fields, in bp from the window's first base."""
        if not self._attends:
            return None
        seen = self.adapter.attention(x, meta)
        field = seen.field
        return {
            "layer": seen.layer,
            "nominal": bool(field.nominal),
            "start": (np.asarray(field.start) - inside.start).tolist(),
            "end": (np.asarray(field.end) - inside.start).tolist(),
            "weight": [_round(value) for value in seen.profile[0]],
        }

    def letters_at(self, chrom: str, start: int, end: int) -> str:
        """Return a place's letters from the genome that the run was trained on.

        Raises
        ------
        RefusedError
            404 without such a genome or place.
        """
        from motiflens.models.genome_source import open_genome_source

        try:
            genome = open_genome_source(self.run).genome
            number = genome.number(chrom, "the place")
        except (ValueError, OSError):
            raise RefusedError(
                404, f"{self.name} has no genome at hand, or not this chromosome: paste letters"
            ) from None
        if end > int(genome.lengths[number]):
            raise RefusedError(
                404, f"{chrom} has {int(genome.lengths[number]):,} bases: the place lies beyond its end"
            )
        codes = genome.raw(np.array([number]), np.array([start]), end - start)[0] & np.uint8(7)
        return decode(codes)

    def command(self, task: int, method: str) -> str:
        """Return the command line that attributes the run's own data in the same way."""
        chosen = f" --target {task}" if task else ""
        return f"interpret attribute {self.run.path.name} --method {method}{chosen} --out attributions"


def open_runs(paths: Sequence[types.Path]) -> dict[str, ServedRun]:
    """Open run folders, each under a name of its own.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `open_run`; also without any path.
    """
    if not paths:
        raise ValueError("no run is given: name one or more run folders, as 'interpret train' makes them")
    served: dict[str, ServedRun] = {}
    for path in paths:
        run = open_run(path)
        base = real_path(path).name
        name, number = base, 2
        while name in served:
            name, number = f"{base}-{number}", number + 1
        served[name] = ServedRun(name, run)
    return served


def _sigmoid(logits: Floats) -> Any:
    return 1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64)))


def _round(value: Any) -> float:
    """Six significant digits: what is shown, and a third of the bytes."""
    return float(f"{float(value):.6g}")
