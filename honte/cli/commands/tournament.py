"""``honte tournament A B C ...``: ratings of many players, from games that a folder's database stores.

Knows its flags and the table of standings. Does not know how games are played, chosen or rated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from agent.settings import Count, Device, Integer, Positive, Seed, Slots, Threads
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, OneEach, Placeholder
from honte.command_line import Output, format_table, show_progress

if TYPE_CHECKING:
    from agent.player import Player
    from agent.player_identity import Identity
    from games.game import Game
    from selfplay.matches.tournament import Pair, Standings
    from selfplay.openings import Opening

MOST_LOADED = 8
"""How many players stay in memory between the pairs that they play in."""


@dataclass(frozen=True)
class TournamentFlags:
    """Rate players by games against each other. The games that say most about the ratings are played first.

    The folder's database stores every game. The same command resumes a tournament that was stopped, a further player
    costs only that player's games, and without players the command shows the standings.
    """

    players: Annotated[tuple[str, ...], Argument("PLAYER ...")] = ()
    """two players or more; RUN@every:5 stands for every fifth checkpoint of a run and its newest one"""
    game: GameFlag = None
    """the game, by its name or as FILE.py:game (default: the game that the players have learned)"""
    games: Integer = 100
    """games of each pair of players, even"""
    total: Annotated[Positive | None, Placeholder("N")] = None
    """the most games to play now (default: all games of all pairs)"""
    gauntlet: bool = False
    """only the first player plays against each of the others, instead of everybody against everybody"""
    anchor: Annotated[tuple[str, ...], OneEach("PLAYER=ELO")] = ()
    """a player with a fixed rating, such as random=0 (default: the mean of all ratings is 0)"""
    opening_plies: Annotated[Count | None, Placeholder("N")] = None
    """random plies at the start of a game (default: as in the folder; otherwise 2, or 8 with the player perfect in
    connect_four)"""
    book: Annotated[str | None, Placeholder("FILE")] = None
    """a file of openings, each line with moves or with {"moves": [...]} (default: random openings)"""
    num_slots: Slots = 64
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
    """the folder of the database (default: ratings/GAME)"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(TournamentFlags, arguments, "tournament")
    from agent.player_identity import expand_players, identify_player
    from selfplay.matches.rating_store import RatingStore
    from selfplay.matches.tournament import read_standings

    output = Output(args.json)
    texts = list(dict.fromkeys(text for given in args.players for text in expand_players(given)))
    _check(args, texts)
    anchors = {identify_player(name).name: elo for name, elo in _anchors(args.anchor).items()}
    if texts:
        folder = _play(args, texts, anchors, output)
    else:
        folder = _folder(args, None)
    with RatingStore(folder) as store:
        known, now = store.read_agreement(), read_standings(store, anchors)
    output.say(format_standings(now, anchors))
    output.say(f"the games are in {folder}")
    output.result({"game": known.get("game"), **as_json(now), "anchors": anchors, "folder": str(folder)})
    return 0


def _check(args: TournamentFlags, texts: Sequence[str]) -> None:
    from agent.player_identity import is_repeatable
    from selfplay.matches.match import ensure_pairs

    if len(texts) == 1:
        raise ValueError(f"a tournament needs two players or more, and {texts[0]} is the only one")
    ensure_pairs("--games", args.games)
    for text in texts:
        if args.deterministic and not is_repeatable(text):
            raise ValueError(f"{text!r} does not play the same games every time; leave out --deterministic")


def _anchors(texts: Sequence[str]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, equals, elo = text.rpartition("=")
        try:
            found[name] = float(elo)
        except ValueError:
            equals = ""
        if not equals or not name or not abs(found[name]) < 1e5:
            raise ValueError(f"--anchor is {text!r}; write PLAYER=ELO, such as random=0")
    return found


def _folder(args: TournamentFlags, game: Game | None) -> Path:
    from selfplay.matches.match_store import file_name

    if args.out:
        return Path(args.out)
    if game is None and args.game is None:
        raise ValueError("name two players or more, or a folder of standings with --out or --game")
    return Path("ratings") / file_name(game.name if game else str(args.game))


def _play(args: TournamentFlags, texts: Sequence[str], anchors: dict[str, float], output: Output) -> Path:
    from agent.player_identity import identify_player, needs_whole_machine, with_fastest_backend
    from honte.api import load, resolve_game
    from selfplay.cores import num_cores
    from selfplay.matches.rating_store import RatingStore
    from selfplay.matches.readiness import check_players
    from selfplay.matches.tournament import gauntlet, play_tournament, round_robin

    game = resolve_game(args.game, *texts)
    entrants = [identify_player(text) for text in texts]
    for name in anchors:
        if name not in {player.name for player in entrants} and not (_folder(args, game) / "ratings.sqlite").exists():
            raise ValueError(f"--anchor: {name!r} is not one of the players")
    settings, begin = _openings(args, game)
    num_slots = max(args.num_slots, 8) if args.deterministic else args.num_slots
    threads = args.threads or (1 if any(map(needs_whole_machine, texts)) else min(num_cores(), 8))
    loaded: dict[str, list[Player]] = {}

    def ready(name: str) -> list[Player]:
        players = loaded.pop(name, None)
        if players is None:
            text = name if args.deterministic else with_fastest_backend(name)
            players = [
                load(text, game, num_slots=num_slots, seed=args.seed, device=args.device) for _ in range(threads)
            ]
        loaded[name] = players  # the player that was used last comes last
        while len(loaded) > MOST_LOADED:
            loaded.pop(next(iter(loaded)))
        for player in players:
            player.stop()
        return players

    def teams(a: str, b: str) -> list[tuple[Player, Player]]:
        return list(zip(ready(a), ready(b), strict=True))

    folder = _folder(args, game)
    pairs = (gauntlet if args.gauntlet else round_robin)(len(entrants))
    for player in _to_play(
        folder, entrants, pairs, args.games
    ):  # one after the other, because all together may not fit in memory
        check_players(game, [(player.name, load(player.name, game, device=args.device))], begin)
    agreement = {"game": game.name, "seed": args.seed, "deterministic": args.deterministic, "openings": settings}
    with (
        RatingStore(folder, agreement) as store,
        show_progress("tournament", args.total or len(pairs) * args.games) as bar,
    ):
        play_tournament(
            game,
            store,
            entrants,
            teams,
            begin,
            pairs=pairs,
            games=args.games,
            total=args.total,
            seed=args.seed,
            num_slots=num_slots,
            progress=bar,
        )
    return folder


def _to_play(folder: Path, entrants: Sequence[Identity], pairs: Sequence[Pair], games: int) -> Sequence[Identity]:
    """The players that have games left to play; nobody else has to be loaded."""
    from selfplay.matches.rating_store import RatingStore, is_begun
    from selfplay.matches.tournament import entrants_to_play

    if not is_begun(folder):
        return entrants
    with RatingStore(folder) as store:
        return entrants_to_play(store, entrants, pairs, games)


def _openings(args: TournamentFlags, game: Game) -> tuple[dict[str, Any], list[Opening]]:
    from selfplay.matches.opening_books import read_book
    from selfplay.openings import make_openings

    if args.book is not None:
        return {"book_sha256": hashlib.sha256(Path(args.book).read_bytes()).hexdigest()}, read_book(args.book, game)
    plies = _plies(args, game) if args.opening_plies is None else args.opening_plies
    return {"plies": plies}, make_openings(game, args.games // 2, plies, seed=args.seed)


def _plies(args: TournamentFlags, game: Game) -> int:
    """The random plies of the games in the folder; without games 2, or more where ``perfect`` would need minutes."""
    from honte.cli.commands.match import default_opening_plies
    from selfplay.matches.rating_store import RatingStore, is_begun

    folder = _folder(args, game)
    if is_begun(folder):
        with RatingStore(folder) as store:
            return int((store.read_agreement().get("openings") or {}).get("plies", 2))
    return default_opening_plies(game, args.players)


def format_standings(now: Standings, anchors: dict[str, float]) -> str:
    """The standings as a table."""
    rows = [["", "player", "Elo", "95 %", "games", "score", "P(stronger than next)"]]
    ranking = now.ranking
    for rank, i in enumerate(ranking, 1):
        name, (low, high), (wins, draws, losses) = now.players[i].name, now.ratings.interval(i), now.counts(i)
        games = wins + draws + losses
        score = f"{(wins + draws / 2) / games:.1%}" if games else "-"
        bounds = "given" if name in anchors else f"{low:+.0f} to {high:+.0f}" if games else "no game yet"
        next_one = f"{now.ratings.superiority(i, ranking[rank]):.1%}" if rank < len(ranking) else ""
        rows.append([str(rank), name, f"{now.ratings.elo[i]:+.0f}", bounds, str(games), score, next_one])
    ratings = now.ratings
    first = f"{ratings.advantage:+.0f} Elo (standard error {ratings.advantage_error:.0f})"
    return f"{format_table(rows, right='02456')}\nthe first player's advantage: {first}"


def as_json(now: Standings) -> dict[str, Any]:
    """The standings as plain values; the covariance is in Elo^2, rows and columns in the order of ``players``."""
    ranking, ratings = now.ranking, now.ratings
    players = []
    for i in ranking:
        low, high = ratings.interval(i)
        wins, draws, losses = now.counts(i)
        name, digest = now.players[i]
        rating = {"elo": float(ratings.elo[i]), "elo_low": low, "elo_high": high}
        counts = {"games": wins + draws + losses, "wins": wins, "draws": draws, "losses": losses}
        players.append({"player": name, "sha256": digest, **rating, **counts})
    pairs = []
    for place, i in enumerate(ranking):
        for j in ranking[place + 1 :]:
            wins, draws, losses = now.counts(i, j)
            if wins + draws + losses:
                names = {"a": now.players[i].name, "b": now.players[j].name}
                pairs.append({**names, "wins": wins, "draws": draws, "losses": losses})
    return {
        "players": players,
        "covariance": ratings.covariance[ranking][:, ranking].tolist(),
        "first_advantage": ratings.advantage,
        "first_advantage_error": ratings.advantage_error,
        "nu": ratings.nu,
        "pairs": pairs,
    }
