"""Augmentation: batches of pictures changed so that their labels stay true.

Knows tensors, sizes and a generator of random numbers. Does not know data sets or models. All of it works on whole
batches [B, C, H, W] of bytes; flips and turns are the symmetries that boards have (``games.symmetry``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from agent.settings import BelowOne, Number, Range, Settings
from games.symmetry import MIRROR, SQUARE, Turn, cell_symmetries

TURNS: dict[str, tuple[Turn, ...]] = {"mirror": MIRROR, "dihedral": SQUARE}


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Settings, called="augment"):
    """What may happen to a training picture; nothing by default."""

    shift: Annotated[int, Range(0, 1024)] = 0  # up to so many pixels either way, zeros move in (pad and crop)
    warp: BelowOne = 0.0  # turned, sheared and scaled: each number of the map so far off
    turn: Literal["none", "mirror", "dihedral"] = "none"  # dihedral: all eight of a square
    cutout: Annotated[int, Range(0, 65_536)] = 0  # side of a square set to zero (DeVries & Taylor 2017)
    mixup: Number = 0.0  # alpha of the Beta distribution (Zhang et al. 2018)


def augment(
    images: Tensor, labels: Tensor, config: AugmentConfig, num_classes: int, random: Generator
) -> tuple[Tensor, Tensor]:
    """``images`` changed as ``config`` says, and labels: [B] as they were, or [B, K] chances where mixup is on."""
    if config.turn != "none":
        images = turn_images(images, config.turn, random)
    if config.warp:
        images = warp(images, config.warp, random)
    if config.shift:
        images = shift(images, config.shift, random)
    if config.cutout:
        images = cut_out(images, config.cutout, random)
    if config.mixup:
        return mix_up(images, F.one_hot(labels, num_classes).float(), config.mixup, random)
    return images, labels


def turn_images(images: Tensor, turn: str, random: Generator) -> Tensor:
    """Each picture under a symmetry of its own, drawn evenly."""
    height, width = images.shape[2:]
    if turn == "dihedral" and height != width:
        raise ValueError(f"augment.turn is 'dihedral' and pictures are {height} x {width}: only squares turn")
    cells = torch.from_numpy(cell_symmetries(height, width, TURNS[turn]).cells)  # [S, H * W]
    mine = cells[torch.randint(0, len(cells), (len(images),), generator=random)]  # [B, H * W]
    index = mine[:, None, :].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, index).view_as(images)


def warp(images: Tensor, by: float, random: Generator) -> Tensor:
    """Each picture under a linear map of its own: the identity, each of its four numbers up to ``by`` off."""
    off = by * (2 * torch.rand(len(images), 2, 2, generator=random) - 1)
    grid = F.affine_grid(torch.eye(2, 3) + F.pad(off, (0, 1)), list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, align_corners=False)


def shift(images: Tensor, by: int, random: Generator) -> Tensor:
    """Each picture moved by -``by`` to ``by`` pixels along both axes."""
    height, width = images.shape[2:]
    windows = F.pad(images, (by, by, by, by)).unfold(2, height, 1).unfold(3, width, 1)  # a view [B, C, Y, X, H, W]
    y, x = torch.randint(0, 2 * by + 1, (2, len(images)), generator=random)
    return windows[torch.arange(len(images)), :, y, x]


def cut_out(images: Tensor, side: int, random: Generator) -> Tensor:
    """A square of zeros in each picture; its middle is anywhere, so a part of it may lie outside."""
    height, width = images.shape[2:]
    y = torch.randint(0, height, (len(images), 1), generator=random) - side // 2
    x = torch.randint(0, width, (len(images), 1), generator=random) - side // 2
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= y) & (rows < y + side))[:, :, None] & ((columns >= x) & (columns < x + side))[:, None, :]
    return images.masked_fill(inside[:, None], 0)


def mix_up(images: Tensor, chances: Tensor, alpha: float, random: Generator) -> tuple[Tensor, Tensor]:
    """Each picture with a share of another one of the batch, and the same shares of their labels [B, K]."""
    # Beta(a, a) from two Gamma(a) numbers: torch's own Beta takes no generator.
    gammas = torch._standard_gamma(torch.full((2, len(images)), alpha), generator=random)
    share = (gammas[0] / gammas.sum(0).clamp_min(1e-12)).clamp(0, 1)
    other = torch.randperm(len(images), generator=random)
    weight = share[:, None, None, None]
    pictures = weight * images + (1 - weight) * images[other]
    return pictures, share[:, None] * chances + (1 - share[:, None]) * chances[other]
