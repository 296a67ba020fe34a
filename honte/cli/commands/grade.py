"""``honte grade PLAYER``: mistakes on solved positions, by class, for one or several numbers of simulations.

Knows its flags and the table. Does not know what a mistake is or how positions were solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from agent.settings import Count, Device, Positive, Seed, Slots
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import GameFlag, Placeholder, PlayerArgument
from honte.command_line import Output, format_table, show_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from games.game import Game
    from selfplay.solved.grading import Grade, SolvedPosition
    from selfplay.solved.position_classes import PositionKind

DEFAULT_COUNT = 300
"""How many random positions are solved where honte has no set for the game and none is named."""


@dataclass(frozen=True)
class GradeFlags:
    """Count a player's mistakes on solved positions. A mistake is a move that gives away a win or a draw."""

    player: PlayerArgument
    """the player, such as runs/connect_four, mcts:800 or minimax:5"""
    positions: Annotated[tuple[str, ...], Placeholder("SET|FILE ...")] = ()
    """files of JSON lines {"moves": [actions], "scores": {"action": score}}, or names of sets such as middle_easy
    (default: all sets of the game, or random positions if there is a solver)"""
    make: Annotated[str | None, Placeholder("FILE")] = None
    """solve positions of random games, write them to this new file and use them; the same command goes on after an
    interruption (default: no file)"""
    count: Positive = 1000
    """with --make: how many positions to solve"""
    fewest_plies: Annotated[Count | None, Placeholder("N")] = None
    """with --make: the fewest plies before a position (default: those from which on positions are solved in seconds)"""
    most_plies: Annotated[Count | None, Placeholder("N")] = None
    """with --make: the most plies before a position (default: no bound)"""
    no_immediate_wins: bool = False
    """with --make: leave out positions in which the player to move can win at once"""
    simulations: tuple[Count, ...] = ()
    """simulations for each move, one or several numbers; 0 is the network only (default: the player's own number)"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the player has learned)"""
    num_slots: Slots = 256
    """positions that are searched at the same time"""
    seed: Seed = 0
    """the random seed"""
    device: Device = "auto"
    """where networks run"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(GradeFlags, arguments, "grade")
    from agent.decision import Forfeit
    from agent.players import learned_game, learned_game_file
    from agent.solvers import POSITION_SETS
    from agent.solvers.registry import has_solver
    from honte.api import load, resolve_game, with_simulations
    from selfplay.matches.readiness import check_players
    from selfplay.solved.grading import count_mistakes, find_mistakes
    from selfplay.solved.paired_mistakes import compare_mistakes
    from selfplay.solved.position_classes import PositionKind, group_by_class
    from training.evaluation.solved_positions import solved_sets

    if args.make is None and (args.no_immediate_wins or (args.fewest_plies, args.most_plies) != (None, None)):
        raise ValueError("--fewest-plies, --most-plies and --no-immediate-wins go with --make")
    if args.most_plies is not None and (args.fewest_plies or 0) > args.most_plies:
        raise ValueError(f"--fewest-plies {args.fewest_plies} is more than --most-plies {args.most_plies}")
    packaged = all(name in POSITION_SETS for name in args.positions)
    output, sets = Output(args.json), {name: _read_positions(name) for name in args.positions}
    default_game = "connect_four" if packaged and not learned_game_file(args.player) else None
    game = resolve_game(args.game or (learned_game(args.player) or default_game if packaged else None), args.player)
    budgets: Sequence[int | None] = args.simulations or (None,)
    texts = [args.player if budget is None else with_simulations(args.player, budget) for budget in budgets]
    for text in texts:  # a player that cannot play is refused before positions are solved
        check_players(game, [(text, load(text, game, device=args.device))], ())
    if args.make is not None:
        if args.fewest_plies is not None and args.fewest_plies >= game.max_plies:
            raise ValueError(
                f"--fewest-plies is {args.fewest_plies}:"
                f" a game of {game.name} ends after at most {game.max_plies} plies"
            )
        kind = PositionKind(
            fewest_plies=args.fewest_plies, most_plies=args.most_plies, immediate_wins=not args.no_immediate_wins
        )
        sets[args.make] = _solve_positions(game, args.count, args.seed, args.make, kind)
    sets = sets or solved_sets(game)
    if not sets and has_solver(game):
        sets = {"drawn": _solve_positions(game, DEFAULT_COUNT, 0)}
    if not sets:
        raise ValueError(f"honte has no solved positions of {game.name}; name a file of them with --positions")
    results: list[dict[str, Any]] = []
    errors: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in sets}  # one array for each budget
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
                errors[name].append(wrong)
                classes = [
                    {"class": each, **_numbers(count_mistakes([positions[i] for i in rows], wrong[rows]))}
                    for each, rows in group_by_class(game, positions).items()
                ]
                total = {"positions": name, "simulations": budget, **_numbers(count_mistakes(positions, wrong))}
                results.append({**total, "classes": classes})
    comparisons = [
        {
            "positions": name,
            "simulations": [args.simulations[i], args.simulations[i + 1]],
            **compare_mistakes(*wrong[i : i + 2])._asdict(),
        }
        for name, wrong in errors.items()
        for i in range(len(wrong) - 1)
    ]
    output.say(_format_results(args.player, results))
    if comparisons:
        output.say(_format_comparisons(comparisons))
    output.result({"player": args.player, "game": game.name, "results": results, "comparisons": comparisons})
    return 0


def _numbers(found: Grade) -> dict[str, Any]:
    counts = {"count": found.count, "mistakes": found.mistakes, "mistake_rate": found.mistake_rate}
    return {**counts, "interval": list(found.interval), "could_err": found.could_err}


def _solve_positions(
    game: Game, count: int, seed: int, path: str | None = None, kind: PositionKind | None = None
) -> list[SolvedPosition]:
    """Positions of random games with their solutions, written to ``path`` if one is given.

    Those that an interrupted call has solved for ``path`` are not solved again.
    """
    from agent.solvers.registry import is_solvable, make_solver
    from agent.storage.write_errors import check_folder
    from selfplay.solved import position_classes
    from selfplay.solved.unfinished_set import UnfinishedSet

    if path is not None:
        check_folder(path)
    if path is not None and Path(path).exists():
        raise ValueError(f"--make: {path} exists; name it with --positions, or choose another name")
    unfinished = None if path is None else UnfinishedSet(path, game)
    solve = make_solver(game, quickest=True).values
    with show_progress(f"solving {game.name}", count) as advance:

        def keep(position: SolvedPosition) -> None:
            if unfinished is not None:
                unfinished.add(position)
            advance(1, "")

        found = position_classes.draw_solved(
            game,
            solve,
            count,
            seed=seed,
            kind=kind,
            solvable=lambda row: is_solvable(game, row),
            known=None if unfinished is None else unfinished.known,
            keep=keep,
        )
    if not found:
        raise ValueError(f"random games of {game.name} have no such positions that can be solved")
    if unfinished is not None:
        unfinished.finish(found)
    return found


def _read_positions(name: str) -> list[SolvedPosition]:
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


def _format_results(player: str, results: Sequence[dict[str, Any]]) -> str:
    heads = ["simulations", "positions", "that allow a mistake", "mistakes", "mistake rate", "95 % interval"]
    rows = [[player, *heads]]
    for each in results:
        budget = "own" if each["simulations"] is None else str(each["simulations"])
        rows.append([f"  {each['positions']}", budget, *_row(each)])
        if len(each["classes"]) > 1:
            rows += [[f"    {part['class']}", "", *_row(part)] for part in each["classes"]]
    return format_table(rows, right="123456")


def _format_comparisons(comparisons: Sequence[dict[str, Any]]) -> str:
    """Neighbouring numbers of simulations on the same positions; McNemar's test says whether they differ."""
    rows = [["compared", "simulations", "only the first errs", "only the second errs", "p-value (McNemar)"]]
    for each in comparisons:
        first, second = each["simulations"]
        counts = [str(each["only_second"]), str(each["only_first"]), f"{each['p_value']:.2g}"]
        rows.append([f"  {each['positions']}", f"{second} against {first}", *counts])
    return format_table(rows, right="1234")


def _row(each: dict[str, Any]) -> list[str]:
    low, high = each["interval"]
    counts = [str(each["count"]), str(each["could_err"]), str(each["mistakes"])]
    return [*counts, f"{each['mistake_rate']:.2%}", f"{low:.2%} to {high:.2%}"]
