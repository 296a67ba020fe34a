"""``honte classify logic_gates``: an artificial neuron step by step, and a gate that one neuron cannot learn.

Knows two inputs, four rows and three gates. The training is the Trainer's: gradient descent on half the summed squared
error through the logistic function, with rate 1 and the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from agent.networks.image_classifier import Classifier, ClassifierConfig
from honte.command_line import Output, format_table
from training.losses import classification_loss, neuron_loss
from training.optimization.schedules import Schedule
from training.trainer import Trainer, TrainerConfig

GATES = {"OR": (0, 1, 1, 1), "AND": (0, 0, 0, 1), "XOR": (0, 1, 1, 0)}
ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))


class Step(NamedTuple):
    """The neuron after a step: its two weights and its bias, and the loss and accuracy before the step."""

    number: int
    weights: tuple[float, float]
    bias: float
    loss: float
    accuracy: float


def inputs() -> Tensor:
    """The four rows as pictures of one row and two pixels, [4, 1, 1, 2]."""
    return torch.tensor(ROWS, dtype=torch.float32).view(4, 1, 1, 2)


def network(kind: str, outputs: int, seed: int = 0) -> Classifier:
    """A classifier of two numbers, which are neither shifted nor scaled."""
    torch.manual_seed(seed)
    model = Classifier(ClassifierConfig(kind=kind, hidden=(8,)), (1, 1, 2), outputs)  # type: ignore[arg-type]
    model.std.fill_(1.0)
    return model


def neuron(weights: Sequence[float], bias: float) -> Classifier:
    """A single neuron with these weights."""
    model = network("perceptron", 1)
    model.load_state_dict({"head.weight": torch.tensor([weights]), "head.bias": torch.tensor([bias])}, strict=False)
    return model


def answers(model: Classifier) -> tuple[list[float], list[float]]:
    """The neuron's sum h and its probability p = 1 / (1 + exp(-h)) on each of the four rows."""
    with torch.no_grad():
        h = model.eval()(inputs())[:, 0]
    return h.tolist(), torch.sigmoid(h).tolist()


def steps(trainer: Trainer, gate: str, number: int) -> Iterator[dict[str, float]]:
    """The trainer's report of each of ``number`` steps, all four rows in each."""
    batch = {"image": inputs(), "label": torch.tensor(GATES[gate])}
    return (trainer.step(batch) for _ in range(number))


def descend(model: Classifier, gate: str, number: int) -> list[Step]:
    """``number`` steps of gradient descent with rate 1."""
    plain = TrainerConfig(optimizer="sgd", momentum=0.0, weight_decay=0.0, learning_rate=Schedule(1.0))
    history = []
    for count, report in enumerate(steps(Trainer(model, neuron_loss(), plain), gate, number), 1):
        first, second = model.head.weight[0].tolist()
        history.append(Step(count, (first, second), model.head.bias.item(), report["loss"], report["accuracy"]))
    return history


def mlp_accuracy(gate: str) -> float:
    """The accuracy of a network with a hidden layer of eight neurons."""
    trainer = Trainer(network("mlp", 2), classification_loss(), TrainerConfig(learning_rate=Schedule(0.03)))
    return list(steps(trainer, gate, 300))[-1]["accuracy"]


def show(output: Output) -> dict[str, Any]:
    """Print the tables; their content as plain values."""
    h, p = answers(neuron((1, -1), -0.5))
    rows = [["x1", "x2", "OR", "h", "p"]]
    for (a, b), y, s, c in zip(ROWS, GATES["OR"], h, p, strict=True):
        rows.append([str(a), str(b), str(y), f"{s:.1f}", f"{c:.2f}"])
    output.say("one neuron with weights 1 and -1 and bias -0.5:\n" + format_table(rows, "34"))
    gates, right = {}, []
    for gate in GATES:
        history = descend(neuron((1, -1), -0.5), gate, 500)
        rows = [["step", "w1", "w2", "bias", "loss", "correct"]]
        for step in history[:10] + history[99::400]:
            numbers = [f"{round(number, 3) + 0:.3f}" for number in (*step.weights, step.bias, step.loss)]
            rows.append([str(step.number), *numbers, f"{step.accuracy:.0%}"])
        mlp = mlp_accuracy(gate)
        right.append(mlp)
        gates[gate] = {"neuron": history[-1].accuracy, "mlp": mlp, "steps": [step._asdict() for step in history[:10]]}
        output.say(f"\n{gate}, by gradient descent from there (loss and correct rows before each step):")
        output.say(format_table(rows, "012345"))
        output.say(f"a hidden layer of eight neurons: {mlp:.0%} correct")
    share = sum(right) / len(right)
    content = {"dataset": "logic_gates", "model": "mlp", "test_accuracy": share}
    return content | {"by_hand": {"h": h, "p": p}, "gates": gates}
