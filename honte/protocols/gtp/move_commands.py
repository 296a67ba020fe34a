"""GTP commands about the game: board size, setup, moves, undo, clocks, files and scores.

Does not know how the board keeps moves, or how a player searches.
"""

from __future__ import annotations

from pathlib import Path

import honte
from agent.storage import durable_files
from agent.storage.write_errors import check_folder
from games import Game
from honte.protocols import gogui
from honte.protocols.gtp.board import GtpBoard, handicap_points, with_size
from honte.protocols.gtp.clock import MAX_SECONDS
from honte.protocols.gtp.framing import parse_number, parse_whole_number
from honte.protocols.gtp.session import Command, GtpSession, argument
from honte.sgf import conversion, game_tree
from honte.sgf.notation import sgf_type


class MoveCommands:
    """Each command takes its arguments and returns its reply. A ValueError becomes an error reply."""

    def __init__(self, session: GtpSession) -> None:
        self.session = session

    def commands(self) -> dict[str, Command]:
        """{name: command}, without those that do not apply to the game."""
        game = self.session.board.game
        commands: dict[str, Command] = {
            "boardsize": self.boardsize,
            "rectangular_boardsize": self.rectangular_boardsize,
            "clear_board": self.clear_board,
            "komi": self.komi,
            "play": self.play,
            "gogui-play_sequence": self.play_sequence,
            "undo": self.undo,
            "gg-undo": self.undo_many,
            "time_settings": self.time_settings,
            "time_left": self.time_left,
            "showboard": lambda words: "\n" + str(self.session.board.position),
            "final_score": lambda words: self.session.board.final_score(),
        }
        if game.komi is not None:
            handicaps = ("fixed_handicap", "place_free_handicap")
            commands |= dict.fromkeys(handicaps, self.fixed_handicap)
            commands |= {"set_free_handicap": self.set_free_handicap, "final_status_list": self.final_status_list}
        if sgf_type(game) is not None:
            commands |= {"loadsgf": self.loadsgf, "printsgf": self.printsgf}
        return commands

    def boardsize(self, words: list[str]) -> str:
        size = parse_whole_number(argument(words, 0, "boardsize SIZE"), "the size", low=1, high=99)
        return self._resize(size, size)

    def rectangular_boardsize(self, words: list[str]) -> str:
        usage = "rectangular_boardsize COLUMNS ROWS"
        columns, rows = (parse_whole_number(argument(words, i, usage), "a side", low=1, high=99) for i in (0, 1))
        return self._resize(columns, rows)

    def _resize(self, columns: int, rows: int) -> str:
        game = with_size(self.session.board.game, columns, rows)
        self._set_board(GtpBoard(game) if game is not self.session.board.game else self.session.board)
        return self.clear_board([])

    def _set_board(self, board: GtpBoard) -> None:
        """Replace the board. ValueError where there is no player for its size."""
        komi = self.session.board.komi
        try:
            self.session.player(board.game)
        except ValueError as error:
            raise ValueError(f"unacceptable size: {error}") from None
        self.session.board = board
        board.komi = komi

    def clear_board(self, words: list[str]) -> str:
        session = self.session
        session.board.clear()
        session.clock.reset()
        session.partial_move = ()
        session.num_games += 1
        return ""

    def komi(self, words: list[str]) -> str:
        self.session.board.komi = parse_number(argument(words, 0, "komi KOMI"), "komi", low=-1000, high=1000)
        self.session.prepare_player()
        return ""

    def fixed_handicap(self, words: list[str]) -> str:
        size = self.session.board.game.board.width
        stones = parse_whole_number(argument(words, 0, "fixed_handicap STONES"), "the number of stones", low=2, high=9)
        return self._handicap([r * size + c for r, c in handicap_points(size, stones)])

    def set_free_handicap(self, words: list[str]) -> str:
        game = self.session.board.game
        try:
            actions = [game.parse_action(text) for text in words]
        except ValueError as error:
            raise ValueError(f"bad vertex list: {error}") from None
        points = game.num_actions - 1
        if len(set(actions)) < max(2, len(actions)) or len(actions) >= points or points in actions:
            raise ValueError("bad vertex list: two or more different points are needed")
        return self._handicap(actions)

    def _handicap(self, actions: list[int]) -> str:
        board = self.session.board
        if board.seats or board.stones():
            raise ValueError("board not empty")
        board.set_handicap(actions)
        return " ".join(board.game.action_text(action) for action in actions)

    def play(self, words: list[str]) -> str:
        board, points = self.session.board, self.session.partial_move
        seat, text = board.seat(argument(words, 0, "play COLOR MOVE")), argument(words, 1, "play COLOR MOVE")
        if not self.session.uses_points:
            board.play(seat, text)
            return ""
        position = board.turn(seat)
        points_by_action = gogui.move_points(position)
        points = (*points, text.lower() if text.isalpha() else text.upper())
        action = gogui.action_of(points_by_action, points)
        if action is not None:
            board.make_move(position, action)
        elif not gogui.legal_points(points_by_action, points):
            raise ValueError(f"illegal move: {text}")
        self.session.partial_move = () if action is not None else points
        return ""

    def play_sequence(self, words: list[str]) -> str:
        board, partial_move = self.session.board, self.session.partial_move
        before = len(board.seats)
        try:
            for i in range(0, len(words), 2):
                self.play(words[i : i + 2])
        except ValueError:
            while len(board.seats) > before:
                board.undo()
            self.session.partial_move = partial_move
            raise
        return ""

    def undo(self, words: list[str]) -> str:
        session = self.session
        if session.partial_move:
            session.partial_move = session.partial_move[:-1]
            return ""
        action = session.board.undo()
        if session.uses_points:  # take back only its last point
            session.partial_move = gogui.move_points(session.board.position).get(action, ())[:-1]
        return ""

    def undo_many(self, words: list[str]) -> str:
        count = parse_whole_number(words[0], "the number of moves", high=10_000) if words else 1
        for _ in range(count):
            self.undo([])
        return ""

    def time_settings(self, words: list[str]) -> str:
        usage = "time_settings MAIN_TIME BYO_YOMI_TIME BYO_YOMI_STONES"
        main, period = (parse_number(argument(words, i, usage), "a time", low=0, high=MAX_SECONDS) for i in (0, 1))
        self.session.clock.set(
            main, period, parse_whole_number(argument(words, 2, usage), "the number of stones", high=1000)
        )
        self.session.prepare_player()  # compile before a clock runs
        return ""

    def time_left(self, words: list[str]) -> str:
        usage = "time_left COLOR TIME STONES"
        seat = self.session.board.seat(argument(words, 0, usage))
        left = parse_number(argument(words, 1, usage), "the time", low=-MAX_SECONDS, high=MAX_SECONDS)
        self.session.clock.set_left(
            seat, left, parse_whole_number(argument(words, 2, usage), "the number of stones", high=1000)
        )
        return ""

    def final_status_list(self, words: list[str]) -> str:
        """Under Tromp-Taylor rules every stone on the board is alive."""
        status, board = argument(words, 0, "final_status_list dead|alive|seki"), self.session.board
        if status not in ("dead", "alive", "seki"):
            raise ValueError(f"syntax error: {status!r} is not a status; write dead, alive or seki")
        return "\n".join(board.game.action_text(a) for _, a in board.stones()) if status == "alive" else ""

    def loadsgf(self, words: list[str]) -> str:
        path = Path(argument(words, 0, "loadsgf FILE [MOVE_NUMBER]"))
        before = parse_whole_number(words[1], "the move number", low=1) - 1 if len(words) > 1 else None
        try:
            if path.stat().st_size > game_tree.MAX_BYTES:
                raise ValueError(f"{path} is larger than {game_tree.MAX_BYTES} bytes")
            record = conversion.from_sgf(path.read_bytes(), before)
            board = GtpBoard(self._same_kind(honte.make(record.game_name)))
            board.load(record)
        except OSError as error:
            raise ValueError(f"cannot load file: {error.strerror}") from None
        except ValueError as error:
            raise ValueError(f"cannot load file: {error}") from None
        self._set_board(board)
        if "komi=" in record.game_name:
            board.komi = float(record.game_name.partition("komi=")[2])
        self.session.partial_move = ()
        self.session.clock.reset()
        self.session.num_games += 1
        return board.names[board.position.to_play]

    def _same_kind(self, game: Game) -> Game:
        """The game of this session in the size of ``game``, which must be of the same kind."""
        mine = self.session.board.game
        if game.family != mine.family:
            raise ValueError(f"the file has a game of {game.family}; this session plays {mine.name}")
        return with_size(mine, game.board.width, game.board.height)

    def printsgf(self, words: list[str]) -> str:
        content = self.session.board.to_sgf()
        if not words:
            return content
        check_folder(words[0])
        durable_files.write_atomic(Path(words[0]), content.encode())
        return ""
