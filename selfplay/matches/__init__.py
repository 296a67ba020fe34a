"""Matches and tournaments: openings, paired games, Elo, sequential tests and rating databases.

The commands ``honte match`` and ``honte tournament`` are in ``honte.cli``.
The game loop that plays the games is ``selfplay.game_loop``.
"""
