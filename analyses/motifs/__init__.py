"""Motif engines, and the routes from a model to motifs."""
