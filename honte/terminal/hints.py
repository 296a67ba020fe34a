"""Hints in the terminal: a line for each of the best moves of a position."""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.decision import Decisions
from agent.player import Player
from agent.search.search import Search
from agent.search.tree import ROOT, UNKNOWN
from games import Position
from honte.analysis.position_analysis import variation_text

HINT_SLOT = 1
"""The slot of the player that hints come from; its other slot plays the game."""

NUM_HINTS = 5
OUTCOMES = {1: "wins", 0: "draws", -1: "loses"}


NARROW = 60
"""On a terminal with fewer columns a hint says "win" instead of "win probability"."""


def hint_lines(here: Position, player: Player, decisions: Decisions, width: int = 80) -> list[str]:
    """A line for each of the best actions ``here``, by the ``decisions [1]`` of ``player`` in its slot for hints."""
    probability = "win" if width < NARROW else "win probability"
    policy = decisions.policy[0]
    best = np.argsort(-policy, kind="stable")[:NUM_HINTS]
    edges: Any = player.trees.children(HINT_SLOT, ROOT) if isinstance(player, Search) else []
    by_action = {int(edge["action"]): edge for edge in edges}
    lines = []
    for action in best[policy[best] > 0].tolist():
        line = f"  {here.game.action_text(action, here.to_play):<4} {policy[action]:4.0%}"
        if action in by_action:
            edge = by_action[action]
            visits, proven = int(edge["visits"]), int(edge["proven"])
            line += f"  {visits} visits"
            if proven != UNKNOWN:
                line += f"  {OUTCOMES[proven]}"
            elif visits:
                line += f"  {probability} {(1 + float(edge['value_sum']) / visits) / 2:.0%}"
        elif decisions.proven[0]:
            line += f"  {OUTCOMES[int(decisions.value[0])]}"
        lines.append(line)
    variation = player.principal_variation(HINT_SLOT) if isinstance(player, Search) else []
    if len(variation) > 1:
        lines.append("  expected moves: " + " ".join(variation_text(here, variation)))
    return lines
