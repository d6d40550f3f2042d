"""What ``--set`` knows, as `interpret train --list-settings` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motiflens.models.recipes import Recipe


def show_settings(model: str, how: Recipe) -> None:
    """Print what ``--set`` knows for an architecture, with the values that hold."""
    from motiflens.models.settings import hyperparameter_defaults

    values = {**hyperparameter_defaults(model), **how.hyperparameters}
    print(f"hyperparameters of {model}:")
    for key, value in values.items():
        print(f"  {key}={value}")
    print("training:")
    for key, value in how.json.items():
        if key != "hyperparameters":
            print(f"  {key}={value}")
