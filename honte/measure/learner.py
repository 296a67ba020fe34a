"""Learning: samples a second as a run learns, against plain fp32, and what drawing the samples takes of it.

Knows the trainer, the replay and records. Does not know runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import Tensor

from agent.evaluation import hashed
from agent.network import PolicyValueNet
from agent.search import SearchConfig
from honte.measure.self_play import Judge
from honte.measure.setting import Setting
from honte.measure.turns import Row, Work, in_turns, median, ratio
from selfplay.local_runner import LocalRunner, SelfPlayConfig
from training.losses import policy_value_loss
from training.replay import Replay, WindowConfig
from training.trainer import Trainer, TrainerConfig

SAMPLES = 8192


def filled(setting: Setting) -> Replay:
    """Samples of quick games, judged by a hash."""
    config = SelfPlayConfig(num_games=256, quantum=SAMPLES, search=SearchConfig(num_simulations=8))
    runner = LocalRunner(setting.game, config, lambda: Judge(hashed), seed=0, deterministic=True)
    replay = Replay(setting.game, WindowConfig())
    replay.add(runner.collect())
    return replay


def steps(setting: Setting, config: TrainerConfig, batch: Callable[[], dict[str, Tensor]]) -> Work:
    """One step on one batch; counts samples."""
    model = PolicyValueNet(setting.network, setting.game.observation_shape, setting.game.action_layout)
    model.load_state_dict(setting.loaded)
    trainer = Trainer(model, policy_value_loss(value_mix=0.3), config, setting.device)

    def work() -> int:
        drawn = batch()
        trainer.step(drawn)
        return len(drawn["outcome"])

    return work


def learner(setting: Setting, config: TrainerConfig, batch_size: int) -> Iterator[Row]:
    """``config`` and ``batch_size``: as a run learns."""
    replay = filled(setting)
    numbers = iter(range(1 << 62))

    def draw() -> dict[str, Tensor]:
        return replay.batch(batch_size, 0, next(numbers))

    drawn = draw()
    works = {
        "data": lambda: len(draw()["outcome"]),
        "plain": steps(setting, TrainerConfig(precision="fp32"), lambda: drawn),
        "run": steps(setting, config, lambda: drawn),
    }
    rates = in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
    how = f"{config.precision}{', channels_last' if config.channels_last else ''}, batch {batch_size}"
    yield Row("learner", how, median(rates["run"]), "samples/s")
    yield Row("learner", "fp32 eager", median(rates["plain"]), "samples/s")
    yield Row("learner", "÷ fp32 eager", ratio(rates["run"], rates["plain"]), "")
    share = 1 / rates["data"] / (1 / rates["data"] + 1 / rates["run"])
    yield Row("learner", "drawing the samples, of a step", 100 * median(share), "%")
