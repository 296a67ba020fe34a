"""Learning: samples a second as a run learns, against plain fp32, and what drawing the samples takes of it.

Knows the trainer, the replay and records. Does not know runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from torch import Tensor

from agent.inference.evaluate import hash_evaluate
from agent.networks.policy_value import PolicyValueNet
from agent.search.search import SearchConfig
from honte.bench.self_play import CountingEvaluator
from honte.bench.setting import BenchSetting
from honte.bench.turns import Row, Work, median, median_ratio, run_in_turns
from selfplay.local_runner import LocalRunner, SelfPlayConfig
from training.losses import policy_value_loss
from training.replay_buffer import ReplayBuffer, WindowConfig
from training.trainer import Trainer, TrainerConfig

SAMPLES = 8192


def filled(setting: BenchSetting) -> ReplayBuffer:
    """Samples of quick games, judged by a hash."""
    config = SelfPlayConfig(num_games=256, quantum=SAMPLES, search=SearchConfig(num_simulations=8))
    runner = LocalRunner(setting.game, config, lambda: CountingEvaluator(hash_evaluate), seed=0, deterministic=True)
    replay = ReplayBuffer(setting.game, WindowConfig())
    replay.add(runner.collect())
    return replay


def steps(setting: BenchSetting, config: TrainerConfig, batch: Callable[[], dict[str, Tensor]]) -> Work:
    """One step on one batch; counts samples."""
    model = PolicyValueNet(setting.network, setting.game.observation_shape, setting.game.action_layout)
    model.load_state_dict(setting.loaded)
    trainer = Trainer(model, policy_value_loss(value_mix=0.3), config, setting.device)

    def work() -> int:
        drawn = batch()
        trainer.step(drawn)
        return len(drawn["outcome"])

    return work


def learner(setting: BenchSetting, config: TrainerConfig, batch_size: int, *, compiled: bool = False) -> Iterator[Row]:
    """``config`` and ``batch_size``: as a run learns. ``compiled``: the same by torch.compile, too."""
    replay = filled(setting)
    numbers = iter(range(1 << 62))

    def draw() -> dict[str, Tensor]:
        return replay.batch(batch_size, 0, next(numbers))

    drawn = draw()
    run = "as a run learns"
    ways = {"fp32 eager": TrainerConfig(precision="fp32"), run: config}
    if compiled:
        ways["by torch.compile"] = replace(config, compile=True)
    works: dict[str, Work] = {name: steps(setting, way, lambda: drawn) for name, way in ways.items()}
    works["data"] = lambda: len(draw()["outcome"])
    rates = run_in_turns(works, seconds=setting.seconds, rounds=setting.rounds, clock=setting.clock)
    for name in ways:
        what = f"{name}, {_how(config, batch_size)}" if name == run else name
        yield Row("learner", what, median(rates[name]), "samples/s")
    plain, *others = ways
    for name in others:
        yield Row("learner", f"{name} ÷ {plain}", median_ratio(rates[name], rates[plain]), "")
    share = 1 / rates["data"] / (1 / rates["data"] + 1 / rates[others[-1]])
    yield Row("learner", f"drawing the samples, of a step {others[-1]}", 100 * median(share), "%")


def _how(config: TrainerConfig, batch_size: int) -> str:
    layout = ", channels_last" if config.channels_last else ""
    return f"{config.precision}{layout}, batch {batch_size}"
