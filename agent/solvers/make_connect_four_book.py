"""Make the opening book of Connect Four: `python -m agent.solvers.make_connect_four_book`.

Every position is solved by `agent.solvers.connect_four`. Answers are written to the work file one by one, and a run
that was stopped continues from that file. The book and its SHA-256 are written at the end, in the folder of the solved
positions that ship. It takes about seven minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from agent.solvers.connect_four import ConnectFourSolver
from agent.solvers.connect_four_book import FILE, NUM_STONES, Answer, Position, digest, reachable, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("connect_four_book.jsonl"),
        help="file of the answers found so far (default: connect_four_book.jsonl)",
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data" / "connect_four" / FILE)
    parser.add_argument("--table-bits", type=int, default=26, help="the table takes 8 * 2 ** N bytes (default: 26)")
    parser.add_argument(
        "--num-stones",
        type=int,
        default=NUM_STONES,
        help=f"largest number of stones of a position (default: {NUM_STONES})",
    )
    args = parser.parse_args()
    solver = ConnectFourSolver(args.table_bits)
    known = {row["moves"]: Answer(row["column"], row["outcome"]) for row in _rows(args.work)}
    with args.work.open("a", encoding="utf-8") as file:

        def answer(moves: str, position: Position) -> Answer:
            if moves not in known:
                start, nodes = time.perf_counter(), solver.nodes
                column, outcome = solver.board_best_move(*position)
                known[moves] = Answer(column, outcome)
                row = {"moves": moves, "column": column, "outcome": outcome}
                row |= {"seconds": round(time.perf_counter() - start, 3), "nodes": solver.nodes - nodes}
                file.write(json.dumps(row) + "\n")
                file.flush()
            return known[moves]

        answers = dict(reachable(answer, args.num_stones))
    text = write(answers)
    args.out.write_text(text, encoding="utf-8", newline="\n")
    args.out.with_name(f"{args.out.name}.sha256").write_text(f"{digest(text)}  {args.out.name}\n", encoding="utf-8")
    print(f"{args.out}: {len(answers)} positions")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


if __name__ == "__main__":
    main()
