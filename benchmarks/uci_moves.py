"""Legal moves against a UCI engine's: random games, and at every position ``go perft 1`` must list the same moves.

An engine that silently plays another game is found that way. Where a game has ended with a winner the engine must list
no move; draws by repetition or length are not compared, because perft does not know them. Exits with 1 when anything
differs. One known difference is counted apart: Fairy-Stockfish 11.1 lets a chick of animal shogi decline to become a
hen. The rules do not (nor does a later Fairy-Stockfish, whose dobutsu has ``mandatoryPiecePromotion``, nor pgx).

    python -m benchmarks.uci_moves [GAME ...] [--positions 1000] [--engine fairy-stockfish] [--out FILE.json]
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, NamedTuple

import numpy as np

from agent.external.uci import UciClient, UciEngine, legal_moves, uci_text
from benchmarks.script import at_least, make_parser, report, run_script
from games import make
from games.game import Game
from games.playouts import initial_states

GAMES = ("breakthrough", "gardner_chess", "animal_shogi", "clobber")
FAIRY_STOCKFISH = shutil.which("fairy-stockfish") or "/usr/games/fairy-stockfish"


class Comparison(NamedTuple):
    """What random games in step with an engine showed."""

    positions: int  # that are different from each other
    games: int
    ended: int  # positions after a win, where the engine must list no move
    excused: int  # positions with the known difference
    differences: list[str]


def engine_moves(client: UciClient, texts: list[str]) -> set[str]:
    """The moves that the engine lists after ``texts``."""
    client.send(" ".join(["position startpos", *(["moves", *texts] if texts else [])]))
    deadline = time.monotonic() + client.seconds
    client.send("go perft 1")
    moves = set()
    while True:
        line = client.read_line("go perft 1", deadline, client.seconds).strip()
        if line.startswith("Nodes searched"):
            return moves
        move, colon, count = line.partition(": ")
        if colon and count == "1":
            moves.add(move)


def compare(game: Game, command: str, num_positions: int, *, seed: int = 0, seconds: float = 60) -> Comparison:
    """Random games until ``num_positions`` different positions have been compared."""
    assert game.uci is not None
    engine = UciEngine(game, command, "nodes 1", game.uci.variant, seconds)
    client, random = engine.start(), np.random.default_rng(seed)
    seen, games, ended, excused, differences = set[bytes](), 0, 0, 0, list[str]()
    while len(seen) < num_positions:
        states, texts = initial_states(game), list[str]()
        while len(seen) < num_positions:
            here = game.describe_new(states)
            won = bool(here.terminal[0] and here.value[0])
            if here.terminal[0] and not won:
                break
            ours, theirs = legal_moves(game, states, here), engine_moves(client, texts)
            seen.add(game.cells(states[0]).tobytes() + here.to_play.tobytes())
            ended += won
            declined = {move for move in theirs - set(ours) if move + "+" in ours}
            excused += bool(declined)
            theirs -= declined
            if theirs != set(ours):
                only = f"only the engine lists {sorted(theirs - set(ours))}, only honte {sorted(set(ours) - theirs)}"
                differences.append(f"{game.name} after {' '.join(texts)}: {only}")
            if won:
                break
            action = int(random.choice(list(ours.values())))
            texts.append(uci_text(game, states[0], action, int(here.to_play[0])))
            game.step(states, np.array([action]))
        games += 1
    engine.end()
    return Comparison(len(seen), games, ended, excused, differences)


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("games", nargs="*", default=GAMES)
    parser.add_argument("--positions", type=at_least(1), default=1000, help="different positions of each game")
    parser.add_argument("--engine", default=FAIRY_STOCKFISH, help="the command of the engine")
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in flags.games:
        found = compare(make(name), flags.engine, flags.positions, seed=flags.seed)
        rows.append({"game": name} | found._asdict() | {"differences": len(found.differences)})
        for line in found.differences[:3]:
            print(line, file=sys.stderr)
    config = {"engine": flags.engine, "positions": flags.positions, "seed": flags.seed}
    report("uci_moves", config, rows, out=flags.out, as_json=flags.json)
    return int(any(row["differences"] for row in rows))


if __name__ == "__main__":
    run_script(main)
