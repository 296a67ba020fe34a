"""Files of labelled pictures: idx, CIFAR-10 binaries, npz arrays, tables, folders of pictures.

Knows formats. Does not know data sets, splits or models. Each reader gives (images [N, C, H, W] of bytes, labels [N],
names of classes or none), checks headers, sizes and ranges, and raises ValueError with the file and what is wrong.
"""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LARGEST = 4 << 30
"""Bytes of pixels; what promises more is not read."""

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an idx file of bytes (LeCun's format of MNIST), plain or gzipped."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not 1 <= head[3] <= 4:
                raise ValueError(f"{path} is not an idx file of bytes: it begins with {head.hex(' ')}")
            sizes = file.read(4 * head[3])
            if len(sizes) < 4 * head[3]:
                raise ValueError(f"{path} ends within its header")
            shape = [int(size) for size in np.frombuffer(sizes, ">u4")]
            if not 0 < math.prod(shape) <= LARGEST:
                raise ValueError(f"{path} promises {' x '.join(map(str, shape))} bytes: 1 to {LARGEST} can be read")
            data = file.read(math.prod(shape) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is not a whole gzip file: {error}") from error
    if len(data) != math.prod(shape):
        kind = "fewer" if len(data) < math.prod(shape) else "more"
        raise ValueError(f"{path} holds {kind} bytes than its header's {' x '.join(map(str, shape))}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def read_idx_pair(folder: Path, part: Literal["train", "t10k"]) -> Labelled:
    """``part``-images and -labels of a folder laid out like MNIST's."""
    found = []
    for what in ("images", "labels"):
        names = sorted(folder.glob(f"{part}-{what}[-.]idx[13]-ubyte*"))
        if not names:
            raise ValueError(f"{folder} has no {part}-{what} idx file")
        found.append(names[0])
    images, labels = read_idx(found[0]), read_idx(found[1])
    if images.ndim != 3 or labels.shape != (len(images),):
        raise ValueError(f"{found[0]} holds {list(images.shape)} and {found[1]} {list(labels.shape)}: they do not pair")
    return images[:, None], labels.astype(np.int64), ()


def read_cifar(path: Path) -> Labelled:
    """One CIFAR-10 binary file: records of a label and 3 x 32 x 32 bytes (Krizhevsky 2009)."""
    record = 1 + 3 * 32 * 32
    size = path.stat().st_size
    if not 0 < size <= LARGEST or size % record:
        raise ValueError(f"{path} has {size} bytes: not a whole number of CIFAR-10 records of {record}")
    rows = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, record)
    if rows[:, 0].max() > 9:
        at = int(np.argmax(rows[:, 0] > 9))
        raise ValueError(f"{path} has label {rows[at, 0]} in record {at}: CIFAR-10 has classes 0 to 9")
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].astype(np.int64), _names(path.parent / "batches.meta.txt")


def _names(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split()) if path.is_file() else ()


def read_npz(path: Path, prefix: str = "") -> Labelled | None:
    """Arrays "images" [N, H, W], [N, H, W, 1 or 3] or [N, C, H, W] of bytes and "labels" [N]; None without them.

    ``prefix`` "test_" reads "test_images" and "test_labels". "classes", where there, names them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ValueError(f"{path} unpacks to more than {LARGEST} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            if f"{prefix}images" not in arrays or f"{prefix}labels" not in arrays:
                return None
            images, labels = arrays[f"{prefix}images"], arrays[f"{prefix}labels"]
            classes = tuple(str(name) for name in arrays["classes"]) if "classes" in arrays else ()
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole npz file: {error}") from error
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise ValueError(f"{path}: {prefix}images is {images.dtype} {list(images.shape)}, not bytes [N, H, W(, C)]")
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape != (len(images),):
        raise ValueError(f"{path}: {prefix}labels is {labels.dtype} {list(labels.shape)}, not {len(images)} integers")
    if images.ndim == 3:
        images = images[:, None]
    elif images.shape[1] not in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(images), labels.astype(np.int64), classes


def read_table(path: Path, side: int, largest: int) -> Labelled:
    """A gzipped table: ``side`` x ``side`` pixels of 0 to ``largest`` a row, then its label."""
    try:
        with gzip.open(path, "rt") as file:
            rows = np.loadtxt(file, delimiter=",", dtype=np.float64, ndmin=2)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is not a gzipped table of numbers: {error}") from error
    if rows.shape[1] != side * side + 1:
        raise ValueError(f"{path} has {rows.shape[1]} columns, not {side} x {side} pixels and a label")
    if rows.min() < 0 or rows[:, :-1].max() > largest:
        raise ValueError(f"{path} has values outside 0..{largest}")
    images = np.round(rows[:, :-1] * (255 / largest)).astype(np.uint8)
    return images.reshape(-1, 1, side, side), rows[:, -1].astype(np.int64), ()


def read_folder(folder: Path, size: int | tuple[int, int] = 0, classes: tuple[str, ...] = ()) -> Labelled:
    """Pictures in one folder a class. ``size``: cropped and scaled to it, a side or (width, height); 0: their
    own where all agree, else 64.

    ``classes``: the only ones that may be there, when another part of the data has named them.
    """
    from PIL import Image, ImageOps

    found = tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."))
    names = classes or found
    if (len(found) < 2 and not classes) or set(found) - set(names):
        raise ValueError(f"{folder} has classes {', '.join(found) or 'none'}: {', '.join(names) or 'two or more'} due")
    endings = tuple(Image.registered_extensions())
    files = [(p, k) for k, n in enumerate(names) for p in sorted((folder / n).glob("*")) if p.suffix.lower() in endings]
    if not files:
        raise ValueError(f"{folder}: there is no picture in the folders of its classes")

    def opened(path: Path, use: Callable[[Any], Any]) -> Any:
        try:
            with Image.open(path) as image:
                if image.width * image.height > 100_000_000:
                    raise ValueError(f"{path} has {image.width} x {image.height} pixels: more than 100 million")
                return use(image)
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise ValueError(f"{path} is not a whole picture: {error}") from error

    seen = {opened(path, lambda image: (image.size, image.mode in ("1", "L"))) for path, _ in files}
    mode = "L" if all(grey for _, grey in seen) else "RGB"
    own = next(iter(seen))[0]
    fit = own if len({each for each, _ in seen}) == 1 else (64, 64)
    if size:
        fit = size if isinstance(size, tuple) else (size, size)

    def pixels(image: Any) -> NDArray[np.uint8]:
        upright = ImageOps.exif_transpose(image).convert(mode)
        return np.asarray(upright if upright.size == fit else ImageOps.fit(upright, fit, Image.Resampling.BILINEAR))

    images = np.stack([opened(path, pixels) for path, _ in files]).reshape(len(files), fit[1], fit[0], -1)
    labels = np.array([label for _, label in files], np.int64)
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels, names
