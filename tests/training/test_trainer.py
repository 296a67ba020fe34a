"""The Trainer: it learns, it goes on bit for bit after a stop, and numbers that are not finite do no harm."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from agent.inference.devices import choose_device
from agent.networks.image_classifier import Classifier, ClassifierConfig
from training.config import LearnConfig
from training.losses import classification_loss, policy_value_loss
from training.optimization import bf16_hardware
from training.optimization.schedules import Schedule
from training.run import checkpoints
from training.trainer import Trainer, TrainerConfig, TrainingDiverged

needs_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")


class Output(NamedTuple):
    policy: Tensor
    value: Tensor


class PolicyValueNet(nn.Module):
    def __init__(self, value_outputs: int = 3) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1), nn.Flatten()
        )
        self.policy = nn.Linear(72, 9)
        self.value = nn.Linear(72, value_outputs)

    def forward(self, observation: Tensor) -> Output:
        features = self.trunk(observation)
        value = self.value(features)
        return Output(self.policy(features), value if value.shape[1] == 3 else value.squeeze(1).tanh())


def positions(seed: int, rows: int = 16) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    legal = torch.rand(rows, 9, generator=random) < 0.7
    legal[:, 0] = True
    policy = torch.rand(rows, 9, generator=random) * legal
    return {
        "observation": torch.randint(0, 2, (rows, 2, 3, 3), generator=random, dtype=torch.uint8),
        "legal": legal,
        "policy": policy / policy.sum(1, keepdim=True),
        "outcome": torch.randint(-1, 2, (rows,), generator=random).float(),
        "root_value": torch.rand(rows, generator=random) * 2 - 1,
        "weight": torch.ones(rows),
        "policy_weight": torch.ones(rows),
    }


def make(value_outputs: int = 3, **settings: Any) -> Trainer:
    torch.manual_seed(7)
    return Trainer(PolicyValueNet(value_outputs), policy_value_loss(value_mix=0.3), TrainerConfig(**settings))


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(a[name].dtype == b[name].dtype and torch.equal(a[name], b[name]) for name in a)


RECIPES: list[dict[str, Any]] = [
    {"optimizer": "adamw", "average_decay": 0.9, "learning_rate": Schedule(1e-2, warm_up=40, cosine=400)},
    {"optimizer": "sgd", "average_decay": 0.99, "learning_rate": Schedule(0.1, steps=((64, 0.01),)), "clip_norm": 0.5},
    {"optimizer": "sgd", "momentum": 0.0},
    {"optimizer": "muon", "average_decay": 0.9, "channels_last": True},
    {"optimizer": "adamw", "precision": "bf16", "channels_last": True, "average_decay": 0.5},
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: " ".join(map(str, r.values()))[:20])
def test_resume_is_bit_identical(recipe: dict[str, Any]) -> None:
    whole = make(**recipe)
    reports = [whole.step(positions(seed)) for seed in range(10)]

    first = make(**recipe)
    for seed in range(5):
        first.step(positions(seed))
    tensors, values = first.state()
    for seed in range(5, 7):
        first.step(positions(seed))  # what was handed out is a copy
    torch.manual_seed(99)  # another process, another state of the random numbers
    second = Trainer(PolicyValueNet(), policy_value_loss(value_mix=0.3), TrainerConfig(**recipe))
    second.load_state(tensors, values)
    assert [second.step(positions(seed)) for seed in range(5, 10)] == reports[5:]
    assert (second.steps, second.samples_seen) == (10, 160)
    assert same(second.state()[0], whole.state()[0])
    assert same(second.averaged_weights(), whole.averaged_weights())


def test_resume_through_a_checkpoint_file_is_bit_identical(tmp_path: Path) -> None:
    trainer = make(average_decay=0.9, channels_last=True)
    trainer.step(positions(0))
    tensors, values = trainer.state()
    checkpoints.save_checkpoint(
        tmp_path, 1, {"model": trainer.averaged_weights(), "optimizer": tensors}, {"trainer": values}
    )
    report = trainer.step(positions(1))
    loaded = checkpoints.load_checkpoint(tmp_path, 1)
    again = make(average_decay=0.9, channels_last=True)
    again.load_state(loaded.tensors["optimizer"], loaded.state["trainer"])
    assert same(again.averaged_weights(), loaded.tensors["model"])
    assert again.step(positions(1)) == report
    assert same(again.state()[0], trainer.state()[0])


@pytest.mark.parametrize("value_outputs", [1, 3])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "muon"])
def test_overfits_one_batch_of_positions(value_outputs: int, optimizer: Literal["adamw", "sgd", "muon"]) -> None:
    rate = 0.03 if optimizer == "sgd" else 0.02
    trainer = make(value_outputs, optimizer=optimizer, learning_rate=Schedule(rate), average_decay=0.9)
    trainer.model.get_submodule("trunk.3").p = 0.0  # type: ignore[assignment]  # dropout would keep it from fitting
    trainer.loss_fn = policy_value_loss()
    data = positions(0, rows=8)
    reports = [trainer.step(data) for _ in range(300)]
    assert reports[-1]["policy_loss"] - reports[-1]["policy_entropy"] < 0.02
    assert reports[-1]["value_error"] < 0.02
    # The averaged weights play as well, with BatchNorm in its evaluation mode.
    model = PolicyValueNet(value_outputs)
    model.load_state_dict(trainer.averaged_weights())
    _, metrics = policy_value_loss()(model.eval(), data)
    assert metrics["policy_loss"] - metrics["policy_entropy"] < 0.1
    assert metrics["value_error"] < 0.1


def test_overfits_one_batch_of_images_with_the_same_trainer() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    trainer = Trainer(model, classification_loss(), TrainerConfig(learning_rate=Schedule(0.01)))
    data = {"image": torch.randint(0, 256, (16, 1, 8, 8), dtype=torch.uint8), "label": torch.arange(16) % 10}
    reports = [trainer.step(data) for _ in range(60)]
    assert reports[0]["loss"] > 1.5
    assert reports[-1]["accuracy"] == 1
    assert reports[-1]["loss"] < 0.05


def poisoned(seed: int) -> dict[str, Tensor]:
    data = positions(seed)
    data["observation"] = data["observation"].float()
    data["observation"][0, 0, 0, 0] = math.nan
    return data


@pytest.mark.parametrize("average_decay", [0.0, 0.9])
def test_a_step_that_is_not_finite_changes_nothing_but_the_counters(average_decay: float) -> None:
    trainer = make(average_decay=average_decay)
    trainer.step(positions(0))
    before, _ = trainer.state()
    report = trainer.step(poisoned(1))
    after, values = trainer.state()
    assert math.isnan(report["loss"])
    assert report["skipped"] == 1
    del before["random.cpu"], after["random.cpu"]
    assert same(before, after), "weights, BatchNorm's statistics, optimiser and average"
    assert (values["steps"], values["samples_seen"], values["skipped"], values["skipped_in_row"]) == (2, 32, 1, 1)
    assert math.isfinite(trainer.step(positions(2))["loss"])
    assert trainer.skipped_in_row == 0


def test_a_gradient_that_is_not_finite_is_skipped_too() -> None:
    trainer = make()

    def steep(model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        return model.get_parameter("policy.bias").sub(model.get_parameter("policy.bias").detach()).sqrt().sum(), {}

    loss_fn, trainer.loss_fn = trainer.loss_fn, steep
    before = trainer.averaged_weights()
    report = trainer.step(positions(0))
    assert report["loss"] == 0
    assert not math.isfinite(report["grad_norm"])
    assert report["skipped"] == 1
    assert same(before, trainer.averaged_weights())
    trainer.loss_fn = loss_fn
    assert trainer.step(positions(1))["skipped"] == 1


def test_too_many_in_a_row_raise_and_a_good_step_forgives() -> None:
    trainer = make(max_skipped=3)
    for seed in (1, 2):
        trainer.step(poisoned(seed))
    trainer.step(positions(0))
    for seed in (1, 2):
        trainer.step(poisoned(seed))
    with pytest.raises(TrainingDiverged, match="3 steps in a row were not finite"):
        trainer.step(poisoned(3))
    assert trainer.skipped == 5


def test_learning_rate_follows_samples_and_its_scale_survives() -> None:
    trainer = make(learning_rate=Schedule(0.1, steps=((16, 0.01),)))
    assert trainer.step(positions(0))["learning_rate"] == 0.1
    trainer.learning_rate_scale = 0.5
    assert trainer.step(positions(0))["learning_rate"] == 0.005
    again = make(learning_rate=Schedule(0.1, steps=((16, 0.01),)))
    again.load_state(*trainer.state())
    assert again.step(positions(0))["learning_rate"] == 0.005


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "muon"])
def test_weight_decay_spares_biases_and_norms(optimizer: Literal["adamw", "sgd", "muon"]) -> None:
    def nothing(model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        return sum((p.sum() * 0.0 for p in model.parameters()), torch.zeros(())), {}

    torch.manual_seed(0)
    model = nn.ModuleDict({"c": nn.Conv2d(2, 4, 3), "b": nn.BatchNorm2d(4), "l": nn.LayerNorm([4, 2])})
    config = TrainerConfig(optimizer=optimizer, weight_decay=0.5, learning_rate=Schedule(0.1), momentum=0.0)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    Trainer(model, nothing, config).step({"x": torch.zeros(1)})
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"c.weight"}
    torch.testing.assert_close(model.get_parameter("c.weight").detach(), before["c.weight"] * 0.95)


def test_gradient_norm_is_clipped() -> None:
    def linear(model: nn.Module, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        return (model.get_parameter("weight") * torch.tensor([[3.0, 4.0]])).sum(), {}

    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    config = TrainerConfig(optimizer="sgd", momentum=0.0, weight_decay=0.0, clip_norm=1.0, learning_rate=Schedule(1.0))
    report = Trainer(model, linear, config).step({"x": torch.zeros(1)})
    assert report["grad_norm"] == pytest.approx(5.0), "before clipping"
    torch.testing.assert_close(before - model.weight.detach(), torch.tensor([[0.6, 0.8]]))


def test_average_follows_the_formula_and_is_a_copy() -> None:
    trainer = make(average_decay=0.15)
    expected = trainer.averaged_weights()
    for step in (1, 2):
        trainer.step(positions(step))
        decay = min(0.15, (1 + step) / (10 + step))
        for name, live in trainer.model.state_dict().items():
            if live.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * live
            else:
                expected[name] = live.clone()  # BatchNorm's counter
    average = trainer.averaged_weights()
    torch.testing.assert_close(average, expected)
    trainer.step(positions(3))
    torch.testing.assert_close(average, expected)


def test_without_average_the_live_weights_are_handed_out_as_copies() -> None:
    trainer = make()
    weights = trainer.averaged_weights()
    assert same(weights, dict(trainer.model.state_dict()))
    trainer.step(positions(0))
    assert not same(weights, dict(trainer.model.state_dict()))


def test_a_state_that_does_not_fit_is_refused_whole() -> None:
    source = make(average_decay=0.9)
    source.step(positions(0))
    tensors, values = source.state()
    wrong: list[tuple[str, dict[str, Tensor], dict[str, Any], dict[str, Any]]] = [
        ("optimizer was 'adamw' and is 'sgd'", tensors, values, {"optimizer": "sgd", "average_decay": 0.9}),
        (r"tensor average\..* is not known", tensors, values, {}),
        (r"steps is None", tensors, {"optimizer": "adamw"}, {"average_decay": 0.9}),
    ]
    missing = {name: t for name, t in tensors.items() if name != "weights.policy.bias"}
    reshaped = tensors | {"optimizer.exp_avg.policy.bias": torch.zeros(8)}
    foreign = tensors | {"optimizer.exp_avg.other.bias": torch.zeros(8)}
    for message, changed in [
        (r"tensor weights\.policy\.bias is missing", missing),
        (r"optimizer\.exp_avg\.policy\.bias has shape \[8\], not \[9\]", reshaped),
        (r"other\.bias belongs to no parameter", foreign),
    ]:
        wrong.append((message, changed, values, {"average_decay": 0.9}))
    for message, some_tensors, some_values, settings in wrong:
        trainer = make(**settings)
        before, counters = trainer.state()
        with pytest.raises(ValueError, match=message):
            trainer.load_state(some_tensors, some_values)
        assert same(trainer.state()[0], before)
        assert trainer.state()[1] == counters


def test_bf16_computes_in_bf16_and_keeps_weights_in_full() -> None:
    seen: list[torch.dtype] = []
    trainer = make(precision="bf16", channels_last=True)
    trainer.model.get_submodule("policy").register_forward_hook(lambda _m, _i, out: seen.append(out.dtype))
    trainer.step(positions(0))
    assert seen == [torch.bfloat16]
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
    assert trainer.model.get_parameter("trunk.0.weight").is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("has", "measured", "expected"),
    [("amx_bf16", False, True), ("avx512_bf16", True, True), ("avx512_bf16", False, False), ("", True, False)],
)
def test_auto_takes_bf16_where_it_is_faster(
    has: str, measured: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: name == has for name in ("amx_bf16", "avx512_bf16")}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    monkeypatch.setattr(bf16_hardware, "convolves_faster_in_bf16", lambda: measured)
    assert make(precision="auto").in_bf16 == expected
    assert make(precision="bf16").in_bf16
    assert not make(precision="fp32").in_bf16


def test_the_measurement_draws_no_random_numbers_that_a_run_would_miss() -> None:
    before = torch.get_rng_state()
    assert bf16_hardware.convolves_faster_in_bf16.__wrapped__() in (True, False)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam"},
        {"weight_decay": -1.0},
        {"momentum": 1.0},
        {"betas": (0.9, 1.0)},
        {"clip_norm": math.nan},
        {"precision": "fp16"},
        {"average_decay": 1.0},
        {"max_skipped": 0},
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings: dict[str, Any]) -> None:
    name, value = next(iter(settings.items()))
    with pytest.raises(ValueError, match=rf"trainer\.{name} is .*: it must be"):
        TrainerConfig(**{name: value})


def test_pydantic_reads_a_config_from_yaml_values() -> None:
    pydantic = pytest.importorskip("pydantic")
    config = pydantic.TypeAdapter(TrainerConfig).validate_python({"learning_rate": 0.02, "optimizer": "sgd"})
    assert config == TrainerConfig(learning_rate=Schedule(0.02), optimizer="sgd")


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's own, of what it deprecates in itself
def test_compiled_it_learns_the_same_and_saves_the_same_names() -> None:
    plain, compiled = make(average_decay=0.5), make(average_decay=0.5, compile=True)
    for trainer in (plain, compiled):
        trainer.model.get_submodule("trunk.3").p = 0.0  # dropout draws other numbers when it is compiled
    for seed in range(4):
        one, other = plain.step(positions(seed)), compiled.step(positions(seed))
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-4)
    mine, theirs = compiled.state()[0], plain.state()[0]
    assert mine.keys() == theirs.keys()
    for name in mine:
        if not name.startswith("random"):
            torch.testing.assert_close(mine[name], theirs[name], atol=1e-3, rtol=1e-3)


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_compiled_in_bf16_it_has_the_same_gradients() -> None:
    """Without rounding as eager torch does, a block with squeeze-and-excitation had gradients that are not numbers."""
    network = ClassifierConfig(kind="resnet", channels=(16,), blocks=(1,), squeeze_excite=True)
    random = torch.Generator().manual_seed(0)
    batch = {
        "image": torch.randint(0, 256, (32, 1, 8, 8), generator=random, dtype=torch.uint8),
        "label": torch.randint(0, 10, (32,), generator=random),
    }
    norms = []
    for compiled in (False, True):
        torch.manual_seed(0)
        settings = TrainerConfig(precision="bf16", channels_last=True, compile=compiled)
        norms.append(
            Trainer(Classifier(network, (1, 8, 8), 10), classification_loss(), settings).step(batch)["grad_norm"]
        )
    assert norms[1] == pytest.approx(norms[0], rel=0.02)


def test_compiling_without_a_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match=r"no C\+\+ compiler here"):
        make(compile=True).step(positions(0))


def test_a_device_is_there_or_said_not_to_be() -> None:
    assert choose_device("cpu", processes=2).type == "cpu"
    assert choose_device("auto", processes=1 + torch.cuda.device_count()).type == "cpu"  # not one for each
    with pytest.raises(ValueError, match="must be auto, cpu, cuda"):
        choose_device("gpu")
    with pytest.raises(ValueError, match=f"torch finds {torch.cuda.device_count()} such devices here"):
        choose_device("cuda", processes=1 + torch.cuda.device_count())
    with pytest.raises(ValueError, match="one GPU each; say cuda"):
        LearnConfig(device="cuda:1", processes=2)
