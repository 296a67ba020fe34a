"""The identity of a player: a permanent name, and a digest that changes when the player changes.

Knows players' texts and model folders. Loads no network. ``RUN`` means its newest checkpoint, which changes, so the
permanent name is ``RUN@STEP``. The digest covers the weights, the search settings and the settings behind the ``?``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from agent.storage import model_folder

ENGINES = ("gtp", "ugi", "uci")
"""Kinds of players that are engines: programs from outside."""

NON_NETWORKS = ("random", "perfect", "mcts", "minimax", *ENGINES)
"""Kinds of players that are not networks."""


class Identity(NamedTuple):
    """Players with equal digests are the same player."""

    name: str  # a text that always names this player
    digest: str  # sha256


def identify_player(text: str) -> Identity:
    """The identity of the player that ``text`` names now. ValueError for a network that does not exist."""
    if not is_network(text):
        return Identity(text, hashlib.sha256(text.encode()).hexdigest())
    head, mark, query = text.partition("?")
    folder = model_folder.find_model(head)
    if folder.parent.name == "checkpoints" and folder.parent.parent == Path(head):
        head = f"{head}@{folder.name}"
    model, settings = model_folder.read(folder), sorted(filter(None, query.split("&")))
    content = json.dumps([model.game, model.network, model.search, settings], sort_keys=True)
    try:
        weights = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise ValueError(f"{folder / 'model.safetensors'} cannot be read: {error.strerror}") from error
    return Identity(head + mark + query, hashlib.sha256(content.encode() + weights).hexdigest())


def is_network(text: str) -> bool:
    """Whether ``text`` names a network."""
    return kind_of(text) not in NON_NETWORKS


def kind_of(text: str) -> str:
    """The kind of player: ``mcts`` for ``mcts:800``. For a network its folder, run or game."""
    return text.partition("?")[0].partition(":")[0]


def settings_of(text: str) -> dict[str, str]:
    """The settings behind the ``?`` as text. An engine's command has none."""
    query = "" if kind_of(text) in ENGINES else text.partition("?")[2]
    return {name: value for name, _, value in (part.partition("=") for part in query.split("&") if part)}


def needs_whole_machine(text: str) -> bool:
    """Whether only one thread should make this player: it uses all cores, shares nothing, or has a time limit."""
    return kind_of(text) in ("perfect", *ENGINES) or "seconds" in settings_of(text)


def is_repeatable(text: str) -> bool:
    """Whether the player repeats its decisions on one machine: it has no time limit and is not an engine."""
    settings = settings_of(text)
    measured = "auto" in (settings.get("engine"), settings.get("precision"))  # the fastest backend may change
    return kind_of(text) not in ENGINES and "seconds" not in settings and not (is_network(text) and measured)


def with_fastest_backend(text: str) -> str:
    """The same player on the fastest backend of this machine, unless the text names a backend or a precision."""
    if not is_network(text) or settings_of(text).keys() & {"engine", "precision"}:
        return text
    return f"{text}{'&' if '?' in text else '?'}engine=auto&precision=auto"


def expand_players(text: str) -> list[str]:
    """The players that ``text`` means: ``RUN@every:5`` is every fifth checkpoint of a run and its newest one.

    Any other text means one player. ValueError for a run without checkpoints, or a step that is not a number.
    """
    head, mark, query = text.partition("?")
    run, every, number = head.rpartition("@every:")
    if not every:
        return [text]
    if not (number.isascii() and number.isdecimal() and int(number) > 0):
        raise ValueError(f"{text!r} needs a whole number above 0 behind every:, such as {run}@every:5")
    steps = model_folder.steps(Path(run))
    if not steps:
        raise ValueError(f"{run} has no checkpoints; {text!r} names those of a run")
    chosen = dict.fromkeys([*steps[:: int(number)], steps[-1]])
    return [f"{run}@{step}{mark}{query}" for step in chosen]
