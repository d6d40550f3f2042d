"""Names of the files in a run folder."""

from __future__ import annotations

WEIGHTS, CONFIG, METRICS, LOG = "model.safetensors", "config.json", "metrics.json", "log.csv"
LAST = "last.ckpt"  # what a training needs to go on
RUN_FILES = (WEIGHTS, CONFIG, METRICS, LOG, LAST)
