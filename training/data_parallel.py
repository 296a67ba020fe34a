"""Several learner processes that work as one: each passes its share of a batch forward and back (torch DDP).

Knows torch's process groups. Does not know games, replay or the run: the first process draws whole batches; its
children get them and step with it. Each passes its rows through the network, the outputs of all are gathered, and
everybody computes the loss of the whole batch; BatchNorm's statistics are those of the whole batch, too. So the numbers
are those of one process, up to the order of floating-point sums, whatever the loss function is.

Over gloo on CPUs. With GPUs each process has one, and what lies there goes over NCCL (never run yet: no two at hand).
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

from training.trainer import Batch, LossFunction, Trainer, TrainerConfig

PATIENCE = timedelta(minutes=10)
"""How long one process waits for another before it gives up."""

State = tuple[dict[str, Tensor], dict[str, Any]]


class LearnerGroup:
    """``trainer`` and ``processes - 1`` children that follow it."""

    def __init__(self, trainer: Trainer, make_loss: Callable[[], LossFunction], processes: int) -> None:
        """``make_loss`` makes the trainer's loss function anew, in every process; it must pickle."""
        self.trainer, self.processes = trainer, processes
        context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory(prefix="honte-learners-")
        meet = Path(self._folder.name, "meet").as_uri()
        model = copy.deepcopy(trainer.model).cpu()  # what is sent would be shared, and learn twice
        tensors, values = trainer.state()
        state = {name: tensor.cpu() for name, tensor in tensors.items()}, values
        start = (model, make_loss, trainer.config, trainer.device.type, state, processes, meet)
        self._children = [
            context.Process(target=_follow, args=(rank, *start), daemon=True, name=f"learner {rank}")
            for rank in range(1, processes)
        ]
        for child in self._children:
            child.start()
        _join(trainer, make_loss(), 0, processes, meet)

    def step(self, batch: Batch) -> dict[str, float]:
        """``Trainer.step`` by all of them. ValueError where a batch cannot be shared evenly."""
        rows = len(next(iter(batch.values())))
        if rows % self.processes:
            raise ValueError(f"learn.batch_size is {rows}: {self.processes} learner processes must divide it")
        dist.broadcast_object_list([dict(batch), self.trainer.learning_rate_scale])
        return self.trainer.step(batch)

    def close(self) -> None:
        """Let the children go."""
        if dist.is_initialized():
            dist.broadcast_object_list([None, 0.0])
            dist.destroy_process_group()
        for child in self._children:
            child.join(10.0)
            child.kill()
        self._folder.cleanup()


class ShardedModel(nn.Module):
    """A model whose every call passes only this process's rows; the rows of the others are gathered from them."""

    def __init__(self, model: nn.Module, rank: int, processes: int) -> None:
        super().__init__()
        self.rank, self.processes = rank, processes
        self.inner = DistributedDataParallel(model, broadcast_buffers=False)

    def forward(self, inputs: Tensor) -> Any:
        out = self.inner(inputs.chunk(self.processes)[self.rank])
        return self._whole(out) if isinstance(out, Tensor) else type(out)(*(self._whole(part) for part in out))

    def _whole(self, mine: Tensor) -> Tensor:
        """[B / processes, ...] to [B, ...]. DDP takes the mean of what is a sum over rows: so gradients are scaled."""
        if mine.requires_grad:
            mine.register_hook(lambda gradient: gradient * self.processes)  # type: ignore[no-untyped-call]
        parts = [torch.empty_like(mine) for _ in range(self.processes)]
        dist.all_gather(parts, mine.detach().contiguous())
        parts[self.rank] = mine
        return torch.cat(parts)


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm by the statistics of all processes' rows; torch's own (SyncBatchNorm) needs GPUs."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        wide = x.float()
        count = dist.get_world_size() * wide.numel() // wide.shape[1]
        mean = _total(wide.sum((0, 2, 3))) / count  # [C]
        centred = wide - mean[:, None, None]
        variance = _total(centred.square().sum((0, 2, 3))) / count  # [C]
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


class _Total(torch.autograd.Function):
    """The sum over processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def _total(x: Tensor) -> Tensor:
    out: Tensor = _Total.apply(x)  # type: ignore[no-untyped-call]
    return out


def _join(trainer: Trainer, loss: LossFunction, rank: int, processes: int, meet: str) -> None:
    """Make ``trainer`` one of several; its model keeps its parameters, and the names of its state."""
    backend = "gloo"
    if trainer.device.type == "cuda":
        torch.cuda.set_device(trainer.device)
        backend = "cpu:gloo,cuda:nccl"  # batches are sent from main memory
    dist.init_process_group(backend, init_method=meet, rank=rank, world_size=processes, timeout=PATIENCE)
    for module in trainer.model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = GlobalBatchNorm2d
    share = ShardedModel(trainer.model, rank, processes)
    trainer.loss_fn = lambda model, batch: loss(share, batch)


def _follow(
    rank: int,
    model: nn.Module,
    make_loss: Callable[[], LossFunction],
    config: TrainerConfig,
    kind: str,
    state: State,
    processes: int,
    meet: str,
) -> None:
    """A child's life: step when the first process steps, end when it says so or is gone."""
    torch.set_num_threads(1)
    trainer = Trainer(model, make_loss(), config, f"cuda:{rank}" if kind == "cuda" else kind)
    trainer.load_state(*state)
    _join(trainer, make_loss(), rank, processes, meet)
    while True:
        message: list[Any] = [None, 0.0]
        try:
            dist.broadcast_object_list(message)
            batch, trainer.learning_rate_scale = message
            if batch is None:
                break
            trainer.step(batch)
        except RuntimeError:  # the first process has ended, or has given the training up
            return
    dist.destroy_process_group()
