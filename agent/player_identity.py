"""Who a player is: a name that lasts and a digest that tells whether it is still the same.

Knows players' texts and model folders. Loads no network. ``RUN`` is a moving target, its newest checkpoint; its name
here is ``RUN@STEP``, and the digest covers weights, search settings and what stands behind the ``?``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from agent.storage import model_folder

ENGINES = ("gtp", "ugi")
"""Kinds of players that are engines from outside."""

OTHERS = ("random", "perfect", "mcts", "minimax", *ENGINES)
"""Kinds of players that are no networks."""


class Identity(NamedTuple):
    """Equal digests: the same player."""

    name: str  # a text that names this player for good
    digest: str  # sha256


def identify_player(text: str) -> Identity:
    """Who the player is that ``text`` names now. ValueError for a network that is not there."""
    if not is_network(text):
        return Identity(text, hashlib.sha256(text.encode()).hexdigest())
    head, mark, query = text.partition("?")
    folder = model_folder.find_model(head)
    if folder.parent.name == "checkpoints" and folder.parent.parent == Path(head):
        head = f"{head}@{folder.name}"
    model, settings = model_folder.read(folder), sorted(filter(None, query.split("&")))
    told = json.dumps([model.game, model.network, model.search, settings], sort_keys=True)
    try:
        weights = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise ValueError(f"{folder / 'model.safetensors'} cannot be read: {error.strerror}") from error
    return Identity(head + mark + query, hashlib.sha256(told.encode() + weights).hexdigest())


def is_network(text: str) -> bool:
    """Whether ``text`` names a network and not another kind of player."""
    return kind_of(text) not in OTHERS


def kind_of(text: str) -> str:
    """``mcts`` of ``mcts:800``, ``perfect`` of ``perfect?quickest=true``; for a network its folder or game."""
    return text.partition("?")[0].partition(":")[0]


def settings_of(text: str) -> dict[str, str]:
    """The settings behind the ``?`` as they are written; an engine's command has none."""
    query = "" if kind_of(text) in ENGINES else text.partition("?")[2]
    return {name: value for name, _, value in (part.partition("=") for part in query.split("&") if part)}


def takes_machine(text: str) -> bool:
    """Whether a player should not be made once a thread: it takes all cores, shares nothing, or plays by the clock."""
    return kind_of(text) in ("perfect", *ENGINES) or "seconds" in settings_of(text)


def is_repeatable(text: str) -> bool:
    """Whether the player decides alike on the same terms, on one machine: no clock, no engine from outside."""
    settings = settings_of(text)
    chosen = "auto" in (settings.get("engine"), settings.get("precision"))  # by measuring
    return kind_of(text) not in ENGINES and not (is_network(text) and ("seconds" in settings or chosen))


def with_fastest_backend(text: str) -> str:
    """The same player with the fastest engine of this machine, unless the text names one."""
    if not is_network(text) or settings_of(text).keys() & {"engine", "precision"}:
        return text
    return f"{text}{'&' if '?' in text else '?'}engine=auto&precision=auto"


def expand_players(text: str) -> list[str]:
    """The players that ``text`` stands for: ``RUN@every:5`` is every fifth checkpoint of a run and its newest one.

    Any other text stands for itself. ValueError for a run without checkpoints or a step that is no number.
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
