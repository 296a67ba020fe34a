"""The process that rates the checkpoints of a run while the run is still training.

``selfplay.matches`` and ``training.evaluation`` compute the ratings.
"""
