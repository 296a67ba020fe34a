"""A run folder: its configuration, which is written once and compared on resume, its status, and lists of runs.

Knows settings as nested dicts. Does not know what the settings mean or how training works.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.storage import durable_files
from agent.storage.set_aside import set_aside
from training import yaml_files
from training.run import checkpoints, metrics

CONFIG = "config.yaml"
STATUS = "status.json"
CHECKPOINTS = "checkpoints"
SCHEMA = 1

_ABSENT = object()


def has_started(run: str | Path) -> bool:
    """Whether a run has ever worked in the folder; a run that was refused leaves at most its configuration."""
    run = Path(run)
    has_games = any((run / "games").iterdir()) if (run / "games").is_dir() else False
    return has_games or (run / STATUS).exists() or (run / CHECKPOINTS).exists()


def write_config(run: str | Path, config: Mapping[str, Any]) -> None:
    """Write the complete configuration of a new run; ValueError when the folder already has one."""
    path = Path(run) / CONFIG
    if path.exists():
        raise ValueError(f"{path} exists: a run's config is written once")
    durable_files.write_atomic(path, yaml_files.dump(config).encode())


def read_config(run: str | Path) -> dict[str, Any] | None:
    """The configuration of a run, None where there is none; ValueError when the file is damaged."""
    path = Path(run) / CONFIG
    return yaml_files.read_yaml(path) if path.exists() else None


def changed_settings(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    may_change: Collection[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> dict[str, tuple[Any, Any]]:
    """The settings that differ: dotted name -> (old value, new value), None where there is no value.

    A setting that is missing in ``old`` came with a later version of honte and counts as its value in ``defaults``.
    ValueError for the first changed setting that is neither in ``may_change`` nor below a name in it.
    """
    before, after = _flatten(_to_json(defaults or {})) | _flatten(_to_json(old)), _flatten(_to_json(new))
    changes: dict[str, tuple[Any, Any]] = {}
    for name in [*before, *(name for name in after if name not in before)]:
        was, now = before.get(name, _ABSENT), after.get(name, _ABSENT)
        if was is now or (was == now and isinstance(was, bool) == isinstance(now, bool)):
            continue
        parents = name.split(".")
        if not any(".".join(parents[: depth + 1]) in may_change for depth in range(len(parents))):
            raise ValueError(
                f"{name} was {_format(was)} when this run began and is {_format(now)} now: keep the old value,"
                " name another run folder, or start again with --fresh"
            )
        changes[name] = (None if was is _ABSENT else was, None if now is _ABSENT else now)
    return changes


def move_run_aside(run: str | Path) -> Path | None:
    """Rename an existing run to NAME.1, NAME.2, ...; returns the new path, None when there was no run.

    ValueError when a process is training in the folder.
    """
    run = Path(run)
    if not run.exists() or (run.is_dir() and not any(run.iterdir())):
        return None
    return set_aside(run)


def write_status(
    run: str | Path, status: Literal["running", "finished"], *, step: int, samples: int, game: str, reason: str = ""
) -> None:
    """Write where the run stands; ``reason`` says why it finished. The start time of the run does not change."""
    old = read_status(run) or {}
    now = round(time.time(), 3)
    content = {
        "schema": SCHEMA,
        "status": status,
        "reason": reason,
        "step": step,
        "samples": samples,
        "game": game,
        "started": old.get("started", now),
        "updated": now,
    }
    durable_files.write_atomic(Path(run) / STATUS, (json.dumps(content, indent=1) + "\n").encode())


def read_status(run: str | Path) -> dict[str, Any] | None:
    """The content of status.json; None where it is missing or damaged, because only people need it."""
    try:
        content = json.loads((Path(run) / STATUS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One line of ``honte runs``."""

    path: Path
    game: str  # "?" where the folder does not say
    step: int
    samples: int
    status: Literal["running", "stopped", "finished", "damaged"]
    reason: str  # why the run finished, or what is damaged
    last_metrics: float | None  # seconds since 1970


def list_runs(root: str | Path) -> list[RunSummary]:
    """The runs directly below ``root`` that have started, by name, or only ``root`` when it is a run itself.

    A damaged run is listed as damaged and does not stop the listing.
    """
    root = Path(root)
    if is_run(root):
        return [_summarize(root)]
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return [_summarize(path) for path in folders if has_started(path) or durable_files.lock_holder(path) is not None]


def is_run(folder: Path) -> bool:
    """Whether ``folder`` holds any file of a run."""
    return any((folder / name).exists() for name in (CONFIG, STATUS, CHECKPOINTS))


def _summarize(run: Path) -> RunSummary:
    state: Literal["running", "stopped", "finished", "damaged"] = "stopped"
    reason, config, last, newest = "", None, None, 0
    status = read_status(run) or {}
    try:
        config = read_config(run)
        if config is None:
            state, reason = "damaged", f"{CONFIG} is missing"
        elif durable_files.lock_holder(run) is not None:
            state = "running"
        elif status.get("status") == "finished":
            state, reason = "finished", str(status.get("reason", ""))
        last = metrics.last_time(run)
        newest = max(checkpoints.list_steps(run / CHECKPOINTS), default=0)
    except (OSError, ValueError, KeyError, TypeError) as error:
        state, reason = "damaged", str(error)
    return RunSummary(
        path=run,
        game=str(status.get("game") or (config or {}).get("game") or "?"),
        step=_count(status.get("step")) or newest,
        samples=_count(status.get("samples")),
        status=state,
        reason=reason,
        last_metrics=last,
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _to_json(config: Mapping[str, Any]) -> Any:
    """The settings after a round trip through JSON, so that tuples compare equal to the lists that YAML reads."""
    return json.loads(json.dumps(config, default=str))


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _format(value: Any) -> str:
    return "not given" if value is _ABSENT else repr(value)
