"""Figures of the studies: one style, one file a figure, legible at one column's width."""
