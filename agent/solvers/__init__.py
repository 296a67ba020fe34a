"""Exact solvers of small games, and the solved positions that ship.

``registry`` says which games have a solver, and ``perfect_player`` plays by it. Search trees and networks live in
``agent.search`` and ``agent.networks``.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

POSITION_SETS = ("middle_easy", "end_easy")
"""Connect Four on 6×7, 1,000 positions each with 15–28 and more than 28 discs: public test sets of P. Pons' solver."""


def positions(name: str) -> list[dict[str, Any]]:
    """The solved set `name`: dicts of `moves` (columns 0–6 from the empty board) and `scores` {column: score}.

    Scores are those of `agent.solvers.connect_four`. ValueError for a name that is not in `POSITION_SETS`.
    """
    if name not in POSITION_SETS:
        raise ValueError(f"no position set is called {name!r}: choose one of {', '.join(POSITION_SETS)}")
    text = resources.files(__name__).joinpath("data", "connect_four", f"{name}.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return [{"moves": row["moves"], "scores": {int(column): s for column, s in row["scores"].items()}} for row in rows]
