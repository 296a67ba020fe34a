"""Checkpoints: FOLDER/STEP/{model.safetensors, optimizer.safetensors, ..., state.json, config.json}.

Knows the layout of a checkpoint, and how to find the newest valid one and delete old ones. Does not know what the
tensors and values mean. ``model.safetensors`` and ``config.json`` together are a model folder, which loads on its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.storage import durable_files

if TYPE_CHECKING:  # torch is imported when a checkpoint is written or read, so that runs are listed without it
    from torch import Tensor

SCHEMA = 1

_SUFFIX = ".safetensors"


class NewerSchemaError(ValueError):
    """A later version of honte wrote the checkpoint; to skip it would silently throw training away."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The content of a checkpoint: groups of tensors on the CPU ("model", "optimizer", ...) and JSON values."""

    step: int
    path: Path
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]
    model_config: dict[str, Any] | None


class SkippedCheckpoint(NamedTuple):
    """A damaged checkpoint that was not used."""

    step: int
    reason: str


def save_checkpoint(
    folder: str | Path,
    step: int,
    tensors: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, Any],
    model_config: Mapping[str, Any] | None = None,
) -> Path:
    """Write the checkpoint FOLDER/STEP atomically, and replace an existing one; returns its path.

    ``tensors`` maps a group to its tensors; the group "model" holds the weights that play. ``state`` and
    ``model_config`` are JSON values.
    """
    files = {f"{group}{_SUFFIX}": _serialize(named) for group, named in tensors.items()}
    files["state.json"] = _json({"schema": SCHEMA, "step": step, "state": dict(state)})
    if model_config is not None:
        files["config.json"] = _json(dict(model_config))
    path = Path(folder) / str(step)
    durable_files.write_folder(path, files)
    return path


def list_steps(folder: str | Path) -> list[int]:
    """The steps that have a checkpoint in ``folder``, ascending; damaged ones are included."""
    folder = Path(folder)
    return sorted(int(path.name) for path in folder.iterdir() if _is_step(path)) if folder.is_dir() else []


def load_checkpoint(folder: str | Path, step: int) -> Checkpoint:
    """The checkpoint of ``step``; ValueError that says what is wrong when any part of it is damaged."""
    path = Path(folder) / str(step)
    if not path.is_dir():
        raise ValueError(
            f"{folder} has no checkpoint {step}: it has {', '.join(map(str, list_steps(folder))) or 'none'}"
        )
    files = durable_files.read_folder(path)
    try:
        content = json.loads(files["state.json"])
        schema, saved_step, state = content["schema"], content["step"], dict(content["state"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path / 'state.json'} is missing or not the state of a checkpoint") from error
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        kind = NewerSchemaError if newer else ValueError
        hint = "upgrade honte" if newer else "it is not a version that was ever written"
        raise kind(f"{path} has checkpoint schema {schema!r}, this version reads {SCHEMA}: {hint}")
    if saved_step != step:
        raise ValueError(f"{path} holds the checkpoint of step {saved_step}: give the folder its name back")
    tensors = {name.removesuffix(_SUFFIX): _deserialize(path / name, files[name]) for name in files if _is_group(name)}
    return Checkpoint(step=step, path=path, tensors=tensors, state=state, model_config=_model_config(path, files))


def load_newest(folder: str | Path) -> tuple[Checkpoint | None, list[SkippedCheckpoint]]:
    """The newest valid checkpoint (None when there is no checkpoint), and the newer ones that are damaged.

    A run that resumes from it calls ``discard_after`` first, because the damaged ones would be in its way. ValueError
    when all checkpoints are damaged; ``NewerSchemaError`` when a later version of honte wrote the newest one.
    """
    skipped: list[SkippedCheckpoint] = []
    for step in reversed(list_steps(folder)):
        try:
            return load_checkpoint(folder, step), skipped
        except NewerSchemaError:
            raise
        except ValueError as error:
            skipped.append(SkippedCheckpoint(step, str(error)))
    if skipped:
        raise ValueError(f"no checkpoint in {folder} is whole, the newest because {skipped[0].reason}")
    return None, skipped


def load_model(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any] | None]:
    """Weights and configuration of a model folder, which may be a checkpoint; its other files are not read."""
    path = Path(path)
    names = ["model.safetensors", *(["config.json"] if (path / "config.json").is_file() else [])]
    if (path / durable_files.MANIFEST).is_file():
        files = durable_files.read_folder(path, names)
    elif (path / names[0]).is_file():
        files = {name: (path / name).read_bytes() for name in names}
    else:
        raise ValueError(f"{path} has no model.safetensors: name a checkpoint or a model folder")
    return _deserialize(path / names[0], files[names[0]]), _model_config(path, files)


def discard_after(folder: str | Path, step: int) -> list[int]:
    """Delete the checkpoints after ``step``, so that training can go on from there; returns their steps."""
    later_steps = [each for each in list_steps(folder) if each > step]
    for later_step in later_steps:
        durable_files.remove_folder(Path(folder) / str(later_step))
    return later_steps


def prune_checkpoints(folder: str | Path, keep_last: int, keep_every: int = 0) -> list[int]:
    """Delete all checkpoints but the last ``keep_last`` and the first at or after each multiple of ``keep_every``.

    With ``keep_every`` 0 only the last ones are kept. Returns the deleted steps. Damaged checkpoints count like others.
    """
    if keep_last < 1 or keep_every < 0:
        raise ValueError(f"keep_last is {keep_last} and keep_every {keep_every}: at least 1 and 0 are needed")
    steps = list_steps(folder)
    first = (
        {step // keep_every: step for step in reversed(steps)} if keep_every else {}
    )  # {multiple: first step from it on}
    milestones = {step for multiple, step in first.items() if multiple > 0 or step == 0}
    deleted = [step for step in steps[:-keep_last] if step not in milestones]
    for step in deleted:
        durable_files.remove_folder(Path(folder) / str(step))
    return deleted


def _serialize(tensors: Mapping[str, Tensor]) -> bytes:
    import safetensors.torch
    import torch

    # safetensors needs contiguous tensors that share no memory; channels_last and tied weights are not such tensors.
    plain = {n: t.detach().cpu().clone(memory_format=torch.contiguous_format) for n, t in tensors.items()}
    return safetensors.torch.save(plain)


def _deserialize(path: Path, data: bytes) -> dict[str, Tensor]:
    import safetensors.torch

    try:
        return safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error


def _model_config(path: Path, files: Mapping[str, bytes]) -> dict[str, Any] | None:
    if "config.json" not in files:
        return None
    try:
        return dict(json.loads(files["config.json"]))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path / 'config.json'} is not a JSON object: {error}") from error


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()


def _is_step(path: Path) -> bool:
    return path.name.isascii() and path.name.isdecimal() and str(int(path.name)) == path.name and path.is_dir()


def _is_group(name: str) -> bool:
    return name.endswith(_SUFFIX)
