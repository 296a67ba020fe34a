"""The laboratory: which settings let a game be learned with less work.

``python -m benchmarks.learning --help`` says how to run it; docs/laboratory.md explains the plan, the budget of work
and the table.
"""
