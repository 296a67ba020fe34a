"""Engines as players: programs from outside that speak GTP, UGI or UCI over pipes.

honte as an engine for other programs is the opposite direction and lives in ``honte.protocols``.
"""
