"""Augmentation: each operation against what it must do, picture by picture."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from training.config import parse_config
from training.images.augmentation import AugmentConfig, augment, cut_out, mix_up, shift, turn_images, warp
from training.images.training import ImageConfig


def seeded(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def pictures(number: int = 64, side: int = 5, channels: int = 2) -> Tensor:
    return torch.randint(1, 256, (number, channels, side, side), generator=seeded(9), dtype=torch.uint8)


def moved(image: Tensor, y: int, x: int) -> Tensor:
    out = torch.zeros_like(image)
    h, w = image.shape[1:]
    for row in range(h):
        for column in range(w):
            if 0 <= row + y < h and 0 <= column + x < w:
                out[:, row, column] = image[:, row + y, column + x]
    return out


def test_shifts_move_every_picture_by_its_own_offset() -> None:
    images = pictures()
    out = shift(images, 2, seeded())
    seen = set()
    for before, after in zip(images, out, strict=True):
        fits = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if torch.equal(moved(before, y, x), after)]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 12


def test_warps_are_linear_maps_around_the_middle() -> None:
    images = pictures(side=9).float()
    assert torch.allclose(warp(images, 0.0, seeded()), images, atol=1e-2)
    middle = torch.zeros(200, 1, 9, 9)
    middle[:, 0, 4, 4] = 90.0
    assert torch.allclose(warp(middle, 0.3, seeded())[:, 0, 4, 4], middle[:, 0, 4, 4], atol=1e-2)  # it stays
    line = torch.zeros(200, 1, 9, 9)
    line[:, 0, 4] = 90.0  # a level line through the middle becomes another line through it
    out = warp(line, 0.3, seeded())
    assert torch.allclose(out, out.flip(2, 3), atol=1e-2)
    slopes = (out[:, 0, :, 6] * (torch.arange(9.0) - 4)).sum(1) / out[:, 0, :, 6].sum(1) / 2
    assert slopes.abs().max() < 0.3 / 0.7
    assert slopes.min() < -0.15
    assert slopes.max() > 0.15


@pytest.mark.parametrize(("turn", "number"), [("mirror", 2), ("dihedral", 8)])
def test_turns_are_the_symmetries_of_boards(turn: str, number: int) -> None:
    images = pictures()
    out = turn_images(images, turn, seeded())
    seen = set()
    for before, after in zip(images, out, strict=True):
        views = [torch.rot90(view, k, (1, 2)) for view in (before, before.flip(2)) for k in range(4)]
        seen.add(next(i for i, view in enumerate(views) if torch.equal(view, after)))
    assert len(seen) == number
    assert turn == "dihedral" or seen == {0, 4}


def test_only_squares_turn() -> None:
    with pytest.raises(ValueError, match="only square pictures can be turned"):
        turn_images(torch.zeros(2, 1, 4, 5, dtype=torch.uint8), "dihedral", seeded())
    assert turn_images(torch.zeros(2, 1, 4, 5, dtype=torch.uint8), "mirror", seeded()).shape == (2, 1, 4, 5)


def test_cutout_clears_one_square_of_each_picture() -> None:
    images = pictures(side=9)
    out = cut_out(images, 3, seeded())
    sizes = set()
    for before, after in zip(images, out, strict=True):
        gone = (after[0] == 0).nonzero()
        height, width = (gone.amax(0) - gone.amin(0) + 1).tolist()
        assert len(gone) == height * width <= 9
        assert torch.equal(after[:, after[0] != 0], before[:, after[0] != 0])
        assert (after == 0).all(0).sum() == len(gone)
        sizes.add((height, width))
    assert (3, 3) in sizes


def test_mixup_mixes_pictures_and_chances_in_the_same_shares() -> None:
    eye = torch.eye(10)
    images = (eye * 200).view(10, 1, 1, 10)  # picture k is bright at pixel k alone, so it says what it was mixed of
    out, chances = mix_up(images.to(torch.uint8), eye, 0.4, seeded())
    assert torch.allclose(out.view(10, 10) / 200, chances, atol=1e-6)
    assert torch.allclose(chances.sum(1), torch.ones(10))
    assert (chances.max(1).values < 0.999).any()


def test_augmented_does_what_it_is_told_and_repeats_by_seed() -> None:
    images, labels = pictures(channels=1), torch.arange(64) % 3
    same, kept = augment(images, labels, AugmentConfig(), 3, seeded())
    assert same is images
    assert kept is labels
    everything = AugmentConfig(warp=0.1, shift=1, turn="dihedral", cutout=2, mixup=0.2)
    first, second = (augment(images, labels, everything, 3, seeded(5)) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert first[1].shape == (64, 3)
    assert not torch.equal(first[0], augment(images, labels, everything, 3, seeded(6))[0])
    with pytest.raises(ValueError, match=r"augment\.shift.* 0"):
        parse_config({"dataset": "digits", "augment": {"shift": -1}}, ImageConfig)
