"""The measurements of ``honte bench`` and of the scripts in ``benchmarks``: how fast this machine is at each part.

Tasks that are compared are timed in turns: see ``turns``.
"""
