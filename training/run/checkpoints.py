"""Checkpoints: FOLDER/STEP/{model.safetensors, optimizer.safetensors, ..., state.json, config.json}.

Knows how a checkpoint is laid out, which one is the newest whole one, and which ones may go. Does not know what the
tensors and values mean, nor how bytes become durable (``durable_files``). ``model.safetensors`` with ``config.json`` is
a model folder: it loads alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from agent.storage import durable_files

SCHEMA = 1

_SUFFIX = ".safetensors"


class NewerSchemaError(ValueError):
    """Written by a later version: stepping back past it would silently throw training away."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What was saved at ``step``: groups of tensors on the CPU ("model", "optimizer", ...) and JSON values."""

    step: int
    path: Path
    tensors: dict[str, dict[str, Tensor]]
    state: dict[str, Any]
    model_config: dict[str, Any] | None


class SkippedCheckpoint(NamedTuple):
    """A checkpoint that could not be used."""

    step: int
    reason: str


def save_checkpoint(
    folder: str | Path,
    step: int,
    tensors: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, Any],
    model_config: Mapping[str, Any] | None = None,
) -> Path:
    """Write the checkpoint FOLDER/STEP whole, in place of one that may be there; returns its path.

    ``tensors`` maps a group to its tensors; the group "model" is what plays. ``state`` and ``model_config`` are JSON.
    """
    files = {f"{group}{_SUFFIX}": _packed(named) for group, named in tensors.items()}
    files["state.json"] = _json({"schema": SCHEMA, "step": step, "state": dict(state)})
    if model_config is not None:
        files["config.json"] = _json(dict(model_config))
    path = Path(folder) / str(step)
    durable_files.write_folder(path, files)
    return path


def list_steps(folder: str | Path) -> list[int]:
    """The steps that have a checkpoint in ``folder``, ascending; whole or not is not looked at."""
    folder = Path(folder)
    return sorted(int(path.name) for path in folder.iterdir() if _is_step(path)) if folder.is_dir() else []


def load_checkpoint(folder: str | Path, step: int) -> Checkpoint:
    """The checkpoint of ``step``; ValueError that says what is wrong with it, never a part of it."""
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
    tensors = {name.removesuffix(_SUFFIX): _unpacked(path / name, files[name]) for name in files if _is_group(name)}
    return Checkpoint(step=step, path=path, tensors=tensors, state=state, model_config=_model_config(path, files))


def load_newest(folder: str | Path) -> tuple[Checkpoint | None, list[SkippedCheckpoint]]:
    """The newest checkpoint that is whole, and the newer ones that were not, with reasons.

    None when there is no checkpoint at all. Raises ValueError when there are some and none is whole, and
    ``NewerSchemaError``.    Whoever goes on from a checkpoint with newer ones beside
    it calls ``discard_after`` first.
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
    """Weights and config of a model folder (a checkpoint, or just the two files); nothing else of it is read."""
    path = Path(path)
    names = ["model.safetensors", *(["config.json"] if (path / "config.json").is_file() else [])]
    if (path / durable_files.MANIFEST).is_file():
        files = durable_files.read_folder(path, names)
    elif (path / names[0]).is_file():
        files = {name: (path / name).read_bytes() for name in names}
    else:
        raise ValueError(f"{path} has no model.safetensors: name a checkpoint or a model folder")
    return _unpacked(path / names[0], files[names[0]]), _model_config(path, files)


def discard_after(folder: str | Path, step: int) -> list[int]:
    """Remove the checkpoints beyond ``step``, damaged or diverged, before training goes on from there."""
    gone = [later for later in list_steps(folder) if later > step]
    for later in gone:
        durable_files.remove_folder(Path(folder) / str(later))
    return gone


def prune_checkpoints(folder: str | Path, keep_last: int, keep_every: int = 0, keep: Collection[int] = ()) -> list[int]:
    """Remove all but the last ``keep_last``, multiples of ``keep_every`` (0 = none) and ``keep``, say the best.

    Returns the steps that went. Damaged ones count like others.
    """
    if keep_last < 1 or keep_every < 0:
        raise ValueError(f"keep_last is {keep_last} and keep_every {keep_every}: at least 1 and 0 are needed")
    old = list_steps(folder)[:-keep_last]
    gone = [step for step in old if step not in keep and not (keep_every and step % keep_every == 0)]
    for step in gone:
        durable_files.remove_folder(Path(folder) / str(step))
    return gone


def _packed(tensors: Mapping[str, Tensor]) -> bytes:
    # safetensors wants dense tensors that share no memory; channels_last weights and tied ones are neither.
    plain = {n: t.detach().cpu().clone(memory_format=torch.contiguous_format) for n, t in tensors.items()}
    return safetensors.torch.save(plain)


def _unpacked(path: Path, data: bytes) -> dict[str, Tensor]:
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
