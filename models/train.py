"""Training a model: from an architecture's name and a data set to a run folder."""

from __future__ import annotations

import contextlib
import inspect
import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import nn

from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.attended_gain import scale_attended
from motiflens.models.check_forward import check_forward
from motiflens.models.data.signal_ranges import signal_ranges
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.destination import run_folder
from motiflens.models.first_process import first_process
from motiflens.models.folder_lock import folder_lock
from motiflens.models.machine import Machine, make_fabric, quiet
from motiflens.models.metrics_file import read_metrics
from motiflens.models.progress import Progress, silent
from motiflens.models.provenance import provenance
from motiflens.models.reading import reading
from motiflens.models.real_path import real_path
from motiflens.models.recipes import Recipe
from motiflens.models.recipes import recipe as recipe_of
from motiflens.models.registry import architecture as architecture_of
from motiflens.models.registry import build, check_trainable, is_own
from motiflens.models.run import Run, open_run, read_config, save_config
from motiflens.models.run_files import CONFIG

if TYPE_CHECKING:
    from motiflens.models.training_log import TrainingLog


def train(
    architecture: str | Run,
    dataset: Dataset,
    out: types.Path,
    *,
    recipe: Recipe | None = None,
    resume: bool = False,
    seed: int = 0,
    machine: Machine | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a model and leave a run folder.

    Parameters
    ----------
    architecture
        See `motiflens.models.architectures`; or a run whose weights to start from: then the recipe's
        ``finetune_rate`` and ``finetune_patience`` hold, and its hyperparameters are the run's.
    dataset
        With the splits ``train`` and ``valid``.
    out
        The run folder: ``model.safetensors`` (of the epoch with the best validation), ``config.json``,
        ``metrics.json``, ``log.csv``, and ``last.ckpt`` for `resume`.
    recipe
        How to train, with the architecture's hyperparameters; the paper's by default (see `recipes.recipe`).
    resume
        Go on after the last finished epoch that `out` holds, or start if it holds none. On a CPU the result is
        that of an uninterrupted run. Where the rate is constant, ``epochs`` and ``patience`` may have grown.
    seed
        Of the first weights, the order of windows, the negatives, dropout.
    machine
        Devices, precision.
    progress
        Told a few times a second how much of an epoch is done, with epoch, loss and auPRC in the note.

    Returns
    -------
    Run
        The run, opened: the best epoch's weights, in eval mode.

    Raises
    ------
    ValueError
        If `out` already holds a run or is being written by another process, the data have no usable validation
        split, or a setting does not fit.
    KeyboardInterrupt
        After Ctrl-C; `out` is then a run that opens, and that `resume` continues.
    """
    from motiflens.models.run_files import LAST
    from motiflens.models.word2vec import pretrain

    folder, machine = Path(out), machine or Machine()
    start = architecture if isinstance(architecture, Run) else None
    name = architecture if isinstance(architecture, str) else architecture.model.name
    recipe = recipe or recipe_of(name)
    _check(dataset)
    if first_process():
        run_folder(folder, resume=resume, inputs=[dataset.source, None if start is None else start.path])
    with folder_lock(folder), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        model, recipe = _model(name, dataset, recipe, start)
        config = _config(dataset, recipe, seed, start)
        if isinstance(model, FittedModel):
            _refuse_weights(start)
            return _fitted(Job(model, dataset, recipe, folder, config, seed, None), model, progress)
        state = _state(folder / LAST) if resume and (folder / LAST).exists() else None
        if resume and (folder / CONFIG).exists():  # also without a state: what begins anew takes its place
            _check_resumed(folder, config, model)
        if state is not None:
            if first_process():
                save_config(folder, model, config)  # it may train for longer now
        elif start is None:
            pretrain(model, dataset["train"], seed=seed)
        job = Job(model, dataset, recipe, folder, config, seed, state)
        _fit(job, machine, progress)
    return open_run(folder)


def _refuse_weights(start: Run | None) -> None:
    if start is not None:
        raise ValueError(f"{start.model.name} is fitted in one go: it cannot start from {start.path}")


def _fitted(job: Job, model: FittedModel, progress: Progress) -> Run:
    """Fit a model without gradients, unless `folder` holds it already (then it is to be resumed)."""
    from motiflens.models.fit_once import fit_once
    from motiflens.models.training_log import TrainingLog

    if (job.folder / CONFIG).exists():
        _check_resumed(job.folder, job.config, model)
        if read_metrics(job.folder).get("finished"):  # else it was killed between two of its files
            return open_run(job.folder)
    log = TrainingLog(job.folder, job.config, epochs=1, monitor=job.recipe.monitor)
    fit_once(model, job.dataset, job.recipe, log, seed=job.seed, progress=progress)
    return open_run(job.folder)


def _check(dataset: Dataset) -> None:
    """Refuse data that cannot be trained on, before any work is done."""
    if len(dataset["train"]) == 0:
        raise ValueError(f"{dataset.source} has no training windows")
    labels = dataset["valid"].labels
    both = (labels == 1).any(axis=0) & (labels == 0).any(axis=0) if len(labels) else np.zeros(1, dtype=bool)
    if not both.any():
        raise ValueError(
            f"the validation split of {dataset.source} has no task with both bound and unbound windows, "
            "so that no epoch can be judged: choose another validation split or more data"
        )


def build_for(architecture: str, windows: Windows, recipe: Recipe) -> SequenceModel:
    """Make an untrained model of a recipe's hyperparameters for windows.

    Raises
    ------
    ValueError
        If there is no such architecture or hyperparameter, the model cannot be made of these, or a module of one's
        own gives no logits.
    """
    check_trainable(architecture)
    model = build(architecture, **_sizes(windows), **recipe.hyperparameters)
    if is_own(architecture):
        check_forward(model)
    return model


def _sizes(windows: Windows) -> dict[str, int]:
    return {
        "length": windows.length,
        "channels": len(windows.channels),
        "outputs": len(windows.tasks),
        "meta": len(windows.meta_names),
    }


def _of_lengths(architecture: str, dataset: Dataset, recipe: Recipe) -> Recipe:
    """Have a model that can leave out padding do so where windows differ in length, unless told otherwise."""
    known = inspect.signature(architecture_of(architecture).__init__).parameters
    if not dataset.options.get("variable") or "variable" not in known or "variable" in recipe.hyperparameters:
        return recipe
    return replace(recipe, hyperparameters={**recipe.hyperparameters, "variable": True})


def _model(architecture: str, dataset: Dataset, recipe: Recipe, start: Run | None) -> tuple[SequenceModel, Recipe]:
    """Make the model to train, and the recipe that holds for it."""
    if start is None:
        recipe = _of_lengths(architecture, dataset, recipe)
        fresh = build_for(architecture, dataset.example, recipe)
        scale_attended(fresh, recipe.attended_gain)
        return fresh, recipe
    run = open_run(start.path)  # the caller's own stays as it is
    trained = run.model.config
    for key, value in _sizes(dataset.example).items():
        if trained[key] != value:
            raise ValueError(
                f"{start.path} was trained with {key} {trained[key]}, here it is {value}: these must agree to "
                "start from its weights"
            )
    for key, value in recipe.hyperparameters.items():
        # A run's JSON holds tuples as lists.
        if json.dumps(trained["hyperparameters"].get(key, value)) != json.dumps(value):
            raise ValueError(
                f"{start.path} has {key} {trained['hyperparameters'][key]}: it cannot be set to {value} when "
                "starting from its weights"
            )
    how = replace(
        recipe,
        rate=0.4 * recipe.rate if recipe.finetune_rate is None else recipe.finetune_rate,
        patience=recipe.finetune_patience,
        hyperparameters=dict(run.model.hyperparameters),
    )
    _freeze(run.model, recipe.freeze, start.path)
    return run.model.train(), how


def _freeze(model: SequenceModel, prefixes: tuple[str, ...], source: types.Path) -> None:
    """Keep the parameters whose names begin with a prefix, and the statistics of their batch normalisation."""
    for prefix in prefixes:
        frozen = [
            weight for name, weight in model.named_parameters() if f"{name}.".startswith(f"{prefix.rstrip('.')}.")
        ]
        if not frozen:
            parts = sorted({name.split(".")[0] for name, _ in model.named_parameters()})
            raise ValueError(f"{source} has no layer {prefix!r} to freeze: it has {', '.join(parts)}")
        for weight in frozen:
            weight.requires_grad_(False)
        for name, module in model.named_modules():
            if f"{name}.".startswith(f"{prefix.rstrip('.')}.") and isinstance(
                module, nn.modules.batchnorm._BatchNorm
            ):
                module.momentum = 0.0  # its running statistics stay
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError(f"freeze={','.join(prefixes)} leaves nothing of {source} to train")


def _anywhere(path: object) -> object:
    """Return the absolute path of what exists, so that a run can be used from any folder; else as it is."""
    return str(real_path(path)) if isinstance(path, str) and Path(path).exists() else path


def _config(dataset: Dataset, recipe: Recipe, seed: int, start: Run | None) -> types.Json:
    example = dataset.example
    training: types.Json = {
        **recipe.json,
        "seed": seed,
        "train_windows": _train_sizes(dataset["train"]),
        "training_sequences": training_sizes(dataset),
    }
    if start is not None:
        training["init_from"] = {"run": str(start.path), "weights_hash": start.weights_hash}
    return {
        "tasks": list(example.tasks),
        "channels": list(example.channels),
        "meta": list(example.meta_names),
        "signal_ranges": {name: stated._asdict() for name, stated in signal_ranges(dataset["train"]).items()},
        "data": {
            "source": _anywhere(dataset.source),
            "kind": dataset.kind,
            "hash": dataset.hash,
            "options": {
                key: _anywhere(value) if key in ("genome", "negatives_file", "test") else value
                for key, value in dataset.options.items()
            },
        },
        "training": training,
        "made_by": provenance(seed=seed, data=dataset.source, data_hash=dataset.hash),
    }


def _train_sizes(windows: Windows) -> dict[str, int]:
    """Count bound training windows of each task."""
    counts = np.nansum(windows.labels == 1, axis=0)
    return {task: int(count) for task, count in zip(windows.tasks, counts, strict=True)}


def training_sizes(dataset: Dataset) -> dict[str, int]:
    """Count the sequences of each task's training subset: what `compare` stratifies by.

    Bound and unbound ones of training and validation together, as papers count before validation is taken off, and
    with those that were left out as relatives of test windows: a set's class does not hang on how it is cleaned.
    Where unbound windows are drawn from a genome as many are counted as are drawn in an epoch, and where tasks
    share them, as many as a task has bound ones.
    """
    parts = [dataset[split] for split in ("train", "valid") if split in dataset.splits]
    tasks = dataset.example.tasks
    left_out = np.array([dataset.left_out.get(task, (0, 0)) for task in tasks]).T  # 2, tasks
    bound = left_out[0] + np.sum([(part.labels == 1).sum(axis=0) for part in parts], axis=0)
    unbound = left_out[1] + np.sum([(part.labels == 0).sum(axis=0) for part in parts], axis=0)
    ratio = 1.0 if len(tasks) > 1 else parts[0].ratio
    most = np.ceil(ratio * bound) if np.isfinite(ratio) else unbound
    return {task: int(count) for task, count in zip(tasks, bound + np.minimum(unbound, most), strict=True)}


def _check_resumed(folder: Path, config: types.Json, model: SequenceModel) -> None:
    """Refuse to continue a run with other settings: the result would be neither run's.

    How long to train may be changed where the learning rate does not depend on it.
    """
    there = read_config(folder)
    if there.get("training") is None:
        raise ValueError(f"{folder} holds a run that no training made (an imported one?): choose another --out")
    if isinstance(there.get("training"), dict):
        # A run begun before there was a setting had that setting's default.
        there["training"] = {**json.loads(json.dumps(Recipe().json)), **there["training"]}
    wanted = json.loads(json.dumps({**config, "model": model.config}))
    if there.get("training", {}).get("schedule") == "constant":
        there["training"] |= {key: wanted["training"][key] for key in ("epochs", "patience")}
    fitted = isinstance(model, FittedModel)  # its hyperparameters are what the data told
    for part in ("training", "tasks", "channels") if fitted else ("model", "training", "tasks", "channels"):
        if there.get(part) != wanted[part]:
            old, new = there.get(part), wanted[part]
            keys = [key for key in new if old.get(key) != new[key]] if isinstance(new, dict) and old else [part]
            raise ValueError(
                f"{folder} was started with another {part} ({', '.join(map(str, keys))}): resume it with the same "
                "settings, or choose another --out"
            )
    if there["data"]["hash"] != wanted["data"]["hash"]:
        raise ValueError(f"{folder} was started on other data: resume it on the same, or choose another --out")


def _state(path: Path) -> types.Json:
    """Read the state after the last finished epoch."""
    with reading(path, "state of a training", "start again with another --out"):
        state: types.Json = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or "keeper" not in state:
        raise ValueError(f"{path} was written by an older motiflens: start again with another --out")
    return state


class Job(NamedTuple):
    """One training."""

    model: SequenceModel
    dataset: Dataset
    recipe: Recipe
    folder: Path
    config: types.Json
    seed: int
    state: types.Json | None  # to go on from


def _fit(job: Job, machine: Machine, progress: Progress) -> None:
    from motiflens.models.fit import Fit
    from motiflens.models.loader import CodeCache
    from motiflens.models.training_log import InterruptedTraining, TrainingLog

    recipe = job.recipe
    log = TrainingLog(job.folder, job.config, epochs=recipe.epochs, monitor=recipe.monitor, progress=progress)
    if job.state is not None:
        log.load_state_dict(job.state["keeper"])
        if log.waited >= recipe.patience or len(log.rows) >= recipe.epochs:
            return _finish(job, log)
    with quiet():
        fabric = make_fabric(machine)
        fabric.launch()
        log.writes = fabric.is_global_zero
        profile = getattr(job.model, "profile", 0)
        profile = profile if isinstance(profile, int) else 0
        train, valid = CodeCache(job.dataset["train"], profile=profile), CodeCache(job.dataset["valid"])
        fit = Fit(fabric, job.model, recipe, train, valid, log, seed=job.seed)
        try:
            with _stop_on_ctrl_c(log):
                fit.run(job.state)
        except InterruptedTraining:
            if log.best_epoch < 0:
                log.write_model(job.model)
            log.write_log()
            log.write_metrics(finished=False)
            raise KeyboardInterrupt from None
        _finish(job, log)
        fabric.barrier()  # the run is whole for all processes


def _finish(job: Job, log: TrainingLog) -> None:
    from motiflens.models.choose_merge import choose_merge

    choose_merge(log, job.dataset["valid"], job.recipe, seed=job.seed)
    log.write_metrics(finished=True)


@contextlib.contextmanager
def _stop_on_ctrl_c(log: TrainingLog) -> Iterator[None]:
    """Stop after the running step on the first Ctrl-C; the second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, __: Any) -> None:
        log.interrupted = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
