"""A run folder: a model with everything needed to use it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.text import listed
from motiflens.models.files import write_text, write_together
from motiflens.models.precision import full_precision
from motiflens.models.provenance import file_hash
from motiflens.models.reading import read_json, reading
from motiflens.models.registry import rebuild
from motiflens.models.run_files import CONFIG, WEIGHTS
from motiflens.models.suggestion import suggestion


@dataclass(frozen=True)
class Run:
    """An opened run folder.

    Attributes
    ----------
    path
        The folder.
    model
        The model in eval mode, on the CPU; one in half precision becomes a float32 copy.
    config
        The content of ``config.json``: ``model`` (see `SequenceModel.config`), ``tasks``, ``channels`` and
        ``meta`` (names), ``data`` (source, hash, options), ``training`` (recipe), ``made_by`` (`provenance`).
    """

    path: Path
    model: SequenceModel
    config: types.Json

    def __post_init__(self) -> None:
        """Take a model in half precision as a float32 copy."""
        object.__setattr__(self, "model", full_precision(self.model))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(self.config.get("tasks") or (f"task{i}" for i in range(self.model.outputs)))

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights' file."""
        return file_hash(self.path / WEIGHTS)


def save_run(path: types.Path, model: SequenceModel, config: types.Json) -> Path:
    """Write ``model.safetensors`` and ``config.json`` into a folder (made if need be), each whole.

    Parameters
    ----------
    path
        The run folder.
    model
        The model; its own `config` is stored under ``model``.
    config
        Everything else: tasks, channels, meta, data, training, made_by. Must be JSON.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    # The configuration appears first: a folder with it is our own, whenever the process is killed.
    with write_together(folder / WEIGHTS, folder / CONFIG) as (weights, written):
        save_file(state, str(weights))
        written.write_text(_config_text(model, config), encoding="utf-8")
    return folder


def save_config(path: types.Path, model: SequenceModel, config: types.Json) -> None:
    """Write a run's ``config.json``; see `save_run`."""
    write_text(Path(path) / CONFIG, _config_text(model, config))


def _config_text(model: SequenceModel, config: types.Json) -> str:
    return json.dumps({**config, "model": model.config}, indent=2) + "\n"


def read_config(path: types.Path) -> types.Json:
    """Read a run's ``config.json``.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged, or one of its parts is of another kind than it should be.
    """
    file = Path(path) / CONFIG
    config = read_json(file, "configuration of a run", "train again, or restore the file")
    for key, kind in (("model", dict), ("data", dict), ("training", dict), ("tasks", list), ("channels", list)):
        if not isinstance(config.get(key, kind()), kind):
            raise ValueError(
                f"{file} is a damaged configuration of a run ({key} is {type(config[key]).__name__}): train "
                "again, or restore the file"
            )
    return config


def _check_names(folder: Path, config: types.Json, model: SequenceModel) -> None:
    """Refuse a configuration that names more or fewer tasks or channels than the model has."""
    for key, count in (("tasks", model.outputs), ("channels", model.channels)):
        names = config.get(key)
        if names and (len(names) != count or not all(isinstance(name, str) for name in names)):
            raise ValueError(f"{folder / CONFIG} is damaged: {key} are {str(names)[:60]}, the model has {count}")


def open_run(path: types.Path) -> Run:
    """Open a run folder.

    Raises
    ------
    FileNotFoundError
        If it is no run folder; the message names the file that is missing.
    ValueError
        If a file is damaged or the weights do not fit the configuration.
    """
    folder = Path(path)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder} is no run folder: {name} is missing; make one with 'interpret train'"
            )
    config = read_config(folder)
    with reading(folder / CONFIG, "configuration of a run", "train again, or restore the file"):
        model = rebuild(config["model"])
    _check_names(folder, config, model)
    try:
        model.load_state_dict(load_file(str(folder / WEIGHTS)))
    except Exception as error:  # safetensors and torch raise their own kinds
        reason = str(error).splitlines()[0]
        raise ValueError(f"{folder / WEIGHTS} does not hold this model's weights: {reason}") from error
    for name, values in model.named_parameters():
        if not bool(torch.isfinite(values).all()):
            raise ValueError(
                f"{folder / WEIGHTS} holds NaN or infinity in {name}: train again, or restore the file"
            )
    return Run(folder, model.eval(), config)


def task_number(run: Run, name: str | None) -> int:
    """Return the number of an output: of its name, of its number as text, or the first.

    Raises
    ------
    ValueError
        If the run has no such task; the message names some that it has.
    """
    if name is None:
        return 0
    if name in run.tasks:
        return run.tasks.index(name)
    if name.isdecimal() and int(name) < len(run.tasks):
        return int(name)
    near = suggestion(name, run.tasks)
    raise ValueError(f"the run has no task {name!r}: {near}it has {listed(run.tasks, 10)}")


def load(path: types.Path) -> SequenceModel:
    """Return the model of a run folder, in eval mode, on the CPU. Errors as in `open_run`."""
    return open_run(path).model
