"""Grading against perfect play: mistakes on positions whose exact values are known, by class of position.

The solvers themselves live in ``agent.solvers``.
"""
