"""Measuring: how fast this machine is at each part of the work, for ``honte bench`` and the scripts in ``benchmarks/``.

Every part is timed in turns: all that is to be compared runs in one process, a fraction of a second each, round after
round, and medians of rounds or of their ratios are what comes out. Rates of a machine drift by tens of per cent within
minutes; ratios taken this way do not.
"""
