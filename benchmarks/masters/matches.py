"""Matches of a network against an opponent: paired games from undecided openings, resumed where they were.

Knows players, matches and their folders. Does not know the table.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.player import Player
from agent.player_identity import ENGINES, identify_player, kind_of
from agent.players import make_player
from benchmarks.masters.openings import Openings
from benchmarks.masters.rows import Opponent
from games.game import Game
from honte.api import with_simulations
from honte.bench.machine import commit, processor
from selfplay.matches.elo import WinDrawLoss
from selfplay.matches.match import MatchResult, play_match
from selfplay.matches.match_store import MatchStore
from selfplay.matches.readiness import check_players

SLOTS, ENGINE_SLOTS = 64, 16
"""Games at the same time; each of an engine's games has a process of its own."""

Say = Callable[[str], None]


def play(
    game: Game, network: str, opponent: Opponent, openings: Openings, *, games: int, seed: int, folder: Path, say: Say
) -> dict[str, Any]:
    """Play the match, or what is left of it, and return its result as ``honte.shipped_models.Opponent`` has it."""
    slots = min(ENGINE_SLOTS if kind_of(opponent.text) in ENGINES else SLOTS, max(2, games))
    texts = with_simulations(network, opponent.simulations), opponent.text.format(engines=slots)
    a, b = (identify_player(text) for text in texts)
    agreement = {
        "players": {"a": a._asdict(), "b": b._asdict()},
        "games": games,
        "seed": seed,
        "openings": [list(each) for each in openings.openings],
    }
    place = folder / folder_name(opponent)
    begun = time.monotonic()
    with MatchStore(place, game, (a.name, b.name), agreement) as store:
        done = sum(number < games for number in store.records)
        say(f"{texts[0]} - {texts[1]}: {done} of {games} games are stored")
        teams: list[Player] = []
        if done < games:
            teams = [make_player(text, game, num_slots=slots, seed=seed) for text in texts]
            check_players(game, list(zip(texts, teams, strict=True)))
        else:
            teams = [make_player("random", game, num_slots=1)] * 2

        def report(finished: int, counts: WinDrawLoss, llr: float | None) -> None:
            score = (counts.wins + counts.draws / 2) / max(1, counts.games)
            rate = (finished - done) / max(1e-9, time.monotonic() - begun)
            left = (games - finished) / rate if rate else math.inf
            say(f"{finished} of {games} games, score {score:.1%}, about {left / 60:.0f} minutes left")

        result = play_match(
            game,
            teams[0],
            teams[1],
            games=games,
            book=openings.openings,
            seed=seed,
            num_slots=slots,
            folder=store,
            progress=report,
        )
        for player in teams:
            if hasattr(player, "close"):
                player.close()
        content = describe(result, network, opponent, openings)
        store.write_result(content)
    return content


def folder_name(opponent: Opponent) -> str:
    """A folder's name for the match, different for different opponents."""
    text = opponent.text.replace("engines={engines} ", "")
    readable = "".join(c if c.isalnum() or c in "._=" else "_" for c in text)[:32].strip("._")
    return f"{readable}_{opponent.simulations}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def describe(result: MatchResult, network: str, opponent: Opponent, openings: Openings) -> dict[str, Any]:
    """The result for people and for ``results.json`` of a network that ships."""
    resigned = [each for each in result.forfeits if each.reason.endswith("it resigned")]
    failed = [each for each in result.forfeits if each not in resigned]
    seats = {"first": result.first, "second": result.second}
    scores = {seat: (counts.wins + counts.draws / 2) / counts.games for seat, counts in seats.items()}
    reached = scores.get(opponent.seat, result.elo.score)
    return {
        "opponent": opponent.text.replace("engines={engines} ", ""),
        "player": with_simulations(network, opponent.simulations),
        "games": result.games,
        "wins": result.wins,
        "draws": result.draws,
        "losses": result.losses,
        "score": result.elo.score,
        "score_low": result.elo.score_low,
        "score_high": result.elo.score_high,
        "score_as_first": scores["first"],
        "score_as_second": scores["second"],
        "at_least": opponent.at_least,
        "seat": opponent.seat,
        "reached": None if opponent.at_least is None else bool(reached >= opponent.at_least),
        "distinct_games": result.distinct_games,
        "distinct_openings": result.distinct_openings,
        "opening_plies": len(openings.openings[0]),
        **openings.as_json(),
        "resignations": len(resigned),
        "failures": [vars(each) for each in failed],
        "machine": processor(),
        "commit": commit(),
    }


def even_nodes(
    game: Game,
    network: str,
    opponent: Opponent,
    openings: Openings,
    *,
    games: int,
    seed: int,
    folder: Path,
    say: Say,
    bounds: tuple[int, int] = (16, 1 << 22),
) -> dict[str, Any]:
    """The engine's nodes a move at which the score is 50 %: steps of a factor 4, then halves, in short matches.

    The answer lies between the last two that enclose 50 %, interpolated by the logarithm of the nodes; None where the
    score stays on one side within ``bounds``.
    """
    words = opponent.text.split(" ")
    place = next(i for i, word in enumerate(words) if word.startswith("nodes="))
    tried: dict[int, dict[str, Any]] = {}

    def score(nodes: int) -> float:
        if nodes not in tried:
            text = " ".join([*words[:place], f"nodes={nodes}", *words[place + 1 :]])
            tried[nodes] = play(
                game, network, opponent._replace(text=text, at_least=None), openings,
                games=games, seed=seed, folder=folder / "even", say=say,
            )  # fmt: skip
        return float(tried[nodes]["score"])

    nodes = int(words[place].partition("=")[2])
    low, high = (nodes, None) if score(nodes) > 0.5 else (None, nodes)  # the network is ahead at low
    while low is None or high is None:
        nodes = nodes * 4 if high is None else nodes // 4
        if not bounds[0] <= nodes <= bounds[1]:
            break
        low, high = (nodes, high) if score(nodes) > 0.5 else (low, nodes)
    found = None
    if low is not None and high is not None:
        while high > 1.5 * low:
            middle = round(math.sqrt(low * high))
            low, high = (middle, high) if score(middle) > 0.5 else (low, middle)
        ahead, behind = score(low), score(high)
        share = (ahead - 0.5) / (ahead - behind) if ahead > behind else 0.5
        found = round(low * (high / low) ** share)
    lines = [{"nodes": n, **{k: r[k] for k in ("score", "score_low", "score_high", "games")}} for n, r in tried.items()]
    return {
        "even_at_nodes": found,
        "simulations": opponent.simulations,
        "matches": sorted(lines, key=lambda x: x["nodes"]),
    }
