"""Opening data as a recipe, or an earlier training, wants them."""

from __future__ import annotations

from pathlib import Path

from motiflens.models import types
from motiflens.models.data.open_dataset import open_dataset, source_kind
from motiflens.models.data.windows import Dataset
from motiflens.models.recipes import Recipe
from motiflens.models.run import Run


def built_in() -> str:
    """Return the folder of the built-in simulated data (made in the cache at the first call)."""
    from motiflens.models.data.simulate import builtin

    return str(builtin())


def open_for_training(
    source: str | None,
    recipe: Recipe,
    *,
    tf: str | None = None,
    length: int | None = None,
    labelling: str | None = None,
    negatives: str | None = None,
    negatives_file: types.Path | None = None,
    genome: types.Path | None = None,
    test: types.Path | None = None,
    seed: int = 0,
) -> Dataset:
    """Open data as a recipe wants them: its signals and its share of negatives.

    Parameters
    ----------
    source
        As for `open_dataset`; None for the built-in simulated data. A folder of several DeepBind-format sets,
        without `tf`, is pooled and balanced (see `transfer.pooled_folder`).
    recipe
        Its ``signals``, ``ratio`` and ``use_peak`` count.
    tf, length, labelling, negatives, negatives_file, genome, test, seed
        As for `open_dataset`.
    """
    where = source if source is not None else built_in()
    if tf is None and _holds_sets(where):
        from motiflens.models.transfer import pooled_folder

        return pooled_folder(where, ratio=recipe.ratio, seed=seed)
    return open_dataset(
        where,
        tf=tf,
        length=length,
        labelling=labelling,
        negatives=negatives,
        negatives_file=negatives_file,
        ratio=recipe.ratio,
        genome=genome,
        signals=recipe.signals if source_kind(where) == "folder" else recipe.signals or None,
        test=test,
        seed=seed,
    )


def _holds_sets(where: str) -> bool:
    """Tell whether a path is a folder of several DeepBind-format data sets."""
    from motiflens.models.transfer import set_files

    folder = Path(where)
    if not folder.is_dir() or (folder / "dataset.toml").exists() or not any(folder.glob("*.seq*")):
        return False
    return len(set_files(folder)) > 1


_KNOWN = ("tf", "length", "labelling", "negatives", "negatives_file", "ratio", "genome", "signals", "test", "seed")


def open_as_trained(
    run: Run, source: str | None = None, *, tf: str | None = None, test: types.Path | None = None
) -> Dataset:
    """Open data with the options that a run was trained with.

    Parameters
    ----------
    run
        Its ``config.json`` names the source and the options.
    source, tf, test
        Other data, another TF, or another test file, in place of the run's.
    """
    record = run.config.get("data", {})
    options = {key: value for key, value in dict(record.get("options", {})).items() if key in _KNOWN}
    if "signals" in options and options["signals"] is not None:
        options["signals"] = tuple(options["signals"])
    if tf is not None:
        options["tf"] = tf
    if test is not None:
        options["test"] = test
    where = source if source is not None else record.get("source")
    if where is None:
        raise ValueError(f"{run.path} does not say which data it was trained on: give --data")
    if source is not None and source != record.get("source") and test is None:
        options.pop("test", None)
    return open_dataset(where, **options)
