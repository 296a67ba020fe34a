"""Text into a player: ``random``, ``mcts:800``, ``minimax:5``, ``perfect``, or a network by its run, folder or game.

Knows how players are written and put together. Does not know how any of them decides. torch is imported only for a
network.

A network's settings follow a ``?`` and are joined by ``&``: ``RUN@1200?simulations=400&temperature=0.5``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agent import models
from agent.decision import Terms
from agent.evaluation import Evaluate
from agent.minimax import Minimax
from agent.models import load_network
from agent.perfect import Perfect
from agent.player import Player, RandomPlayer
from agent.rollouts import Rollouts
from agent.search import Search, SearchConfig
from agent.tree import Ints, node_bytes
from games.game import Game, States

__all__ = ["file_of", "game_of", "load_network", "player"]

WAYS = (
    "random, mcts:N, minimax:D, perfect, gtp:COMMAND, ugi:COMMAND, a run folder, RUN@STEP, "
    "a model folder or a game whose network ships"
)


class Option(NamedTuple):
    """A setting behind the ``?``: how its text is read, which values are right, and that in words."""

    read: Callable[[str], Any]
    right: Callable[[Any], bool]
    words: str


COUNT = Option(int, lambda n: n >= 0, "a whole number, 0 or more")
FLAG = Option({"true": True, "1": True, "false": False, "0": False}.__getitem__, lambda _: True, "true or false")
PERFECT: Mapping[str, Option] = {"quickest": FLAG}
NETWORK: Mapping[str, Option] = {
    "simulations": COUNT,  # 0: the network alone
    "seconds": Option(float, lambda s: 0 < s < math.inf, "a number of seconds above 0"),  # a move
    "temperature": Option(float, lambda t: 0 <= t < math.inf, "a number, 0 or more"),
    "rule": Option(str, lambda rule: rule in ("gumbel", "puct"), "gumbel or puct"),
    "leaves": Option(int, lambda n: n >= 1, "a whole number, 1 or more"),
    "lookahead": COUNT,
    "lookahead_nodes": COUNT,
    "reuse": FLAG,
    "average_symmetries": FLAG,
    "engine": Option(str, lambda e: e in ("torch", "openvino", "auto"), "torch, openvino or auto"),
    "precision": Option(str, lambda p: p in ("fp32", "bf16", "int8", "auto", "fast"), "fp32, bf16, int8, auto or fast"),
}


def player(
    text: str, game: Game | None, *, num_slots: int, seed: int = 0, device: str = "auto", capacity: int = 0
) -> Player:
    """The player that ``text`` names, for ``num_slots`` games of ``game`` at once.

    ``game`` may be None where ``game_of`` knows it. ``seed`` is for what no key decides: rollouts. ``device`` is auto
    or as torch names it. ValueError with a sentence for text that names no player, or none of this game.
    """
    head, _, query = text.partition("?")
    kind, _, number = head.partition(":")
    if game is None:
        name = game_of(text)
        if name is None:
            raise ValueError(f"{text!r} does not say what it plays; name the game, too")
        from games.registry import make

        game = make(name)
    if kind == "gtp":
        from agent.gtp_player import gtp_player

        return gtp_player(text, game, num_slots)
    if kind == "ugi":
        from agent.ugi_player import ugi_player

        return ugi_player(text, game, num_slots)
    if head == "random":
        _settings(text, query, {})
        return RandomPlayer(game)
    if head == "perfect":
        return Perfect(game, **_settings(text, query, PERFECT))
    if kind in ("mcts", "minimax"):
        _settings(text, query, {})
        if not (number.isascii() and number.isdecimal() and int(number) > 0):
            raise ValueError(f"{text!r} needs a whole number above 0 behind its colon, such as {kind}:5")
        if kind == "minimax":
            return Minimax(game, int(number))
        config = SearchConfig(rule="uct", num_simulations=int(number))
        return Search(game, Rollouts(game, seed=seed), config, num_slots=num_slots, capacity=_room(config, capacity))
    return _network_player(text, _find(head), _settings(text, query, NETWORK), game, num_slots, device, capacity)


def game_of(text: str) -> str | None:
    """The name of the game that the player ``text`` has learned; None for one that plays any game.

    None, too, where the game is a file of the user's: a folder of weights never says what code to run. ValueError for
    text that names no player.
    """
    head = text.partition("?")[0]
    if head in ("random", "perfect") or text.partition(":")[0] in ("mcts", "minimax", "gtp", "ugi"):
        return None
    name = models.read(_find(head)).game
    return None if ".py:" in name else name


def file_of(text: str) -> str:
    """The user's file that the player ``text`` has learned, as a game is written; empty for any other player."""
    head = text.partition("?")[0]
    if head in ("random", "perfect") or text.partition(":")[0] in ("mcts", "minimax", "gtp", "ugi"):
        return ""
    name = models.read(_find(head)).game
    return name if ".py:" in name else ""


def _find(head: str) -> Path:
    try:
        return models.find(head)
    except ValueError as error:
        if any(mark in head for mark in "/\\@"):
            raise
        raise ValueError(f"{error}; a player is {WAYS}") from None


def _settings(text: str, query: str, known: Mapping[str, Option]) -> dict[str, Any]:
    """The settings behind the ``?``. ValueError for one that there is not, or whose value is not right."""
    settings = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in known:
            raise ValueError(f"{text!r}: unknown setting {name!r}; there are {', '.join(known) or 'none'}")
        option = known[name]
        try:
            settings[name] = option.read(value)
        except (ValueError, KeyError):
            settings[name] = None
        if settings[name] is None or not option.right(settings[name]):
            raise ValueError(f"{text!r}: {name} is {value!r}; it must be {option.words}")
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
    config = models.configured(SearchConfig, models.read(folder).search, f"{folder / 'config.json'}: search")
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
    import torch

    from agent.choosing import EngineConfig
    from agent.evaluator import NetworkEvaluator

    network, weights = load_network(folder, game)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {device!r}, which cannot be used here: {str(error).splitlines()[0]}") from error
    config = EngineConfig(kind=engine, precision=precision, device=device, few=few)
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
