"""The settings of a game that has no recipe, derived from its board, its actions and random games.

What they rest on is written in dev/LOG.md. Nothing here knows a game by its name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from games.compiled import CompiledGame
from games.game import ONGOING, Game, States
from games.playouts import initial_states, random_game, states_after

RANDOM_GAMES = 32
"""Random games whose median length stands for the length of a game, and from which positions are taken."""

FEWEST_OPENING_PLIES, MOST_OPENING_PLIES = 2, 6
"""Bounds of ``opening_plies``: random players that take an immediate win need 6 plies in Ataxx, good ones many."""

DENSE_WEIGHTS = 600_000
"""Weights of the largest dense policy head; a larger one would not fit into a model file of 2 MB."""

FEW_CELLS = 25
"""Boards of at most so many cells keep dense heads: with Gardner chess, pooled ones were no better there."""

LOCAL_MOVE = 2.5
"""Cells that a move changes on average. Pooled heads learned much faster than dense ones with fewer (Hex and Gomoku 1,
Breakthrough 2; in Go, 2, as fast), and slower with more (Othello 3.2)."""

SHALLOW, MEDIUM, DEEP = (4, 2000), (8, 2000), (12, 10_000)
"""Plies and positions of a lookahead in play."""

MORE_PROOFS, MANY_MORE_PROOFS = 0.1, 0.2
"""The medium and the deep lookahead are used where the share of the positions of random games whose result the deep one
proves is higher than that of the shallow one by so much. In Clobber it is higher by 0.28, and the deep one scores 95.5
instead of 74.5 % against ``mcts:2000``. In Othello 6 x 6 it is higher by 0.11, and the medium one plays 97.4 instead of
95.8 % of the endings perfectly."""

PROVEN_C_INIT = 0.7
"""``c_init`` of PUCT in play where the lookahead is deeper than the shallow one.

The rules prove many values in these games, so that the search may trust values more and priors less. With 0.6 or 0.7
instead of 1.25, at a prior temperature of 3 and a lookahead of 2 plies, Othello scored 63 % of 200 games, Clobber 60 %
of 100, Amazons 55 % of 60, and Dots and Boxes 54 % of 100 (the last two within noise). Where the lookahead is shallow
it brings nothing: Ataxx scored 53 %, Gardner chess 46 %, Go 7 x 7 45 % and Hex 7 x 7 42 %.
"""

SELF_PLAY_PRIOR_TEMPERATURE, PLAY_PRIOR_TEMPERATURE = 1.5, 3.0
"""What the logits of a network are divided by in self-play and in play.

The policy's target in Gumbel search is the softmax of the logits plus what the search found. Without a temperature,
each network adds to the logits of the one before, so that policies become ever more certain, and searches hardly try
other moves. With 1.5 in self-play, Gardner chess scored 56 % and Othello 61 % of 200 games against the same training
without it. With 2 in play, networks that had been trained without it scored 64 and 71 % against themselves. Against 2,
a temperature of 3 scored 57 % in Othello, 52 % in Connect Four and 48 % in Go 7 x 7.
"""


class Choice(NamedTuple):
    """A group of settings that were chosen for a game, and the reason."""

    settings: dict[str, Any]  # by their dotted names
    reason: str

    def __str__(self) -> str:
        return ", ".join(f"{name} {_word(value)}" for name, value in self.settings.items()) + f": {self.reason}"


def choose_settings(game: Game) -> list[Choice]:
    """The settings for ``game`` that differ from the fixed defaults, each group with its reason.

    The random games come from a fixed random seed, so the choice is the same each time.
    """
    quick = typical_plies(game)
    opening_plies = max(FEWEST_OPENING_PLIES, min(MOST_OPENING_PLIES, quick // 4))
    return [
        *_network(game),
        Choice(
            {
                "self_play.search.num_simulations": 32,
                "self_play.full_fraction": 0.25,
                "self_play.fast_simulations": 8,
                "self_play.search.prior_temperature": SELF_PLAY_PRIOR_TEMPERATURE,
                "learn.reuse": 1.5,
                "learn.fast_policies": True,
            },
            "Gumbel search improves the policy with few simulations; a quarter of the moves gets them all, and the"
            " shorter searches of the other moves give twice as many games for the same work; a temperature of the"
            " priors keeps the policy from becoming ever more certain",
        ),
        Choice(
            {
                "self_play.opening_plies": opening_plies,
                "self_play.temperature_plies": 2 * opening_plies,
                "self_play.late_temperature": 0.5,
            },
            "the random first plies are a quarter of a game between random players that take an immediate win, which"
            f" has {quick} plies (median), but from {FEWEST_OPENING_PLIES} to {MOST_OPENING_PLIES}; moves are drawn to"
            " the end, at a lower temperature after twice as many plies: strong networks repeat games otherwise",
        ),
        Choice(
            {"self_play.deep_openings": 0.3, "self_play.max_opening_plies": max(opening_plies, 2 * quick // 3)},
            "some games begin in positions that good play never reaches, as people's games do; up to two thirds of a"
            " game between such players",
        ),
        *_lookahead(game),
        Choice(
            {
                "learn.batch_size": 256,
                "learn.value_mix": 0.5,
                "learn.cooldown": 0.5,
                "learn.publish_steps": 80,
                "learn.trainer.learning_rate": 0.002,
                "learn.trainer.average_decay": 0.998,
                "learn.trainer.clip_norm": 5.0,
                "learn.trainer.precision": "auto",
                "learn.trainer.channels_last": True,
            },
            "the learning settings of the Connect Four recipe, the best of those that were measured",
        ),
        Choice(
            {
                "engine.precision": "fast",
                "play.rule": "puct",
                "play.num_simulations": 100,
                "play.reuse": True,
                "play.average_symmetries": True,
                "play.prior_temperature": PLAY_PRIOR_TEMPERATURE,
            },
            "networks may run in int8 where that is fastest; players average the symmetries of the board, and divide"
            " the logits of the network, whose policy is more certain than it should be",
        ),
        Choice({"max_minutes": 30.0}, "the length of a run, unless --max-minutes says otherwise"),
    ]


def default_values(game: Game) -> dict[str, Any]:
    """The chosen settings as the nested values of a configuration."""
    values: dict[str, Any] = {}
    for choice in choose_settings(game):
        for name, value in choice.settings.items():
            *groups, last = name.split(".")
            inner = values
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[last] = value
    return values


def typical_plies(game: Game) -> int:
    """The median length of random games in plies, between players that take an immediate win.

    Games without that are longer where random players fail to see how to end them, and their late positions are odd.
    """
    rng = np.random.default_rng(0)
    return int(np.median([len(random_game(game, rng, takes_wins=True)) for _ in range(RANDOM_GAMES)]))


def changed_cells(game: Game) -> float:
    """The mean number of cells of the board, as it is drawn, that a move changes in 4 random games."""
    rng, changes = np.random.default_rng(0), list[int]()
    for _ in range(4):
        states = initial_states(game)
        before = game.cells(states[0]).copy()
        for action in random_game(game, rng):
            game.step(states, np.array([action]))
            after = game.cells(states[0]).copy()
            changes.append(int((after != before).sum()))
            before = after
    return float(np.mean(changes or [0]))


def _network(game: Game) -> list[Choice]:
    _, height, width = game.observation_shape
    cells = height * width
    small = cells <= 20
    size = Choice(
        {"network.blocks": 3 if small else 5, "network.channels": 32 if small else 48},
        f"the board has {cells} cells",
    )
    if game.has_board_plane:
        masked = Choice(
            {"network.heads": "pooled", "network.global_pooling": True, "network.masked": True},
            "boards of several sizes need heads that fit each of them, and see which cells belong to the board",
        )
        return [size, masked]
    weights = 32 * cells * game.num_actions
    if weights > DENSE_WEIGHTS:
        reason = f"a dense policy head for {game.num_actions} actions would have {weights:,} weights"
    elif cells > FEW_CELLS and _acts_on_cells(game) and (changed := changed_cells(game)) <= LOCAL_MOVE:
        reason = (
            f"a move changes {changed:.1f} cells (mean); heads with the same weights for each cell learn such moves"
            " from all cells at once"
        )
    else:
        return [size]
    return [size, Choice({"network.heads": "pooled", "network.global_pooling": True}, reason)]


def _acts_on_cells(game: Game) -> bool:
    """Whether most actions belong to a cell of the board, such as the one where a stone is put."""
    return bool((game.action_layout[:, 1:] >= 0).all(axis=1).mean() > 0.5)


def sample_states(game: Game) -> States:
    """Two states of each of 32 random games between players that take an immediate win; each ply is equally likely."""
    rng, lines = np.random.default_rng(0), list[list[int]]()
    for _ in range(RANDOM_GAMES):
        actions = random_game(game, rng, takes_wins=True)
        lines += [actions[: int(n)] for n in rng.integers(max(len(actions), 1), size=2)]
    return states_after(game, lines)


def proven_share(game: Game, states: States, plies: int, nodes: int) -> float:
    """The share of ``states`` whose result a lookahead over ``plies`` and at most ``nodes`` positions each proves."""
    return float(np.mean(game.lookahead(states, plies, nodes) != ONGOING))


def _lookahead(game: Game) -> list[Choice]:
    if not isinstance(game, CompiledGame):
        return []  # rules in plain Python are too slow to look ahead with at each leaf
    states = sample_states(game)
    few, many = (proven_share(game, states, *each) for each in (SHALLOW, DEEP))
    plies, nodes = DEEP if many - few >= MANY_MORE_PROOFS else MEDIUM if many - few >= MORE_PROOFS else SHALLOW
    deep = (plies, nodes) != SHALLOW
    return [
        Choice(
            {
                "self_play.search.lookahead": 2,
                "self_play.search.lookahead_nodes": 1000,
                "self_play.stop_when_proven": True,
                "play.lookahead": plies,
                "play.lookahead_nodes": nodes,
                **({"play.puct.c_init": PROVEN_C_INIT} if deep else {}),
            },
            "compiled rules find forced ends of a game at the leaves at little cost; in play,"
            f" {SHALLOW[0]} plies prove the result of {100 * few:.0f} % of the positions of random games, and"
            f" {DEEP[0]} plies that of {100 * many:.0f} %"
            + (", so that the search may trust values more than priors" if deep else ""),
        )
    ]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
