"""honte's rules compared with OpenSpiel's, or with pgx's where OpenSpiel lacks the game, on the same random games.

At every position the legal actions, the player to move, whether the game is over and who won must agree; known
differences are counted separately (docs/games.md names them). Exits with 1 when anything differs.

    python -m benchmarks.differential --positions 1000000 [--games othello go ...] [--pgx-python PATH] [--out FILE.json]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.pgx_peer import PgxGames
from benchmarks.script import make_parser, report, run_script
from games import make
from games.game import Game, Row
from tests.games.oracles import OPENSPIEL, PGX, Oracle, Tally, sides_in_step, table


def pgx_in_step(
    game: Game,
    oracle: Oracle,
    num_positions: int,
    *,
    python: str,
    seed: int = 0,
    num_games: int = 1024,
    progress: Callable[[int], object],
) -> Tally:
    """As ``sides_in_step``, all games at once."""
    random, codes = np.random.default_rng(seed), table(game, oracle)
    states, fresh, out = game.new(num_games), game.new(1), game.positions(num_games)
    game.init(states)
    game.init(fresh)
    positions = games = differences = excused = 0
    first, stood = "", [Counter[bytes]() for _ in range(num_games)]
    with PgxGames(python, oracle.load, num_games) as theirs:
        seen = theirs.step(np.full(num_games, -1, np.int32))
        while positions < num_positions:
            game.describe(states, out)
            legal = np.take_along_axis(seen.legal, codes[out.to_play], axis=1)  # theirs, in our numbers
            same = (legal == out.legal).all(axis=1) & (seen.legal.sum(axis=1) == legal.sum(axis=1)) | out.terminal
            same &= (seen.terminal == out.terminal) & (seen.to_play == out.to_play)
            same &= ~out.terminal | (seen.value == out.value)
            known = np.zeros(num_games, np.bool_)
            if not oracle.repetitions:
                third = np.array([stands(game, row, before) >= 3 for row, before in zip(states, stood, strict=True)])
                ours, others = out.terminal & (out.value == 0), seen.terminal & (seen.value == 0)
                known = ~same & (third & ours & ~seen.terminal | ~third & others & ~out.terminal)
            excused += int(known.sum())
            anew = out.terminal | ~same
            same |= known
            if not same.all() and not first:
                b = int(np.flatnonzero(~same)[0])
                only = [game.action_text(int(a), int(out.to_play[b])) for a in np.flatnonzero(legal[b] != out.legal[b])]
                first = (
                    f"{game.name}, player {out.to_play[b]}, over {out.terminal[b]} with {out.value[b]}, theirs player "
                    f"{seen.to_play[b]}, over {seen.terminal[b]} with {seen.value[b]}, on one side only: {only}\n"
                    f"{game.render(states[b])}"
                )
            differences += int((~same).sum())
            games += int(anew.sum())
            actions = np.where(out.legal, random.random(out.legal.shape), -1).argmax(axis=1)
            live = np.flatnonzero(~anew)
            game.advance(states, live, live, actions[live])
            for b in np.flatnonzero(anew):
                game.copy(states[b : b + 1], fresh)
                stood[b].clear()
            seen = theirs.step(np.where(anew, -1, codes[out.to_play, actions]).astype(np.int32))
            positions += num_games
            progress(num_games)
    return Tally(positions, games, differences, excused, first)


def stands(game: Game, row: Row, before: Counter[bytes]) -> int:
    """How often the drawing of ``row`` has stood in its game, this time included; ``before`` keeps count."""
    drawing = game.cells(row).tobytes()
    before[drawing] += 1
    return before[drawing]


def measure(name: str, positions: int, seed: int, python: str, progress: Callable[[int], object]) -> dict[str, Any]:
    """One game's row."""
    game, start = make(name), time.perf_counter()
    if name in OPENSPIEL:
        peer, oracle = "open_spiel", OPENSPIEL[name]
        found = sides_in_step(game, oracle, positions, seed=seed, progress=progress)
    else:
        peer, oracle = "pgx", PGX[name]
        found = pgx_in_step(game, oracle, positions, python=python, seed=seed, progress=progress)
    return {
        "game": name,
        "peer": peer,
        "as": oracle.load,
        "positions": found.positions,
        "games": found.games,
        "differences": found.differences,
        "known": found.excused,
        "seconds": round(time.perf_counter() - start, 1),
        **({"first": found.first} if found.first else {}),
    }


def main() -> int:
    parser = make_parser(__doc__)
    known = [*OPENSPIEL, *PGX]
    parser.add_argument("--games", nargs="+", choices=known, metavar="GAME", help="unless given, all that can be")
    parser.add_argument("--positions", type=int, default=1_000_000, help="to compare, for each game")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pgx-python", help="a Python that has jax and pgx")
    flags = parser.parse_args()
    games = flags.games or (known if flags.pgx_python else [*OPENSPIEL])
    rows = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        for name in games:
            bar = bars.add_task(name, total=flags.positions)

            def advance(count: int, bar: Any = bar) -> None:
                bars.advance(bar, count)

            rows.append(measure(name, flags.positions, flags.seed, flags.pgx_python or sys.executable, advance))
    config = {"positions": flags.positions, "seed": flags.seed}
    report("differential", config, rows, out=flags.out, as_json=flags.json)
    return int(any(row["differences"] for row in rows))


if __name__ == "__main__":
    run_script(main)
