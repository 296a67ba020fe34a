"""Parses a question of ``honte analyze`` into jobs, one for each position to analyze.

Knows the fields of a question. Does not know how or when positions are searched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from games import Game, Position
from honte.analysis.position_analysis import PositionSearch
from honte.protocols.go_rules import check_rules
from honte.protocols.gtp.board import GtpBoard
from honte.protocols.json_fields import (
    FieldError,
    JsonObject,
    read_bool,
    read_id,
    read_int,
    read_ints,
    read_report_interval,
)

FIELDS = (
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
UNSUPPORTED_FIELDS = (
    "overrideSettings",
    "includeOwnership",
    "includeMovesOwnership",
    "whiteHandicapBonus",
    "rootPolicyTemperature",
)


@dataclass
class AnalysisJob:
    """One position of a question that is to be analyzed."""

    id: str
    turn: int
    position: Position
    budget: int  # simulations; below 0: as many as the player uses by default
    include_policy: bool
    include_visits: bool
    report_interval: float | None  # seconds; None: no reports during the search
    priority: int
    next_report: float = 0.0  # time of the monotonic clock
    search: PositionSearch | None = field(default=None, repr=False)


class ParsedQuestion(NamedTuple):
    """The jobs of a question, and the turns that need none because the game is over there."""

    jobs: list[AnalysisJob]
    final_turns: list[int]


def parse_question(question: JsonObject, game: Game, max_simulations: int) -> ParsedQuestion:
    """The positions that a question asks about. FieldError for a field with a wrong value.

    ``max_simulations``: the search tree has room for so many; 0 means no limit.
    """
    name = read_id(question)
    _check_game(question, game)
    path = _parse_moves(question, game)
    turns = read_ints(question, "analyzeTurns", [len(path) - 1], high=len(path) - 1)
    priorities = [read_int(question, "priority", 0, low=-(2**31), high=2**31)] * len(turns)
    if "priorities" in question:
        priorities = read_ints(question, "priorities", [], low=-(2**31), high=2**31)
        if len(priorities) != len(turns):
            raise FieldError("priorities", f"priorities has {len(priorities)} numbers; analyzeTurns has {len(turns)}")
    visits = read_int(question, "maxVisits", 0, low=1, high=2**31) if "maxVisits" in question else None
    if visits is not None and max_simulations and visits - 1 > max_simulations:
        raise FieldError(
            "maxVisits", f"maxVisits is {visits}; the tree has room for {max_simulations + 1}: see --max-visits"
        )
    policy, pv_visits = (read_bool(question, key) for key in ("includePolicy", "includePVVisits"))
    interval = read_report_interval(question)
    budget = -1 if visits is None else visits - 1  # the visit of the position itself is no simulation
    jobs = [
        AnalysisJob(name, turn, path[turn], budget, policy, pv_visits, interval, priority)
        for turn, priority in zip(turns, priorities, strict=True)
        if not path[turn].is_over
    ]
    return ParsedQuestion(jobs, [turn for turn in turns if path[turn].is_over])


def _check_game(question: JsonObject, game: Game) -> None:
    """FieldError where a question names another game than the one that this process plays."""
    for key, size in (("boardXSize", game.board.width), ("boardYSize", game.board.height)):
        if read_int(question, key, size, low=1, high=10_000) != size:
            raise FieldError(key, f"{key} is {question[key]}; the board of {game.name} has {size}: see --game")
    if game.komi is not None:
        value = question.get("komi", game.komi)
        if value != game.komi:
            raise FieldError("komi", f"komi is {str(value)[:32]}; this is {game.name}: see --game go:komi=...")
        if question.get("rules") is not None:
            try:
                check_rules(question["rules"], game)
            except ValueError as error:
                raise FieldError("rules", str(error)) from None


def _initial_stones(question: JsonObject, board: GtpBoard) -> dict[int, int]:
    """{point: 1 for a stone of the first player, 2 for one of the second} as ``initialStones`` sets them up."""
    stones, owners = question.get("initialStones") or [], dict[int, int]()
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
        if point >= board.game.board.width * board.game.board.height or owners.setdefault(point, owner) != owner:
            raise FieldError("initialStones", f"initialStones has {str(stone)[:64]}: a stone cannot be set up there")
    return owners


def _parse_moves(question: JsonObject, game: Game) -> list[Position]:
    """All positions from the initial one to the one after the last move."""
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
    path = [board.position]
    for index, move in enumerate(moves):
        pair = [None, move] if isinstance(move, str) else move
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)):
            raise FieldError("moves", f'move {index} is {str(move)[:64]}; write ["B", "C3"] or "C3"')
        try:
            board.play(board.position.to_play if pair[0] is None else board.seat(str(pair[0])), pair[1])
        except ValueError as error:
            raise FieldError("moves", f"move {index}: {error}") from None
        path.append(board.position)
    return path
