"""The learner: training samples per second with the settings of a run and in plain fp32, and the cost of sampling.

Knows the trainer and the replay buffer. Does not know runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from torch import Tensor

from agent.inference.evaluate import hash_evaluate
from agent.networks.policy_value import PolicyValueNet
from agent.search.search import SearchConfig
from honte.bench.self_play import CountingEvaluator
from honte.bench.setup import BenchSetup
from honte.bench.turns import Row, Task, median, median_ratio, run_in_turns
from selfplay.config import SelfPlayConfig
from selfplay.local_runner import LocalRunner
from training.losses import policy_value_loss
from training.replay_buffer import ReplayBuffer, WindowConfig
from training.trainer import Trainer, TrainerConfig

NUM_SAMPLES = 8192


def fill_replay_buffer(bench: BenchSetup) -> ReplayBuffer:
    """A buffer with samples of quick games, evaluated by a hash."""
    config = SelfPlayConfig(num_games=256, quantum=NUM_SAMPLES, search=SearchConfig(num_simulations=8))
    runner = LocalRunner(bench.game, config, lambda: CountingEvaluator(hash_evaluate), seed=0, deterministic=True)
    replay = ReplayBuffer(bench.game, WindowConfig())
    replay.add(runner.collect())
    return replay


def training_steps(bench: BenchSetup, config: TrainerConfig, batch: Callable[[], dict[str, Tensor]]) -> Task:
    """A task that trains one step on ``batch()``; it counts samples."""
    model = PolicyValueNet(bench.network, bench.game.observation_shape, bench.game.action_layout)
    model.load_state_dict(bench.state_dict)
    trainer = Trainer(model, policy_value_loss(value_mix=0.3), config, bench.device)

    def task() -> int:
        drawn = batch()
        trainer.step(drawn)
        return len(drawn["outcome"])

    return task


def measure_learner(
    bench: BenchSetup, config: TrainerConfig, batch_size: int, *, compiled: bool = False
) -> Iterator[Row]:
    """``config`` and ``batch_size`` are those of a run. ``compiled``: measure them with torch.compile as well."""
    replay = fill_replay_buffer(bench)
    numbers = iter(range(1 << 62))

    def draw() -> dict[str, Tensor]:
        return replay.batch(batch_size, 0, next(numbers))

    drawn = draw()
    run = "settings of a run"
    configs = {"fp32 eager": TrainerConfig(precision="fp32"), run: config}
    if compiled:
        configs["with torch.compile"] = replace(config, compile=True)
    tasks: dict[str, Task] = {name: training_steps(bench, each, lambda: drawn) for name, each in configs.items()}
    tasks["data"] = lambda: len(draw()["outcome"])
    rates = run_in_turns(tasks, seconds=bench.seconds, rounds=bench.rounds, clock=bench.clock)
    for name in configs:
        what = f"{name}, {_describe(config, batch_size)}" if name == run else name
        yield Row("learner", what, median(rates[name]), "samples/s")
    plain, *others = configs
    for name in others:
        yield Row("learner", f"{name} ÷ {plain}", median_ratio(rates[name], rates[plain]), "")
    yield Row("learner", f"batches of {batch_size} drawn from the replay buffer", median(rates["data"]), "samples/s")
    share = 1 / rates["data"] / (1 / rates["data"] + 1 / rates[others[-1]])
    yield Row("learner", f"share of sampling in a step ({others[-1]})", 100 * median(share), "%")


def _describe(config: TrainerConfig, batch_size: int) -> str:
    layout = ", channels_last" if config.channels_last else ""
    return f"{config.precision}{layout}, batch {batch_size}"
