"""Whether data are what a model was trained on: sizes, and the order of channels, features and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from motiflens.models.architectures.base import SequenceModel
from motiflens.models.run import Run


class Inputs(Protocol):
    """What is asked of data: `Windows` have it, and so has anything that names its inputs."""

    @property
    def length(self) -> int:
        """Base pairs of a window."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, A, C, G, T first."""
        ...

    @property
    def meta_names(self) -> tuple[str, ...]:
        """Names of the features of the cell and the place."""
        ...


def check_model_fits(model: SequenceModel, data: Inputs, *, where: str = "the data", length: bool = True) -> None:
    """Refuse data of another size than a model takes. Features are ignored by a model that takes none.

    Parameters
    ----------
    model
        The model.
    data
        One split, or what stands for it.
    where
        What the data are called in the error.
    length
        False where the windows may have any length, since the first layer alone reads them.

    Raises
    ------
    ValueError
        Naming the size that differs.
    """
    if model.any_length:
        model.check_length(data.length)
    wanted_length = model.length if length and not model.any_length else data.length
    features = data.meta_names if model.meta else ()
    for what, remedy, wanted, present, names in (
        ("windows of {} bp", f"length {model.length}", wanted_length, data.length, ""),
        ("{} channels", "tf and signals", model.channels, len(data.channels), ", ".join(data.channels)),
        ("{} further features", "tf, expression and annotations", model.meta, len(features), ", ".join(features)),
    ):
        if wanted != present:
            listed = f" ({names})" if names else ""
            raise ValueError(
                f"the model takes {what.format(wanted)}, {where} have {present}{listed}: open the data as for its "
                f"training ({remedy})"
            )


def check_run_fits(
    run: Run,
    data: Inputs,
    *,
    where: str = "the data",
    tasks: Sequence[str] | None = None,
    length: bool = True,
) -> None:
    """Refuse data that a run was not trained for, in size or in order.

    Channels, features and tasks that both name must stand at the same place: the sizes agree where ``dnase`` and
    ``uniqueness`` are swapped, and every result would be wrong.

    Parameters
    ----------
    run
        The run; names that it does not record are not compared.
    data
        One split, or what stands for it.
    where, length
        As in `check_model_fits`.
    tasks
        Names of the data's labels, where a label's column stands for the model's output of the same number.
        None where labels are matched by name, or there are none.

    Raises
    ------
    ValueError
        Naming what differs, and both orders.
    """
    check_model_fits(run.model, data, where=where, length=length)
    features = data.meta_names if run.model.meta else ()
    _check_order(run, "channels", data.channels, where, "give the signals in the model's order")
    _check_order(run, "meta", features, where, "give expression and annotations in the model's order")
    if tasks is None:
        return
    if len(tasks) != run.model.outputs:
        raise ValueError(
            f"the model gives {run.model.outputs} outputs, {where} have {len(tasks)} tasks: open the data as for "
            "its training (tf and columns)"
        )
    if len(tasks) > 1:
        _check_order(run, "tasks", tasks, where, "give the tasks in the model's order")


def _check_order(run: Run, key: str, names: Sequence[str], where: str, remedy: str) -> None:
    """Refuse a name that run and data share at different places."""
    wanted = list(run.config.get(key) or ())
    if any(name in wanted and wanted.index(name) != place for place, name in enumerate(names)):
        what = {"meta": "features"}.get(key, key)
        raise ValueError(
            f"{run.path} takes the {what} {', '.join(wanted)}, {where} have them as {', '.join(names)}: {remedy}"
        )
