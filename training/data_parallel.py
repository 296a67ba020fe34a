"""Data-parallel training: several learner processes share every batch (torch DDP).

The first process draws a whole batch and sends it to its child processes. Each process passes its own rows through the
network; then the outputs are gathered, and every process computes the loss of the whole batch. BatchNorm also uses the
statistics of the whole batch. The results are therefore those of one process, up to the order of floating-point sums,
for every loss function.

CPU processes communicate over gloo. With GPUs each process uses one, and tensors there are sent over NCCL; that has
never been run, for want of two GPUs.
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

TIMEOUT = timedelta(minutes=10)
"""How long one process waits for another before it fails."""

State = tuple[dict[str, Tensor], dict[str, Any]]


class LearnerGroup:
    """The process of ``trainer`` and ``processes - 1`` child processes that make every step together with it."""

    def __init__(self, trainer: Trainer, make_loss: Callable[[], LossFunction], processes: int) -> None:
        """``make_loss`` makes the trainer's loss function in every process; it must be picklable."""
        self.trainer, self.processes = trainer, processes
        context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory(prefix="honte-learners-")
        rendezvous = Path(self._folder.name, "rendezvous").as_uri()
        model = copy.deepcopy(
            trainer.model
        ).cpu()  # torch shares tensors that it sends; a copy keeps the processes apart
        tensors, values = trainer.state()
        state = {name: tensor.cpu() for name, tensor in tensors.items()}, values
        start = (model, make_loss, trainer.config, trainer.device.type, state, processes, rendezvous)
        self._children = [
            context.Process(target=_run_child, args=(rank, *start), daemon=True, name=f"learner {rank}")
            for rank in range(1, processes)
        ]
        for child in self._children:
            child.start()
        _join_group(trainer, make_loss(), 0, processes, rendezvous)

    def step(self, batch: Batch) -> dict[str, float]:
        """``Trainer.step`` in all processes. ValueError when the batch cannot be divided evenly."""
        rows = len(next(iter(batch.values())))
        if rows % self.processes:
            raise ValueError(f"learn.batch_size is {rows}: {self.processes} learner processes must divide it")
        dist.broadcast_object_list([dict(batch), self.trainer.learning_rate_scale])
        return self.trainer.step(batch)

    def close(self) -> None:
        """Stop the child processes."""
        if dist.is_initialized():
            dist.broadcast_object_list([None, 0.0])
            dist.destroy_process_group()
        for child in self._children:
            child.join(10.0)
            child.kill()
        self._folder.cleanup()


class ShardedModel(nn.Module):
    """A model that computes only the rows of this process and gathers the outputs of the other processes."""

    def __init__(self, model: nn.Module, rank: int, processes: int) -> None:
        super().__init__()
        self.rank, self.processes = rank, processes
        self.inner = DistributedDataParallel(model, broadcast_buffers=False)

    def forward(self, inputs: Tensor) -> Any:
        out = self.inner(inputs.chunk(self.processes)[self.rank])
        return self._gather(out) if isinstance(out, Tensor) else type(out)(*(self._gather(part) for part in out))

    def _gather(self, own: Tensor) -> Tensor:
        """[B / processes, ...] to [B, ...]. Gradients are scaled, because DDP takes the mean where a sum is needed."""
        if own.requires_grad:
            own.register_hook(lambda gradient: gradient * self.processes)  # type: ignore[no-untyped-call]
        parts = [torch.empty_like(own) for _ in range(self.processes)]
        dist.all_gather(parts, own.detach().contiguous())
        parts[self.rank] = own
        return torch.cat(parts)


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm with the statistics of the rows of all processes; torch's SyncBatchNorm works on GPUs only."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        count = dist.get_world_size() * values.numel() // values.shape[1]
        mean = _sum_over_processes(values.sum((0, 2, 3))) / count  # [C]
        centred = values - mean[:, None, None]
        variance = _sum_over_processes(centred.square().sum((0, 2, 3))) / count  # [C]
        self._update_running_statistics(mean.detach(), variance.detach() * count / (count - 1))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _update_running_statistics(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes; its gradient is the sum of their gradients."""

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


def _sum_over_processes(x: Tensor) -> Tensor:
    out: Tensor = _SumOverProcesses.apply(x)  # type: ignore[no-untyped-call]
    return out


def _join_group(trainer: Trainer, loss: LossFunction, rank: int, processes: int, rendezvous: str) -> None:
    """Let ``trainer`` learn together with the other processes; parameters and names in its state do not change."""
    backend = "gloo"
    if trainer.device.type == "cuda":
        torch.cuda.set_device(trainer.device)
        backend = "cpu:gloo,cuda:nccl"  # gloo sends batches, which are in main memory
    dist.init_process_group(backend, init_method=rendezvous, rank=rank, world_size=processes, timeout=TIMEOUT)
    for module in trainer.model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = GlobalBatchNorm2d
    sharded = ShardedModel(trainer.model, rank, processes)
    trainer.loss_fn = lambda model, batch: loss(sharded, batch)


def _run_child(
    rank: int,
    model: nn.Module,
    make_loss: Callable[[], LossFunction],
    config: TrainerConfig,
    device_type: str,
    state: State,
    processes: int,
    rendezvous: str,
) -> None:
    """The main function of a child process: it steps with the first process until that one closes the group or ends."""
    torch.set_num_threads(1)
    trainer = Trainer(model, make_loss(), config, f"cuda:{rank}" if device_type == "cuda" else device_type)
    trainer.load_state(*state)
    _join_group(trainer, make_loss(), rank, processes, rendezvous)
    while True:
        message: list[Any] = [None, 0.0]
        try:
            dist.broadcast_object_list(message)
            batch, trainer.learning_rate_scale = message
            if batch is None:
                break
            trainer.step(batch)
        except RuntimeError:  # the first process has ended or failed
            return
    dist.destroy_process_group()
