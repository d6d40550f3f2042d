"""The four routes from a model to motifs, each a function of the context alone."""
