"""Text formats of motif files, one a module: lines in, motifs out."""

from __future__ import annotations
