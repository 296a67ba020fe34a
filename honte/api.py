"""Players from text and matches between them, for Python and for the command line.

Knows how texts become games and players. Does not know flags, terminals or files of results.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agent import weights
from agent.player import Player
from agent.player_identity import ENGINES
from agent.players import learned_game, learned_game_file, make_player
from games.game import Game
from games.registry import make
from selfplay.matches.match import MatchResult, play_match
from selfplay.matches.readiness import check_players


def resolve_game(given: Game | str | None, *texts: Player | str) -> Game:
    """The game that is ``given``, or else the game that the players have learned.

    ValueError if there is none, or if two players have learned different games.
    """
    if isinstance(given, Game):
        return given
    games = [game for text in texts if isinstance(game := getattr(text, "game", None), Game)]
    if given is None and games:
        return games[0]
    _say_stand_ins(text for text in texts if given is None and isinstance(text, str))
    learned = {text: name for text in texts if isinstance(text, str) and (name := learned_game(text)) is not None}
    names = set(learned.values())
    if given is None and len(names) > 1:
        raise ValueError(
            "the players have learned different games: " + ", ".join(f"{t} plays {n}" for t, n in learned.items())
        )
    files = [(text, file) for text in texts if isinstance(text, str) and (file := learned_game_file(text))]
    if given is None and not names and files:
        (text, file), there = files[0], Path(files[0][1].partition(".py:")[0] + ".py").is_file()
        how = f"add --game {shlex.quote(file)}" if there else "add --game with the place where that file is now"
        raise ValueError(f"{text} has learned {file}, and a game file runs only where it is named: {how}")
    if given is None and not names:
        players = " and ".join(repr(text) for text in texts if isinstance(text, str))
        raise ValueError(
            f"no game is given, and {players or 'the players'} can play any; add --game, such as connect_four"
        )
    return make(given if given is not None else names.pop())


def _say_stand_ins(texts: Iterable[str]) -> None:
    """Warn of each game's bare name that means a network of another size than the default."""
    for text in texts:
        head = text.partition("?")[0]
        if game := weights.stand_in(head):
            message = (
                f"no network ships for the default size of {head}, so {head} means {game}, the nearest size that does"
            )
            warnings.warn(message, stacklevel=3)


def load(
    text: str, game: Game | str | None = None, *, num_slots: int = 1, seed: int = 0, device: str = "auto"
) -> Player:
    """The player that ``text`` names: ``random``, ``mcts:800``, ``minimax:5``, ``perfect`` or a run's folder.

    ``game`` may be left out if the player has learned one. ``num_slots``: games it plays at the same time.
    """
    return make_player(text, resolve_game(game, text), num_slots=num_slots, seed=seed, device=device)


def match(
    a: Player | str,
    b: Player | str,
    game: Game | str | None = None,
    *,
    num_slots: int = 64,
    seed: int = 0,
    **terms: Any,
) -> MatchResult:
    """Let ``a`` play against ``b``, given as texts or players; ``terms`` are those of ``play_match``.

    >>> honte.match("mcts:100", "random", "tic_tac_toe", games=20).wins > 10
    True
    """
    rules = resolve_game(game, a, b)
    for side in (a, b):
        slots, own = getattr(side, "num_slots", num_slots), getattr(side, "game", rules)
        if own != rules:
            raise ValueError(f"{side!r} plays {own.name}; this is a match of {rules.name}")
        if slots < min(num_slots, max(2, terms.get("games", num_slots))):
            raise ValueError(
                f"{side!r} plays {slots} games at the same time; load it with num_slots={num_slots}, or play fewer"
            )
    sides = [load(x, rules, num_slots=num_slots, seed=seed) if isinstance(x, str) else x for x in (a, b)]
    check_players(rules, [(x, side) for x, side in zip((a, b), sides, strict=True) if isinstance(x, str)], ())
    return play_match(rules, *sides, num_slots=num_slots, seed=seed, **terms)


def with_simulations(text: str, num_simulations: int) -> str:
    """The text of the same player with another number of simulations for each move. ValueError if it has none."""
    head, _, query = text.partition("?")
    kind = head.partition(":")[0]
    if kind == "mcts":
        return f"mcts:{num_simulations}"
    if kind in ("random", "perfect", "minimax", *ENGINES):
        raise ValueError(f"{text} takes no number of simulations; mcts:N and networks do")
    kept = [part for part in query.split("&") if part and not part.startswith("simulations=")]
    return f"{head}?{'&'.join([*kept, f'simulations={num_simulations}'])}"
