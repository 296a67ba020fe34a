"""What of a run is on disk: shards of games and checkpoints that count them, written and taken up again.

Knows files and their order. Does not know when to save, or what is done with what comes back.
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
from selfplay.records import GameRecord, list_shards, pack, read_shard, unpack, write_packed
from training.config import TrainConfig
from training.replay_buffer import ReplayBuffer
from training.run import checkpoints, run_folder

GAMES = "games"


@dataclass
class RunState:
    """All that a run goes on from; as it stands, that of a new one."""

    trainer: tuple[dict[str, Tensor], dict[str, Any]] | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)  # of the playing network
    version: int = 0
    num_games: int = 0
    next_id: int = 0
    missing: list[int] = field(default_factory=list)  # ids below next_id that are stored nowhere and still to be played
    minutes: float = 0.0
    in_flight: list[GameRecord] = field(default_factory=list)  # deterministic runs only
    notes: list[str] = field(default_factory=list)  # what was damaged or lost, in sentences


class RunStorage:
    """The durable part of one run folder."""

    def __init__(self, game: Game, config: TrainConfig, folder: Path) -> None:
        self.game, self.config, self.folder = game, config, folder
        self.checkpoints, self.games = folder / run_folder.CHECKPOINTS, folder / GAMES
        self.sizes: dict[int, int] = {}  # samples in each shard that is kept
        self.num_shards = 0  # ever written
        self.dropped = 0  # samples in shards that left the window and the disk

    def write_games(self, finished: Sequence[checked_games.Games]) -> None:
        """Finished games, as they came, as one more shard."""
        if any(finished):
            write_packed(self.games, checked_games.pack_games(self.game, finished), self.num_shards)
            self.sizes[self.num_shards] = sum(checked_games.num_samples(games) for games in finished)
            self.num_shards += 1

    def save(self, saved: RunState, *, step: int, window: int) -> None:
        """A checkpoint at ``step``; then old checkpoints, and shards beyond the newest ``window`` samples, go."""
        assert saved.trainer is not None
        tensors, values = saved.trainer
        gone = self._beyond(window)
        self.dropped += sum(self.sizes.pop(number) for number in gone)
        state = {
            "trainer": values,
            "version": saved.version,
            "num_games": saved.num_games,
            "next_id": saved.next_id,
            "missing": saved.missing,
            "minutes": saved.minutes,
            "num_shards": self.num_shards,
            "dropped": self.dropped,
        }
        groups: dict[str, Mapping[str, Tensor]] = {"model": saved.weights, "optimizer": tensors}
        if self.config.deterministic:
            flight = np.frombuffer(pack(self.game, saved.in_flight), np.uint8).copy()
            groups["in_flight"] = {"records": torch.from_numpy(flight)}
        checkpoints.save_checkpoint(self.checkpoints, step, groups, state, model_config(self.game, self.config))
        checkpoints.prune_checkpoints(self.checkpoints, self.config.keep_checkpoints, self.config.keep_every)
        for number, path in list_shards(self.games).items():
            if number in gone:
                path.unlink()

    def _beyond(self, window: int) -> list[int]:
        """The oldest shards that neither the window nor an older checkpoint that may be needed reaches."""
        kept, gone = sum(self.sizes.values()), []
        limit = self.config.max_disk_gb * 1e9
        weights = {number: path.stat().st_size for number, path in list_shards(self.games).items()}
        size = sum(weights.values())
        for number in sorted(self.sizes):
            needed = kept - self.sizes[number] < 2 * window
            if needed and size <= limit:
                break
            gone.append(number)
            kept -= self.sizes[number]
            size -= weights.get(number, 0)
        return gone

    def load(self, replay: ReplayBuffer) -> RunState:
        """The newest valid checkpoint, and into ``replay`` the games that it counts and later ones.

        A deterministic run drops later games: it will play the very same again.
        """
        for path in (self.folder, self.checkpoints, self.games):
            if path.is_dir():
                durable_files.clean_up(path)
        found, skipped = checkpoints.load_newest(self.checkpoints)
        saved = RunState(notes=[f"checkpoint {bad.step} was passed over: {bad.reason}" for bad in skipped])
        counted = 0
        if found is not None:
            checkpoints.discard_after(self.checkpoints, found.step)
            state = found.state
            counted, self.dropped = state["num_shards"], state["dropped"]
            saved.trainer, saved.weights = (found.tensors["optimizer"], state["trainer"]), found.tensors["model"]
            saved.version, saved.num_games = state["version"], state["num_games"]
            saved.next_id, saved.minutes = state["next_id"], state["minutes"]
            saved.missing = [int(i) for i in state.get("missing", [])]
            if self.config.deterministic:
                flight = found.tensors["in_flight"]["records"].numpy().tobytes()
                saved.in_flight = unpack(self.game, flight, "games in flight")
        replay.made = self.dropped
        first_id, later = saved.next_id, set[int]()
        for number, path in list_shards(self.games).items():
            ids = self._take_up(number, path, counted, replay, saved)
            later.update(ids if number >= counted else ())
        saved.missing = sorted({*saved.missing, *range(first_id, saved.next_id)} - later)
        return saved

    def _take_up(self, number: int, path: Path, counted: int, replay: ReplayBuffer, saved: RunState) -> list[int]:
        """Games of one shard into ``replay``; their ids."""
        if self.config.deterministic and number >= counted:
            path.unlink()
            return []
        self.num_shards = number + 1
        try:
            records = read_shard(path, self.game)
        except ValueError as error:
            path.rename(path.with_suffix(".damaged"))
            saved.notes.append(f"the games in {path.name} are lost and set aside: {error}")
            return []
        self.sizes[number] = replay.add(records)
        saved.num_games += len(records) if number >= counted else 0
        saved.next_id = max(saved.next_id, *(record.id + 1 for record in records))
        return [record.id for record in records]


def model_config(game: Game, config: TrainConfig) -> dict[str, Any]:
    """What a model folder says of itself: enough to play."""
    return {
        "schema": 1,
        "game": game.name,
        **({"game_sha256": game.file_sha256} if game.file_sha256 else {}),
        "network": asdict(config.network),
        "search": asdict(config.play),
    }
