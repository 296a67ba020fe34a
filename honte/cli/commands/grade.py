"""``honte grade PLAYER``: mistakes on solved positions, by class, at one or several numbers of simulations.

Knows its flags and a table. Does not know what a mistake is or how positions were solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.settings import Count, Device, Positive, Seed, Slots
from honte.cli.flags import GameFlag, PlayerArgument, parse_flags
from honte.command_line import Output, format_table, show_progress

if TYPE_CHECKING:
    from games.game import Game
    from selfplay.solved.grading import Grade, SolvedPosition

UNASKED = 300
"""Positions that are drawn and solved where honte has no set of a game and none is named."""


@dataclass(frozen=True)
class GradeFlags:
    """Count a player's mistakes on solved positions: moves that give away a win or a draw."""

    player: PlayerArgument
    """such as runs/connect_four, mcts:800 or minimax:5"""
    positions: tuple[str, ...] = ()
    """files of JSON lines {"moves": [actions], "scores": {"action": score}}, or sets by name: middle_easy, end_easy;
    unless given, all that honte has for the game; where it has none and there is a solver, some are drawn"""
    make: str | None = None
    """draw positions of random games, solve them, keep them in this file and grade by them"""
    count: Positive = 1000
    """how many positions to make"""
    simulations: tuple[Count, ...] = ()
    """simulations a move, instead of the player's own; 0 is the network alone"""
    game: GameFlag = None
    """the game, where the player does not tell it"""
    num_slots: Slots = 256
    """positions thought about at once"""
    seed: Seed = 0
    """all that is drawn by lot follows from it"""
    device: Device = "auto"
    """where networks run"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(GradeFlags, arguments, "grade")
    from agent.decision import Forfeit
    from agent.players import file_of
    from agent.solvers import POSITION_SETS
    from agent.solvers.perfect_player import has_solver
    from honte.api import load, resolve_game, with_simulations
    from selfplay.matches.readiness import check_players
    from selfplay.solved.grading import count_mistakes, find_mistakes
    from selfplay.solved.position_classes import group_by_class
    from training.evaluation.solved_positions import solved_sets

    packaged = all(name in POSITION_SETS for name in args.positions)
    output, sets = Output(args.json), {name: _positions(name) for name in args.positions}
    usual = "connect_four" if packaged and not file_of(args.player) else None
    game = resolve_game(args.game or (_format_player(args.player) or usual if packaged else None), args.player)
    budgets: Sequence[int | None] = args.simulations or (None,)
    texts = [args.player if budget is None else with_simulations(args.player, budget) for budget in budgets]
    for text in texts:  # before positions are solved and stored
        check_players(game, [(text, load(text, game, device=args.device))], ())
    if args.make is not None:
        sets[args.make] = _made(game, args.count, args.seed, args.make)
    sets = sets or solved_sets(game)
    if not sets and has_solver(game):
        sets = {"drawn": _made(game, UNASKED, 0)}
    if not sets:
        raise ValueError(f"honte has no solved positions of {game.name}; name a file of them by --positions")
    results: list[dict[str, Any]] = []
    with show_progress(args.player, len(budgets) * sum(map(len, sets.values()))) as advance:
        for budget, text in zip(budgets, texts, strict=True):
            player = load(text, game, num_slots=args.num_slots, seed=args.seed, device=args.device)
            for name, positions in sets.items():
                try:
                    wrong = find_mistakes(
                        game,
                        player,
                        positions,
                        num_slots=args.num_slots,
                        seed=args.seed,
                        progress=lambda steps, name=name: advance(steps, name),  # type: ignore[misc]
                    )
                except Forfeit as failure:
                    raise ValueError(f"{text!r} failed in the positions {name!r}: {failure.reason}") from None
                classes = [
                    {"class": each, **_numbers(count_mistakes([positions[i] for i in rows], wrong[rows]))}
                    for each, rows in group_by_class(game, positions).items()
                ]
                told = {"positions": name, "simulations": budget, **_numbers(count_mistakes(positions, wrong))}
                results.append({**told, "classes": classes})
    output.say(_format_results(args.player, results))
    output.result({"player": args.player, "game": game.name, "results": results})
    return 0


def _numbers(found: Grade) -> dict[str, Any]:
    counts = {"count": found.count, "mistakes": found.mistakes, "mistake_rate": found.mistake_rate}
    return {**counts, "interval": list(found.interval), "could_err": found.could_err}


def _made(game: Game, count: int, seed: int, path: str | None = None) -> list[SolvedPosition]:
    """Positions drawn and solved, and kept in a file where one is named."""
    from agent.solvers.perfect_player import is_solvable, make_solver
    from agent.storage import durable_files
    from selfplay.solved import position_classes as classes

    if path is not None and Path(path).exists():
        raise ValueError(f"--make: {path} exists; name it by --positions, or choose another name")
    solve = make_solver(game, quickest=True)
    with show_progress(f"solving {game.name}", count) as advance:
        found = classes.draw_solved(
            game,
            solve,
            count,
            seed=seed,
            solvable=lambda row: is_solvable(game, row),
            progress=lambda n: advance(n, ""),
        )
    if path is not None:
        durable_files.write_atomic(path, classes.format_positions(found))
    return found


def _positions(name: str) -> list[SolvedPosition]:
    from agent import solvers
    from selfplay.solved.grading import parse_positions, read_positions

    if name in solvers.POSITION_SETS and not Path(name).exists():
        return parse_positions(solvers.positions(name))
    if not Path(name).is_file():
        raise ValueError(
            f"--positions: there is no file {name!r}, and no such packaged set; those are"
            f" {', '.join(solvers.POSITION_SETS)}"
        )
    return read_positions(name)


def _format_player(player: str) -> str | None:
    from agent.players import learned_game

    return learned_game(player)


def _format_results(player: str, results: Sequence[dict[str, Any]]) -> str:
    heads = ["simulations", "positions", "that allow a mistake", "mistakes", "mistake rate", "95 % interval"]
    rows = [[player, *heads]]
    for each in results:
        budget = "own" if each["simulations"] is None else str(each["simulations"])
        rows.append([f"  {each['positions']}", budget, *_row(each)])
        if len(each["classes"]) > 1:
            rows += [[f"    {part['class']}", "", *_row(part)] for part in each["classes"]]
    return format_table(rows, right="123456")


def _row(each: dict[str, Any]) -> list[str]:
    low, high = each["interval"]
    counts = [str(each["count"]), str(each["could_err"]), str(each["mistakes"])]
    return [*counts, f"{each['mistake_rate']:.2%}", f"{low:.2%} to {high:.2%}"]
