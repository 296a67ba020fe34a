"""Engines as one player of many games, for every protocol.

Knows which engine plays in which slot, and that an engine that fails is ended and forfeits its game. Does not know
protocols.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import MutableMapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from agent.decision import Decisions, Forfeit, Terms
from agent.external.process import CommandRefused, EngineError, EngineProcess, Resigned
from agent.search.tree import Ints
from games.game import Game, States

Client = TypeVar("Client", bound=EngineProcess)


class ExternalEngine(ABC, Generic[Client]):
    """An engine that plays one game at a time. After an error it starts a new process."""

    def __init__(self, game: Game, command: str, seconds: float) -> None:
        """``seconds``: time limit of an answer."""
        self.game, self.command, self.seconds = game, command, seconds
        self.client: Client | None = None
        self.lock = threading.Lock()

    def move(self, actions: Sequence[int]) -> int:
        """The engine's move after ``actions``. EngineError or CommandRefused where it gives no legal move."""
        with self.lock:
            try:
                return self.find_move(list(actions))
            except (EngineError, CommandRefused):
                self.end()
                raise

    @abstractmethod
    def find_move(self, actions: list[int]) -> int:
        """As ``move``, for subclasses: start a process if none runs. On an error ``move`` ends the process."""

    def end(self) -> None:
        """End the process. The next move starts another one."""
        if self.client is not None:
            self.client.close()
            self.client = None


def default_num_engines(num_slots: int) -> float:
    """Default number of processes for ``num_slots`` games at once (``engines=``)."""
    return float(min(num_slots, os.cpu_count() or 1))


def parse_command(text: str, settings: MutableMapping[str, Any], example: str) -> str:
    """The command in ``KIND:[name=value ...] COMMAND``. The values before it are written into ``settings``.

    A setting whose default is a text is a text, and any other is a number.

    ValueError for a number that is not valid, for a missing command, and for a ``?`` outside quotes. With other players
    a ``?`` begins the settings; an engine would get them as words of its command.
    """
    kind, _, rest = text.partition(":")
    rest = rest.strip()
    while (word := rest.split(" ", 1)[0]).partition("=")[0] in settings:
        name, _, value = word.partition("=")
        settings[name] = value if isinstance(settings[name], str) else _read_number(text, name, value)
        rest = rest[len(word) :].strip()
    if not rest:
        raise ValueError(f"{text!r} names no engine; write its command behind the colon: {example}")
    if has_unquoted_question_mark(rest):
        raise ValueError(
            f"{text!r}: an engine takes no settings behind a question mark; {' and '.join(f'{n}=N' for n in settings)}"
            f" are written before its command, such as {kind}:seconds=5 COMMAND, and a question mark of the command's"
            " own is written in quotes"
        )
    return rest


def _read_number(text: str, name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0
    whole = name != "seconds"
    if not 0 < number <= 1e9 or (whole and number % 1):
        raise ValueError(f"{text!r}: {name} is {value!r}; it must be a {'whole ' * whole}number above 0")
    return number


def has_unquoted_question_mark(command: str) -> bool:
    """Whether ``command`` has a question mark that is neither in quotes nor behind a backslash."""
    quote = ""
    characters = iter(command)
    for character in characters:
        if character == "\\" and quote != "'":
            next(characters, "")
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "?":
            return True
    return False


class ExternalPlayer:
    """A player whose moves come from engines. Each slot always uses the same engine, and engines share the slots."""

    def __init__(self, game: Game, engines: Sequence[ExternalEngine[Any]]) -> None:
        self.game, self.engines = game, engines
        self.pool = concurrent.futures.ThreadPoolExecutor(len(engines), thread_name_prefix="engine")
        self.moves: dict[int, list[int]] = {}
        self.waiting: dict[concurrent.futures.Future[int], int] = {}  # moves under way, with their slots

    def check(self) -> None:
        """Start one engine and ask it for a first move. EngineError or CommandRefused where it gives none."""
        with contextlib.suppress(Resigned):  # an engine that resigns speaks its protocol
            self.engines[0].move(())

    def follow(self, slot: int, actions: Sequence[int]) -> None:
        self.moves[int(slot)] = list(actions)

    def think(self, slots: Ints, states: States, terms: Terms) -> None:
        for slot in np.asarray(slots).tolist():
            if slot not in self.moves:
                raise ValueError("an engine reads moves, so it can only play games that are played from their start")
            engine = self.engines[slot % len(self.engines)]
            self.waiting[self.pool.submit(engine.move, self.moves.pop(slot))] = slot

    def decide(self) -> tuple[Ints, Decisions]:
        """The slots whose engines have answered. Forfeit for a slot whose engine has failed."""
        if not self.waiting:
            return np.zeros(0, np.int64), Decisions.empty(0, self.game.num_actions)
        done, _ = concurrent.futures.wait(self.waiting, return_when=concurrent.futures.FIRST_COMPLETED)
        for future in done:
            if future.exception() is not None:
                slot = self.waiting.pop(future)
                try:
                    future.result()
                except (EngineError, CommandRefused) as error:
                    raise Forfeit(slot, f"{self.engines[0].command}: {error}") from None
        slots = np.array([self.waiting[future] for future in done], np.int64)
        out = Decisions.empty(len(slots), self.game.num_actions)
        out.action[:] = [future.result() for future in done]
        out.policy[np.arange(len(slots)), out.action] = 1
        for future in done:
            del self.waiting[future]
        return slots, out

    def stop(self) -> None:
        for future in self.waiting:
            future.cancel()
        self.waiting.clear()

    def close(self) -> None:
        """End every engine. They also end with the program."""
        self.stop()
        self.pool.shutdown(cancel_futures=True)
        for engine in self.engines:
            engine.end()
