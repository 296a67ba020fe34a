"""A run that learns to tell pictures apart: batches in, steps, checkpoints, a test at the end.

Knows the run: splits, the order of batches, the one-cycle schedule, what is saved and measured. Does not know file
formats, layers, or what a gradient is: that is ``training.trainer``'s, which plays games with the same lines.

Which pictures are in batch n and how they are changed follows from (seed, n) alone, so a resumed run has the same bits
with as many threads; ``max_minutes`` brings in a clock, which then shortens the schedule. It counts the processor's
time, all threads of this process together, so that what a budget buys does not depend on what else the machine does.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from agent.networks.image_classifier import Classifier, ClassifierConfig
from agent.settings import BelowOne, Count, Number, Positive, PositiveNumber, Range, Seed, Settings, Slots
from training.images.adversarial import adversarial_loss
from training.images.augmentation import AugmentConfig, augment
from training.images.datasets import DataSet, Split, shuffle_pixels, split
from training.images.prediction import SCHEMA, accuracy, predict
from training.losses import classification_loss, neuron_loss
from training.run import checkpoints, run_folder
from training.run.metrics import Metrics
from training.run.progress import ProgressReport, Rates
from training.trainer import Trainer, TrainerConfig, TrainingDiverged
from training.transfer import freeze, transplant

VIEW_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Settings):
    """A whole run. The learning rate's schedule is multiplied by one cycle: a linear rise, then a cosine to 0."""

    dataset: str  # the pictures
    data_sha256: str = ""  # of the pictures, once they are known
    seed: Seed = 0  # the random seed
    threads: Annotated[int, Range(0, 1024)] = 0  # of the processor; 0: its cores, or OMP_NUM_THREADS
    epochs: PositiveNumber = 20.0  # passes over the training pictures
    max_minutes: Number = 0.0  # of the processor, all starts together, unless the epochs end first; 0: no limit
    batch_size: Slots = 128  # pictures in each training batch
    warm_up: BelowOne = 0.15  # the share of the run in which the learning rate rises
    validation: BelowOne = 0.05  # share of the training pictures
    test: BelowOne = 0.2  # share of all pictures, where the data has no test set of its own
    limit: Count = 0  # train on no more pictures; 0: all
    size: Annotated[int, Range(0, 65_536)] = 0  # of a folder's pictures, in pixels; 0: their own
    shuffle_pixels: bool = False  # an experiment: neighbours torn apart, the same in every picture
    loss: Literal["cross_entropy", "neuron"] = "cross_entropy"  # neuron: half the squared error of logistic neurons
    label_smoothing: BelowOne = 0.0  # share of each target that is spread over all classes
    adversarial: BelowOne = 0.0  # train on pictures attacked with so much of full brightness
    flip_test: bool = False  # the mean over a picture and its mirror image
    shift_test: Annotated[int, Range(0, 1024)] = 0  # and over it moved by so many pixels up, down, left and right
    freeze: bool = False  # only the head learns; for a trunk from elsewhere
    network: ClassifierConfig = field(default_factory=ClassifierConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    evaluate_epochs: PositiveNumber = 1.0  # between two looks at the validation pictures
    checkpoint_minutes: Number = 0.5  # minutes between two checkpoints
    checkpoint_steps: Count = 0  # between checkpoints; 0: by the clock
    keep_checkpoints: Positive = 2  # how many of the newest checkpoints stay on disk


MAY_CHANGE = frozenset(
    {"threads", "max_minutes", "epochs", "evaluate_epochs", "checkpoint_minutes", "checkpoint_steps"}
)
"""What another value of does not make another run of the same folder."""


class ClassifierRun:
    """One training run in one folder; ``go`` works until it is finished or ``stopping`` says so."""

    def __init__(
        self,
        data: DataSet,
        config: ImageConfig,
        folder: Path,
        *,
        watch: Callable[[ProgressReport], None] = lambda report: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.data, self.config, self.folder = data, config, folder
        self.watch, self.stopping = watch, stopping
        self.parts = split_data(data, config)
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        model = Classifier(config.network, data.shape, len(data.classes))
        pixels = self.parts.train.images.float().transpose(0, 1).flatten(1)  # [C, N * H * W]
        model.mean.copy_(pixels.mean(1))
        model.std.copy_(pixels.std(1).clamp_min(1e-3))
        del pixels
        if config.freeze:
            freeze(model.trunk)
        loss = neuron_loss() if config.loss == "neuron" else classification_loss(label_smoothing=config.label_smoothing)
        if config.adversarial:
            loss = adversarial_loss(loss, config.adversarial)
        self.trainer = Trainer(model, loss, config.trainer)
        self.playing = copy.deepcopy(model)  # with the averaged weights, for every measurement
        self.batch_size = min(config.batch_size, len(self.parts.train.labels))
        self.batches = len(self.parts.train.labels) // self.batch_size  # of an epoch
        self.report, self.rates = ProgressReport(), Rates()
        self.minutes_before = 0.0
        self._restore()
        self.metrics = Metrics(folder, resume_step=self.trainer.steps)
        self.report.notes += self.metrics.notes
        self._begun, self._last_view, self._last_save = time.process_time(), time.monotonic(), time.monotonic()

    def _restore(self) -> None:
        folder = self.folder / run_folder.CHECKPOINTS
        found, skipped = checkpoints.load_newest(folder)
        self.report.notes += [f"checkpoint {bad.step} was passed over: {bad.reason}" for bad in skipped]
        if found is not None:
            checkpoints.discard_after(folder, found.step)
            self.trainer.load_state(found.tensors["optimizer"], found.state["trainer"])
            self.minutes_before, self.report.grades = found.state["minutes"], dict(found.state["grades"])

    def start_from(self, folder: Path) -> None:
        """Begin with the trunk of another classifier. ValueError when it does not fit."""
        try:
            self.report.notes += transplant(self.trainer.model, folder, only="trunk.")
        except ValueError:
            self.metrics.close()
            raise
        self.trainer = Trainer(self.trainer.model, self.trainer.loss_fn, self.config.trainer)

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Learn until the run is finished; returns why it stopped: ``finished`` or ``stopped``."""
        with self.metrics:
            done, looked = self.progress() >= 1, self._looks()
            if done:
                return "finished"
            self._say("running")
            self.rates.mark(self._counts())
            while not done and not self.stopping():
                self._step()
                done = self.progress() >= 1
                if self._looks() > looked and not done:
                    looked = self._looks()
                    self._measure("validation")
                if time.monotonic() - self._last_view >= VIEW_SECONDS:
                    self._view()
                if self._due() and not done:
                    self._save()
            if done:
                self._measure("validation")
                self._measure("test")
            self._view()
            self._save("finished" if done else "running")
        return "finished" if done else "stopped"

    def _step(self) -> None:
        self.trainer.learning_rate_scale = self._cycle(self.progress())
        try:
            self.report.smooth(self.trainer.step(self.batch(self.trainer.steps)))
        except TrainingDiverged as error:
            raise ValueError(f"training diverged: {error}") from error

    def batch(self, step: int) -> dict[str, Tensor]:
        """The batch of ``step``: an epoch's pictures in an order of its own, changed as the recipe says."""
        epoch, place = divmod(step, self.batches)
        images, labels = self.parts.train
        some = order(self.config.seed, epoch, len(labels))[place * self.batch_size : (place + 1) * self.batch_size]
        number = np.random.SeedSequence([self.config.seed, step]).generate_state(1)[0]
        random = torch.Generator().manual_seed(int(number))
        image, label = augment(images[some], labels[some], self.config.augment, len(self.data.classes), random)
        return {"image": image, "label": label}

    @property
    def minutes(self) -> float:
        """Minutes of the processor's work in this folder, every start of it together."""
        return self.minutes_before + (time.process_time() - self._begun) / 60

    def progress(self) -> float:
        """How much of the run is done, 0 to 1."""
        share = self.trainer.steps / max(1, round(self.config.epochs * self.batches))
        return min(1.0, max(share, self.minutes / self.config.max_minutes if self.config.max_minutes else 0.0))

    def _cycle(self, progress: float) -> float:
        """One cycle (Smith & Topin 2019) of the learning rate: up in a line, down in half a cosine; never quite 0."""
        rise = self.config.warm_up
        if progress < rise:
            return max(progress / rise, 0.01)
        return max(0.5 + 0.5 * float(np.cos(np.pi * (progress - rise) / (1 - rise))), 1e-3)

    def _due(self) -> bool:
        """Whether it is time for a checkpoint."""
        if self.config.checkpoint_steps:
            return self.trainer.steps % self.config.checkpoint_steps == 0
        return time.monotonic() - self._last_save > 60 * self.config.checkpoint_minutes

    def _looks(self) -> int:
        return int(self.trainer.steps / self.batches / self.config.evaluate_epochs)

    # ---- what people see, and what survives ----------------------------------------------------------------------

    def current(self) -> nn.Module:
        """The classifier as it would be used now: averaged weights, where there is an average."""
        self.playing.load_state_dict(self.trainer.averaged_weights())
        return self.playing.eval()

    def _measure(self, part: Literal["validation", "test"]) -> None:
        images, labels = getattr(self.parts, part)
        if len(labels):
            flip, shift = self.config.flip_test, self.config.shift_test
            grade = accuracy(predict(self.current(), images, flip=flip, shift=shift), labels)
            self.report.grades[f"{part}_accuracy"] = grade
            self.metrics.write(self.trainer.steps, {f"{part}_accuracy": grade, "minutes": self.minutes})

    def _view(self) -> None:
        report = self.report
        report.step, report.trained, report.minutes = self.trainer.steps, self.trainer.samples_seen, self.minutes
        report.progress = self.progress()
        report.trained_per_second = self.rates.look(self._counts())["trained"]
        names = ("trained", "minutes", "progress", "trained_per_second")
        self.metrics.write(report.step, report.losses | {name: float(getattr(report, name)) for name in names})
        self.watch(report)
        self._last_view = time.monotonic()

    def _counts(self) -> dict[str, float]:
        return {"trained": float(self.trainer.samples_seen)}

    def _save(self, status: Literal["running", "finished"] = "running") -> None:
        tensors, values = self.trainer.state()
        folder, step = self.folder / run_folder.CHECKPOINTS, self.trainer.steps
        groups = {"model": self.trainer.averaged_weights(), "optimizer": tensors}
        state = {"trainer": values, "minutes": self.minutes, "grades": self.report.grades}
        checkpoints.save_checkpoint(folder, step, groups, state, model_config(self.data, self.config))
        checkpoints.prune_checkpoints(folder, self.config.keep_checkpoints)
        self._say(status)
        self._last_save = time.monotonic()

    def _say(self, status: Literal["running", "finished"]) -> None:
        step, seen = self.trainer.steps, self.trainer.samples_seen
        game = model_config(self.data, self.config)["game"]
        reason = f"{step / self.batches:.1f} epochs" if status == "finished" else ""
        run_folder.write_status(self.folder, status, step=step, samples=seen, game=game, reason=reason)


@lru_cache(maxsize=4)
def order(seed: int, epoch: int, count: int) -> Tensor:
    """[count]: in which order an epoch shows its pictures."""
    random = np.random.Generator(np.random.Philox(key=[seed, epoch + 2]))
    return torch.from_numpy(random.permutation(count))


def split_data(data: DataSet, config: ImageConfig) -> Split:
    """The split that ``config`` asks for, its pixels shuffled where it wants that."""
    found = split(data, seed=config.seed, validation=config.validation, test=config.test, limit=config.limit)
    return Split(*(shuffle_pixels(part, config.seed) for part in found)) if config.shuffle_pixels else found


def model_config(data: DataSet, config: ImageConfig) -> dict[str, Any]:
    """What a model folder says of itself: enough to predict."""
    return {
        "schema": SCHEMA,
        "game": f"pictures: {data.name}",
        "classifies": data.name,
        "classes": list(data.classes),
        "shape": list(data.shape),
        "network": asdict(config.network),
        "flip_test": config.flip_test,
        "shift_test": config.shift_test,
    }
