"""Files of games: the terminal saves the game at hand and loads one, as JSON or, where the game has it, as SGF.

Knows which games fit the game at hand. Does not know the prompt, or the formats (``honte.game_files``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agent.storage import durable_files
from agent.storage.text_files import read_text
from agent.storage.write_errors import check_folder
from games import Game, Position, make, position
from honte.game_files.reading import StoredGame, read
from honte.game_files.variations import from_moves, main_line, replay
from honte.game_files.writing import json_text, sgf_text
from honte.sgf.conversion import Setup, result_text
from honte.sgf.notation import sgf_type
from honte.terminal.played_game import PlayedGame

LARGEST = 1 << 24
"""Maximal size in bytes of a file that is loaded."""

SGF = ".sgf"
PERSON = "person"
"""The name of a person among the players of a game."""


class SavedGame(NamedTuple):
    """A game from a file."""

    actions: tuple[int, ...]
    resigned: int | None = None  # the seat of the player who has resigned
    seat: int | None = None  # the seat of the person, if the file names one
    note: str = ""  # a sentence about what honte did not read


def save(path: Path, played: PlayedGame, players: Sequence[str]) -> None:
    """Write the game to ``path``: SGF if its name ends so, else JSON. ValueError if the game has no SGF type."""
    check_folder(path)
    if path.suffix.lower() == SGF:
        game, outcome, tree = played.game, played.outcome, from_moves(played.here.line)
        result = "" if outcome is None else result_text(game, outcome, "R" if played.resigned is not None else "")
        text = sgf_text(tree, replay(position(game), tree, _play), (players[0], players[1]), result)
    else:
        text = json_text(played.as_json(players))
    durable_files.write_atomic(path, text.encode())


def load(path: Path, game: Game, number: int = 1) -> SavedGame:
    """Game ``number`` of the file, counted from 1. ValueError if the file has no such game of ``game``."""
    try:
        return _checked(read(read_text(path, LARGEST), number), game)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from None


def _checked(stored: StoredGame, game: Game) -> SavedGame:
    note = _ensure_same(stored, game)
    if isinstance(stored.setup, Setup):
        raise ValueError("it sets up stones, and games here begin at the first position of the rules")
    if stored.setup:
        raise ValueError("its first position was set up, and games here begin at the first position of the rules")
    here = replay(position(game), main_line(stored.tree), _play)[-1]
    if stored.fields.get("actions", list(here.moves)) != list(here.moves):
        raise ValueError("its moves and its actions are not the same")
    resigned = None if here.is_over else _resigned(stored)
    return SavedGame(here.moves, resigned, _seat(stored), note)


def _ensure_same(stored: StoredGame, game: Game) -> str:
    """What is said of an SGF file whose komi differs. ValueError if the file has another game than ``game``."""
    name = stored.game
    if stored.fields:
        if name and name != game.name and not _is_same(name, game):
            raise ValueError(f"it is a game of {name[:60]}, not of {game.name}")
        return ""
    if sgf_type(game) is None:
        raise ValueError(f"it is SGF, and {game.name} has no SGF type")
    family, _, parameters = name.partition(":")
    values = dict(each.split("=") for each in parameters.split(","))
    if family != game.family or int(values["size"]) != game.board.width:
        raise ValueError(f"it is a game of {family}:size={values['size']}, not of {game.name}")
    komi = values.get("komi")
    differs = komi is not None and game.komi is not None and float(komi) != game.komi
    return f"the file has a komi of {komi}; this game keeps {game.komi:g}" if differs else ""


def _is_same(name: str, game: Game) -> bool:
    """Whether ``name`` is another spelling of ``game``, for example with all its parameters."""
    if name.partition(":")[0] != game.family or ".py:" in name:  # a file of a user's runs only where it is named
        return False
    try:
        return make(name) == game
    except ValueError:
        return False


def _play(here: Position, move: str, ply: int) -> Position:
    if len(move.split()) != 1:
        raise ValueError(f"move {ply + 1} is {move[:40]!r}, and a move must be text")
    try:
        return here.play(move)
    except ValueError as error:
        raise ValueError(f"move {ply + 1}: {str(error).partition(';')[0]}") from None


def _resigned(stored: StoredGame) -> int | None:
    """The seat of the player who resigned: the loser of a game whose moves do not end it."""
    return {1: 1, -1: 0}.get(stored.fields.get("outcome", 0)) if stored.fields.get("reason") else None


def _seat(stored: StoredGame) -> int | None:
    return stored.players.index(PERSON) if stored.players.count(PERSON) == 1 else None
