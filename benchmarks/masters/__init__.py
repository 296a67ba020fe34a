"""Networks against opponents that are not ours: matches and solved positions, one row of a table a call.

``rows`` is the table, ``openings`` finds openings that are not decided yet, ``matches`` plays, ``checks`` asks for
moves whose value is known, and ``__main__`` is the command.
"""
