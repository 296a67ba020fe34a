"""Learning curves of many runs in one plot: the score of their checkpoints against an opponent that does not change.

Each run needs checkpoints that were kept. Each point is a match of --games games, half with either seat, from random
openings; a draw counts one half. The opponent is --anchor, the same for all runs, so that the curves say how fast each
game is learned and not how hard it is. Minutes are those of the run's own clock at that checkpoint.

    python -m benchmarks.learning_curves RUN [RUN ...] [--anchor mcts:200] [--games 40] [--points 8] --out curves

Writes OUT.svg (or another form, by --form) and OUT.json. Points that OUT.json already has are not played again, so the
same command goes on after an interruption, and runs may be added, also by a second process at the same time.
--plot-only draws what is there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from agent.player_identity import identify_player
from agent.storage import durable_files, model_folder
from agent.storage.durable_files import FolderLock
from benchmarks.script import at_least, even, run_script
from games import make
from honte.api import load, with_simulations
from honte.bench.machine import machine
from selfplay.matches.match import play_match
from training.run import metrics

COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#16a085", "#7f8c8d", "#34495e")
STYLES = ("-", "--", ":")
MOST_BANDS = 6
"""With more runs than these, bands would hide the lines; the intervals are in OUT.json."""


def chosen(steps: list[int], points: int) -> list[int]:
    """About ``points`` of ``steps``, spread over them, with the first and the last."""
    if len(steps) <= points:
        return steps
    return sorted({steps[round(i * (len(steps) - 1) / (points - 1))] for i in range(points)})


def minutes_at(run: Path) -> dict[int, float]:
    """The minutes of training by step, as far as the metrics go."""
    return {int(each["step"]): float(each["minutes"]) for each in metrics.read(run) if "minutes" in each}


def minute_of(step: int, known: dict[int, float]) -> float:
    """The minute of ``step``: that of the nearest line of metrics before it; 0 before the first."""
    before = [number for number in known if number <= step]
    return known[max(before)] if before else 0.0


def measure(run: Path, step: int, flags: argparse.Namespace) -> dict[str, Any]:
    """The score of one checkpoint against the anchor."""
    text = f"{run}@{step}"
    game = make(model_folder.read(model_folder.find_model(text)).game)
    player = with_simulations(f"{text}?{flags.settings}" if flags.settings else text, flags.simulations)
    slots = min(flags.games, 32)
    sides = [load(each, game, num_slots=slots, seed=flags.seed) for each in (player, flags.anchor)]
    result = play_match(
        game, *sides, games=flags.games, opening_plies=flags.opening_plies, seed=flags.seed, num_slots=slots
    )
    return {
        "run": str(run),
        "game": game.name,
        "step": step,
        "minutes": round(minute_of(step, minutes_at(run)), 2),
        "digest": identify_player(player).digest,
        "score": result.elo.score,
        "score_low": result.elo.score_low,
        "score_high": result.elo.score_high,
        "games": result.games,
        "distinct_games": result.distinct_games,
    }


def read_results(file: Path, config: dict[str, Any] | None) -> dict[str, Any]:
    """What ``file`` has, or the results without points of ``config``. ValueError for results of another ``config``."""
    if not file.exists():
        return {"benchmark": "learning_curves", "config": config, "points": [], **machine()}
    stored: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if config not in (None, stored["config"]):
        raise ValueError(f"{file} was measured with {stored['config']}; choose another --out for {config}")
    return stored


def add_point(file: Path, config: dict[str, Any], point: dict[str, Any]) -> None:
    """Store one more point durably, beside those that other processes add to the same ``file``."""
    with FolderLock(file.parent):
        content = read_results(file, config)
        others = [each for each in content["points"] if (each["run"], each["step"]) != (point["run"], point["step"])]
        content["points"] = [*others, point]
        durable_files.write_atomic(file, (json.dumps(content, indent=1) + "\n").encode())


def draw(points: list[dict[str, Any]], anchor: str, path: Path) -> None:
    """One line for each run: score in percent over minutes, with the 95 % interval as a light band if runs are few.

    The legend has the order of the runs' last scores.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "honte"  # the same points give the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    last = {each["run"]: each["score"] for each in sorted(points, key=lambda each: each["minutes"])}
    runs = sorted(last, key=lambda run: -last[run])
    for i, run in enumerate(runs):
        line = sorted((each for each in points if each["run"] == run), key=lambda each: each["minutes"])
        minutes = [each["minutes"] for each in line]
        colour, style = COLOURS[i % len(COLOURS)], STYLES[i // len(COLOURS) % len(STYLES)]
        scores = [100 * each["score"] for each in line]
        axes.plot(minutes, scores, style, color=colour, marker=".", markersize=4, label=line[-1]["game"])
        if len(runs) <= MOST_BANDS:
            low, high = ([100 * each[name] for each in line] for name in ("score_low", "score_high"))
            axes.fill_between(minutes, low, high, color=colour, alpha=0.08, linewidth=0)
    axes.set(xlabel="minutes of self-play and training", ylabel=f"score against {anchor} in %", ylim=(0, 101))
    axes.axhline(50, color="#999999", linewidth=0.8)
    axes.grid(alpha=0.25)
    axes.set_xlim(left=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs")
    parser.add_argument("--anchor", default="mcts:200", help="the opponent of every checkpoint")
    parser.add_argument("--simulations", type=int, default=100, help="of the networks")
    parser.add_argument(
        "--settings", default="", help="more settings of the networks' players: lookahead=0 shows only what was learned"
    )
    parser.add_argument("--games", type=even, default=40, help="of each match; an even number")
    parser.add_argument(
        "--points", type=at_least(2), default=8, help="checkpoints of each run, its first and last among them"
    )
    parser.add_argument("--opening-plies", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the files' path without their ending")
    parser.add_argument("--form", default="svg", choices=("svg", "png", "pdf"), help="of the picture")
    parser.add_argument("--plot-only", action="store_true", help="play nothing, and draw what OUT.json has")
    flags = parser.parse_args()
    file = flags.out.with_suffix(".json")
    names = ("anchor", "simulations", "settings", "games", "opening_plies", "seed")
    config = {name: getattr(flags, name) for name in names}
    if "simulations=" in flags.settings:
        raise ValueError(f"--settings {flags.settings}: --simulations sets the number of simulations")
    for run in [] if flags.plot_only else flags.runs:
        for step in chosen(model_folder.steps(run), flags.points):
            if any((each["run"], each["step"]) == (str(run), step) for each in read_results(file, config)["points"]):
                continue
            point = measure(run, step, flags)
            add_point(file, config, point)
            now = time.strftime("%H:%M:%S")
            print(
                f"{now} {run}@{step}, minute {point['minutes']:.1f}: {point['score']:.1%}", file=sys.stderr, flush=True
            )
    content = read_results(file, None if flags.plot_only else config)
    if not content["points"]:
        raise ValueError("there are no points to draw; name runs with checkpoints")
    picture = flags.out.with_suffix(f".{flags.form}")
    draw(content["points"], content["config"]["anchor"], picture)
    print(f"wrote {picture} and {file}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_script(main)
