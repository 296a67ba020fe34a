"""Text into a player: ``random``, ``mcts:800``, ``minimax:5``, ``perfect``, or a network by its run, folder or game.

Knows how players are written and put together. Does not know how any of them decides. torch is imported only for a
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
from agent.name_suggestions import nearest, nearest_game, nearest_player, without_network
from agent.player import Player, RandomPlayer
from agent.search.search import Search, SearchConfig
from agent.search.tree import Ints, node_bytes
from agent.settings import Positive, PositiveNumber, Range, Temperature, fits, hints, words
from agent.solvers.minimax import MinimaxPlayer
from agent.solvers.perfect_player import PerfectPlayer
from agent.storage import model_folder
from agent.storage.model_folder import load_network
from games.game import Game, States

__all__ = ["file_of", "learned_game", "load_network", "make_player"]

WAYS = (
    "random, mcts:N, minimax:D, perfect, gtp:COMMAND, ugi:COMMAND, a run folder, RUN@STEP, "
    "a model folder or a game whose network ships"
)


class Option(NamedTuple):
    """A setting behind the ``?``: how its text is read, and the type that says which values fit."""

    read: Callable[[str], Any]
    hint: Any


_SEARCH = hints(SearchConfig)
FLAG = Option({"true": True, "1": True, "false": False, "0": False}.__getitem__, bool)
WORK: Mapping[str, Any] = {"mcts": Positive, "minimax": Annotated[int, Range(1, 1000)]}
"""What stands behind the colon: simulations a move, plies."""

PERFECT: Mapping[str, Option] = {"quickest": FLAG}
NETWORK: Mapping[str, Option] = {
    "simulations": Option(int, _SEARCH["num_simulations"]),  # 0: the network alone
    "seconds": Option(float, PositiveNumber),  # a move
    "temperature": Option(float, Temperature),
    "rule": Option(str, Literal["gumbel", "puct"]),
    "leaves": Option(int, _SEARCH["leaves"]),
    "lookahead": Option(int, _SEARCH["lookahead"]),
    "lookahead_nodes": Option(int, _SEARCH["lookahead_nodes"]),
    "reuse": FLAG,
    "average_symmetries": FLAG,
    "engine": Option(str, Literal["torch", "openvino", "auto"]),
    "precision": Option(str, Literal["fp32", "bf16", "int8", "auto", "fast"]),
}


def make_player(
    text: str, game: Game | None, *, num_slots: int, seed: int = 0, device: str = "auto", capacity: int = 0
) -> Player:
    """The player that ``text`` names, for ``num_slots`` games of ``game`` at once.

    ``game`` may be None where ``learned_game`` knows it. ``seed`` is for what no key decides: rollouts. ``device`` is
    auto or as torch names it. ValueError with a sentence for text that names no player, or none of this game.
    """
    head, _, query = text.partition("?")
    kind, _, number = head.partition(":")
    if game is None:
        name = learned_game(text)
        if name is None:
            raise ValueError(f"{text!r} does not say what it plays; name the game, too")
        from games.registry import make

        game = make(name)
    if kind == "gtp":
        from agent.external.gtp import gtp_player

        return gtp_player(text, game, num_slots)
    if kind == "ugi":
        from agent.external.ugi import ugi_player

        return ugi_player(text, game, num_slots)
    if head == "random":
        _settings(text, query, {})
        return RandomPlayer(game)
    if head == "perfect":
        return PerfectPlayer(game, **_settings(text, query, PERFECT))
    if kind in ("mcts", "minimax"):
        _settings(text, query, {})
        if not (number.isascii() and number.isdecimal() and len(number) < 20 and fits(WORK[kind], int(number))):
            raise ValueError(f"{text!r} needs {words(WORK[kind])} behind its colon, such as {kind}:5")
        if kind == "minimax":
            return MinimaxPlayer(game, int(number))
        config = SearchConfig(rule="uct", num_simulations=int(number))
        return Search(game, Rollouts(game, seed=seed), config, num_slots=num_slots, capacity=_room(config, capacity))
    return _network_player(text, _find(head), _settings(text, query, NETWORK), game, num_slots, device, capacity)


def learned_game(text: str) -> str | None:
    """The name of the game that the player ``text`` has learned; None for one that plays any game.

    None, too, where the game is a file of the user's: a folder of weights never says what code to run. ValueError for
    text that names no player.
    """
    head = text.partition("?")[0]
    if head in ("random", "perfect") or text.partition(":")[0] in ("mcts", "minimax", "gtp", "ugi"):
        return None
    model = model_folder.read(_find(head))
    model_folder.ensure_plays(head, model)
    name = model.game
    return None if ".py:" in name else name


def file_of(text: str) -> str:
    """The user's file that the player ``text`` has learned, as a game is written; empty for any other player."""
    head = text.partition("?")[0]
    if head in ("random", "perfect") or text.partition(":")[0] in ("mcts", "minimax", "gtp", "ugi"):
        return ""
    name = model_folder.read(_find(head)).game
    return name if ".py:" in name else ""


def _find(head: str) -> Path:
    try:
        return model_folder.find_model(head)
    except ValueError as error:
        if Path(head.rpartition("@")[0] or head).exists():
            raise
        if sentence := without_network(head):
            raise ValueError(sentence) from None
        if near := nearest_player(head):
            raise ValueError(f"there is no player {head!r}; did you mean {near}?") from None
        if near := nearest_game(head):
            raise ValueError(
                f"there is no player {head!r}; did you mean the game {near}, as in honte play mcts:400 --game {near}?"
            ) from None
        if any(mark in head for mark in "/\\@"):
            raise
        raise ValueError(f"{error}; a player is {WAYS}") from None


def check_settings(query: str, where: str) -> None:
    """ValueError, which names ``where`` they stand, for settings that no network player takes."""
    _settings(f"{where}: {query}", query, NETWORK)


def _settings(text: str, query: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The settings behind the ``?``. ValueError for one that there is not, or whose value is not right."""
    settings = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known:
            there = ", ".join(known) or "none"
            raise ValueError(f"{text!r}: unknown setting {name!r}; {nearest(name, known)}there are {there}")
        if name in settings:
            raise ValueError(f"{text!r}: {name} is given twice; keep one of the two")
        option = known[name]
        try:
            settings[name] = option.read(value)
        except (ValueError, KeyError):
            settings[name] = None
        if not fits(option.hint, settings[name]):
            raise ValueError(f"{text!r}: {name} is {value!r}; it must be {words(option.hint)}")
    return settings


def _network_player(
    text: str, folder: Path, settings: dict[str, Any], game: Game, num_slots: int, device: str, capacity: int
) -> NetworkPlayer:
    seconds, temperature = settings.pop("seconds", None), settings.pop("temperature", None)
    engine, precision = (
        settings.pop("engine", "torch"),
        settings.pop("precision", "fp32"),
    )  # as they stand, results repeat
    evaluate = _evaluate(folder, game, engine, precision, device, few=num_slots < 8)
    config = model_folder.make_config(
        SearchConfig, model_folder.read(folder).search, f"{folder / 'config.json'}: search"
    )
    if seconds is not None:
        if settings.get("rule") == "gumbel":
            raise ValueError(f"{text!r}: gumbel must know its number of simulations; seconds need rule=puct")
        room = 2**30 // (num_slots * node_bytes(game.num_actions))  # a GiB, touched when used
        config = replace(config, rule="puct", leaves=8, num_simulations=max(min(room, int(seconds * 50_000)), 64))
    if "simulations" in settings:
        settings["num_simulations"] = settings.pop("simulations")
    config = replace(config, **settings)
    room = _room(config, capacity)
    return NetworkPlayer(
        game, evaluate, config, num_slots=num_slots, capacity=room, seconds=seconds, temperature=temperature
    )


def _room(config: SearchConfig, capacity: int) -> int:
    """Nodes a tree: what ``config`` needs, or ``capacity`` where that is more."""
    return max(capacity, (config.num_simulations + 2) * (2 if config.reuse else 1))


def _evaluate(folder: Path, game: Game, engine: Any, precision: Any, device: str, *, few: bool) -> Evaluate:
    """The network in ``folder``, ready to judge; players of the same network share it and its cache."""
    changed = (folder / "model.safetensors").stat().st_mtime_ns if (folder / "model.safetensors").is_file() else 0
    return _evaluator(folder, changed, game, engine, precision, device, few)


@lru_cache(maxsize=4)
def _evaluator(folder: Path, changed: int, game: Game, engine: Any, precision: Any, device: str, few: bool) -> Evaluate:
    from agent.inference.backend_selection import BackendConfig
    from agent.inference.devices import choose_device
    from agent.inference.network_evaluator import NetworkEvaluator

    network, weights = load_network(folder, game)
    device = str(choose_device(device, automatic=("cuda", "mps")))
    config = BackendConfig(kind=engine, precision=precision, device=device, few=few)
    evaluator = NetworkEvaluator(game, network, config)
    evaluator.load(weights, 0)
    return evaluator


class NetworkPlayer(Search):
    """A search with a temperature and a clock of its own."""

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
        """``seconds`` a move end it before its simulations are spent; ``temperature`` holds whatever terms say."""
        super().__init__(game, evaluate, config, num_slots=num_slots, capacity=capacity)
        self.seconds, self.temperature = seconds, temperature
        self.deadlines = np.full(num_slots, np.inf)

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        if self.temperature is not None:
            terms = terms._replace(temperature=np.full(len(slots), self.temperature, np.float32))
        if self.seconds is not None:
            self.deadlines[slots] = time.monotonic() + self.seconds
        super().think(slots, states, terms)

    def _simulate(self, fresh: Ints, walking: Ints) -> None:
        super()._simulate(fresh, walking)
        if self.seconds is not None:
            slots = self.trees.slots
            late = slots["active"] & (self.deadlines <= time.monotonic())
            slots["budget"][late] = 0  # nothing is left to spend: ready
