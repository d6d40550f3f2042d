"""Models made of a simulation's truth: what a method says of them ought to be the truth."""

from __future__ import annotations

from pathlib import Path

from motiflens.analyses.benchmark.plan import ADDITIVE
from motiflens.analyses.benchmark.truth import read_truth
from motiflens.models import types
from motiflens.models.data.options import Options
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.data.simulate.oracle import make_oracle
from motiflens.models.open_for_run import open_for_training
from motiflens.models.provenance import provenance
from motiflens.models.recipes import recipe
from motiflens.models.run import save_run
from motiflens.models.study.member import file_name


def writable(name: str, tf: str) -> bool:
    """Tell whether there is such an oracle of a factor: only the rule's own can be without its rule."""
    return name != ADDITIVE or tf == PAIR[0]


def oracle_folder(out: types.Path, name: str, tf: str) -> Path:
    """Return an oracle's run folder in a benchmark's."""
    return Path(out, "runs", file_name(tf), name)


def write_oracle(folder: types.Path, name: str, tf: str, source: str) -> None:
    """Write an oracle's run.

    Parameters
    ----------
    folder
        See `oracle_folder`.
    name
        ``oracle``: knows the factor's matrix and, of the rule's factor, the partner's and the rule;
        ``oracle_additive``: knows both matrices, and that is all.
    tf
        The factor.
    source
        The simulated data set; its windows' length is the model's.

    Raises
    ------
    ValueError
        For a factor that there is no such oracle of.
    """
    options = Options(tf=tf, signals=())
    dataset = open_for_training(source, recipe("pwm"), options)
    example = dataset["test"]
    model = make_oracle(tf, example.length, read_truth(source).grammar, additive=name == ADDITIVE)
    config = {
        "tasks": list(example.tasks),
        "channels": list(example.channels),
        "meta": [],
        "data": {"source": source, "hash": dataset.hash, "options": {"tf": tf, "signals": []}},
        "made_by": provenance(data=source),
    }
    save_run(folder, model, config)
