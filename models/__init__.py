"""What goes into TF-binding models, the models, their training and evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.compare import compare, pair
    from motiflens.models.data.describe import describe
    from motiflens.models.data.open_dataset import open_dataset
    from motiflens.models.data.simulate.builtin import builtin
    from motiflens.models.data.simulate.simulate import simulate
    from motiflens.models.data.windows import ArrayWindows, Dataset, Windows
    from motiflens.models.evaluate import evaluate, score
    from motiflens.models.genome_source import genome_tiles, open_genome_source
    from motiflens.models.machine import Machine
    from motiflens.models.open_for_run import open_as_trained, open_for_training
    from motiflens.models.predict import (
        PredictOptions,
        predict,
        predict_bed,
        predict_bins,
        predict_windows,
        write_predictions,
    )
    from motiflens.models.progress import Progress, Step, silent
    from motiflens.models.published.import_keras.import_keras import import_keras
    from motiflens.models.published.import_program.import_program import import_program
    from motiflens.models.published.importer import import_published, import_run
    from motiflens.models.recipes import Recipe, adjust, recipe
    from motiflens.models.registry import architectures, build, register
    from motiflens.models.run import Run, load, open_run, save_run
    from motiflens.models.sweep import sweep, sweep_plan
    from motiflens.models.train import train
    from motiflens.models.transfer import transfer, transfer_plan
    from motiflens.models.version import __version__

__all__ = [
    "ArrayWindows",
    "Dataset",
    "Machine",
    "PredictOptions",
    "Progress",
    "Recipe",
    "Run",
    "Step",
    "Windows",
    "__version__",
    "adjust",
    "architectures",
    "build",
    "builtin",
    "compare",
    "describe",
    "evaluate",
    "genome_tiles",
    "import_keras",
    "import_program",
    "import_published",
    "import_run",
    "load",
    "open_as_trained",
    "open_dataset",
    "open_for_training",
    "open_genome_source",
    "open_run",
    "pair",
    "predict",
    "predict_bed",
    "predict_bins",
    "predict_windows",
    "recipe",
    "register",
    "save_run",
    "score",
    "silent",
    "simulate",
    "sweep",
    "sweep_plan",
    "train",
    "transfer",
    "transfer_plan",
    "write_predictions",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "compare": "motiflens.models.compare",
        "pair": "motiflens.models.compare",
        "describe": "motiflens.models.data.describe",
        "open_dataset": "motiflens.models.data.open_dataset",
        "builtin": "motiflens.models.data.simulate.builtin",
        "simulate": "motiflens.models.data.simulate.simulate",
        "ArrayWindows": "motiflens.models.data.windows",
        "Dataset": "motiflens.models.data.windows",
        "Windows": "motiflens.models.data.windows",
        "evaluate": "motiflens.models.evaluate",
        "score": "motiflens.models.evaluate",
        "genome_tiles": "motiflens.models.genome_source",
        "open_genome_source": "motiflens.models.genome_source",
        "Machine": "motiflens.models.machine",
        "open_as_trained": "motiflens.models.open_for_run",
        "open_for_training": "motiflens.models.open_for_run",
        "PredictOptions": "motiflens.models.predict",
        "predict": "motiflens.models.predict",
        "predict_bed": "motiflens.models.predict",
        "predict_bins": "motiflens.models.predict",
        "predict_windows": "motiflens.models.predict",
        "write_predictions": "motiflens.models.predict",
        "Progress": "motiflens.models.progress",
        "Step": "motiflens.models.progress",
        "silent": "motiflens.models.progress",
        "import_keras": "motiflens.models.published.import_keras.import_keras",
        "import_program": "motiflens.models.published.import_program.import_program",
        "import_published": "motiflens.models.published.importer",
        "import_run": "motiflens.models.published.importer",
        "Recipe": "motiflens.models.recipes",
        "adjust": "motiflens.models.recipes",
        "recipe": "motiflens.models.recipes",
        "architectures": "motiflens.models.registry",
        "build": "motiflens.models.registry",
        "register": "motiflens.models.registry",
        "Run": "motiflens.models.run",
        "load": "motiflens.models.run",
        "open_run": "motiflens.models.run",
        "save_run": "motiflens.models.run",
        "sweep": "motiflens.models.sweep",
        "sweep_plan": "motiflens.models.sweep",
        "train": "motiflens.models.train",
        "transfer": "motiflens.models.transfer",
        "transfer_plan": "motiflens.models.transfer",
        "__version__": "motiflens.models.version",
    },
)
