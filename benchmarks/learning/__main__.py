"""Which settings let a game be learned with less work? Trains variants with paired seeds and writes one table.

    python -m benchmarks.learning --out FOLDER                      # the screening on Connect Four 5x6
    python -m benchmarks.learning --plan PLAN.yaml --out FOLDER     # a plan of your own
    python -m benchmarks.learning --plan PLAN.yaml --out FOLDER --table    # only write the table again

FOLDER gets table.json, table.md and curves.svg, anew after every point that all runs have reached, and the runs. The
same command goes on where it was stopped or killed.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from agent.storage.durable_files import FolderLock
from benchmarks.learning.plan import read_plan
from benchmarks.learning.screening import screen
from benchmarks.learning.table import write_report
from benchmarks.script import run_script

PLANS = Path(__file__).parent / "plans"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", default=str(PLANS / "connect_four_5x6.yaml"), help="a YAML file")
    parser.add_argument("--out", required=True, help="the folder of the screening")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time, each in a process of its own")
    parser.add_argument("--work", type=float, help="10^12 operations of each run, instead of the plan's")
    parser.add_argument("--seeds", type=int, nargs="+", help="instead of the plan's")
    parser.add_argument("--variants", nargs="+", help="only these variants of the plan, the baseline first")
    parser.add_argument("--nice", type=int, default=0, help="lower the priority by so much (not on Windows)")
    parser.add_argument("--table", action="store_true", help="only write the table of what is there")
    args = parser.parse_args()
    plan = read_plan(Path(args.plan))
    if args.work is not None:
        plan = replace(plan, work=args.work)
    if args.seeds:
        plan = replace(plan, seeds=tuple(args.seeds))
    if args.variants:
        if missing := [name for name in args.variants if name not in plan.variants]:
            raise ValueError(f"{args.plan} has no variant {missing[0]}; there are {', '.join(plan.variants)}")
        plan = replace(plan, variants={name: plan.variants[name] for name in args.variants})
    if args.nice and hasattr(os, "nice"):
        os.nice(args.nice)
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    if not args.table:
        with FolderLock(folder):
            screen(plan, folder, jobs=args.jobs, report=lambda: print(write_report(plan, folder), file=sys.stderr))
    print(write_report(plan, folder))


if __name__ == "__main__":
    run_script(main)
