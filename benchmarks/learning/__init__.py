"""The laboratory: which settings let a game be learned with less work? benchmarks/README.md explains it."""
