"""Text into a game: ``make("connect_four:rows=6,columns=7,k=4")`` or ``make("FILE.py:game")``.

Knows where games live and how their parameters are written. Does not know any rule.
"""

from __future__ import annotations

import copyreg
import difflib
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any

from games.code_files import place_for_numba
from games.compiled import CompiledGame
from games.game import Game
from games.user_rules.trial_record import try_once

NAMES = (
    "amazons",
    "animal_shogi",
    "breakthrough",
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
"""The games of the house, each a module with a function ``game``."""

OPENSPIEL = "openspiel:"


def is_game(text: str) -> bool:
    """Whether ``text`` is written as a game is; its parameters may still be wrong, or its file missing."""
    return text.startswith(OPENSPIEL) or ".py:" in text or text.partition(":")[0] in NAMES


def make(text: str, *, trial: bool = True) -> Game:
    """The game that ``text`` names: ``NAME``, ``NAME:key=value,...``, ``FILE.py:game`` or ``FILE.py:game:key=value``.

    In a file, ``game`` is a ``Game`` or a function that returns one. ``openspiel:TEXT`` is a game of OpenSpiel's, see
    ``games.rules.openspiel``.
    ValueError with a sentence for anything else, and for rules in a file that break when they are
    tried: that is done once for each content of a file, unless ``trial`` is false.
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
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        known = ", ".join(NAMES)
        raise ValueError(f"no game is called {name!r}; {hint}there are {known}, or FILE.py:game for your own")
    return _build(text, importlib.import_module(f"games.rules.{name}").game, parameters)


def _from_file(path: Path, attribute: str) -> Any:
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r} to take a game from")
    spec = importlib.util.spec_from_file_location(f"game_file_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for the module that defines them
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
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise ValueError(f"{text!r}: unknown parameter {key!r}; {hint}there are {', '.join(known) or 'none'}")
            arguments[key] = _value(text, key, value, type(known[key].default))
        game = source(**arguments)
    else:
        game = source
    if not isinstance(game, Game):
        raise ValueError(f"{text!r} is {type(game).__name__}, not a game; games.from_rules makes one")
    head, separator, rest = text.partition(".py:")
    if separator:
        game.name = text
        game.remake = remade, (f"{Path(head + '.py').resolve()}:{rest}", text)
    return game


def _value(text: str, key: str, value: str, kind: type) -> Any:
    """``value`` as the kind that the parameter's default has."""
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


def remade(text: str, name: str) -> Game:
    """The game of a user's file that ``text`` names by its whole path, under the ``name`` that it had elsewhere."""
    game = make(text)
    game.name, game.remake = name, (remade, (text, name))
    return game


@lru_cache(maxsize=64)
def made_again(text: str) -> Game:
    """``make`` for the games of the house, which never change: what was pickled many times is one game again."""
    return make(text)


def _reduced(game: CompiledGame) -> Any:
    """How ``pickle``, ``cloudpickle`` and ``multiprocessing`` carry a game over: by its name where that names it.

    Any other goes as its parts, functions as the pickler takes them: ``pickle`` those of a module that can be imported,
    ``cloudpickle`` all.
    """
    if game.remake is not None:
        return game.remake
    if game.name.partition(":")[0] in NAMES and made_again(game.name) == game:
        return made_again, (game.name,)
    return _assembled, (game.parts,)


def _assembled(parts: dict[str, Any]) -> CompiledGame:
    return CompiledGame(**parts)


copyreg.pickle(CompiledGame, _reduced)
