"""The positions that one question of ``honte analyze`` is about, with what is wished to be known of them.

Knows the fields of a question. Does not know who thinks about its positions, nor when.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from games import Game, Position
from honte.analysis.position_analysis import PositionThinking
from honte.protocols.go_rules import check_rules
from honte.protocols.gtp.board import GtpBoard
from honte.protocols.json_fields import Answer, FieldError, flag, id_of, number, numbers, seconds

KNOWN = (
    "id",
    "moves",
    "initialPlayer",
    "initialStones",
    "rules",
    "komi",
    "boardXSize",
    "boardYSize",
    "analyzeTurns",
    "maxVisits",
    "includePolicy",
    "includePVVisits",
    "reportDuringSearchEvery",
    "priority",
    "priorities",
    "action",
    "terminateId",
    "turnNumbers",
)
PASSED_OVER = (
    "overrideSettings",
    "includeOwnership",
    "includeMovesOwnership",
    "whiteHandicapBonus",
    "rootPolicyTemperature",
)


@dataclass
class AnalysisJob:
    """One position of a question."""

    id: str
    turn: int
    here: Position
    budget: int  # simulations; below 0: the player's own number
    include_policy: bool
    include_visits: bool
    every: float | None  # seconds between reports
    priority: int
    due: float = 0.0
    thought: PositionThinking | None = field(default=None, repr=False)


def read_question(question: Answer, game: Game, most: int) -> tuple[list[AnalysisJob], list[int]]:
    """The positions that a question is about, and the turns at which the game is over already.

    ``most``: simulations that a tree has room for, 0 without a limit. FieldError for a field that is not right.
    """
    name = id_of(question)
    _check_game(question, game)
    path = _path(question, game)
    turns = numbers(question, "analyzeTurns", [len(path) - 1], high=len(path) - 1)
    priorities = [number(question, "priority", 0, low=-(2**31), high=2**31)] * len(turns)
    if "priorities" in question:
        priorities = numbers(question, "priorities", [], low=-(2**31), high=2**31)
        if len(priorities) != len(turns):
            raise FieldError("priorities", f"priorities has {len(priorities)} numbers; analyzeTurns has {len(turns)}")
    visits = number(question, "maxVisits", 0, low=1, high=2**31) if "maxVisits" in question else None
    if visits is not None and most and visits - 1 > most:
        raise FieldError("maxVisits", f"maxVisits is {visits}; {most + 1} at most fit: see --max-visits")
    policy, pv_visits = (flag(question, key) for key in ("includePolicy", "includePVVisits"))
    every = seconds(question)
    budget = -1 if visits is None else visits - 1
    pairs = zip(turns, priorities, strict=True)
    going = [(t, p) for t, p in pairs if not path[t].is_over]
    jobs = [AnalysisJob(name, t, path[t], budget, policy, pv_visits, every, p) for t, p in going]
    return jobs, [turn for turn in turns if path[turn].is_over]


def _check_game(question: Answer, game: Game) -> None:
    """This process plays one game; a question may say so, but it may not say otherwise."""
    for key, side in (("boardXSize", game.board.width), ("boardYSize", game.board.height)):
        if number(question, key, side, low=1, high=10_000) != side:
            raise FieldError(key, f"{key} is {question[key]}; {game.name} is played on {side}: see --game")
    if game.komi is not None:
        value = question.get("komi", game.komi)
        if value != game.komi:
            raise FieldError("komi", f"komi is {str(value)[:32]}; this is {game.name}: see --game go:komi=...")
        if question.get("rules") is not None:
            try:
                check_rules(question["rules"], game)
            except ValueError as error:
                raise FieldError("rules", str(error)) from None


def _initial_stones(question: Answer, board: GtpBoard) -> dict[int, int]:
    """What ``initialStones`` makes of points: 1 the first player's stone, 2 the second's."""
    stones, found = question.get("initialStones") or [], dict[int, int]()
    example = 'write a list of stones, such as [["B", "C3"]]'
    if not isinstance(stones, list):
        raise FieldError("initialStones", f"initialStones is {str(stones)[:64]}; {example}")
    for stone in stones:
        if not (isinstance(stone, list) and len(stone) == 2 and all(isinstance(part, str) for part in stone)):
            raise FieldError("initialStones", f"initialStones has {str(stone)[:64]}; {example}")
        try:
            point, owner = board.game.parse_action(stone[1]), board.seat(stone[0]) + 1
        except ValueError as error:
            raise FieldError("initialStones", f"initialStones has {str(stone)[:64]}: {error}") from None
        if point >= board.game.board.width * board.game.board.height or found.setdefault(point, owner) != owner:
            raise FieldError("initialStones", f"initialStones has {str(stone)[:64]}: no stone can be set up there")
    return found


def _path(question: Answer, game: Game) -> list[Position]:
    """Every position from the first to the one after all moves."""
    moves = question.get("moves")
    if not isinstance(moves, list):
        raise FieldError("moves", 'moves is missing; write a list of moves, such as [] or [["B", "C3"]]')
    board = GtpBoard(game)
    first, stones = question.get("initialPlayer"), _initial_stones(question, board)
    seat = None
    try:
        if first is not None:
            seat = board.seat(str(first))
            if not stones:
                board.positions = [board.turn(seat)]
    except ValueError as error:
        raise FieldError("initialPlayer", str(error)) from None
    try:
        if stones:
            board.set_up(stones, seat)
    except ValueError as error:
        raise FieldError("initialStones", f"initialStones cannot be set up: {error}") from None
    path = [board.here]
    for index, move in enumerate(moves):
        pair = [None, move] if isinstance(move, str) else move
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise FieldError("moves", f'move {index} is {str(move)[:64]}; write ["B", "C3"] or "C3"')
        try:
            board.play(board.here.to_play if pair[0] is None else board.seat(str(pair[0])), pair[1])
        except ValueError as error:
            raise FieldError("moves", f"move {index}: {error}") from None
        path.append(board.here)
    return path
