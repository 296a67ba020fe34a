"""Moves whose value is known: endings of Othello, nim, the first move in Hex and Go.

Knows solvers and what the literature says. Does not know the table. Each check returns what was asked, the share that
was right with its interval, and whether it is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent import random_numbers
from agent.decision import Decisions, Terms
from agent.player import Player
from agent.players import make_player
from agent.solvers.registry import make_solver
from games.game import Game, States
from games.playouts import initial_states
from honte.api import with_simulations
from selfplay.game_loop import GameLoop, Start
from selfplay.openings import random_openings
from selfplay.solved.grading import wilson_interval

Say = Callable[[str], None]
Check = Callable[..., dict[str, Any]]

SLOTS = 32
SOLVER_LIKE = "mcts:20000"
"""Against whom the first move in Hex must win."""

WINNING_HEX7 = (
    "g1 c2 e2 f2 g2 b3 c3 d3 e3 f3 a4 b4 c4 d4 e4 f4 g4 b5 c5 d5 e5 f5 a6 b6 c6 e6 a7".split()  # noqa: SIM905
)
"""Winning first moves on 7 x 7 for the player who connects top and bottom: R. Hayward, Y. Björnsson, M. Johanson, M.
Kan, N. Po and J. van Rijswijck, "Solving 7x7 Hex", 2003; the map is that of HexWiki, "Swap rule", size 7."""


def decide_all(player: Player, states: States, seed: int = 0) -> Decisions:
    """The decisions of ``player`` in every one of ``states``, whatever their number."""
    found: list[Decisions] = []
    for begin in range(0, len(states), SLOTS):
        part = states[begin : begin + SLOTS]
        keys = random_numbers.make_keys(seed, np.arange(begin, begin + len(part)), 0)
        player.think(np.arange(len(part)), part, Terms.of(len(part), keys=keys))
        rows: dict[int, Decisions] = {}
        while len(rows) < len(part):
            slots, decisions = player.decide()
            rows |= {int(slot): decisions.rows(np.array([i])) for i, slot in enumerate(slots)}
        found += [rows[i] for i in range(len(part))]
        forget = getattr(player, "forget", None)
        if forget is not None:
            for slot in range(len(part)):
                forget(slot)
    return Decisions(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def share(right: int, count: int) -> dict[str, Any]:
    low, high = wilson_interval(right, count)
    return {"positions": count, "right": right, "share": right / count, "share_low": low, "share_high": high}


def endings(game: Game, count: int, empty: int, seed: int) -> States:
    """[B] different Othello positions with ``empty`` empty cells, in games of ``mcts:50`` after 6 random plies."""
    player, rows, seen, first = make_player("mcts:50", game, num_slots=SLOTS), game.new(count), set[bytes](), 0
    while len(seen) < count:
        ids = np.arange(first, first + SLOTS)
        first += SLOTS
        starts = random_openings(game, ids, np.full(len(ids), 6), seed=seed)
        loop = GameLoop(
            game,
            (player,),
            iter([Start(int(i), (0, 0), opening) for i, opening in zip(ids, starts, strict=True)]),
            num_slots=SLOTS,
            seed=seed,
        )
        while (records := loop.round()) or not loop.idle:
            for record in records:
                states = initial_states(game)
                for action in record.actions:
                    here = game.describe_new(states)
                    left = int(game.board.height * game.board.width - states[0]["counts"].sum())
                    if left == empty and not here.terminal[0] and here.legal[0].sum() > 1 and len(seen) < count:
                        key = here.observation.tobytes() + here.to_play.tobytes()
                        if key not in seen:
                            rows[len(seen)] = states[0]
                            seen.add(key)
                    game.step(states, np.array([action]))
    return rows


def othello_endings(
    game: Game, network: str, *, say: Say, count: int = 500, empty: int = 14, simulations: int = 400, **_: Any
) -> dict[str, Any]:
    """The network plays from positions with 14 empty cells to the end against a perfect player, in the turn of the
    position; it is right where the result is what the solver says. Its first moves are counted as well.
    """
    positions, solver = endings(game, count, empty, seed=1), make_solver(game)
    player = make_player(with_simulations(network, simulations), game, num_slots=SLOTS)
    values = [solver.values(row) for row in positions]
    best = np.array([max(each.values()) for each in values])
    first = decide_all(player, positions).action
    exact = sum(values[i][int(a)] == best[i] for i, a in enumerate(first))
    kept = sum(np.sign(values[i][int(a)]) == np.sign(best[i]) for i, a in enumerate(first))
    could = sum(len({np.sign(v) for v in each.values()}) > 1 for each in values)
    say(f"{kept} of {count} first moves keep the outcome, {exact} the score; now the games to the end")
    results = play_out(game, positions, player, solver)
    right = int((np.sign(results) == np.sign(best)).sum())
    return {
        "check": "othello_endings",
        "empty": empty,
        "simulations": simulations,
        **share(right, count),
        "first_moves_that_keep_the_outcome": int(kept),
        "first_moves_of_the_best_score": int(exact),
        "positions_where_a_first_move_can_be_wrong": int(could),
        "at_least": 0.97,
        "reached": bool(right >= 0.97 * count),
    }


def play_out(game: Game, positions: States, player: Player, solver: Any) -> NDArray[np.float64]:
    """[B] the results for the player to move in ``positions``, who is ``player``; the other one is perfect."""
    states = game.new(len(positions))
    game.copy(states, positions)
    movers = game.describe_new(states).to_play
    while True:
        out = game.describe_new(states)
        live = np.flatnonzero(~out.terminal)
        if not len(live):
            return np.where(out.to_play == movers, out.value, -out.value)
        ours = live[out.to_play[live] == movers[live]]
        if len(ours):
            game.advance(states, ours, ours, decide_all(player, states[ours]).action)
        for b in live[out.to_play[live] != movers[live]]:
            actions = list(solver.best(states[b]))
            game.advance(states, np.array([b]), np.array([b]), np.array([actions[int(b) % len(actions)]]))


def nim_positions(game: Game, network: str, *, say: Say, simulations: int = 100, **_: Any) -> dict[str, Any]:
    """Every position of nim that can be reached: the network must move to a position that is lost for the other."""
    solver, seen = make_solver(game), dict[bytes, States]()
    waiting = [initial_states(game)]
    while waiting:
        states = waiting.pop()
        here = game.describe_new(states)
        key = here.observation.tobytes()  # who is to move does not matter for the network
        if here.terminal[0] or key in seen:
            continue
        seen[key] = states
        for action in np.flatnonzero(here.legal[0]):
            child = game.new(1)
            game.copy(child, states)
            game.step(child, np.array([action]))
            waiting.append(child)
    positions = np.concatenate(list(seen.values()))
    player = make_player(with_simulations(network, simulations), game, num_slots=SLOTS)
    actions = decide_all(player, positions).action
    values = [solver.values(row) for row in positions]
    right = sum(each[int(a)] == max(each.values()) for each, a in zip(values, actions, strict=True))
    could = sum(len(set(each.values())) > 1 for each in values)
    say(f"{right} of {len(positions)} positions are played right; a mistake is possible in {could}")
    return {
        "check": "nim_positions",
        "simulations": simulations,
        **share(right, len(positions)),
        "positions_where_a_move_can_be_wrong": could,
        "at_least": 1.0,
        "reached": right == len(positions),
    }


def first_move(game: Game, network: str, simulations: int) -> str:
    player = make_player(with_simulations(network, simulations), game, num_slots=SLOTS)
    return game.action_text(int(decide_all(player, initial_states(game)).action[0]), 0)


def centre_opening(game: Game, network: str, *, say: Say, simulations: int = 100, **_: Any) -> dict[str, Any]:
    """The first move in Go on a small board of odd size must be the centre."""
    size = game.board.width
    centre = game.action_text(size * size // 2, 0)
    move = first_move(game, network, simulations)
    say(f"the first move is {move}; the centre is {centre}")
    return {"check": "centre_opening", "simulations": simulations, "move": move, "reached": move == centre}


def hex_opening(
    game: Game, network: str, *, say: Say, folder: Path, games: int = 20, simulations: int = 100, **_: Any
) -> dict[str, Any]:
    """The first move in Hex on 7 x 7 must win by the literature, and win against a strong search from it."""
    move = first_move(game, network, simulations)
    say(f"the first move is {move}, which {'wins' if move in WINNING_HEX7 else 'loses'} by the literature")
    sides = [
        make_player(with_simulations(network, simulations), game, num_slots=4),
        make_player(SOLVER_LIKE, game, num_slots=4, seed=1),
    ]
    opening = (game.parse_action(move, 0),)
    loop = GameLoop(game, sides, iter([Start(i, (0, 1), opening) for i in range(games)]), num_slots=4, seed=1)
    records = []
    while (found := loop.round()) or not loop.idle:
        records += found
    wins = sum(record.outcome > 0 for record in records)
    distinct = len({tuple(record.actions.tolist()) for record in records})
    say(f"it wins {wins} of {games} games from it against {SOLVER_LIKE}, {distinct} of them distinct")
    return {
        "check": "hex_opening",
        "simulations": simulations,
        "move": move,
        "wins_by_the_literature": move in WINNING_HEX7,
        "opponent": SOLVER_LIKE,
        "games": games,
        "wins": wins,
        "distinct_games": distinct,
        "reached": move in WINNING_HEX7 and wins == games,
    }


CHECKS: dict[str, Check] = {
    each.__name__: each for each in (othello_endings, nim_positions, centre_opening, hex_opening)
}
