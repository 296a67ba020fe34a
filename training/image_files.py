"""Files of labelled pictures: idx, CIFAR-10 binaries, npz arrays, tables, folders of pictures.

Knows formats. Does not know data sets, splits or models. Each reader gives (images [N, C, H, W] of bytes, labels [N],
names of classes or none), checks headers, sizes and ranges, and raises ValueError with the file and what is wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from agent.text import read_text

LARGEST = 4 << 30
"""Bytes of pixels; what promises more is not read."""

TORN = (EOFError, OSError, SyntaxError, zipfile.BadZipFile, zlib.error, Image.DecompressionBombError)
"""What the libraries raise on damaged files."""

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]


@contextlib.contextmanager
def whole(path: Path, kind: str, *more: type[Exception]) -> Iterator[None]:
    """Says of a file that it is torn or no ``kind`` at all; ``more`` errors mean that, too. FileNotFoundError stays."""
    torn: tuple[type[Exception], ...] = (*TORN, *more)
    try:
        yield
    except FileNotFoundError:
        raise
    except torn as error:
        raise ValueError(f"{path} is not a whole {kind}: {error}") from error


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an idx file of bytes (LeCun's format of MNIST), plain or gzipped."""
    with whole(path, "idx file"), gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not 1 <= head[3] <= 4:
            raise ValueError(f"{path} is not an idx file of bytes: it begins with {head.hex(' ')}")
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise ValueError(f"{path} ends within its header")
        shape = np.frombuffer(sizes, ">u4").tolist()
        promised = f"{' x '.join(map(str, shape))} bytes that its header promises"
        if not 0 < math.prod(shape) <= LARGEST:
            raise ValueError(f"{path} cannot hold the {promised}: 1 to {LARGEST} can be read")
        data = file.read(math.prod(shape) + 1)
    if len(data) != math.prod(shape):
        raise ValueError(f"{path} holds {'fewer' if len(data) < math.prod(shape) else 'more'} than the {promised}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_idx_pair(folder: Path, part: Literal["train", "t10k"]) -> Labelled:
    """``part``-images and -labels of a folder laid out like MNIST's."""
    found = []
    for what in ("images", "labels"):
        found.append(min(folder.glob(f"{part}-{what}[-.]idx[13]-ubyte*"), default=None))
        if found[-1] is None:
            raise ValueError(f"{folder} has no {part}-{what} idx file")
    images, labels = (read_idx(path) for path in found if path)
    if images.ndim != 3 or labels.shape != (len(images),):
        raise ValueError(f"{found[0]} holds {list(images.shape)} and {found[1]} {list(labels.shape)}: they do not pair")
    return images[:, None], labels.astype(np.int64), ()


def read_cifar(path: Path) -> Labelled:
    """One CIFAR-10 binary file: records of a label and 3 x 32 x 32 bytes (Krizhevsky 2009)."""
    record, size = 1 + 3 * 32 * 32, path.stat().st_size
    if not 0 < size <= LARGEST or size % record:
        raise ValueError(f"{path} has {size} bytes: not a whole number of CIFAR-10 records of {record}")
    rows = np.fromfile(path, np.uint8).reshape(-1, record)
    labels = rows[:, 0].astype(np.int64)
    if labels.max() > 9:
        at = int(np.argmax(labels > 9))
        raise ValueError(f"{path} has label {labels[at]} in record {at}: CIFAR-10 has classes 0 to 9")
    names = path.parent / "batches.meta.txt"
    classes = tuple(read_text(names, 1 << 20).split()) if names.is_file() else ()
    return rows[:, 1:].reshape(-1, 3, 32, 32), labels, classes


def read_npz(path: Path, prefix: str = "") -> Labelled | None:
    """Arrays "images" [N, H, W], [N, H, W, 1 or 3] or [N, C, H, W] of bytes and "labels" [N]; None without them.

    ``prefix`` "test_" reads "test_images" and "test_labels". "classes", where there, names them.
    """
    with whole(path, "npz file"):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError(f"{path} unpacks to more than {LARGEST} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            if f"{prefix}images" not in arrays or f"{prefix}labels" not in arrays:
                return None
            images, labels = arrays[f"{prefix}images"], arrays[f"{prefix}labels"]
            classes = tuple(map(str, arrays["classes"])) if "classes" in arrays else ()
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ValueError(f"{path}: {prefix}images is {images.dtype} {list(images.shape)}, not bytes [N, H, W(, C)]")
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (len(images),):
        raise ValueError(f"{path}: {prefix}labels is {labels.dtype} {list(labels.shape)}, not {len(images)} integers")
    if images.ndim == 3:
        images = images[:, None]
    elif images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    return images, labels.astype(np.int64), classes


def read_table(path: Path, largest: int) -> Labelled:
    """A table of square pictures, gzipped or not: pixels of 0 to ``largest`` and a label in each row."""
    with whole(path, "table", ValueError):
        rows = np.loadtxt(path, delimiter=",", ndmin=2)
    side = math.isqrt(rows.shape[1] - 1)
    if rows.shape[1] != side * side + 1 or rows.min() < 0 or rows[:, :-1].max() > largest:
        raise ValueError(f"{path} has not the pixels 0..{largest} of a square and a label in each row")
    images = np.round(rows[:, :-1] * (255 / largest)).astype(np.uint8)
    return images.reshape(-1, 1, side, side), rows[:, -1].astype(np.int64), ()


def read_folder(folder: Path, size: int | tuple[int, int] = 0, classes: tuple[str, ...] = ()) -> Labelled:
    """Pictures in one folder a class. ``size``: cropped and scaled to it, a side or (width, height); 0: their
    own where all agree, else 64.

    ``classes``: the only ones that may be there, when another part of the data has named them.
    """
    found = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."))
    names = classes or found
    if (len(found) < 2 and not classes) or set(found) - set(names):
        raise ValueError(f"{folder} has classes {', '.join(found) or 'none'}: {', '.join(names) or 'two or more'} due")
    endings = tuple(Image.registered_extensions())
    files = [(p, k) for k, n in enumerate(names) for p in sorted((folder / n).glob("*")) if p.suffix.lower() in endings]
    if not files:
        raise ValueError(f"{folder}: there is no picture in the folders of its classes")
    seen = []
    for path, _ in files:
        with whole(path, "picture"), Image.open(path) as image:
            seen.append((image.size, image.mode in ("1", "L")))
    own = seen[0][0] if len({each for each, _ in seen}) == 1 else (64, 64)
    width, height = size if isinstance(size, tuple) else (size, size) if size else own
    shape = (1 if all(grey for _, grey in seen) else 3, height, width)
    images = np.stack([read_picture(path, shape) for path, _ in files])
    return images, np.array([label for _, label in files], np.int64), names


def read_picture(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """[C, H, W] as ``shape`` says: the picture upright, grey or coloured, cropped and scaled to fit."""
    channels, height, width = shape
    with whole(path, "picture"), Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
        fit = ImageOps.fit(upright, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(fit).reshape(height, width, channels).transpose(2, 0, 1)
