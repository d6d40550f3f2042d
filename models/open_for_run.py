"""Opening data as a recipe, or an earlier training, wants them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from motiflens.models.data.folder_spec import FolderSpec, read_folder_spec
from motiflens.models.data.open_dataset import open_dataset, source_kind
from motiflens.models.data.options import Options
from motiflens.models.data.signal_ranges import PUBLISHED, SignalRange, fit_signals
from motiflens.models.data.text import SEQ_FILES
from motiflens.models.data.windows import Dataset
from motiflens.models.pooled import TASK
from motiflens.models.reading import reading
from motiflens.models.real_path import real_path
from motiflens.models.recipes import Recipe
from motiflens.models.recorded import recorded, recorded_data
from motiflens.models.run import Run
from motiflens.models.run_files import CONFIG
from motiflens.models.set_folder import pooled_folder, set_files


def built_in() -> str:
    """Return the folder of the built-in simulated data (made in the cache at the first call)."""
    from motiflens.models.data.simulate import builtin

    return str(builtin())


def open_for_training(source: str | None, recipe: Recipe, options: Options | None = None) -> Dataset:
    """Open data as a recipe wants them: its signals and its share of negatives, unless `options` say otherwise.

    A model that reads signals (DNase is one cell type's) is trained on one TF: the data set's first, as a note
    says, if `options` name none and do not ask for the sequence alone.

    Parameters
    ----------
    source
        As for `open_dataset`; None for the built-in simulated data. A folder of several DeepBind-format sets,
        without a TF, is pooled and balanced (see `set_folder.pooled_folder`).
    recipe
        Its ``signals``, ``ratio`` and ``use_peak`` count.
    options
        As for `open_dataset`.
    """
    where = source if source is not None else built_in()
    wanted = options or Options()
    ratio = recipe.ratio if wanted.ratio is None else wanted.ratio
    if wanted.tf is None and _holds_sets(where):
        return pooled_folder(where, replace(recipe, ratio=ratio), seed=wanted.seed)
    folder = source_kind(where) == "folder"
    signals = wanted.signals
    if signals is None:
        signals = recipe.signals if folder else recipe.signals or None
    tf = wanted.tf
    notes: tuple[str, ...] = ()
    if folder and tf is None and signals is None:
        tf = read_folder_spec(where).tfs[0]
        notes = (f"signals are one TF's: {tf} is taken (tf chooses another; signals none, the sequence alone)",)
    peaks = wanted.peak_windows or (folder and tf is not None and recipe.use_peak)
    opened = open_dataset(where, replace(wanted, tf=tf, ratio=ratio, signals=signals, peak_windows=peaks))
    return replace(opened, notes=(*opened.notes, *notes))


def _holds_sets(where: str) -> bool:
    """Tell whether a path is a folder of several DeepBind-format data sets."""
    folder = Path(where)
    if not folder.is_dir() or (folder / "dataset.toml").exists() or not any(folder.glob(SEQ_FILES)):
        return False
    return len(set_files(folder)) > 1


def open_as_trained(run: Run, source: str | None = None, options: Options | None = None) -> Dataset:
    """Open data with the options that a run was trained with.

    Parameters
    ----------
    run
        Its ``config.json`` names the source and the options.
    source
        Other data, in place of the run's.
    options
        Options to set otherwise; those left at their defaults, and the seed, are the run's. A global model's
        folder of sets is pooled as it was for its training. Of signals that are of
        another size than those that the model knows a note warns, or ``scale_signals`` multiplies them.

    Raises
    ------
    ValueError
        If neither the run nor `source` says which data.
    """
    record = recorded_data(run)
    where = source if source is not None else record.get("source")
    if where is None:
        raise ValueError(f"{run.path} does not say which data it was trained on: give --data")
    trained = trained_options(run, where)
    if "source" in record and source is not None and str(real_path(source)) != record["source"]:
        trained.pop("test", None)
    changes = {} if options is None else options.given()
    changes.pop("seed", None)
    chosen = {**trained, **changes}
    if "source" not in record and chosen.get("signals") and not chosen.get("tf"):
        raise ValueError(
            f"{run.path} predicts {run.tasks[0]}, which {where} lacks: give --tf to use another's DNase"
        )
    if chosen.get("signals") is not None:
        chosen["signals"] = tuple(chosen["signals"])
    scale = bool(chosen.pop("scale_signals", False))
    own = {key: value for key, value in trained.items() if key not in changes and "source" in record}
    if run.tasks == (TASK,) and not chosen.get("tf") and _holds_sets(where):
        how = {key: run.config.get("training", {}).get(key) for key in ("ratio", "pooling", "related")}
        known = Recipe(**{key: value for key, value in how.items() if value is not None})
        return pooled_folder(where, known, seed=int(chosen.get("seed", 0)))
    with recorded(run, own if source is not None else {**own, "source": where}):
        if source_kind(where) == "folder" and "features" not in chosen:
            chosen["features"] = wanted_features(run, read_folder_spec(where))
        return fit_signals(open_dataset(where, **chosen), known_signals(run), scale=scale)


def wanted_features(run: Run, spec: FolderSpec) -> tuple[str, ...] | None:
    """Return the names of the features that a run takes, where a folder has them among others; else None."""
    names = tuple(run.config.get("meta") or ())
    known = {f"expression{i + 1}" for i in range(spec.components)} | set(spec.annotations)
    return names if run.model.meta and names and set(names) < known else None


def known_signals(run: Run) -> dict[str, SignalRange]:
    """Return how large the signals are that a model knows: measured in its training, or told of published ones.

    Empty where nothing is known (runs of older versions) or the model reads no signals.
    """
    ranges = run.config.get("signal_ranges")
    if ranges is not None:
        with reading(run.path / CONFIG, "configuration of a run", "train again, or restore the file"):
            return {
                name: SignalRange(float(each["mean"]), float(each["high"]), float(each.get("low", 0.0)))
                for name, each in ranges.items()
            }
    if "published" in run.config and run.config["published"].get("kind") in ("deepgrn", "factornet"):
        return {name: PUBLISHED[name] for name in run.config.get("channels", ())[4:] if name in PUBLISHED}
    return {}


def trained_options(run: Run, source: str) -> dict[str, object]:
    """Return the options that a run's data were opened with; of an imported model, those that it needs.

    An imported model tells its length, its signals, and its TF where the data have it.

    Parameters
    ----------
    run
        The run.
    source
        The data to open.
    """
    record = recorded_data(run)
    if "source" not in record:
        return _as_published(run, source)
    known = {option.name for option in fields(Options)}
    return {key: value for key, value in dict(record.get("options", {})).items() if key in known}


def _as_published(run: Run, source: str) -> dict[str, object]:
    """Return the options that an imported model needs: its length, its signals, its TF where the data have it."""
    kind = source_kind(source)
    given: dict[str, object] = {"length": run.model.length} if kind in ("folder", "peaks") else {}
    if kind == "folder" and (run.model.channels > 4 or run.model.meta):
        given["signals"] = tuple(run.config.get("channels", ())[4:]) or None
        given["tf"] = run.tasks[0] if run.tasks[0] in read_folder_spec(source).tfs else None
    return given
