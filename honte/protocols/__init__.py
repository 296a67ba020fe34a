"""honte as an engine for other programs: GTP, UGI, GoGui, KataGo's JSON analysis, and SGF files.

Engines from outside as players of honte are the opposite direction and live in ``agent.external``.
"""
