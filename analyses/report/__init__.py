"""Figures, logos and the HTML report."""
