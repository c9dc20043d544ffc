"""The sets, by domain: cards and readings, nothing else."""
