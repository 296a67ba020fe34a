"""The configuration of a self-play run, and the one parser that makes configurations from nested values.

``parse_config`` also reads the configurations of image runs, trainers and schedules. An unknown setting raises an error
with the nearest name, and a wrong value one with what would be right (``agent.settings``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from agent.inference.backend_selection import BackendConfig
from agent.networks.policy_value import NetworkConfig
from agent.search.search import SearchConfig
from agent.settings import (
    BelowOne,
    Count,
    Device,
    Fraction,
    Number,
    Positive,
    PositiveNumber,
    Range,
    Seed,
    Settings,
    Slots,
    check_values,
)
from selfplay.config import SelfPlayConfig
from selfplay.distributed.config import RayConfig
from training.auxiliary.losses import AuxiliaryConfig
from training.evaluation.gate import GateConfig
from training.evaluation.rating_curve import RatingConfig
from training.replay_buffer import WindowConfig
from training.trainer import TrainerConfig


@dataclass(frozen=True, kw_only=True)
class LearnConfig(Settings, called="learn"):
    """How the network learns from the games."""

    batch_size: Slots = 512  # positions in each training batch
    device: Device = "auto"  # as torch names it; auto: a GPU if every process can have one, else cpu
    processes: Annotated[int, Range(1, 1024)] = 1  # that share each batch (torch DDP); must divide batch_size
    reuse: PositiveNumber = 4.0  # how often the learner trains on each new sample, on average
    value_mix: Fraction = 0.3  # lambda: value target = (1 - lambda) outcome + lambda search value
    value_weight: Number = 1.0  # weight of the value loss; the policy loss has weight 1
    fast_policies: bool = False  # whether fast searches train the policy too, and not only the value
    surprise_share: Fraction = (
        0.0  # share of each batch that is drawn in proportion to how much the search changed the policy
    )
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    first_samples: Count = 4096  # samples that self-play makes before learning begins
    schedule: Literal["cooldown", "one_cycle", "drops"] = "cooldown"  # how the learning rate follows the run's progress
    cooldown: Fraction = 0.25  # cooldown: the last share of the run, in which the learning rate falls to a tenth
    warm_up: BelowOne = 0.05  # one_cycle: the share in which the learning rate rises, before half a cosine to nearly 0
    drops: tuple[tuple[Fraction, Fraction], ...] = ()  # drops: (share of the run, factor of the rate from there on)
    augment: bool = True  # show each sample in a random symmetry of the board
    gate: GateConfig = field(default_factory=GateConfig)
    publish_steps: Positive = 40  # steps between two updates of the weights that self-play uses
    window: WindowConfig = field(default_factory=WindowConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)

    def agree(self) -> None:
        at = [share for share, _ in self.drops]
        if sorted(set(at)) != at:
            raise ValueError(f"learn.drops are at {at}: they must be ascending shares of the run")
        if bool(self.drops) != (self.schedule == "drops"):
            raise ValueError(
                f"learn.schedule is {self.schedule!r} and learn.drops are {list(self.drops)}: the schedule 'drops'"
                " needs drops, and no other one has them"
            )
        if self.batch_size % self.processes:
            raise ValueError(f"learn.processes is {self.processes}: it must divide batch_size, {self.batch_size}")
        if self.processes > 1 and ":" in self.device:
            raise ValueError(f"learn.device is {self.device!r}: several learner processes take one GPU each; say cuda")
        if self.processes > 1 and self.trainer.compile:
            raise ValueError(
                f"learn.trainer.compile is on and learn.processes is {self.processes}: only one learner process can"
                " compile its network, so turn one of the two off"
            )


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Settings):
    """A whole run."""

    game: str  # the game, by its name or as FILE.py:game
    seed: Seed = 0  # the random seed
    deterministic: bool = False  # self-play and learning take turns; everything follows from the seed
    max_minutes: Number = 0.0  # of wall time, every start of the run together; 0: no limit
    max_samples: Annotated[int, Range(0, 10**12)] = 0  # that self-play makes; 0: no limit
    max_work: Number = (
        0.0  # of the networks, in 10^12 operations: an evaluation is 1 forward pass, training a sample 3; 0: no limit
    )
    freeze: bool = False  # train only the heads; for a trunk from another network (--init)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    engine: BackendConfig = field(default_factory=BackendConfig)
    self_play: SelfPlayConfig = field(default_factory=SelfPlayConfig)
    play: SearchConfig = field(
        default_factory=lambda: SearchConfig(num_simulations=100)
    )  # of players that use the run's network
    learn: LearnConfig = field(default_factory=LearnConfig)
    ray: RayConfig = field(default_factory=RayConfig)  # with --ray only
    checkpoint_minutes: Number = 1.0  # minutes between two checkpoints
    checkpoint_steps: Count = 0  # between checkpoints; 0: checkpoint_minutes; if deterministic, every update
    keep_checkpoints: Positive = 3  # how many of the newest checkpoints stay on disk
    keep_every: Count = 0  # also keep the first checkpoint from each multiple of so many steps on; 0: none
    grade_minutes: Number = 2.0  # between two gradings on solved positions, where the game has some; 0: never
    rating: RatingConfig = field(default_factory=RatingConfig)
    max_disk_gb: PositiveNumber = 4.0  # gigabytes of stored games; the oldest games are removed first

    def agree(self) -> None:
        if self.deterministic and self.max_work and self.grade_minutes:
            raise ValueError(
                f"max_work is {self.max_work:g} in a deterministic run: grade_minutes must be 0, because gradings spare"
                " self-play some evaluations, at times that the clock decides"
            )


MAY_CHANGE = frozenset(
    {
        "max_minutes",
        "max_samples",
        "max_work",
        "freeze",
        "checkpoint_minutes",
        "checkpoint_steps",
        "keep_checkpoints",
        "keep_every",
        "grade_minutes",
        "learn.device",
        "learn.processes",
        "rating",
        "max_disk_gb",
        "engine",
        "play",
        "ray",
        "self_play.num_groups",
    }
)
"""The settings that may change when a run is resumed."""


def parse_config(values: Mapping[str, Any], kind: type = TrainConfig, path: str = "") -> Any:
    """A configuration from nested mappings.

    ValueError for the first unknown setting or wrong value, named with ``path`` in front of it.
    """
    import pydantic  # imported here and below, because configurations made in Python code do not need it

    check_values(values, kind, path)
    try:
        return pydantic.TypeAdapter(kind).validate_python(dict(values))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "value_error":  # for settings that contradict each other; the message names them
            raise ValueError(first["msg"].removeprefix("Value error, ")) from error
        raise ValueError(f"the setting {path}{where} does not fit: {first['msg']}") from error


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as plain nested values, for YAML."""
    import pydantic

    plain: dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return plain


def merge_values(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over`` in their places."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge_values(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
