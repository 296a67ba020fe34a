"""What each command of ``honte play`` does, and the state that commands change: the game, the seats, the opponent.

Does not know the prompt or the game loop: a command that changes the game raises a ``RestartRequest``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.player import Player
from games import Game, Position
from games.playouts import seats_of
from honte.drawing.terminal import draw_position
from honte.terminal import saved_games
from honte.terminal.analysis_table import analysis_table
from honte.terminal.commands import help_text, numbered_moves
from honte.terminal.hints import hint_lines
from honte.terminal.opponent import Opponent
from honte.terminal.played_game import PlayedGame
from honte.terminal.saved_games import PERSON

if TYPE_CHECKING:
    from rich.console import Console

SIDES = ("first", "second")


class RestartRequest(Exception):
    """Not an error: the person wants to continue after these actions, in that seat."""

    def __init__(self, actions: tuple[int, ...], seat: int | None, resigned: int | None = None) -> None:
        super().__init__()
        self.actions, self.seat, self.resigned = actions, seat, resigned


class LeaveRequest(Exception):
    """Not an error: the person wants to leave."""


class SessionCommands:
    """The state of a session at the prompt, and its commands by name."""

    def __init__(
        self,
        game: Game,
        player: Player | None,
        name: str,
        console: Console,
        *,
        make: Callable[[int], Player],
        seat: int | None,
        seed: int,
        temperature: float = 0,
    ) -> None:
        """``seat``: 0 if the person moves first; None if people have both seats, and ``player`` gives hints only.

        ``temperature``: how freely ``player`` chooses; 0 is its best move. ``make``, and ``player``
        None: see ``Opponent``.
        """
        self.game, self.console = game, console
        self.opponent = Opponent(player, name, console, make)
        self.seat, self.seed, self.temperature = seat, seed, temperature
        self.played = PlayedGame(game)
        self.last_value: float | None = None  # the value of the opponent's last move, as the opponent sees it
        self.saved: set[Path] = set()
        self.commands: dict[str, Callable[[str], None]] = {
            "hint": self._hint,
            "analysis": self._analysis,
            "undo": self._undo,
            "redo": self._redo,
            "moves": self._moves,
            "legal": self._legal,
            "board": self._board,
            "level": self._level,
            "new": self._new,
            "side": self._side,
            "resign": self._resign,
            "save": self._save,
            "load": self._load,
            "help": self._help,
            "quit": self._quit,
        }

    @property
    def here(self) -> Position:
        return self.played.here

    @property
    def players(self) -> list[str]:
        """The names of the first and the second player."""
        if self.seat is None:
            return [PERSON, PERSON]
        return [PERSON, self.opponent.name] if self.seat == 0 else [self.opponent.name, PERSON]

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _help(self, rest: str) -> None:
        self._say(help_text([] if self.played.is_over else self.here.legal_actions, self.console.width))

    def _quit(self, rest: str) -> None:
        raise LeaveRequest

    def _new(self, rest: str) -> None:
        self.played = PlayedGame(self.game)
        raise RestartRequest((), self.seat)

    def _undo(self, rest: str) -> None:
        raise RestartRequest(self.played.moves_after_undo(self.seat), self.seat)

    def _redo(self, rest: str) -> None:
        raise RestartRequest(self.played.moves_after_redo(self.seat), self.seat)

    def _side(self, rest: str) -> None:
        if self.seat is None:
            raise ValueError("both sides are played by people, so there is no seat to change")
        if rest not in ("", *SIDES):
            raise ValueError(f"there is no side {rest!r}; it is first or second")
        seat = SIDES.index(rest) if rest else 1 - self.seat
        raise RestartRequest(() if self.played.is_over else self.here.moves, seat)

    def _resign(self, rest: str) -> None:
        self._ensure_goes_on("there is nothing to resign")
        raise RestartRequest(self.here.moves, self.seat, self.here.to_play if self.seat is None else self.seat)

    def _board(self, rest: str) -> None:
        self._show()

    def _moves(self, rest: str) -> None:
        names = [self.game.board.names[seat] for seat in seats_of(self.game, self.here.moves)]
        self._say(numbered_moves(self.here.line, names, self.console.width) or "no move has been played yet")

    def _legal(self, rest: str) -> None:
        self._ensure_goes_on("there is no legal move")
        legal = [move for move in self.here.legal_actions if move.startswith(rest)]
        if not legal:
            raise ValueError(f"no legal move begins with {rest!r}")
        self._say(" ".join(legal), wrap=True)

    def _level(self, rest: str) -> None:
        if rest:
            self.opponent.set_simulations(_whole_number(rest))
        level = self.opponent.level
        searches = "does not count simulations" if level is None else f"searches {level:,} simulations for each move"
        self._say(f"{self.opponent.name} {searches}")

    def _save(self, rest: str) -> None:
        path = Path(rest)
        if not rest:
            raise ValueError("save needs the name of a file, such as: save game.json")
        if path.exists() and path not in self.saved:
            raise ValueError(f"{path} exists; choose another name")
        saved_games.save(path, self.played, self.players)
        self.saved.add(path)
        self._say(f"saved to {path}")

    def _load(self, rest: str) -> None:
        if not rest:
            raise ValueError("load needs the name of a file, such as: load game.json")
        name, _, number = rest.rpartition(" ")
        if not (name and number.isdecimal()) or Path(rest).exists():
            name, number = rest, "1"
        found = saved_games.load(Path(name), self.game, _whole_number(number))
        seat = found.seat if self.seat is not None and found.seat is not None else self.seat
        self.played = PlayedGame(self.game, found.actions)
        count = f"{len(found.actions)} {'move' if len(found.actions) == 1 else 'moves'}"
        self._say(f"loaded {count} from {name}" + (f"; {found.note}" if found.note else ""))
        raise RestartRequest(found.actions, seat, found.resigned)

    def _hint(self, rest: str) -> None:
        self._ensure_goes_on("there is no hint")
        search = self.opponent.analyze(self.here, self.seed)
        assert search.decisions is not None
        for line in hint_lines(self.here, self.opponent.player, search.decisions, self.console.width):
            self._say(line)

    def _analysis(self, rest: str) -> None:
        self._ensure_goes_on("there is nothing to analyse")
        search = self.opponent.analyze(self.here, self.seed, _whole_number(rest) if rest else None)
        self.console.print(analysis_table(self.here, search.analysis(), self.console.width), soft_wrap=True)

    def _ensure_goes_on(self, so: str) -> None:
        if self.played.is_over:
            raise ValueError(f"the game is over, so {so}")

    # ---- what the person sees ----------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """The game as it stands; ``outcome`` is the first player's, null before the end."""
        return self.played.as_json(self.players)

    def _show(self) -> None:
        self._say()
        drawing = draw_position(self.here, self.console.width)
        if self.played.resigned is not None:  # its last line says whose turn it is
            drawing.right_crop(len(drawing.plain) - drawing.plain.rindex("\n"))
        self.console.print(drawing, soft_wrap=True)
        if self.last_value is not None and not self.played.is_over:
            move = self.here.line[-1]
            self._say(f"{self.opponent.name} played {move}; its win probability is {(1 + self.last_value) / 2:.0%}")
        if self.played.outcome is not None:
            self._say(self._result_text(self.played.outcome))

    def _result_text(self, outcome: int) -> str:
        resigned = self.played.resigned
        if self.seat is None:
            names = self.game.board.names
            how = "" if resigned is None else f"{names[resigned]} resigns. "
            return how + ("A draw." if outcome == 0 else f"{names[0 if outcome > 0 else 1]} wins.")
        how = "" if resigned is None else "You resign. " if resigned == self.seat else f"{self.opponent.name} resigns. "
        won = outcome * (1 if self.seat == 0 else -1)
        return how + {1: "You win.", 0: "A draw.", -1: f"{self.opponent.name} wins."}[won]

    def _say(self, text: str = "", *, wrap: bool = False) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=not (wrap or self.console.is_terminal))


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(f"{text[:40]!r} is not a whole number such as 400")
    return int(text)
