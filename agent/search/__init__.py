"""Monte Carlo tree search over many slots at once: the trees, the selection rules, expansion and backup.

``search`` is the entry: ``Search(game, evaluate, SearchConfig(...), num_slots=...)``.
Neither a rule of a game nor a network lives here: games come from ``games``, evaluations from ``agent.inference``.
"""
