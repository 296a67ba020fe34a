"""``honte match A B``: two players play every opening from both seats, and the score becomes an Elo difference.

Knows its flags, the folder of a match, and how a result is written. Does not know how games are played or how Elo is
computed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from agent.settings import BelowOne, Count, Device, Finite, Integer, Seed, Slots, Threads
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, Placeholder
from honte.command_line import Output, format_table, show_progress

if TYPE_CHECKING:
    from agent.player import Player
    from games.game import Game
    from selfplay.matches.elo import WinDrawLoss
    from selfplay.matches.match import MatchResult
    from selfplay.matches.sprt import Sprt
    from selfplay.openings import Opening

GAMES, MOST_GAMES = 400, 20_000
"""How many games are played by default, without and with a test that ends the match."""


@dataclass(frozen=True)
class MatchFlags:
    """Let two players play each other, and estimate their difference in Elo.

    Each opening is played twice, with seats swapped. Every game is saved when it ends, and the same command resumes a
    match that was stopped.
    """

    a: Annotated[str, Argument("A")]
    """the player whose results are counted, such as mcts:800, runs/connect_four or runs/connect_four@1200"""
    b: Annotated[str, Argument("B")]
    """the other player"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the players have learned)"""
    games: Annotated[Integer | None, Placeholder("N")] = None
    """number of games, even (default: 400, or at most 20000 with --sprt)"""
    sprt: Annotated[tuple[Finite, ...], Placeholder("ELO0 ELO1 [ALPHA BETA]")] = ()
    """stop as soon as a sequential probability ratio test decides that A is stronger by ELO0 or by ELO1 (default: no
    test)"""
    sprt_model: Literal["logistic", "normalized"] = "logistic"
    """the Elo of the test: from the score, or from the score divided by its standard deviation"""
    opening_plies: Annotated[Count | None, Placeholder("N")] = None
    """random plies at the start of a game (default: 2, or 8 with the player perfect in connect_four)"""
    judge: Annotated[str | None, Placeholder("PLAYER")] = None
    """a player that evaluates random openings, such as mcts:400; only balanced ones are used (default: none)"""
    balance: BelowOne = 0.3
    """with --judge: the largest distance of its value from 0; 0.3 is an expected score of 35 to 65 %"""
    book: Annotated[str | None, Placeholder("FILE")] = None
    """a file of openings, each line with moves or with {"moves": [...]} (default: random openings)"""
    num_slots: Slots = 100
    """games that each thread plays at the same time"""
    threads: Threads = 0
    """number of threads; 0: one for each core"""
    seed: Seed = 0
    """the random seed, of openings and moves"""
    deterministic: bool = False
    """play the same games every time: networks run in fp32, which is slower, and no player may use a clock"""
    device: Device = "auto"
    """where networks run"""
    out: Annotated[str | None, Placeholder("FOLDER")] = None
    """the folder of the match (default: a folder below matches/ whose name follows from these flags)"""
    fresh: bool = False
    """begin again: a match that is in the folder is renamed first"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(MatchFlags, arguments, "match")
    from agent.player_identity import identify_player, with_fastest_backend
    from honte.api import load, resolve_game
    from honte.sgf import match_collection
    from selfplay.matches.match import play_match
    from selfplay.matches.match_store import AGREEMENT, MatchStore, move_aside
    from selfplay.matches.readiness import check_players

    sprt, games = _checked(args)
    output, game = Output(args.json), resolve_game(args.game, args.a, args.b)
    a, b = (identify_player(text) for text in (args.a, args.b))
    texts = [name if args.deterministic else with_fastest_backend(name) for name in (a.name, b.name)]
    num_slots = max(args.num_slots, 8) if args.deterministic else args.num_slots  # smaller batches round differently

    def load_team() -> tuple[Player, Player]:
        x, y = (load(t, game, num_slots=num_slots, seed=args.seed, device=args.device) for t in texts)
        return x, y

    teams = [load_team()]  # before openings are evaluated, so that a player that cannot play is refused at once
    settings, book = _openings(args, game, games, num_slots, output)
    agreement = {
        "a": a.name,
        "a_sha256": a.digest,
        "b": b.name,
        "b_sha256": b.digest,
        "seed": args.seed,
        "deterministic": args.deterministic,
        "openings": settings,
    }
    path = Path(args.out) if args.out else _place(game, a.name, b.name, agreement)
    tried = list(zip((args.a, args.b), teams[0], strict=True))
    begun = not args.fresh and (path / AGREEMENT).exists()
    if not begun:  # before anything is stored
        check_players(game, tried, book)
    if args.fresh and (moved := move_aside(path)):
        output.say(f"the earlier match was renamed to {moved}")
    threads = args.threads or _threads(texts, games)
    with MatchStore(path, game, (a.name, b.name), agreement) as folder:
        for note in folder.notes:
            output.say(f"note: {note}")
        known = sum(number < games for number in folder.records)
        if known:
            output.say(f"{known} games of this match are in {path} already")
        if begun and known < games:
            check_players(game, tried, book)
        teams += [load_team() for _ in range(threads - 1 if known < games else 0)]
        done = known
        with show_progress(f"{args.a} - {args.b}", games) as advance:
            advance(known, "")

            def report(finished: int, counts: WinDrawLoss, llr: float | None) -> None:
                nonlocal done
                test = "" if llr is None or sprt is None else f" LLR {llr:.2f} [{sprt.lower:.2f}, {sprt.upper:.2f}]"
                advance(finished - done, "+{} ={} -{}".format(*counts) + test)
                done = finished

            result = play_match(
                game,
                *teams[0],
                games=games,
                book=book,
                seed=args.seed,
                num_slots=num_slots,
                others=teams[1:],
                sprt=sprt,
                folder=folder,
                progress=report,
            )
        content = {"a": a.name, "b": b.name, **result.as_json(), "seed": args.seed, "openings": settings}
        content |= {"deterministic": args.deterministic, "folder": str(path)}
        if "plies" in settings:
            content["opening_plies"] = settings["plies"]
        folder.write_result(content)
    output.say(format_result(a.name, b.name, result))
    as_sgf = match_collection.write(path, game, result.records, (a.name, b.name))
    output.say(f"the games are in {path / 'games.jsonl'}{f' and {as_sgf.name}' if as_sgf else ''}")
    output.result(content)
    return 0


def _checked(args: MatchFlags) -> tuple[Sprt | None, int]:
    """The test and the number of games; ValueError for flags that do not fit each other."""
    from agent.player_identity import is_repeatable
    from selfplay.matches.match import ensure_pairs
    from selfplay.matches.sprt import Sprt

    if args.book is not None and (args.judge is not None or args.opening_plies is not None):
        raise ValueError("--book names the openings; leave out --judge and --opening-plies")
    if args.deterministic:
        for text in (args.a, args.b, args.judge or "random"):
            if not is_repeatable(text):
                raise ValueError(f"{text!r} does not play the same games every time; leave out --deterministic")
    sprt = None
    if args.sprt:
        if len(args.sprt) not in (2, 4):
            raise ValueError(f"--sprt has {len(args.sprt)} numbers; it needs ELO0 ELO1, or ELO0 ELO1 ALPHA BETA")
        names = ("elo0", "elo1", "alpha", "beta")
        sprt = Sprt(**dict(zip(names, args.sprt, strict=False)), model=args.sprt_model)
    games = args.games if args.games is not None else MOST_GAMES if sprt else GAMES
    ensure_pairs("--games", games)
    return sprt, games


def default_opening_plies(game: Game, players: Iterable[str]) -> int:
    """Two, or as many as ``perfect`` needs, where it plays, so that nobody waits minutes for its first moves."""
    from agent.player_identity import kind_of
    from agent.solvers.registry import find_solved_game

    entry = find_solved_game(game) if "perfect" in map(kind_of, players) else None
    return max(2, entry.slow_plies if entry is not None else 0)


def _openings(
    args: MatchFlags, game: Game, games: int, num_slots: int, output: Output
) -> tuple[dict[str, Any], list[Opening]]:
    """The settings that the openings follow from, and the openings."""
    from agent.player_identity import identify_player, with_fastest_backend
    from honte.api import load
    from selfplay.matches.opening_books import balanced_openings, read_book
    from selfplay.openings import make_openings

    if args.book is not None:
        book = read_book(args.book, game)
        return {"book": args.book, "sha256": hashlib.sha256(Path(args.book).read_bytes()).hexdigest()}, book
    plies = args.opening_plies
    if plies is None:
        plies = default_opening_plies(game, (args.a, args.b, args.judge or ""))
    if args.judge is None:
        return {"plies": plies}, make_openings(game, games // 2, plies, seed=args.seed)
    judge = identify_player(args.judge)
    text = judge.name if args.deterministic else with_fastest_backend(judge.name)
    player = load(text, game, num_slots=num_slots, seed=args.seed, device=args.device)
    found = 0
    with show_progress(f"{args.judge} evaluates openings", games // 2) as advance:

        def report(now: int) -> None:
            nonlocal found
            advance(now - found, "")
            found = now

        chosen = balanced_openings(
            game, player, games // 2, plies, limit=args.balance, seed=args.seed, num_slots=num_slots, progress=report
        )
    if (count := len(set(chosen))) < games // 2:
        output.say(
            f"{args.judge} found only {count} openings of {plies} plies whose value is within {args.balance:g} of 0"
        )
    judged = {"judge": judge.name, "judge_sha256": judge.digest, "balance": args.balance}
    return {"plies": plies, **judged}, chosen


def _place(game: Game, a: str, b: str, agreement: dict[str, Any]) -> Path:
    """The folder of a match, whose name follows from everything that decides its games."""
    from selfplay.matches.match_store import file_name

    digest = hashlib.sha256(json.dumps([game.name, agreement], sort_keys=True).encode()).hexdigest()
    return Path("matches") / file_name(game.name) / f"{file_name(a)}-{file_name(b)}-{digest[:8]}"


def _threads(texts: Sequence[str], games: int) -> int:
    """One thread for each core if there are enough games; one where a player uses the whole machine by itself."""
    from agent.player_identity import needs_whole_machine
    from selfplay.cores import num_cores

    return 1 if any(map(needs_whole_machine, texts)) else max(1, min(num_cores(), 8, games // 16))


def format_result(a: str, b: str, result: MatchResult) -> str:
    """The result for people."""
    rows = [[f"{a} against {b}", "games", "wins", "draws", "losses"]]
    total = (result.wins, result.draws, result.losses)
    for name, counts in (("as first player", result.first), ("as second player", result.second), ("together", total)):
        rows.append([f"  {name}", str(sum(counts)), *map(str, counts)])
    elo = result.elo
    lines = [f"{result.game}", format_table(rows, right="1234")]
    lines.append(f"pairs of games in which A scored 0, 1/2, 1, 3/2, 2 points: {', '.join(map(str, result.pairs))}")
    lines.append(f"score {elo.score:.1%} (95 %: {elo.score_low:.1%} to {elo.score_high:.1%})")
    lines.append(f"Elo difference {format_elo(elo.elo, elo.low, elo.high)}")
    low, high = elo.normalized_low, elo.normalized_high
    lines.append(f"normalized Elo {elo.normalized:+.0f} (95 %: {low:+.0f} to {high:+.0f})")
    lines.append(f"probability that {a} is the stronger player: {elo.los:.1%}")
    if result.sprt is not None and result.llr is not None:
        lines.append(_format_test(a, result.sprt, result.llr))
    lines.append(
        f"{result.distinct_games} of {result.games} games are distinct, from {result.distinct_openings} openings"
    )
    if result.distinct_pairs < result.games // 2:
        lines[-1] += "; a pair that repeats another pair does not make the interval narrower"
    for each in result.forfeits[:5]:
        lines.append(f"{a if each.loser == 'a' else b} lost game {each.id} by forfeit: {each.reason}")
    if len(result.forfeits) > 5:
        lines.append(f"and {len(result.forfeits) - 5} more games were lost by forfeit")
    return "\n".join(lines)


def _format_test(a: str, sprt: Sprt, llr: float) -> str:
    kind = "normalized Elo" if sprt.model == "normalized" else "Elo"
    verdict = sprt.verdict(llr)
    accepted, rejected = (sprt.elo0, sprt.elo1) if verdict == "H0" else (sprt.elo1, sprt.elo0)
    decision = f"{verdict}: {a} is at {accepted:+g} rather than at {rejected:+g}" if verdict else "undecided"
    return (
        f"test of {sprt.elo0:+g} against {sprt.elo1:+g} {kind} (alpha {sprt.alpha:g}, beta {sprt.beta:g}): {decision};"
        f" LLR {llr:.2f} [{sprt.lower:.2f}, {sprt.upper:.2f}]"
    )


def format_elo(elo: float | None, low: float | None, high: float | None) -> str:
    """The difference and its 95 % interval in words."""
    bounds = {
        (True, True): "no bounds yet",
        (False, True): f"at least {low:+.0f}" if low is not None else "",
        (True, False): f"at most {high:+.0f}" if high is not None else "",
        (False, False): f"{low:+.0f} to {high:+.0f}" if low is not None and high is not None else "",
    }[low is None, high is None]
    return f"{bounds} (95 %)" if elo is None else f"{elo:+.0f} (95 %: {bounds})"
