"""Readers of labelled pictures: idx files, CIFAR-10 binary files, npz arrays, tables, folders of pictures.

Each reader returns ``Labelled``: images [N, C, H, W] of bytes, labels [N], and names of classes if the file has some.
It checks headers, sizes and ranges, and raises a ValueError with the file and what is wrong.
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

MAX_BYTES = 4 << 30
"""The largest amount of pixels that is read."""

DAMAGE_ERRORS = (EOFError, OSError, SyntaxError, zipfile.BadZipFile, zlib.error)
"""The errors of the libraries on damaged files."""

SYSTEM_FILES = frozenset(
    {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found"}
)
"""Names of files that operating systems and archives leave in folders, in lower case; hidden files are skipped, too."""

IDX = (".idx1-ubyte", ".idx3-ubyte")
"""Endings of idx files in whose names a dot precedes the number of axes."""

Content = TypeVar("Content")

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]


@contextlib.contextmanager
def refuse_damage(path: Path, kind: str, *more: type[Exception]) -> Iterator[None]:
    """Turn errors of the libraries, and ``more`` errors, into a ValueError that says the file is no whole ``kind``."""
    damage: tuple[type[Exception], ...] = (*DAMAGE_ERRORS, *more)
    try:
        yield
    except FileNotFoundError:
        raise
    except damage as error:
        raise ValueError(f"{path} is not a whole {kind}: {error}") from error


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an idx file of bytes (LeCun's format of MNIST), compressed by gzip or not."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    with refuse_damage(path, "idx file"), gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not 1 <= head[3] <= 4:
            raise ValueError(f"{path} is not an idx file of bytes: it begins with {head.hex(' ')}")
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            raise ValueError(f"{path} ends within its header")
        shape = np.frombuffer(sizes, ">u4").tolist()
        promised = f"{' x '.join(map(str, shape))} bytes that its header promises"
        if not 0 < math.prod(shape) <= MAX_BYTES:
            raise ValueError(f"{path} cannot hold the {promised}: 1 to {MAX_BYTES} can be read")
        data = file.read(math.prod(shape) + 1)
    if len(data) != math.prod(shape):
        raise ValueError(f"{path} holds {'fewer' if len(data) < math.prod(shape) else 'more'} than the {promised}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def find_idx(folder: Path, pattern: str = "*") -> Path | None:
    """The idx file of a folder like MNIST's whose name begins with ``pattern``; None without one.

    The file may also be in a folder of the same name, as in Kaggle's archives.
    """
    named = sorted(folder.glob(f"{pattern}[-.]idx[13]-ubyte*"))
    inside = [path for place in named if place.is_dir() for path in sorted(place.glob("*[-.]idx[13]-ubyte*"))]
    return next((path for path in (*named, *inside) if path.is_file() and path.suffix in ("", ".gz", *IDX)), None)


def read_idx_pair(folder: Path, part: Literal["train", "t10k"]) -> Labelled:
    """The ``part``-images and ``part``-labels of a folder like MNIST's."""
    paths = []
    for content in ("images", "labels"):
        paths.append(find_idx(folder, f"{part}-{content}"))
        if paths[-1] is None:
            raise ValueError(f"{folder} has no {part}-{content} idx file")
    images, labels = (read_idx(path) for path in paths if path)
    if images.ndim != 3 or labels.shape != (len(images),):
        raise ValueError(f"{paths[0]} holds {list(images.shape)} and {paths[1]} {list(labels.shape)}: they do not pair")
    return images[:, None], labels.astype(np.int64), ()


def read_cifar(path: Path) -> Labelled:
    """One CIFAR-10 binary file: records of a label and 3 x 32 x 32 bytes (Krizhevsky 2009)."""
    record, size = 1 + 3 * 32 * 32, path.stat().st_size
    if not 0 < size <= MAX_BYTES or size % record:
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

    With ``prefix`` "test_" the arrays are "test_images" and "test_labels". An array "classes" names the classes.
    """
    with refuse_damage(path, "npz file"):
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise ValueError(f"{path} unpacks to more than {MAX_BYTES} bytes")
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
    """A table of square pictures: each row has pixels from 0 to ``largest`` and a label. It may be a gzip file."""
    with refuse_damage(path, "table", ValueError):
        rows = np.loadtxt(path, delimiter=",", ndmin=2)
    side = math.isqrt(rows.shape[1] - 1)
    if rows.shape[1] != side * side + 1 or rows.min() < 0 or rows[:, :-1].max() > largest:
        raise ValueError(f"{path} must have the pixels 0..{largest} of a square picture and a label in each row")
    images = np.round(rows[:, :-1] * (255 / largest)).astype(np.uint8)
    return images.reshape(-1, 1, side, side), rows[:, -1].astype(np.int64), ()


def read_folder(folder: Path, size: int = 0, like: Labelled | None = None, notes: list[str] | None = None) -> Labelled:
    """Pictures in one folder for each class, including the folders below it.

    The pictures are cropped and scaled to squares of ``size``; 0: their own size if all have the same, else 64 x 64.
    Test pictures get the classes, channels and size of ``like``, the training pictures. A line about pictures that were
    left out or changed is added to ``notes``. ValueError for a class without pictures and for damaged files.
    """
    found = {path.name: list_pictures(path) for path in _folders(folder)}
    _check_classes(folder, found, like[2] if like else ())
    names = like[2] if like else tuple(found)
    files = [(path, k) for k, name in enumerate(names) if name in found for path in found[name].pictures]
    sizes = _read_each([path for path, _ in files], measure_picture)
    shapes = {(size.height, size.width) for size in sizes}
    height, width = (size, size) if size else next(iter(shapes)) if len(shapes) == 1 else (64, 64)
    channels = 1 if all(size.grey for size in sizes) else 3
    shape = like[0].shape[1:] if like else (channels, height, width)
    if len(files) * math.prod(shape) > MAX_BYTES:
        raise ValueError(f"{folder} has {len(files):,} pictures of {height} x {width}: --size must make them smaller")
    images = np.empty((len(files), *shape), np.uint8)
    for i, pixels in enumerate(_read_each([path for path, _ in files], partial(read_picture, shape=shape))):
        images[i] = pixels
    if notes is not None:
        notes += _notes(folder, found, names, sizes, f"{shape[1]} x {shape[2]}" if len(shapes) > 1 and not size else "")
    return images, np.array([label for _, label in files], np.int64), names


class Listing(NamedTuple):
    """The files in the folder of a class."""

    pictures: list[Path]
    others: list[Path]  # files that are not pictures, by their endings
    deeper: int  # number of the pictures that are in folders below it


def list_pictures(folder: Path) -> Listing:
    """The files below a folder in the order of their names, without hidden files and system files."""

    def refuse(error: OSError) -> None:
        raise error

    found = Listing([], [], 0)
    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not _is_system_file(name))
        for name in sorted(name for name in files if not _is_system_file(name)):
            path = Path(place, name)
            (found.pictures if path.suffix.lower() in ENDINGS else found.others).append(path)
    return found._replace(deeper=sum(path.parent != folder for path in found.pictures))


def _is_system_file(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def _folders(folder: Path) -> list[Path]:
    """The folders directly below ``folder``, without hidden ones."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _is_system_file(path.name))


def _check_classes(folder: Path, found: Mapping[str, Listing], classes: Sequence[str]) -> None:
    """ValueError unless the folders are ``classes``, or without these two or more classes with pictures."""
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
        hint = f" (there is {others[0].name}, and {', '.join(sorted(ENDINGS))} are read)" if others else ""
        raise ValueError(
            f"{', '.join(str(folder / name) for name in empty)}: the folder of a class must hold a picture{hint}"
        )


def _read_each(paths: Sequence[Path], read: Callable[[Path], Content]) -> list[Content]:
    """The results of ``read`` for all paths; one ValueError that names the files that cannot be read."""
    contents, broken = [], []
    for path in paths:
        try:
            contents.append(read(path))
        except PictureError as error:
            broken.append((path, error))
    if broken:
        more = f"; so are {', '.join(str(path) for path, _ in broken[1:6])}" if broken[1:] else ""
        more += f" and {len(broken) - 6} more" if len(broken) > 6 else ""
        raise ValueError(f"{broken[0][1]}{more}")
    return contents


def _notes(
    folder: Path, found: Mapping[str, Listing], names: Sequence[str], sizes: Sequence[PictureSize], scaled: str
) -> list[str]:
    """At most one line, about the pictures that were left out or changed."""
    beside = [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix.lower() in ENDINGS]
    beside = [path for path in beside if not _is_system_file(path.name)]
    others = [path for each in found.values() for path in each.others]
    deeper, animated = sum(each.deeper for each in found.values()), sum(size.animated for size in sizes)
    missing = [name for name in names if name not in found or not found[name].pictures]
    sentences = [
        f"files that are no pictures and are left out: {len(others):,}, such as {others[0]}" if others else "",
        f"pictures beside the folders of the classes, which are left out: {len(beside):,}" if beside else "",
        f"pictures of deeper folders, which count for the folder of their class: {deeper:,}" if deeper else "",
        f"animated pictures, of which the first frame is taken: {animated:,}" if animated else "",
        f"pictures of different sizes are cropped and scaled to {scaled}" if scaled else "",
        f"there is no picture of {', '.join(missing)}" if missing else "",
    ]
    note = "; ".join(filter(None, sentences))
    return [f"{folder}: {note}"] if note else []
