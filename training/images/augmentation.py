"""Data augmentation: random changes of pictures that do not change their labels.

All functions work on whole batches [B, C, H, W] of bytes. Flips and rotations are the symmetries of boards
(``games.symmetry``).
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
    """How training pictures are augmented; by default not at all."""

    shift: Annotated[int, Range(0, 1024)] = 0  # by up to so many pixels along each axis (zero padding, then crop)
    warp: BelowOne = 0.0  # a random linear map: each of its four numbers differs from the identity by up to this
    turn: Literal["none", "mirror", "dihedral"] = "none"  # random flips; dihedral: all eight symmetries of a square
    cutout: Annotated[int, Range(0, 65_536)] = (
        0  # side in pixels of a square that is set to zero (DeVries & Taylor 2017)
    )
    mixup: Number = 0.0  # alpha of the Beta distribution (Zhang et al. 2018)


def augment(
    images: Tensor, labels: Tensor, config: AugmentConfig, num_classes: int, random: Generator
) -> tuple[Tensor, Tensor]:
    """Augmented images and their labels: [B] unchanged, or with mixup probabilities [B, K]."""
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
    """Apply a random symmetry to each picture, all with the same probability."""
    height, width = images.shape[2:]
    if turn == "dihedral" and height != width:
        raise ValueError(
            f"augment.turn is 'dihedral' and pictures are {height} x {width}: only square pictures can be turned"
        )
    cells = torch.from_numpy(cell_symmetries(height, width, TURNS[turn]).cells)  # [S, H * W]
    picture_cells = cells[torch.randint(0, len(cells), (len(images),), generator=random)]  # [B, H * W]
    index = picture_cells[:, None, :].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, index).view_as(images)


def warp(images: Tensor, by: float, random: Generator) -> Tensor:
    """Apply a random linear map to each picture: the identity plus up to ``by`` in each of its four numbers."""
    change = by * (2 * torch.rand(len(images), 2, 2, generator=random) - 1)
    grid = F.affine_grid(torch.eye(2, 3) + F.pad(change, (0, 1)), list(images.shape), align_corners=False)
    return F.grid_sample(images.float(), grid, align_corners=False)


def shift(images: Tensor, by: int, random: Generator) -> Tensor:
    """Move each picture by -``by`` to ``by`` pixels along both axes."""
    height, width = images.shape[2:]
    windows = F.pad(images, (by, by, by, by)).unfold(2, height, 1).unfold(3, width, 1)  # a view [B, C, Y, X, H, W]
    y, x = torch.randint(0, 2 * by + 1, (2, len(images)), generator=random)
    return windows[torch.arange(len(images)), :, y, x]


def cut_out(images: Tensor, side: int, random: Generator) -> Tensor:
    """Set a square of each picture to zero; its centre is anywhere, so a part of it may lie outside."""
    height, width = images.shape[2:]
    y = torch.randint(0, height, (len(images), 1), generator=random) - side // 2
    x = torch.randint(0, width, (len(images), 1), generator=random) - side // 2
    rows, columns = torch.arange(height), torch.arange(width)
    inside = ((rows >= y) & (rows < y + side))[:, :, None] & ((columns >= x) & (columns < x + side))[:, None, :]
    return images.masked_fill(inside[:, None], 0)


def mix_up(images: Tensor, probabilities: Tensor, alpha: float, random: Generator) -> tuple[Tensor, Tensor]:
    """Mix each picture with another one of the batch, and their label probabilities [B, K] in the same shares."""
    # Beta(a, a) from two Gamma(a) numbers: torch's own Beta takes no generator.
    gammas = torch._standard_gamma(torch.full((2, len(images)), alpha), generator=random)
    share = (gammas[0] / gammas.sum(0).clamp_min(1e-12)).clamp(0, 1)
    other = torch.randperm(len(images), generator=random)
    weight = share[:, None, None, None]
    pictures = weight * images + (1 - weight) * images[other]
    return pictures, share[:, None] * probabilities + (1 - share[:, None]) * probabilities[other]
