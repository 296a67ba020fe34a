"""Files of labelled pictures: idx, CIFAR-10 binaries, npz arrays, tables, folders of pictures.

Knows formats. Does not know data sets, splits or models. Each reader gives (images [N, C, H, W] of bytes, labels [N],
names of classes or none), checks headers, sizes and ranges, and raises ValueError with the file and what is wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.storage.text_files import read_text
from training.images.picture_files import ENDINGS, PictureError, PictureSize, measure_picture, read_picture

LARGEST = 4 << 30
"""Bytes of pixels; what promises more is not read."""

TORN = (EOFError, OSError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""What the libraries raise on damaged files."""

CLUTTER = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found"})
"""What systems and archives leave in folders, in small letters; names with a dot in front are left out, too."""

IDX = (".idx1-ubyte", ".idx3-ubyte")
"""Endings of idx files where the number of axes stands behind a dot."""

Read = TypeVar("Read")

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
    """The array of an idx file of bytes (LeCun's format of MNIST), plain or gzipped, whatever its name says."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with whole(path, "idx file"), gzip.open(path, "rb") if packed else path.open("rb") as file:
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


def find_idx(folder: Path, pattern: str = "*") -> Path | None:
    """The idx file of a folder laid out like MNIST's that ``pattern`` begins to name; also as Kaggle packs it, in a
    folder of the same name.
    """
    named = sorted(folder.glob(f"{pattern}[-.]idx[13]-ubyte*"))
    inside = [path for place in named if place.is_dir() for path in sorted(place.glob("*[-.]idx[13]-ubyte*"))]
    return next((path for path in (*named, *inside) if path.is_file() and path.suffix in ("", ".gz", *IDX)), None)


def read_idx_pair(folder: Path, part: Literal["train", "t10k"]) -> Labelled:
    """``part``-images and -labels of a folder laid out like MNIST's."""
    found = []
    for what in ("images", "labels"):
        found.append(find_idx(folder, f"{part}-{what}"))
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


def read_folder(folder: Path, size: int = 0, like: Labelled | None = None, notes: list[str] | None = None) -> Labelled:
    """Pictures in one folder a class, deeper folders included. ``size``: cropped and scaled to such squares; 0: their
    own size where all agree, else 64 x 64.

    ``like``: the training pictures that these are to be tested with: the same classes, channels and size. ``notes``
    takes a line on what was left out or changed. ValueError for a class without pictures and for damaged files.
    """
    found = {path.name: list_pictures(path) for path in _folders(folder)}
    _check_classes(folder, found, like[2] if like else ())
    names = like[2] if like else tuple(found)
    files = [(path, k) for k, name in enumerate(names) if name in found for path in found[name].pictures]
    sizes = _each([path for path, _ in files], measure_picture)
    own = {(size.height, size.width) for size in sizes}
    height, width = (size, size) if size else own.pop() if len(own) == 1 else (64, 64)
    channels = 1 if all(size.grey for size in sizes) else 3
    shape = like[0].shape[1:] if like else (channels, height, width)
    if len(files) * math.prod(shape) > LARGEST:
        raise ValueError(f"{folder} has {len(files):,} pictures of {height} x {width}: --size must make them smaller")
    images = np.empty((len(files), *shape), np.uint8)
    for i, pixels in enumerate(_each([path for path, _ in files], partial(read_picture, shape=shape))):
        images[i] = pixels
    if notes is not None:
        notes += _notes(folder, found, names, sizes, f"{shape[1]} x {shape[2]}" if len(own) > 1 and not size else "")
    return images, np.array([label for _, label in files], np.int64), names


class Listing(NamedTuple):
    """What lies in the folder of a class."""

    pictures: list[Path]
    others: list[Path]  # files that are no pictures, by their endings
    deeper: int  # pictures that lie in folders below it


def list_pictures(folder: Path) -> Listing:
    """The files below a folder, in the order of their names; without hidden ones and what systems leave behind."""

    def refuse(error: OSError) -> None:
        raise error

    found = Listing([], [], 0)
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not _is_clutter(name))
        for name in sorted(name for name in files if not _is_clutter(name)):
            path = Path(place, name)
            (found.pictures if path.suffix.lower() in ENDINGS else found.others).append(path)
    return found._replace(deeper=sum(path.parent != folder for path in found.pictures))


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in CLUTTER


def _folders(folder: Path) -> list[Path]:
    """The folders right below ``folder``, without hidden ones."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _is_clutter(path.name))


def _check_classes(folder: Path, found: Mapping[str, Listing], classes: Sequence[str]) -> None:
    """ValueError where the folders are not those of two or more classes with pictures, or of ``classes``."""
    if classes:
        if more := sorted(set(found) - set(classes)):
            raise ValueError(
                f"{folder} has a folder {more[0]}, but the training pictures have only {', '.join(classes)}"
            )
        if not any(each.pictures for each in found.values()):
            raise ValueError(f"{folder}: there is no picture in the folders of its classes")
        return
    if len(found) < 2:
        only = next(iter(found), "")
        inside = [path.name for path in _folders(folder / only)] if only else []
        hint = f"; {folder / only} has {', '.join(inside[:3])}: did you mean that folder?" if inside else ""
        tables = [path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in (".csv", ".tsv", ".json")]
        hint += f"; {tables[0]} is not read: put the pictures of each class into a folder of its own" if tables else ""
        count = "one folder" if only else "no folder"
        raise ValueError(f"{folder} has {count}: there must be two or more, one for each class{hint}")
    empty = [name for name, each in found.items() if not each.pictures]
    if empty:
        others = [path for name in empty for path in found[name].others]
        heard = f" (there is {others[0].name}, and {', '.join(sorted(ENDINGS))} are read)" if others else ""
        raise ValueError(
            f"{', '.join(str(folder / name) for name in empty)}: the folder of a class must hold a picture{heard}"
        )


def _each(paths: Sequence[Path], read: Callable[[Path], Read]) -> list[Read]:
    """What ``read`` gives for each path; one ValueError that names those that cannot be read."""
    found, broken = [], []
    for path in paths:
        try:
            found.append(read(path))
        except PictureError as error:
            broken.append((path, error))
    if broken:
        more = f"; so are {', '.join(str(path) for path, _ in broken[1:6])}" if broken[1:] else ""
        more += f" and {len(broken) - 6} more" if len(broken) > 6 else ""
        raise ValueError(f"{broken[0][1]}{more}")
    return found


def _notes(
    folder: Path, found: Mapping[str, Listing], names: Sequence[str], sizes: Sequence[PictureSize], scaled: str
) -> list[str]:
    """At most one line: what was left out, and what was not taken as it is."""
    beside = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in ENDINGS]
    beside = [path for path in beside if not _is_clutter(path.name)]
    others = [path for each in found.values() for path in each.others]
    deeper, animated = sum(each.deeper for each in found.values()), sum(size.animated for size in sizes)
    missing = [name for name in names if name not in found or not found[name].pictures]
    told = [
        f"files that are no pictures and are left out: {len(others):,}, such as {others[0]}" if others else "",
        f"pictures beside the folders of the classes, which are left out: {len(beside):,}" if beside else "",
        f"pictures of deeper folders, which count for the folder of their class: {deeper:,}" if deeper else "",
        f"animated pictures, of which the first frame is taken: {animated:,}" if animated else "",
        f"pictures of different sizes are cropped and scaled to {scaled}" if scaled else "",
        f"there is no picture of {', '.join(missing)}" if missing else "",
    ]
    said = "; ".join(filter(None, told))
    return [f"{folder}: {said}"] if said else []
