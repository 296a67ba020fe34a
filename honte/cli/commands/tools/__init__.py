"""The commands of the group "tools" in ``honte --help``: describe, export, check-game, perft and bench.

They look at games, networks and machines. None of them trains or plays.
"""
