"""The folder of a training run: its configuration, checkpoints, stored games, metrics and progress.

What is learned and how lives one folder up, in ``training``.
"""
