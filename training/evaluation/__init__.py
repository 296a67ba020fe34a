"""What a run measures of its own strength: mistakes on solved positions, ratings of checkpoints, promotion.

Matches and gradings themselves are played by ``selfplay``.
"""
