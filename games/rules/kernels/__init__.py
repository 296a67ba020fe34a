"""Compiled parts of games whose rules do not fit into one file: moves, captures and repetitions on flat arrays."""
