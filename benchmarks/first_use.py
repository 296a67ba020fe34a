"""What compiling costs: the seconds from ``games.make`` to a finished game, first with an empty cache, then with it.

Each use is a process of its own that plays a random game through the loops that the search uses (``play``), then also
looks ahead and rolls out (``all``). Seconds are processor time without imports; of the later uses the best of a few
counts.

    python -m benchmarks.first_use --games connect_four go [--out FILE.json] [--json]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.script import make_parser, report, run_script
from games.registry import NAMES

USE = """
import json, sys, time
imported = time.process_time()
import numpy as np
from games import make
begun = time.process_time()
game = make(sys.argv[1])
rows = game.new(1)
game.init(rows)
while True:
    out = game.describe_new(rows)
    if out.terminal[0]:
        break
    game.advance(rows, np.zeros(1, np.int64), np.zeros(1, np.int64), np.flatnonzero(out.legal[0])[-1:])
played = time.process_time()
game.init(rows)
game.lookahead(rows, 2)
game.rollout(rows, np.ones(1, np.uint64))
game.heuristic(rows)
print(json.dumps({"play": played - begun, "all": time.process_time() - begun, "imports": begun - imported}))
"""


def use(name: str, cache: Path) -> dict[str, float]:
    """One process that uses the game; seconds by what it did."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", USE, name],
        env=environment,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=True,
    )
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def measure(name: str, later: int) -> dict[str, Any]:
    """One game's row."""
    with tempfile.TemporaryDirectory() as cache:
        first = use(name, Path(cache))
        again = [use(name, Path(cache)) for _ in range(later)]
    row: dict[str, Any] = {"game": name}
    for what in ("play", "all"):
        row[f"first_{what}_s"] = round(first[what], 2)
        row[f"later_{what}_s"] = round(min(each[what] for each in again), 2)
    return row | {"imports_s": round(min(each["imports"] for each in again), 2)}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--games", nargs="+", default=list(NAMES), metavar="GAME")
    parser.add_argument("--later", type=int, default=3, help="processes after the first")
    flags = parser.parse_args()
    rows = [measure(name, flags.later) for name in flags.games]
    report("first_use", {"later": flags.later}, rows, out=flags.out, as_json=flags.json)


if __name__ == "__main__":
    run_script(main)
