"""``honte match A B``: two players, every opening from both seats, and what the score says about their strength.

Knows its flags and how a result reads. Does not know how games are played or Elo is reckoned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro import conf

from honte.commands.shared import GameFlag, Output, parse, progress, table

if TYPE_CHECKING:
    from selfplay.match import Counts, MatchResult

SLOW_OPENINGS = 8
"""Plies of opening where one side is ``perfect``: Connect Four takes it minutes before that."""


@dataclass(frozen=True)
class Match:
    """Let players A and B play. Each random opening is played twice, seats swapped; results are A's."""

    a: Annotated[str, conf.Positional, conf.arg(metavar="A")]
    """player A, such as mcts:800, runs/connect_four or runs/connect_four@1200?simulations=100"""
    b: Annotated[str, conf.Positional, conf.arg(metavar="B")]
    """player B"""
    game: GameFlag = None
    """the game, where the players do not tell it"""
    games: int = 400
    """games in all; even"""
    opening_plies: Annotated[int | None, conf.arg(metavar="INT", help_behavior_hint="")] = None
    """random plies before the players decide (default: 2, or 8 against perfect in connect_four)"""
    num_slots: int = 64
    """games played at once"""
    seed: int = 0
    """openings and all that is drawn by lot follow from it"""
    device: str = "auto"
    """where networks run: auto, cpu, cuda:0, mps"""
    json: bool = False
    """one JSON object on stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse(Match, arguments, "match")
    from honte.api import game_for, load
    from selfplay.match import play_match

    if args.num_slots < 1:
        raise ValueError(f"--num-slots is {args.num_slots}; it must be at least 1")
    output, game = Output(args.json), game_for(args.game, args.a, args.b)
    plies = args.opening_plies
    if plies is None:
        slow = game.name == "connect_four" and any(text.startswith("perfect") for text in (args.a, args.b))
        plies = SLOW_OPENINGS if slow else 2
    a, b = (load(t, game, num_slots=args.num_slots, seed=args.seed, device=args.device) for t in (args.a, args.b))
    done = 0
    with progress(f"{args.a} - {args.b}", args.games) as advance:

        def report(finished: int, counts: Counts) -> None:
            nonlocal done
            advance(finished - done, "+{} ={} -{}".format(*counts))
            done = finished

        result = play_match(
            game,
            a,
            b,
            games=args.games,
            opening_plies=plies,
            seed=args.seed,
            num_slots=args.num_slots,
            progress=report,
        )
    output.say(told(args.a, args.b, result))
    output.result({"a": args.a, "b": args.b, **result.as_json(), "opening_plies": plies, "seed": args.seed})
    return 0


def told(a: str, b: str, result: MatchResult) -> str:
    """The result for people."""
    rows = [[f"{a} against {b}", "games", "wins", "draws", "losses"]]
    total = (result.wins, result.draws, result.losses)
    for name, counts in (("as first player", result.first), ("as second player", result.second), ("together", total)):
        rows.append([f"  {name}", str(sum(counts)), *map(str, counts)])
    elo = result.elo
    lines = [f"{result.game}", table(rows, right="1234")]
    lines.append(f"score {elo.score:.1%}, Elo difference {elo_told(elo.elo, elo.low, elo.high)}")
    lines.append(f"likelihood that {a} is the stronger one: {elo.los:.1%}")
    lines.append(f"{result.distinct_games} of {result.games} games are distinct")
    if result.distinct_pairs < result.games // 2:
        lines[-1] += "; a pair of games that only repeats another does not narrow the interval"
    return "\n".join(lines)


def elo_told(elo: float | None, low: float | None, high: float | None) -> str:
    """The difference and its 95 % interval in words."""
    bounds = {
        (True, True): "no bound on either side yet",
        (False, True): f"at least {low:+.0f}" if low is not None else "",
        (True, False): f"at most {high:+.0f}" if high is not None else "",
        (False, False): f"{low:+.0f} to {high:+.0f}" if low is not None and high is not None else "",
    }[low is None, high is None]
    return f"{bounds} (95 %)" if elo is None else f"{elo:+.0f} (95 %: {bounds})"
