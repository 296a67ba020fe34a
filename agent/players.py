"""Text into a player: ``random``, ``mcts:800``, ``minimax:5``, ``perfect``, or a network by its run, folder or game.

Knows how players are written and constructed. Does not know how any of them decides. torch is imported only for a
network.

A network's settings follow a ``?`` and are joined by ``&``: ``RUN@1200?simulations=400&temperature=0.5``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from agent.decision import Terms
from agent.inference.evaluate import Evaluate
from agent.inference.rollouts import Rollouts
from agent.name_suggestions import nearest_player, no_network_message, suggest_game
from agent.player import Player, RandomPlayer
from agent.player_identity import ENGINES
from agent.search.puct import PuctConfig
from agent.search.search import Search, SearchConfig
from agent.search.tree import Ints, node_bytes
from agent.settings import Positive, PositiveNumber, Range, Temperature, fits, hints, words
from agent.solvers.minimax import MinimaxPlayer
from agent.solvers.perfect_player import PerfectPlayer
from agent.storage import model_folder
from agent.storage.model_folder import load_network
from games.game import Game, States
from games.registry import nearest

__all__ = ["learned_game", "learned_game_file", "load_network", "make_player"]

PLAYERS_IN_WORDS = (
    "random, mcts:N, minimax:D, perfect, gtp:COMMAND, ugi:COMMAND, uci:COMMAND, a run folder, RUN@STEP, "
    "a model folder or a game whose network ships"
)


class Option(NamedTuple):
    """A setting behind the ``?``: how its text is parsed, and the type that says which values are valid."""

    parse: Callable[[str], Any]
    hint: Any


_SEARCH = hints(SearchConfig)
FLAG = Option({"true": True, "1": True, "false": False, "0": False}.__getitem__, bool)
NUMBERS: Mapping[str, Any] = {"mcts": Positive, "minimax": Annotated[int, Range(1, 1000)]}
"""Valid numbers behind the colon: simulations per move, and plies."""

MINIMAX_OPTIONS: Mapping[str, Option] = {"seconds": Option(float, PositiveNumber)}
PERFECT_OPTIONS: Mapping[str, Option] = {"quickest": FLAG}
NETWORK_OPTIONS: Mapping[str, Option] = {
    "simulations": Option(int, _SEARCH["num_simulations"]),  # 0: the network alone
    "seconds": Option(float, PositiveNumber),  # per move
    "temperature": Option(float, Temperature),
    "rule": Option(str, Literal["gumbel", "puct"]),
    "leaves": Option(int, _SEARCH["leaves"]),
    "lookahead": Option(int, _SEARCH["lookahead"]),
    "lookahead_nodes": Option(int, _SEARCH["lookahead_nodes"]),
    "reuse": FLAG,
    "average_symmetries": FLAG,
    "prior_temperature": Option(float, _SEARCH["prior_temperature"]),
    "c_init": Option(float, hints(PuctConfig)["c_init"]),
    "engine": Option(str, Literal["torch", "openvino", "auto"]),
    "precision": Option(str, Literal["fp32", "bf16", "int8", "auto", "fast"]),
}


def make_player(
    text: str,
    game: Game | None,
    *,
    num_slots: int,
    seed: int = 0,
    device: str = "auto",
    capacity: int = 0,
    few: bool | None = None,
) -> Player:
    """The player that ``text`` names, for ``num_slots`` games of ``game`` at once.

    ``game`` may be None where ``learned_game`` knows it. ``seed`` is the random seed of rollouts. ``device`` is auto or
    a name of torch's. ``capacity`` is the least number of nodes in a search tree. ``few``: whether the batches of a
    network are often small, by default where there are few slots. ValueError for text that names no player, or none of
    this game.
    """
    head, _, query = text.partition("?")
    kind, _, number = head.partition(":")
    if game is None:
        name = learned_game(text)
        if name is None:
            raise ValueError(f"{text!r} does not say which game it plays; name the game, too")
        from games.registry import make

        game = make(name)
    if kind == "gtp":
        from agent.external.gtp import gtp_player

        return gtp_player(text, game, num_slots)
    if kind == "ugi":
        from agent.external.ugi import ugi_player

        return ugi_player(text, game, num_slots)
    if kind == "uci":
        from agent.external.uci import uci_player

        return uci_player(text, game, num_slots)
    if head == "random":
        _parse_settings(text, query, {})
        return RandomPlayer(game)
    if head == "perfect":
        return PerfectPlayer(game, **_parse_settings(text, query, PERFECT_OPTIONS))
    if kind in ("mcts", "minimax"):
        settings = _parse_settings(text, query, MINIMAX_OPTIONS if kind == "minimax" else {})
        if not (number.isascii() and number.isdecimal() and len(number) < 20 and fits(NUMBERS[kind], int(number))):
            raise ValueError(f"{text!r} needs {words(NUMBERS[kind])} behind its colon, such as {kind}:5")
        if kind == "minimax":
            return MinimaxPlayer(game, int(number), **settings)
        config = SearchConfig(rule="uct", num_simulations=int(number))
        return Search(
            game, Rollouts(game, seed=seed), config, num_slots=num_slots, capacity=_tree_capacity(config, capacity)
        )
    few = num_slots < 8 if few is None else few
    return _network_player(
        text, _find_folder(head), _parse_settings(text, query, NETWORK_OPTIONS), game, num_slots, device, capacity, few
    )


def learned_game(text: str) -> str | None:
    """The name of the game that the player ``text`` has learned. None for a player of any game.

    It is also None where the game is a file of the user's, because a folder of weights must not decide which code runs.
    ValueError for text that names no player.
    """
    head = text.partition("?")[0]
    if _plays_any_game(text):
        return None
    model = model_folder.read(_find_folder(head))
    model_folder.ensure_plays(head, model)
    return None if ".py:" in model.game else model.game


def learned_game_file(text: str) -> str:
    """The game ``FILE.py:NAME`` that the player ``text`` has learned. Empty for any other player."""
    if _plays_any_game(text):
        return ""
    name = model_folder.read(_find_folder(text.partition("?")[0])).game
    return name if ".py:" in name else ""


def _plays_any_game(text: str) -> bool:
    return text.partition("?")[0] in ("random", "perfect") or text.partition(":")[0] in ("mcts", "minimax", *ENGINES)


def _find_folder(head: str) -> Path:
    try:
        return model_folder.find_model(head)
    except ValueError as error:
        if Path(head.rpartition("@")[0] or head).exists():
            raise
        if message := no_network_message(head):
            raise ValueError(message) from None
        if near := nearest_player(head):
            raise ValueError(f"there is no player {head!r}; did you mean {near}?") from None
        if near := suggest_game(head):
            raise ValueError(f"there is no player {head!r}; did you mean {near}?") from None
        if any(character in head for character in "/\\@"):
            raise
        raise ValueError(f"{error}; a player is {PLAYERS_IN_WORDS}") from None


def check_settings(query: str, where: str) -> None:
    """ValueError for settings that no network player takes. The message names ``where`` the settings are."""
    _parse_settings(f"{where}: {query}", query, NETWORK_OPTIONS)


def _parse_settings(text: str, query: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The settings behind the ``?``. ValueError for an unknown setting or a value that is not valid."""
    settings = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known:
            names = ", ".join(known) or "none"
            raise ValueError(f"{text!r}: unknown setting {name!r}; {nearest(name, known)}there are {names}")
        if name in settings:
            raise ValueError(f"{text!r}: {name} is given twice; keep one of the two")
        option = known[name]
        try:
            settings[name] = option.parse(value)
        except (ValueError, KeyError):
            settings[name] = None
        if not fits(option.hint, settings[name]):
            raise ValueError(f"{text!r}: {name} is {value!r}; it must be {words(option.hint)}")
    return settings


def _network_player(
    text: str, folder: Path, settings: dict[str, Any], game: Game, num_slots: int, device: str, capacity: int, few: bool
) -> NetworkPlayer:
    seconds, temperature = settings.pop("seconds", None), settings.pop("temperature", None)
    backend = settings.pop("engine", "torch")  # these two defaults give the same results every time
    precision = settings.pop("precision", "fp32")
    evaluate = _load_evaluator(folder, game, backend, precision, device, few=few)
    search = model_folder.read(folder).search
    config = model_folder.make_config(SearchConfig, search, folder / "config.json", "search")
    if seconds is not None:
        if settings.get("rule") == "gumbel":
            raise ValueError(f"{text!r}: gumbel must know its number of simulations; seconds need rule=puct")
        nodes = 2**30 // (num_slots * node_bytes(game.num_actions))  # in a GiB, which is allocated as it is used
        config = replace(config, rule="puct", leaves=8, num_simulations=max(min(nodes, int(seconds * 50_000)), 64))
    if "simulations" in settings:
        settings["num_simulations"] = settings.pop("simulations")
    c_init = settings.pop("c_init", None)
    config = replace(config, **settings)
    if c_init is not None:
        if config.rule != "puct":
            raise ValueError(f"{text!r}: c_init belongs to PUCT, and {config.rule} does not read it; add rule=puct")
        config = replace(config, puct=replace(config.puct, c_init=c_init))
    capacity = _tree_capacity(config, capacity)
    return NetworkPlayer(
        game, evaluate, config, num_slots=num_slots, capacity=capacity, seconds=seconds, temperature=temperature
    )


def _tree_capacity(config: SearchConfig, capacity: int) -> int:
    """The number of nodes in a tree: what ``config`` needs, or ``capacity`` where that is more."""
    return max(capacity, (config.num_simulations + 2) * (2 if config.reuse else 1))


def _load_evaluator(folder: Path, game: Game, backend: Any, precision: Any, device: str, *, few: bool) -> Evaluate:
    """The network in ``folder``. Players of the same network share it and its cache."""
    weights = folder / "model.safetensors"
    changed = weights.stat().st_mtime_ns if weights.is_file() else 0  # a file that was replaced is loaded again
    return _cached_evaluator(folder, changed, game, backend, precision, device, few)


@lru_cache(maxsize=4)
def _cached_evaluator(
    folder: Path, changed: int, game: Game, backend: Any, precision: Any, device: str, few: bool
) -> Evaluate:
    from agent.inference.backend_selection import BackendConfig
    from agent.inference.devices import choose_device
    from agent.inference.network_evaluator import NetworkEvaluator

    network, weights = load_network(folder, game)
    device = str(choose_device(device, automatic=("cuda", "mps")))
    config = BackendConfig(kind=backend, precision=precision, device=device, few=few)
    evaluator = NetworkEvaluator(game, network, config)
    evaluator.load(weights, 0)
    return evaluator


class NetworkPlayer(Search):
    """A search by a network, with an optional temperature and time limit of its own."""

    def __init__(
        self,
        game: Game,
        evaluate: Evaluate,
        config: SearchConfig,
        *,
        num_slots: int,
        capacity: int = 0,
        seconds: float | None = None,
        temperature: float | None = None,
    ) -> None:
        """``seconds``: time limit per move, besides the simulations. ``temperature`` replaces the one in the terms."""
        super().__init__(game, evaluate, config, num_slots=num_slots, capacity=capacity)
        self.seconds, self.temperature = seconds, temperature
        self.deadlines = np.full(num_slots, np.inf)

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        if self.temperature is not None:
            terms = terms._replace(temperature=np.full(len(slots), self.temperature, np.float32))
        if self.seconds is not None:
            self.deadlines[slots] = time.monotonic() + self.seconds
        super().think(slots, states, terms)

    def _simulate(self, bare: Ints, unfinished: Ints) -> None:
        super()._simulate(bare, unfinished)
        if self.seconds is not None:
            slots = self.trees.slots
            late = slots["active"] & (self.deadlines <= time.monotonic())
            slots["budget"][late] = 0  # without budget a slot is ready
