"""The AlphaZero loop: games come in, the network learns from them, the better network plays the next ones.

Knows the run: its folder, replay, trainer and runner, and how they go on after a kill. Does not know how games are
searched, what a gradient is, or how progress is shown: ``watch`` sees every report.

With ``deterministic`` playing and learning take turns and everything follows from the seed: a checkpoint holds the
moves of games in flight, and a resumed run ends with the same bits as one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agent.evaluation import Evaluate
from agent.evaluator import NetworkEvaluator
from agent.network import PolicyValueNet
from games.game import Game
from selfplay import fsio
from selfplay.local_runner import LocalRunner
from selfplay.records import GameRecord, pack, read_shard, shards, unpack, write_shard
from training import checkpoints, run_folder
from training.config import TrainConfig
from training.losses import policy_value_loss
from training.metrics import Metrics
from training.replay import Replay
from training.trainer import Trainer

FLUSH_SECONDS = 5.0
"""Finished games wait no longer than this for their shard."""


@dataclass
class Report:
    """What a run says of itself, a few times a minute."""

    step: int = 0
    games: int = 0
    samples: int = 0
    trained: int = 0
    minutes: float = 0.0
    progress: float = 0.0
    window: int = 0
    version: int = 0
    games_per_second: float = 0.0
    moves_per_second: float = 0.0
    simulations_per_second: float = 0.0
    evaluations_per_second: float = 0.0
    trained_per_second: float = 0.0
    cache_hits: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    grades: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Run:
    """One training run in one folder; ``go`` works until it is finished or ``stopping`` says so."""

    def __init__(
        self,
        game: Game,
        config: TrainConfig,
        folder: Path,
        *,
        watch: Callable[[Report], None] = lambda report: None,
        grade: Callable[[Evaluate], dict[str, float]] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``grade`` measures the playing network now and then; its numbers go into the metrics."""
        self.game, self.config, self.folder = game, config, folder
        self.watch, self.grade, self.stopping = watch, grade, stopping
        self.model = self._new_model()
        learn = config.learn
        loss = policy_value_loss(value_mix=learn.value_mix, value_weight=learn.value_weight)
        self.trainer = Trainer(self.model, loss, learn.trainer)
        self.replay = Replay(game, learn.window, full_budget=config.self_play.search.num_simulations)
        self.report = Report()
        self.version = 0
        self.num_games = 0
        self.num_shards = 0
        self.minutes_before = 0.0
        self.pending: list[GameRecord] = []
        self.weights: dict[str, Any] = {}
        state = self._restore()
        self.runner = LocalRunner(
            game,
            config.self_play,
            lambda: NetworkEvaluator(game, config.network, config.engine),
            seed=config.seed,
            first_id=state.get("next_id", 0),
            deterministic=config.deterministic,
        )
        self._restore_flight(state)
        self.runner.publish(self.weights, self.version)
        self.metrics = Metrics(folder, resume_step=self.trainer.steps)
        self._begun = self._last_view = self._last_save = self._last_flush = time.monotonic()
        self._last_grade = -1e9
        self._seen = {"games": 0.0, "moves": 0.0, "evaluated": 0.0, "asked": 0.0, "simulations": 0.0, "trained": 0.0}

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Play and learn until the run is finished; returns why it stopped: ``finished`` or ``stopped``."""
        run_folder.write_status(
            self.folder, "running", step=self.trainer.steps, samples=self.replay.made, game=self.game.name
        )
        reason = "stopped"
        try:
            while not self.stopping():
                if self.finished():
                    reason = "finished"
                    break
                if self._owed() < self._limit():
                    self._take(self.runner.collect(0.0 if self._owed() >= self.config.learn.batch_size else 0.5))
                self._learn()
                self._look()
            self._save()
            if reason == "finished":
                self._view()
        finally:
            self.runner.close()
            self.metrics.close()
        if reason == "finished":
            run_folder.write_status(
                self.folder,
                "finished",
                step=self.trainer.steps,
                samples=self.replay.made,
                game=self.game.name,
                reason=self._why(),
            )
        return reason

    @property
    def minutes(self) -> float:
        """Minutes of work in this folder, all sessions together."""
        return self.minutes_before + (time.monotonic() - self._begun) / 60

    def progress(self) -> float:
        """How much of the run is done, 0 to 1; deterministic runs count samples only."""
        config = self.config
        shares = [self.replay.made / config.max_samples if config.max_samples else 0.0]
        if not config.deterministic and config.max_minutes:
            shares.append(self.minutes / config.max_minutes)
        return min(1.0, max(shares))

    def finished(self) -> bool:
        samples_done = bool(self.config.max_samples) and self.replay.made >= self.config.max_samples
        if samples_done and self.config.deterministic:
            return self._owed() < self.config.learn.batch_size
        return samples_done or bool(self.config.max_minutes) and self.minutes >= self.config.max_minutes

    def _why(self) -> str:
        done = self.config.max_samples and self.replay.made >= self.config.max_samples
        return f"max_samples {self.config.max_samples}" if done else f"max_minutes {self.config.max_minutes:g}"

    def _owed(self) -> float:
        """Samples that the learner still has to train on to keep its ratio to self-play."""
        made = self.replay.made + 0.0
        if made < self.config.learn.first_samples:
            return 0.0
        return made * self.config.learn.reuse - self.trainer.samples_seen

    def _limit(self) -> float:
        """With more than this owed, self-play waits for the learner."""
        learn = self.config.learn
        return learn.batch_size if self.config.deterministic else 2.0 * learn.publish_steps * learn.batch_size

    def _take(self, records: list[GameRecord]) -> None:
        if not records:
            return
        self.replay.add(records)
        self.num_games += len(records)
        self.pending += records
        waited = time.monotonic() - self._last_flush > FLUSH_SECONDS
        if self.config.deterministic or waited:
            self._flush()

    def _learn(self) -> None:
        """Steps that are owed, up to the next update of the playing network; then the update."""
        learn = self.config.learn
        until = time.monotonic() + 1.0
        while self._owed() >= learn.batch_size and (self.config.deterministic or time.monotonic() < until):
            self._cool()
            batch = self.replay.batch(learn.batch_size, self.config.seed, self.trainer.steps)
            losses = self.trainer.step(batch)
            for name, value in losses.items():
                old = self.report.losses.get(name, value)
                self.report.losses[name] = old + 0.05 * (value - old)
            if not self.config.deterministic and self.trainer.steps % learn.publish_steps == 0:
                self._publish()
        if self.config.deterministic and self.trainer.steps > self.version:
            self._publish()
            self._save()

    def _cool(self) -> None:
        share = self.config.learn.cooldown
        left = 1 - self.progress()
        self.trainer.learning_rate_scale = 1.0 if left >= share else 0.1 + 0.9 * left / share

    def _publish(self) -> None:
        self.version = self.trainer.steps
        self.weights = self.trainer.averaged_weights()
        self.runner.publish(self.weights, self.version)

    def start_from(self, weights: dict[str, Any]) -> None:
        """Begin a new run with another one's weights. ValueError when they do not fit."""
        try:
            self.model.load_state_dict(weights, strict=True)
        except RuntimeError as error:
            raise ValueError(f"these weights are of another network: {str(error).splitlines()[-1].strip()}") from error
        self.trainer = Trainer(self.model, self.trainer.loss_fn, self.config.learn.trainer)
        self._publish()

    # ---- what people see -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._last_view >= 2.0:
            self._view()
        if not self.config.deterministic and now - self._last_save >= 60 * self.config.checkpoint_minutes:
            self._save()

    def _view(self) -> None:
        now = time.monotonic()
        wanted = self.grade and self.config.grade_minutes
        if wanted and (now - self._last_grade >= 60 * self.config.grade_minutes or self.finished()):
            assert self.grade is not None
            self.report.grades = self.grade(self.runner.evaluator)
            self._last_grade = time.monotonic()
        report, evaluator = self.report, self.runner.evaluator
        counts = {
            "games": float(self.num_games),
            "moves": float(self.runner.moves),
            "evaluated": float(evaluator.evaluated),
            "asked": float(evaluator.asked),
            "trained": float(self.trainer.samples_seen),
        }
        span = max(now - self._last_view, 1e-9)
        rate = {name: (value - self._seen.get(name, 0.0)) / span for name, value in counts.items()}
        self._seen, self._last_view = counts, now
        report.step, report.games, report.samples = self.trainer.steps, self.num_games, self.replay.made
        report.trained, report.minutes, report.progress = self.trainer.samples_seen, self.minutes, self.progress()
        report.window, report.version = len(self.replay), self.version
        report.games_per_second, report.moves_per_second = rate["games"], rate["moves"]
        report.evaluations_per_second, report.simulations_per_second = rate["evaluated"], rate["asked"]
        report.trained_per_second = rate["trained"]
        report.cache_hits = 1 - rate["evaluated"] / max(rate["asked"], 1e-9)
        numbers = {k: float(v) for k, v in vars(report).items() if isinstance(v, int | float)}
        self.metrics.write(report.step, numbers | report.losses | report.grades)
        self.watch(report)

    # ---- what survives -------------------------------------------------------------------------------------------

    def _new_model(self) -> PolicyValueNet:
        import torch

        torch.manual_seed(self.config.seed)
        return PolicyValueNet(self.config.network, self.game.observation_shape, self.game.action_layout)

    def _flush(self) -> None:
        """Write finished games to a shard."""
        self._last_flush = time.monotonic()
        if self.pending:
            write_shard(self.folder / "games", self.game, self.pending, self.num_shards)
            self.num_shards += 1
            self.pending = []

    def _save(self) -> None:
        """Flush games, then a checkpoint that counts them."""
        self._flush()
        tensors, values = self.trainer.state()
        state = {
            "trainer": values,
            "version": self.version,
            "num_games": self.num_games,
            "num_shards": self.num_shards,
            "made": self.replay.made,
            "next_id": self.runner.next_id,
            "minutes": self.minutes,
        }
        groups: dict[str, Any] = {"model": self.weights, "optimizer": tensors}
        if self.config.deterministic:
            import torch

            flight = pack(self.game, self.runner.in_flight())
            groups["in_flight"] = {"records": torch.from_numpy(np.frombuffer(flight, np.uint8).copy())}
        checkpoints.save(
            self.folder / run_folder.CHECKPOINTS, self.trainer.steps, groups, state, model_config(self.game, self.config)
        )
        checkpoints.prune(
            self.folder / run_folder.CHECKPOINTS, self.config.keep_checkpoints, self.config.keep_every
        )
        run_folder.write_status(
            self.folder, "running", step=self.trainer.steps, samples=self.replay.made, game=self.game.name
        )
        self._last_save = time.monotonic()

    def _restore(self) -> dict[str, Any]:
        """Take up the newest valid checkpoint and the games it counts; its state, empty for a new run."""
        folder = self.folder / run_folder.CHECKPOINTS
        for path in (self.folder, folder, self.folder / "games"):
            if path.is_dir():
                fsio.sweep(path)
        found, skipped = checkpoints.load_newest(folder)
        self.report.notes += [f"checkpoint {bad.step} is damaged and was passed over: {bad.reason}" for bad in skipped]
        state: dict[str, Any] = {}
        if found is not None:
            checkpoints.discard_after(folder, found.step)
            state = found.state | {"tensors": found.tensors}
            self.trainer.load_state(found.tensors["optimizer"], state["trainer"])
            self.weights, self.version = found.tensors["model"], state["version"]
            self.num_games, self.minutes_before = state["num_games"], state["minutes"]
        else:
            self.weights = self.trainer.averaged_weights()
        self._restore_games(state)
        return state

    def _restore_games(self, state: dict[str, Any]) -> None:
        """Games of shards that the checkpoint counts, and of later ones; a deterministic run plays those again."""
        counted = state.get("num_shards", 0)
        for number, path in shards(self.folder / "games").items():
            if self.config.deterministic and number >= counted:
                path.unlink()
                continue
            self.num_shards = number + 1
            try:
                records = read_shard(path, self.game)
            except ValueError as error:
                path.rename(path.with_suffix(".damaged"))
                self.report.notes.append(f"games in {path.name} were lost: {error}")
                continue
            self.replay.add(records)
            if number >= counted:
                self.num_games += len(records)
            last = max(record.id for record in records)
            state["next_id"] = max(state.get("next_id", 0), last + 1)

    def _restore_flight(self, state: dict[str, Any]) -> None:
        if self.config.deterministic and "tensors" in state:
            data = state["tensors"]["in_flight"]["records"].numpy().tobytes()
            self.runner.restore(unpack(self.game, data, "games in flight"))


def model_config(game: Game, config: TrainConfig) -> dict[str, Any]:
    """What a model folder says of itself: enough to play."""
    from dataclasses import asdict

    return {
        "schema": 1,
        "game": game.name,
        "network": asdict(config.network),
        "search": asdict(config.self_play.search),
    }
