"""The measurements of ``honte bench`` and of the scripts in ``benchmarks``: how fast this machine is at each part.

Works that are compared are timed in turns, see ``turns``.
"""
