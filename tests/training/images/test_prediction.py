"""What a trained classifier makes of pictures: views of each, their mean, and folders of older versions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agent.networks.image_classifier import Classifier, ClassifierConfig
from training.images.datasets import DataSet, Pictures
from training.images.prediction import load_classifier, make_views, predict
from training.images.training import ImageConfig, model_config
from training.run import checkpoints

IMAGES = torch.arange(1, 13, dtype=torch.uint8).view(1, 1, 3, 4)


def test_views_are_the_picture_moved_and_mirrored() -> None:
    assert [view.tolist() for view in make_views(IMAGES, False, 0)] == [IMAGES.tolist()]
    as_it_is, up, down, left, right, *mirrored = (view[0, 0].tolist() for view in make_views(IMAGES, True, 1))
    assert as_it_is == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert sorted([up, down]) == sorted([[*as_it_is[1:], [0] * 4], [[0] * 4, *as_it_is[:2]]])
    assert sorted([left, right]) == sorted([[[*row[1:], 0] for row in as_it_is], [[0, *row[:3]] for row in as_it_is]])
    assert mirrored == [[row[::-1] for row in view] for view in (as_it_is, up, down, left, right)]
    assert len(make_views(IMAGES, True, 0)) == 2


@pytest.mark.parametrize(("flip", "shift"), [(False, 0), (True, 0), (False, 2), (True, 1)])
def test_chances_are_means_over_views(flip: bool, shift: int) -> None:
    torch.manual_seed(0)
    model = Classifier(ClassifierConfig(kind="logistic"), (1, 3, 4), 3)
    images = torch.randint(0, 256, (7, 1, 3, 4), dtype=torch.uint8)
    alone = torch.stack([predict(model, view) for view in make_views(images, flip, shift)])
    assert torch.allclose(predict(model, images, flip=flip, shift=shift), alone.mean(0))


@pytest.mark.parametrize("older", [False, True])
def test_a_folder_says_how_its_classifier_looks(tmp_path: Path, older: bool) -> None:
    model = Classifier(ClassifierConfig(kind="logistic"), (1, 3, 4), 3)
    data = DataSet(
        name="few", classes=("a", "b", "c"), train=Pictures(IMAGES, torch.tensor([0])), test=None, sha256="0" * 64
    )
    config = ImageConfig(dataset="few", network=model.config, flip_test=True, shift_test=2)
    said = model_config(data, config)
    if older:
        del said["shift_test"]
    checkpoints.save_checkpoint(tmp_path / "checkpoints", 1, {"model": model.state_dict()}, {}, said)
    _, found = load_classifier(str(tmp_path))
    assert (found["flip_test"], found["shift_test"]) == (True, 0 if older else 2)
