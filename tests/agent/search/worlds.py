"""Games for tests of search: the hash world, and small trees planted by hand.

Knows the ``Game`` contract. Does not know what it tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.inference.evaluate import Evaluate, EvaluateFunction, Evaluation
from games.board import Board
from games.game import Game, Positions, States
from games.symmetry import identity_symmetry
from tests.goldens import hash_world


class FunctionEvaluator(Evaluate):
    """A plain function as an ``Evaluate``."""

    def __init__(self, function: EvaluateFunction) -> None:
        self.function = function

    def __call__(self, states: States, positions: Positions) -> Evaluation:
        return self.function(states, positions)


class HashWorld(Game):
    """Endless: every action is always legal, except for some at the root; the players alternate."""

    def __init__(self, num_actions: int, illegal_root_actions: tuple[int, ...] = ()) -> None:
        self.name = "hash_world"
        self.state = np.dtype([("hash", np.uint32), ("plies", np.int16), ("to_play", np.int8)])
        self.num_actions = num_actions
        self.observation_shape = (1, 1, 4)
        self.max_plies = 1 << 14
        self.symmetries = identity_symmetry(1, 4, num_actions)
        self.action_layout = np.full((num_actions, 3), -1)
        self.board = Board(1, 4)
        self.illegal = list(illegal_root_actions)
        self.evaluate = FunctionEvaluator(self.hash_network)

    def init(self, states: States) -> None:
        states[:] = np.zeros(1, self.state)[0]

    def roots(self, *hashes: int) -> States:
        """Root positions with these hashes."""
        states = self.new(len(hashes))
        states["hash"] = hashes
        return states

    def step(self, states: States, actions: Any) -> None:
        states["hash"] = hash_world.child(states["hash"], actions)
        states["plies"] += 1
        states["to_play"] = 1 - states["to_play"]

    def describe(self, states: States, out: Positions) -> None:
        out.observation[:] = np.ascontiguousarray(states["hash"]).view(np.uint8).reshape(-1, 1, 1, 4)
        out.legal[:] = True
        out.legal[np.ix_(states["plies"] == 0, self.illegal)] = False
        out.to_play[:] = states["to_play"]
        out.terminal[:] = False
        out.value[:] = 0

    def cells(self, row: Any) -> Any:
        return np.zeros((1, 4), np.int8)

    def action_text(self, action: int, to_play: int = 0) -> str:
        return str(action)

    def hash_network(self, states: States, positions: Positions) -> Evaluation:
        """The hash as a network."""
        return Evaluation(*hash_world.network(states["hash"], self.num_actions))


class PlantedTree(Game):
    """A game drawn as nested dicts: action -> node; a number ends the game with that value for the *first* player.

    The players alternate, unless a node has the key ``"to_play"``.
    """

    def __init__(self, tree: Mapping[Any, Any], num_actions: int = 3) -> None:
        self.name = "planted"
        self.state = np.dtype([("node", np.int32), ("to_play", np.int8)])
        self.num_actions = num_actions
        self.observation_shape = (1, 1, 2)
        self.max_plies = 20
        self.symmetries = identity_symmetry(1, 2, num_actions)
        self.action_layout = np.full((num_actions, 3), -1)
        self.board = Board(1, 2)
        self.children: list[dict[int, int]] = []
        self.mover: list[int] = []
        self.outcome: list[int | None] = []
        self._add(tree, 0)

    def _add(self, tree: Any, to_play: int) -> int:
        index = len(self.children)
        ends = not isinstance(tree, Mapping)
        to_play = to_play if ends else tree.get("to_play", to_play)
        self.children.append({})
        self.mover.append(to_play)
        self.outcome.append((tree if to_play == 0 else -tree) if ends else None)
        for action, below in () if ends else tree.items():
            if action != "to_play":
                self.children[index][action] = self._add(below, 1 - to_play)
        return index

    def init(self, states: States) -> None:
        states["node"], states["to_play"] = 0, self.mover[0]

    def step(self, states: States, actions: Any) -> None:
        for b, action in enumerate(actions):
            node = self.children[states["node"][b]][int(action)]
            states["node"][b], states["to_play"][b] = node, self.mover[node]

    def describe(self, states: States, out: Positions) -> None:
        out.legal[:] = False
        for b, node in enumerate(states["node"]):
            out.observation[b] = np.array([node % 256, node // 256]).reshape(1, 1, 2)
            out.legal[b, list(self.children[node])] = True
            out.to_play[b] = self.mover[node]
            out.terminal[b] = self.outcome[node] is not None
            out.value[b] = self.outcome[node] or 0

    def cells(self, row: Any) -> Any:
        return np.zeros((1, 2), np.int8)

    def action_text(self, action: int, to_play: int = 0) -> str:
        return str(action)

    def solved(self, node: int = 0) -> int:
        """The exact value of ``node`` for its player to move, by plain recursion."""
        if self.outcome[node] is not None:
            return int(self.outcome[node] or 0)
        return max(
            self.solved(below) * (1 if self.mover[below] == self.mover[node] else -1)
            for below in self.children[node].values()
        )


def random_tree(random: np.random.Generator, depth: int, num_actions: int = 3) -> Any:
    """A planted tree in which every line ends within ``depth`` plies; a player may move twice."""
    if depth == 0 or random.random() < 0.15:
        return int(random.integers(-1, 2))
    actions = random.permutation(num_actions)[: random.integers(1, num_actions + 1)]
    node: dict[Any, Any] = {int(a): random_tree(random, depth - 1, num_actions) for a in actions}
    if random.random() < 0.3:
        node["to_play"] = int(random.integers(2))
    return node
