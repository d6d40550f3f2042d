"""Second-order maps of the windows that a run predicts highest: arrays and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motiflens.analyses.report.plot_dependencies import plot_dependencies, save_dependencies
from motiflens.interpret.attribution.dependency_map import MOST_BASES, dependency_map
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.interpret.store import Store
from motiflens.models.data.windows import Windows
from motiflens.models.files import write_whole
from motiflens.models.progress import Progress, Step
from motiflens.models.run import Run


def parse_part(text: str) -> tuple[int, int]:
    """Read ``start-end`` in bp from a window's start (0-based, half-open), of at most `MOST_BASES` bp.

    Raises
    ------
    ValueError
        If it is none, or too long.

    Examples
    --------
    >>> parse_part("480-520")
    (480, 520)
    """
    first, _, last = text.partition("-")
    if not (first.strip().isdigit() and last.strip().isdigit() and int(first) < int(last)):
        raise ValueError(f"{text!r} is no part of a window: write start-end with start < end")
    if int(last) - int(first) > MOST_BASES:
        raise ValueError(f"part {text} is too long: pairs are substituted in at most {MOST_BASES} bp")
    return int(first), int(last)


def pair_maps(
    run: Run,
    windows: Windows,
    store: Store,
    rows: Sequence[int],
    part: tuple[int, int],
    options: AttributionOptions,
    image: str,
    progress: Progress,
) -> list[Path]:
    """Write ``pairs.npz`` (see `DependencyMap`) and ``pairs_01.png`` … of some of a store's windows beside it.

    Parameters
    ----------
    rows
        Of the store.
    part
        In bp from each window's start.
    options
        ``target``, ``output`` and ``batch_size`` count.
    image
        Of the figures: ``png``, ``svg`` or ``pdf``.
    """
    folder = store.path.parent
    places = store.table["row"].to_numpy(np.int64)[list(rows)]
    maps = []
    for number, place in enumerate(places):
        progress(Step("pairs", number, len(places)))
        batch = windows.read(np.array([place]))
        maps.append(
            dependency_map(
                run.model, batch.x, *part, meta=batch.meta, target=options.target, batch_size=options.batch_size
            )
        )
    codes = windows.codes(places)[:, part[0] : part[1]]
    names = windows.table["name"].astype(str).to_numpy()[places]
    arrays = {
        "single": np.concatenate([one.single for one in maps]),
        "pair": np.concatenate([one.pair for one in maps]),
        "prediction": np.concatenate([one.prediction for one in maps]),
        "codes": codes,
        "row": places,
        "part": np.array(part),
    }
    files = [folder / "pairs.npz"]
    with write_whole(files[0]) as whole, whole.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    for number, one in enumerate(maps):
        files.append(folder / f"pairs_{number + 1:02d}.{image}")
        figure = plot_dependencies(one.strength[0], codes[number], start=part[0], title=names[number])
        save_dependencies(figure, files[-1])
    return files
