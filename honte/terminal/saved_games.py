"""Files of games: the terminal saves the game at hand and loads one, as JSON or, where the game has it, as SGF.

The JSON is that of ``PlayedGame.as_json``. Games of matches (``selfplay.game_json``, one a line) have the same fields,
so they can be loaded, too. Does not know the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.storage import durable_files
from agent.storage.text_files import read_text
from games import Game, make, position
from honte.sgf import game_tree
from honte.sgf.conversion import Move, from_sgf, sgf_type, to_sgf
from honte.terminal.played_game import PlayedGame, position_after

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
    if path.suffix.lower() == SGF:
        result = {None: "", 0: "0", 1: "B+", -1: "W+"}[played.outcome] + ("R" if played.resigned is not None else "")
        text = to_sgf(played.here, players=(players[0], players[1]), result=result)
    else:
        text = json.dumps(played.as_json(players), indent=1) + "\n"
    durable_files.write_atomic(path, text.encode())


def load(path: Path, game: Game, number: int = 1) -> SavedGame:
    """Game ``number`` of the file, counted from 1. ValueError if the file has no such game of ``game``."""
    try:
        text = read_text(path, LARGEST)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    try:
        if text.lstrip().startswith("("):
            return _from_sgf(text, game, number)
        return _from_json(text, game, number)
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from None


def _from_json(text: str, game: Game, number: int) -> SavedGame:
    try:
        games = [json.loads(text)]
    except (ValueError, RecursionError):
        games = _json_lines(text)
    content = _nth(games, number)
    if not isinstance(content, dict) or not isinstance(content.get("moves"), list):
        raise ValueError("it is not a saved game, which is a JSON object with a list of moves")
    name = content.get("game", game.name)
    if name != game.name and not _is_same(str(name), game):
        raise ValueError(f"it is a game of {str(name)[:60]}, not of {game.name}")
    if content.get("setup"):
        raise ValueError("its first position was set up, and games here begin at the first position of the rules")
    moves = _played(game, content["moves"])
    if "actions" in content and content["actions"] != list(moves):
        raise ValueError("its moves and its actions are not the same")
    return SavedGame(moves, _resigned(content, moves, game), _seat(content))


def _is_same(name: str, game: Game) -> bool:
    """Whether ``name`` is another spelling of ``game``, for example with all its parameters."""
    if name.partition(":")[0] != game.family or ".py:" in name:  # a file of a user's runs only where it is named
        return False
    try:
        return make(name) == game
    except ValueError:
        return False


def _json_lines(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise ValueError("it is neither JSON nor SGF") from None


def _nth(games: list[Any], number: int) -> Any:
    if not 1 <= number <= len(games):
        raise ValueError(f"it has {len(games)} {'game' if len(games) == 1 else 'games'}, so there is no game {number}")
    return games[number - 1]


def _played(game: Game, moves: Sequence[Any]) -> tuple[int, ...]:
    """The numbers of ``moves``. ValueError that names the first one that cannot be played."""
    here = position(game)
    for count, move in enumerate(moves, 1):
        if not isinstance(move, str) or len(move.split()) != 1:
            raise ValueError(f"move {count} is {str(move)[:40]!r}, and a move must be text")
        try:
            here = here.play(move)
        except ValueError as error:
            raise ValueError(f"move {count}: {str(error).partition(';')[0]}") from None
    return here.moves


def _resigned(content: dict[str, Any], moves: tuple[int, ...], game: Game) -> int | None:
    """The seat of the player who resigned: the loser of a game whose moves do not end it."""
    over = position_after(game, moves).is_over
    return {1: 1, -1: 0}.get(content.get("outcome", 0)) if not over and content.get("reason") else None


def _seat(content: dict[str, Any]) -> int | None:
    players = content.get("players")
    named = isinstance(players, list) and len(players) == 2 and players.count(PERSON) == 1
    return players.index(PERSON) if named else None  # type: ignore[union-attr]


def _from_sgf(text: str, game: Game, number: int) -> SavedGame:
    kind = sgf_type(game)
    if kind is None:
        raise ValueError(f"it is SGF, and {game.name} has no SGF type")
    tree = _nth(game_tree.parse(text), number)
    found = from_sgf(game_tree.write([tree]))
    family, _, parameters = found.game_name.partition(":")
    values = dict(each.split("=") for each in parameters.split(","))
    if family != game.family or int(values["size"]) != game.board.width:
        raise ValueError(f"it is a game of {family}:size={values['size']}, not of {game.name}")
    if found.handicap or len(found.moves) != len(found.events):
        raise ValueError("it sets up stones, and games here begin at the first position of the rules")
    here = position(game)
    for count, event in enumerate(found.events, 1):
        assert isinstance(event, Move)
        if not here.is_over and event.seat != here.to_play:
            raise ValueError(f"move {count} is made by {'BW'[event.seat]}, and it is the other player's turn")
        try:
            here = here.play(event.text)
        except ValueError as error:
            raise ValueError(f"move {count}: {str(error).partition(';')[0]}") from None
    komi = values.get("komi")
    differs = komi is not None and game.komi is not None and float(komi) != game.komi
    note = f"the file has a komi of {komi}; this game keeps {game.komi:g}" if differs else ""
    return SavedGame(here.moves, note=note)
