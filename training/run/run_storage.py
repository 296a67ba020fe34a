"""The files of a self-play run: shards of games, and checkpoints that count the shards.

``AlphaZeroRun`` decides when to save. A checkpoint is written after the games that it counts, so a run that is killed
between the two loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agent.storage import durable_files
from games.game import Game
from selfplay.distributed import checked_games
from selfplay.records import Arrays, GameRecord, list_shards, pack, read_shard, unpack, write_packed
from training.config import TrainConfig
from training.replay_buffer import ReplayBuffer
from training.run import checkpoints, run_folder

GAMES = "games"
SELF_PLAY_GROUPS = ("archive", "resignation")
"""The groups of arrays in a checkpoint that self-play made."""


@dataclass
class RunState:
    """Everything that a resumed run needs; the default values are those of a new run."""

    trainer: tuple[dict[str, Tensor], dict[str, Any]] | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)  # of the network that self-play uses
    version: int = 0  # the step of these weights
    num_games: int = 0
    next_id: int = 0  # of the next game that self-play starts
    missing: list[int] = field(default_factory=list)  # ids below next_id that are not stored and are still to be played
    minutes: float = 0.0
    evaluations: int = 0  # that self-play's network made
    in_flight: list[GameRecord] = field(default_factory=list)  # unfinished games, in deterministic runs only
    self_play: Mapping[str, Arrays] = field(default_factory=dict)  # what the runner has learned from games, by group
    notes: list[str] = field(default_factory=list)  # sentences about what was damaged or lost


class RunStorage:
    """Reads and writes the games and checkpoints of one run folder."""

    def __init__(self, game: Game, config: TrainConfig, folder: Path) -> None:
        self.game, self.config, self.folder = game, config, folder
        self.checkpoints, self.games = folder / run_folder.CHECKPOINTS, folder / GAMES
        self.shard_samples: dict[int, int] = {}  # samples in each shard on disk
        self.num_shards = 0  # written so far, deleted ones included
        self.deleted_samples = 0  # samples in shards that were deleted

    def write_games(self, finished: Sequence[checked_games.Games]) -> None:
        """Write finished games as one more shard."""
        if any(finished):
            write_packed(self.games, checked_games.pack_games(self.game, finished), self.num_shards)
            self.shard_samples[self.num_shards] = sum(checked_games.num_samples(games) for games in finished)
            self.num_shards += 1

    def save(self, saved: RunState, *, step: int, window: int) -> None:
        """Write the checkpoint of ``step``; then delete old checkpoints and the shards that no replay buffer needs.

        ``window`` is the number of samples in the replay buffer.
        """
        assert saved.trainer is not None
        tensors, values = saved.trainer
        old_shards = self._find_old_shards(window)
        self.deleted_samples += sum(self.shard_samples.pop(number) for number in old_shards)
        state = {
            "trainer": values,
            "version": saved.version,
            "num_games": saved.num_games,
            "next_id": saved.next_id,
            "missing": saved.missing,
            "minutes": saved.minutes,
            "evaluations": saved.evaluations,
            "num_shards": self.num_shards,
            "dropped": self.deleted_samples,
        }
        groups: dict[str, Mapping[str, Tensor]] = {"model": saved.weights, "optimizer": tensors}
        if self.config.deterministic:
            in_flight = np.frombuffer(pack(self.game, saved.in_flight), np.uint8).copy()
            groups["in_flight"] = {"records": torch.from_numpy(in_flight)}
        for group, arrays in saved.self_play.items():
            groups[group] = {name: torch.from_numpy(array) for name, array in arrays.items()}
        checkpoints.save_checkpoint(self.checkpoints, step, groups, state, model_config(self.game, self.config))
        checkpoints.prune_checkpoints(self.checkpoints, self.config.keep_checkpoints, self.config.keep_every)
        for number, path in list_shards(self.games).items():
            if number in old_shards:
                path.unlink()

    def _find_old_shards(self, window: int) -> list[int]:
        """The oldest shards that may be deleted: twice the window stays, unless that exceeds ``max_disk_gb``.

        Twice, because a run may have to go back to an older checkpoint, whose window begins earlier.
        """
        old_shards: list[int] = []
        samples = sum(self.shard_samples.values())
        shard_bytes = {number: path.stat().st_size for number, path in list_shards(self.games).items()}
        total_bytes, max_bytes = sum(shard_bytes.values()), self.config.max_disk_gb * 1e9
        for number in sorted(self.shard_samples):
            is_needed = samples - self.shard_samples[number] < 2 * window
            if is_needed and total_bytes <= max_bytes:
                break
            old_shards.append(number)
            samples -= self.shard_samples[number]
            total_bytes -= shard_bytes.get(number, 0)
        return old_shards

    def load(self, replay: ReplayBuffer) -> RunState:
        """Load the newest valid checkpoint, and add the stored games to ``replay``, also those that are newer.

        A deterministic run deletes the newer games instead, because it will play exactly these games again.
        """
        for path in (self.folder, self.checkpoints, self.games):
            if path.is_dir():
                durable_files.clean_up(path)
        found, skipped = checkpoints.load_newest(self.checkpoints)
        saved = RunState(notes=[f"checkpoint {bad.step} was passed over: {bad.reason}" for bad in skipped])
        counted_shards = 0  # by the checkpoint
        if found is not None:
            checkpoints.discard_after(self.checkpoints, found.step)
            state = found.state
            counted_shards, self.deleted_samples = state["num_shards"], state["dropped"]
            saved.trainer, saved.weights = (found.tensors["optimizer"], state["trainer"]), found.tensors["model"]
            saved.version, saved.num_games = state["version"], state["num_games"]
            saved.next_id, saved.minutes = state["next_id"], state["minutes"]
            saved.evaluations = int(state.get("evaluations", 0))
            saved.missing = [int(i) for i in state.get("missing", [])]
            saved.self_play = {
                group: {name: tensor.numpy() for name, tensor in found.tensors[group].items()}
                for group in SELF_PLAY_GROUPS
                if group in found.tensors
            }
            if self.config.deterministic:
                in_flight = found.tensors["in_flight"]["records"].numpy().tobytes()
                saved.in_flight = unpack(self.game, in_flight, "games in flight")
        replay.num_added = self.deleted_samples
        first_id, newer_ids = saved.next_id, set[int]()
        for number, path in list_shards(self.games).items():
            ids = self._load_shard(number, path, counted_shards, replay, saved)
            newer_ids.update(ids if number >= counted_shards else ())
        saved.missing = sorted({*saved.missing, *range(first_id, saved.next_id)} - newer_ids)
        return saved

    def _load_shard(
        self, number: int, path: Path, counted_shards: int, replay: ReplayBuffer, saved: RunState
    ) -> list[int]:
        """Add the games of one shard to ``replay``; returns their ids."""
        if self.config.deterministic and number >= counted_shards:
            path.unlink()
            return []
        self.num_shards = number + 1
        try:
            records = read_shard(path, self.game)
        except ValueError as error:
            path.rename(path.with_suffix(".damaged"))
            saved.notes.append(f"the games in {path.name} are lost and set aside: {error}")
            return []
        self.shard_samples[number] = replay.add(records)
        saved.num_games += len(records) if number >= counted_shards else 0
        saved.next_id = max(saved.next_id, *(record.id + 1 for record in records))
        return [record.id for record in records]


def model_config(game: Game, config: TrainConfig) -> dict[str, Any]:
    """The ``config.json`` of a model folder: what a player needs besides the weights."""
    return {
        "schema": 1,
        "game": game.name,
        **({"game_sha256": game.file_sha256} if game.file_sha256 else {}),
        "network": asdict(config.network),
        "search": asdict(config.play),
    }
