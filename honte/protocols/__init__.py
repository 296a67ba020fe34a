"""honte as an engine for other programs: GTP, UGI, GoGui, KataGo's JSON analysis, and SGF files.

``agent.external`` is the other direction: engines from outside as players of honte.
"""
