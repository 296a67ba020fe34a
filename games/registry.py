"""Text into a game: ``make("connect_four:rows=6,columns=7,k=4")`` or ``make("FILE.py:game")``.

Knows where games are defined and how their parameters are written. Does not know any rule.
"""

from __future__ import annotations

import copyreg
import difflib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from games.compilation.code_files import place_for_numba
from games.compiled import CompiledGame
from games.descriptions import Description
from games.game import Game
from games.user_rules.trial_record import try_once

NAMES = (
    "amazons",
    "animal_shogi",
    "ataxx",
    "breakthrough",
    "clobber",
    "connect_four",
    "dots_and_boxes",
    "gardner_chess",
    "go",
    "gomoku",
    "hex",
    "nim",
    "othello",
    "tic_tac_toe",
)
"""The games that honte ships, each a module of ``games.rules`` with a function ``game`` and a ``DESCRIPTION``."""

OPENSPIEL = "openspiel:"


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean NAME? `` with the ``known`` name that is most similar. Empty where none is similar."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def describe(name: str) -> Description:
    """What the game that honte ships as ``name`` says of itself."""
    description: Description = importlib.import_module(f"games.rules.{name}").DESCRIPTION
    return description


def defaults(name: str) -> dict[str, Any]:
    """{parameter: its default} of the game that honte ships as ``name``."""
    known = inspect.signature(importlib.import_module(f"games.rules.{name}").game).parameters
    return {each.name: each.default for each in known.values()}


def is_game(text: str) -> bool:
    """Whether ``text`` has the form of a game's name; its parameters may still be wrong, or its file missing."""
    return text.startswith(OPENSPIEL) or ".py:" in text or text.partition(":")[0] in NAMES


def make(text: str, *, trial: bool = True) -> Game:
    """The game that ``text`` names: ``NAME``, ``NAME:key=value,...``, ``FILE.py:game`` or ``FILE.py:game:key=value``.

    In a file, ``game`` is a ``Game`` or a function that returns one. ``openspiel:TEXT`` is a game of OpenSpiel's, see
    ``games.rules.openspiel``. ValueError for anything else. The rules in a file are tried once for each content of the
    file, unless ``trial`` is false; ValueError if they fail.
    """
    if text.startswith(OPENSPIEL):
        from games.rules import openspiel

        return openspiel.game(text.removeprefix(OPENSPIEL))
    head, separator, rest = text.partition(".py:")
    if separator:
        attribute, _, parameters = rest.partition(":")
        game = _build(text, _from_file(Path(head + ".py"), attribute), parameters)
        game.file_sha256 = hashlib.sha256(Path(head + ".py").read_bytes()).hexdigest()
        if trial and isinstance(game, CompiledGame) and game.checked:
            try_once(game, Path(head + ".py"), rest, game.key)
        return game
    name, _, parameters = text.partition(":")
    if name not in NAMES:
        there = ", ".join(NAMES)
        raise ValueError(
            f"no game is called {name!r}; {nearest(name, NAMES)}there are {there}, or FILE.py:game for your own"
        )
    return _build(text, importlib.import_module(f"games.rules.{name}").game, parameters)


class _FileAsItIs(importlib.machinery.SourceFileLoader):
    """Compiles a file each time. Python's stored bytecode would hide an edit of equal length within the same second."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _from_file(path: Path, attribute: str) -> Any:
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r} to take a game from")
    name = f"game_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_FileAsItIs(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up their module there
    try:
        with place_for_numba(path):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == module.__file__]
        at = f" (line {lines[-1]})" if lines else ""
        raise ValueError(f"{str(path)!r} does not run: {type(error).__name__}: {error}{at}") from error
    if not hasattr(module, attribute):
        raise ValueError(f"{str(path)!r} has no {attribute!r}; write FILE.py:NAME with the name of a game in it")
    return getattr(module, attribute)


def _build(text: str, source: Any, parameters: str) -> Game:
    if isinstance(source, Game):
        if parameters:
            raise ValueError(f"{text!r}: this game takes no parameters")
        game = source
    elif callable(source):
        known = inspect.signature(source).parameters
        arguments: dict[str, Any] = {}
        for part in filter(None, parameters.split(",")):
            key, _, value = part.partition("=")
            if key not in known:
                there = ", ".join(known) or "none"
                raise ValueError(f"{text!r}: unknown parameter {key!r}; {nearest(key, known)}there are {there}")
            arguments[key] = _value(text, key, value, type(known[key].default))
        game = source(**arguments)
    else:
        game = source
    if not isinstance(game, Game):
        raise ValueError(f"{text!r} is {type(game).__name__}, not a game; games.from_rules makes one")
    head, separator, rest = text.partition(".py:")
    if separator:
        game.name = text
        game.remake = make_renamed, (f"{Path(head + '.py').resolve()}:{rest}", text)
    return game


def _value(text: str, key: str, value: str, kind: type) -> Any:
    """``value`` converted to the type ``kind`` of the parameter's default."""
    if kind is bool and value.lower() in ("", "true", "false"):  # a flag may stand alone
        return value.lower() != "false"
    if kind is str:
        return value
    if not value:
        raise ValueError(f"{text!r}: write {key}=VALUE")
    wanted = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
    for number in () if kind is bool else (int,) if kind is int else (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    raise ValueError(f"{text!r}: {key}={value!r} is not {wanted}")


def make_renamed(text: str, name: str) -> Game:
    """The game of a user's file that ``text`` names by its whole path; its ``name`` is the one that was pickled."""
    game = make(text)
    game.name, game.remake = name, (make_renamed, (text, name))
    return game


@lru_cache(maxsize=64)
def make_shared(text: str) -> Game:
    """``make`` for games that honte ships: all pickled copies become one game again, since games never change."""
    return make(text)


def _reduce(game: CompiledGame) -> Any:
    """How ``pickle``, ``cloudpickle`` and ``multiprocessing`` store a game: by its name if that is enough to make it.

    Any other game is stored as its parts; ``pickle`` stores only functions of modules that can be imported, and
    ``cloudpickle`` stores all.
    """
    if game.remake is not None:
        return game.remake
    if game.name.partition(":")[0] in NAMES and make_shared(game.name) == game:
        return make_shared, (game.name,)
    return _assemble, (game.parts,)


def _assemble(parts: dict[str, Any]) -> CompiledGame:
    return CompiledGame(**parts)


copyreg.pickle(CompiledGame, _reduce)
