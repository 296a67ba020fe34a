"""How a run measures its own strength: mistakes on solved positions, ratings of checkpoints, promotion of the best.

The matches themselves are played by ``selfplay``.
"""
