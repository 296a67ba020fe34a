"""``honte.load``: a player that chooses moves and analyses positions, and the results of an analysis.

Knows players, positions and analyses. Does not know how a player searches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import MoveFollower, Player, StatefulPlayer
from agent.players import make_player
from agent.search.search import Search
from agent.search.tree import UNKNOWN, Ints
from games.game import Game, States
from games.position import Position, position
from honte.analysis.position_analysis import CandidateMove, PositionSearch, variation_text
from honte.api import resolve_game

SLOT = 0
NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class MoveAnalysis:
    """One move of a position, from the view of the player to move."""

    move: str
    action: int  # the number of the move
    visits: int  # simulations that started with this move
    prior: float  # 0 to 1: the probability of the move before any search
    win_probability: float  # 0 to 1; a draw counts one half
    value: float  # -1 (loss) to 1 (win)
    proven: int | None  # 1, 0 or -1 if the outcome is proven
    principal_variation: tuple[str, ...]  # the expected moves, this one first

    def __str__(self) -> str:
        line = " ".join(self.principal_variation[:8])
        return f"{self.move:<6} {self.visits:>7} {self.prior:>7.1%} {self.win_probability:>7.1%}   {line}"


@dataclass(frozen=True, kw_only=True)
class PositionAnalysis:
    """A player's analysis of a position, from the view of the player to move."""

    position: Position = field(repr=False)
    best_move: str
    win_probability: float  # 0 to 1; a draw counts one half
    value: float  # -1 (loss) to 1 (win)
    proven: bool  # the value is exact
    visits: int  # positions that were evaluated, this one included; 1 if the player does not search
    moves: tuple[MoveAnalysis, ...]  # the best first; a move that the search did not try has 0 visits

    @property
    def principal_variation(self) -> tuple[str, ...]:
        """The moves that the player expects, the best one first."""
        return self.moves[0].principal_variation

    def __repr__(self) -> str:
        exact = ", proven" if self.proven else ""
        head = f"best move {self.best_move}, win probability {self.win_probability:.1%}{exact}, {self.visits:,} visits"
        shown = [str(move) for move in self.moves[:NUM_SHOWN]]
        return "\n".join([f"PositionAnalysis: {head}", "move    visits   prior     win   variation", *shown])


class LoadedPlayer:
    """A player made from text: ``choose`` returns its move and ``analyze`` its analysis of a position.

    It is also a ``Player`` (``think``, ``decide``, ``stop``), for matches and environments.
    """

    def __init__(self, text: str, game: Game, *, num_slots: int, seed: int, device: str) -> None:
        """See ``load``."""
        self.text, self.game, self.num_slots, self.seed, self.device = text, game, num_slots, seed, device
        self.player: Player = self._make(0)

    def _make(self, capacity: int) -> Player:
        return make_player(
            self.text, self.game, num_slots=self.num_slots, seed=self.seed, device=self.device, capacity=capacity
        )

    def choose(self, here: Position, *, simulations: int | None = None, seed: int | None = None) -> str:
        """The move that the player would play at ``here``, as ``Position.play`` takes it.

        ``simulations`` instead of the player's own number, for players that search. The same ``seed``, by
        default the player's own, gives the same move. ValueError if the game is over or another one, or if
        ``simulations`` is given to a player that does not search.
        """
        return self.analyze(here, simulations=simulations, seed=seed).best_move

    def analyze(self, here: Position, *, simulations: int | None = None, seed: int | None = None) -> PositionAnalysis:
        """The player's analysis of ``here``; arguments and errors are those of ``choose``."""
        self._check(here, simulations)
        if simulations is not None and isinstance(self.player, Search) and simulations + 2 > self.player.trees.capacity:
            self.player = self._make(simulations + 2)
        self.player.stop()
        if isinstance(self.player, StatefulPlayer):
            self.player.forget(SLOT)
        keys = random_numbers.make_keys(self.seed if seed is None else seed, 0, len(here.moves))
        thinking = PositionSearch(self.player, SLOT, here)
        thinking.begin(Terms.of(1, budget=-1 if simulations is None else simulations, keys=keys))
        while thinking.grow():
            pass
        decisions = thinking.decide()
        found = thinking.analysis()
        moves = tuple(move_analysis(here, candidate) for candidate in found.candidates)
        value = float(decisions.value[0])
        return PositionAnalysis(
            position=here,
            best_move=here.game.action_text(int(decisions.action[0]), here.to_play),
            win_probability=(1 + value) / 2,
            value=value,
            proven=bool(decisions.proven[0]),
            visits=found.visits,
            moves=moves,
        )

    def _check(self, here: Position, simulations: int | None) -> None:
        if not isinstance(here, Position):
            raise ValueError(f"{here!r} is not a position; honte.position(GAME).play(MOVES) makes one")
        if here.game != self.game:
            raise ValueError(f"{self.text} plays {self.game.name}; this is a position of {here.game.name}")
        if here.is_over:
            raise ValueError("the game is over in this position: there is no move to choose")
        if simulations is not None and not isinstance(self.player, Search):
            raise ValueError(f"{self.text} takes no number of simulations; mcts:N and networks do")
        whole = isinstance(simulations, int | np.integer) and not isinstance(simulations, bool)
        if simulations is not None and (not whole or simulations < 0):
            raise ValueError(f"simulations is {simulations!r}; it must be a whole number, 0 or more")
        if isinstance(self.player, MoveFollower) and position(here.game).after(here.moves) != here:
            raise ValueError(f"{self.text} reads moves; give it a position reached by moves from the first one")

    # ---- a Player ----------------------------------------------------------------------------------------------------

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        self.player.think(slots, states, terms)

    def decide(self) -> tuple[Ints, Decisions]:
        return self.player.decide()

    def stop(self) -> None:
        self.player.stop()

    def follow(self, slot: int, actions: Sequence[int]) -> None:
        if isinstance(self.player, MoveFollower):
            self.player.follow(slot, actions)

    def forget(self, slot: int) -> None:
        if isinstance(self.player, StatefulPlayer):
            self.player.forget(slot)

    def __repr__(self) -> str:
        return f"LoadedPlayer({self.text!r}, game {self.game.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"player": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.player = self._make(0)


def move_analysis(here: Position, candidate: CandidateMove) -> MoveAnalysis:
    """A candidate with its moves as text, each written from the view of the player who makes it."""
    line = variation_text(here, candidate.variation)
    return MoveAnalysis(
        move=line[0],
        action=candidate.action,
        visits=candidate.visits,
        prior=candidate.prior,
        win_probability=candidate.winrate,
        value=2 * candidate.winrate - 1,
        proven=None if candidate.proven == UNKNOWN else candidate.proven,
        principal_variation=tuple(line),
    )


def load(
    text: str | Path, game: Game | str | None = None, *, num_slots: int = 1, seed: int = 0, device: str = "auto"
) -> LoadedPlayer:
    """The player that ``text`` names: ``random``, ``mcts:800``, ``minimax:5``, ``perfect``, a game whose network ships,
    or a run's folder.

    ``game`` may be left out if the player has learned one. ``num_slots``: how many games it plays at the same time in a
    match. ``seed``: the random seed. ``device``: where networks run, auto or as torch names it (cpu, cuda:0, mps).
    ValueError for text that names no player, and for a player of another game.

    >>> player = honte.load("mcts:400", "tic_tac_toe")
    >>> player.choose(honte.position("tic_tac_toe").play("a1 b2 a3 b3"))
    'a2'
    """
    if num_slots < 1:
        raise ValueError(f"num_slots is {num_slots}; it must be 1 or more")
    if not isinstance(text, str | Path):
        raise ValueError(f"{text!r} names no player; write it as text, such as 'mcts:400' or a run's folder")
    text = str(text)
    return LoadedPlayer(text, resolve_game(game, text), num_slots=num_slots, seed=seed, device=device)
