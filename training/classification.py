"""A run that learns to tell pictures apart: batches in, steps, checkpoints, a test at the end.

Knows the run: splits, the order of batches, the one-cycle schedule, what is saved and measured. Does not know file
formats, layers, or what a gradient is: that is ``training.trainer``'s, which plays games with the same lines.

Which pictures are in batch n and how they are changed follows from (seed, n) alone, so a resumed run has the same bits;
``max_minutes`` brings in the clock, which then shortens the schedule.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from agent.classifier import Classifier, ClassifierConfig
from training import checkpoints, run_folder
from training.attacks import hardened
from training.augmentation import AugmentConfig, augmented
from training.classifiers import SCHEMA, accuracy, predict
from training.images import DataSet, Pictures, Split, pixels_shuffled, split
from training.losses import classification_loss, neuron_loss
from training.metrics import Metrics
from training.report import Rates, Report
from training.trainer import Diverged, Trainer, TrainerConfig

VIEW_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """A whole run. The learning rate's schedule is multiplied by one cycle: a linear rise, then a cosine to 0."""

    dataset: str
    data_sha256: str = ""  # of the pictures, once they are known
    seed: int = 0
    epochs: float = 20.0
    max_minutes: float = 0.0  # of training, every start together; 0: no limit. Whichever is reached first ends the run
    batch_size: int = 128
    warm_up: float = 0.15  # the share of the run in which the learning rate rises
    validation: float = 0.05  # share of the training pictures
    test: float = 0.2  # share of all pictures, where the data has no test set of its own
    limit: int = 0  # train on no more pictures; 0: all
    size: int = 0  # of a folder's pictures, in pixels; 0: their own
    shuffle_pixels: bool = False  # an experiment: neighbours torn apart, the same in every picture
    loss: Literal["cross_entropy", "neuron"] = "cross_entropy"
    label_smoothing: float = 0.0
    adversarial: float = 0.0  # train on pictures attacked with so much of full brightness
    flip_test: bool = False  # the mean over a picture and its mirror image
    freeze: bool = False  # only the head learns; for a trunk from elsewhere
    network: ClassifierConfig = field(default_factory=ClassifierConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    evaluate_epochs: float = 1.0  # between two looks at the validation pictures
    checkpoint_minutes: float = 0.5
    checkpoint_steps: int = 0  # between checkpoints; 0: by the clock
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        rules = {
            "epochs": (0 < self.epochs < 1e9, "above 0"),
            "max_minutes": (self.max_minutes >= 0, "0 (no limit) or more"),
            "batch_size": (self.batch_size >= 1, "1 or more"),
            "adversarial": (0 <= self.adversarial < 1, "0 (off) or a share of full brightness below 1"),
            "warm_up": (0 <= self.warm_up < 1, "from 0 to below 1"),
            "evaluate_epochs": (self.evaluate_epochs > 0, "above 0"),
        }
        for name, (holds, right) in rules.items():
            if not holds:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be {right}")


MAY_CHANGE = frozenset({"max_minutes", "epochs", "evaluate_epochs", "checkpoint_minutes", "checkpoint_steps"})
"""What another value of does not make another run of the same folder."""


class Run:
    """One training run in one folder; ``go`` works until it is finished or ``stopping`` says so."""

    def __init__(
        self,
        data: DataSet,
        config: ImageConfig,
        folder: Path,
        *,
        watch: Callable[[Report], None] = lambda report: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.data, self.config, self.folder = data, config, folder
        self.watch, self.stopping = watch, stopping
        self.parts = parts(data, config)
        torch.manual_seed(config.seed)
        model = Classifier(config.network, data.shape, len(data.classes))
        pixels = self.parts.train.images.float().transpose(0, 1).flatten(1)  # [C, N * H * W]
        model.mean.copy_(pixels.mean(1))
        model.std.copy_(pixels.std(1).clamp_min(1e-3))
        del pixels
        if config.freeze:
            model.freeze_trunk()
        loss = neuron_loss() if config.loss == "neuron" else classification_loss(label_smoothing=config.label_smoothing)
        if config.adversarial:
            loss = hardened(loss, config.adversarial)
        self.trainer = Trainer(model, loss, config.trainer)
        self.playing = copy.deepcopy(model)  # with the averaged weights, for every measurement
        self.batch_size = min(config.batch_size, len(self.parts.train.labels))
        self.batches = len(self.parts.train.labels) // self.batch_size  # of an epoch
        self.report, self.rates = Report(), Rates()
        self.minutes_before = 0.0
        self._restore()
        self.metrics = Metrics(folder, resume_step=self.trainer.steps)
        self._begun = self._last_view = self._last_save = time.monotonic()

    def _restore(self) -> None:
        folder = self.folder / run_folder.CHECKPOINTS
        found, skipped = checkpoints.load_newest(folder)
        self.report.notes += [f"checkpoint {bad.step} was passed over: {bad.reason}" for bad in skipped]
        if found is not None:
            checkpoints.discard_after(folder, found.step)
            self.trainer.load_state(found.tensors["optimizer"], found.state["trainer"])
            self.minutes_before, self.report.grades = found.state["minutes"], dict(found.state["grades"])

    def start_from(self, folder: Path) -> list[str]:
        """Begin with the trunk of another classifier; returns the names of its tensors that did not fit here."""
        weights, _ = checkpoints.load_model(folder)
        live = self.trainer.model.state_dict()
        trunk = {name: tensor for name, tensor in weights.items() if name.startswith("trunk.")}
        fits = {name: t for name, t in trunk.items() if name in live and live[name].shape == t.shape}
        if not fits:
            raise ValueError(
                f"{folder} has no trunk that fits {self.config.network.kind}: name a run of the same --model"
            )
        self.trainer.model.load_state_dict(fits, strict=False)
        self.trainer = Trainer(self.trainer.model, self.trainer.loss_fn, self.config.trainer)
        return sorted(trunk.keys() - fits.keys())

    # ---- the loop ------------------------------------------------------------------------------------------------

    def go(self) -> str:
        """Learn until the run is finished; returns why it stopped: ``finished`` or ``stopped``."""
        before = done = self.progress() >= 1
        looked = self._looks()
        try:
            while not self.stopping() and not done:
                self.trainer.learning_rate_scale = self._cycle(self.progress())
                self.report.smooth(self.trainer.step(self.batch(self.trainer.steps)))
                done = self.progress() >= 1
                if not done and self._looks() > looked:
                    looked = self._looks()
                    self._measure("validation", self.parts.validation)
                now = time.monotonic()
                if now - self._last_view >= VIEW_SECONDS:
                    self._view()
                every = self.config.checkpoint_steps
                due = (
                    self.trainer.steps % every == 0
                    if every
                    else now - self._last_save > 60 * self.config.checkpoint_minutes
                )
                if due and not done:
                    self._save()
            if done and not before:
                self._measure("validation", self.parts.validation)
                self._measure("test", self.parts.test)
            if not before:
                self._view()
                self._save("finished" if done else "running")
        except Diverged as error:
            raise ValueError(f"training diverged: {error}") from error
        finally:
            self.metrics.close()
        return "finished" if done else "stopped"

    def batch(self, step: int) -> dict[str, Tensor]:
        """The batch of ``step``: an epoch's pictures in an order of its own, changed as the recipe says."""
        epoch, place = divmod(step, self.batches)
        order = self._order(epoch)[place * self.batch_size : (place + 1) * self.batch_size]
        random = torch.Generator().manual_seed(
            int(np.random.SeedSequence([self.config.seed, step]).generate_state(1)[0])
        )
        images, labels = self.parts.train
        image, label = augmented(images[order], labels[order], self.config.augment, len(self.data.classes), random)
        return {"image": image, "label": label}

    def _order(self, epoch: int) -> Tensor:
        if getattr(self, "_ordered", None) != epoch:
            random = np.random.Generator(np.random.Philox(key=[self.config.seed, epoch + 2]))
            self._ordered, self._permutation = epoch, torch.from_numpy(random.permutation(len(self.parts.train.labels)))
        return self._permutation

    @property
    def minutes(self) -> float:
        """Minutes of work in this folder, every start of it together."""
        return self.minutes_before + (time.monotonic() - self._begun) / 60

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

    def _looks(self) -> int:
        return int(self.trainer.steps / self.batches / self.config.evaluate_epochs)

    # ---- what people see, and what survives ----------------------------------------------------------------------

    def current(self) -> nn.Module:
        """The classifier as it would be used now: averaged weights, where there is an average."""
        self.playing.load_state_dict(self.trainer.averaged_weights())
        return self.playing.eval()

    def _measure(self, name: str, pictures: Pictures) -> None:
        if len(pictures.labels):
            chances = predict(self.current(), pictures.images, flip=self.config.flip_test, bf16=self.trainer.in_bf16)
            self.report.grades[f"{name}_accuracy"] = accuracy(chances, pictures.labels)
            self.metrics.write(self.trainer.steps, {f"{name}_accuracy": self.report.grades[f"{name}_accuracy"]})

    def _view(self) -> None:
        report = self.report
        report.step, report.trained, report.minutes = self.trainer.steps, self.trainer.samples_seen, self.minutes
        report.samples, report.progress = len(self.parts.train.labels), self.progress()
        report.trained_per_second = self.rates.look({"trained": float(report.trained)})["trained"]
        names = ("trained", "minutes", "progress", "trained_per_second")
        self.metrics.write(report.step, report.losses | {name: float(getattr(report, name)) for name in names})
        self.watch(report)
        self._last_view = time.monotonic()

    def _save(self, status: Literal["running", "finished"] = "running") -> None:
        tensors, values = self.trainer.state()
        folder = self.folder / run_folder.CHECKPOINTS
        checkpoints.save(
            folder,
            self.trainer.steps,
            {"model": self.trainer.averaged_weights(), "optimizer": tensors},
            {"trainer": values, "minutes": self.minutes, "grades": self.report.grades},
            model_config(self.data, self.config),
        )
        checkpoints.prune(folder, self.config.keep_checkpoints)
        reason = f"{self.trainer.steps / self.batches:.1f} epochs" if status == "finished" else ""
        run_folder.write_status(
            self.folder,
            status,
            step=self.trainer.steps,
            samples=self.trainer.samples_seen,
            game=f"pictures: {self.config.dataset}",
            reason=reason,
        )
        self._last_save = time.monotonic()


def parts(data: DataSet, config: ImageConfig) -> Split:
    """The split that ``config`` asks for, its pixels shuffled where it wants that."""
    found = split(data, seed=config.seed, validation=config.validation, test=config.test, limit=config.limit)
    return Split(*(pixels_shuffled(part, config.seed) for part in found)) if config.shuffle_pixels else found


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
    }
