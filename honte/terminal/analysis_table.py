"""The table of the command ``analysis``: one line for each of the best moves, laid out for the terminal's width.

Knows analyses of positions. Does not know who made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.search.tree import UNKNOWN
from games import Position
from honte.analysis.position_analysis import Analysis, CandidateMove
from honte.loaded_player import move_analysis
from honte.terminal.hints import OUTCOMES

if TYPE_CHECKING:
    from rich.text import Text

NUM_ROWS = 12
NARROW = 60
"""On a terminal with fewer columns a variation has a line of its own."""

LONGEST_MOVE = 12
GAP = "  "
SMALL_LOSS, LARGE_LOSS = 0.05, 0.2
"""Moves that lose less than the first are green, and those that lose more than the second are red."""


def analysis_table(here: Position, analysis: Analysis, width: int) -> Text:
    """The moves with visits, prior, win rate, loss against the best move, and the expected moves that follow.

    Win rates and losses are those of the player to move ``here``, in percent; a loss of 10 is a win rate 10 lower.
    """
    from rich.text import Text

    candidates = analysis.candidates
    best = max((each.winrate for each in candidates if each.visits), default=analysis.winrate)
    searched = analysis.visits > 1
    rows = [("move", "visits", "prior", "win", "loss")]
    rows += [_numbers(here, each, best, searched=searched) for each in candidates[:NUM_ROWS]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    player = here.game.board.names[here.to_play]
    how = f"{analysis.visits:,} visits" if searched else "without a search"
    text = Text(f"win rate of {player}: {analysis.winrate:.0%}, {how}\n")
    for index, row in enumerate(rows):
        cells = [f"{row[0]:<{widths[0]}}", *(f"{word:>{size}}" for word, size in zip(row[1:], widths[1:], strict=True))]
        line = GAP.join(cells)
        if index == 0:
            title = "" if width < NARROW else f"{GAP}variation"
            text.append((line + title).rstrip() + "\n", style="dim")
            continue
        candidate = candidates[index - 1]
        text.append(line, style=_style(candidate, best) if searched else "")
        indent = f"\n{GAP}" if width < NARROW else GAP
        free = width - 1 - len(GAP) - (0 if width < NARROW else len(line))
        if len(candidate.variation) > 1:
            text.append(indent + _variation(here, candidate, free))
        text.append("\n")
    if len(candidates) > NUM_ROWS:
        rest = candidates[NUM_ROWS:]
        most = max(each.visits for each in rest)
        how = f", with {most:,} {'visit' if most == 1 else 'visits'} or fewer" if searched else ""
        text.append(f"and {len(rest):,} more {'move' if len(rest) == 1 else 'moves'}{how}\n")
    text.rstrip()
    return text


def _numbers(here: Position, each: CandidateMove, best: float, *, searched: bool) -> tuple[str, str, str, str, str]:
    move = here.game.action_text(each.action, here.to_play)
    if len(move) > LONGEST_MOVE:
        move = move[: LONGEST_MOVE - 1] + "…"
    proven = OUTCOMES[each.proven] if each.proven != UNKNOWN else ""
    visited = searched and each.visits > 0
    win = proven or (f"{each.winrate:.1%}" if visited or not searched else "-")
    loss = f"{100 * max(0.0, best - each.winrate):.1f}" if visited or (searched and proven) else "-"
    return move, f"{each.visits:,}" if searched else "-", f"{each.prior:.1%}", win, loss


def _style(each: CandidateMove, best: float) -> str:
    """Green for a move that loses little, yellow, or red; dim for one that was not tried."""
    if not each.visits and each.proven == UNKNOWN:
        return "dim"
    loss = best - each.winrate
    return "green" if loss < SMALL_LOSS else "yellow" if loss < LARGE_LOSS else "red"


def _variation(here: Position, each: CandidateMove, width: int) -> str:
    """As many of the expected moves as fit into ``width`` columns."""
    text = ""
    for move in move_analysis(here, each).principal_variation:
        longer = f"{text} {move}".lstrip()
        if len(longer) > width:
            break
        text = longer
    return text
