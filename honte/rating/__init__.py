"""The process that rates the checkpoints of a run while the run is still training.

The games, the intervals and the tests behind a rating are in ``selfplay.matches`` and ``training.evaluation``.
"""
