"""A whole simulated data set: genome, chromatin, binding, sequencing, and the truth beside it."""

from __future__ import annotations

from pathlib import Path

from motiflens.models import types
from motiflens.models.data.simulate.grammar import grammar_named
from motiflens.models.data.simulate.presets import preset_named
from motiflens.models.data.simulate.sequence import sequence
from motiflens.models.data.simulate.world import STAGE, grow_world
from motiflens.models.data.simulate.write_truth import write_truth
from motiflens.models.data.simulate.write_world import write_world
from motiflens.models.destination import named, writable
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.real_path import real_path
from motiflens.models.unfinished import unfinished


def simulate(
    out: types.Path,
    *,
    preset: str = "small",
    seed: int = 0,
    grammar: str | None = None,
    distance: tuple[int, int] | None = None,
    progress: Progress = silent,
) -> Path:
    """Simulate a regulatory genome and write it as a data set.

    Parameters
    ----------
    out
        A folder that does not exist yet, or is empty. It appears whole or not at all.
    preset
        ``small`` (4.5 Mb) or ``paper`` (60 Mb).
    seed
        The same seed gives the same files.
    grammar
        The rule by which GATA1 binds beside MAX: ``and``, ``order``, ``not`` or ``or`` (see `grammar.GRAMMARS`).
        One that is named writes ``truth/grammar.tsv`` too; by default it is ``and``.
    distance
        Bases between GATA1 and MAX, at least and at most, with which MAX is in reach, from 2 to 139: 5 and 20 by
        default. The distances out of reach move with it (20 to 60 bp beyond, or short of it where such pairs
        would not fit into an element; 40 to 80 by default). It too writes ``truth/grammar.tsv``.
    progress
        Told how many percent are done, with what is being made in the note.

    Returns
    -------
    Path
        The folder; its ``dataset.toml`` opens with `open_dataset`, its ``truth/sites.bed`` holds every site.

    Raises
    ------
    ValueError
        If `out` holds something, or the preset, the seed, the grammar or the distance is none.
    """
    wanted, rule = preset_named(preset), grammar_named(grammar, distance)
    if not 0 <= seed < 2**63:
        raise ValueError(f"the seed is {seed}: expected a whole number from 0 to 2^63 - 1")
    named(out, "folder")
    target = Path(out)
    writable(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} exists and is not an empty folder: choose another, or remove it")
    # By its real path: of `a/../a` nothing is left to rename to while the empty folder is away.
    place = real_path(target)
    with unfinished(place) as part:
        part.mkdir()
        world = grow_world(wanted, seed, progress, rule)
        progress(Step(STAGE, 37, 100, "%", "genome and annotation"))
        write_world(part, world)
        progress(Step(STAGE, 38, 100, "%", "truth"))
        write_truth(part / "truth", world, rules=grammar is not None or distance is not None)
        sequence(part, world, progress)
        progress(Step(STAGE, 100, 100, "%"))  # before the folder appears: who stops it here finds none
        if place.exists():
            place.rmdir()
        part.rename(place)
    return target
