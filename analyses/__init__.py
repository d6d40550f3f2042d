"""What it means: motifs, comparisons, reports, the command line."""
