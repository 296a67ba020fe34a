"""What a person sees in a terminal: a game against a player, and the live view of a training run.

The flags of the commands are in ``honte.cli``.
"""
