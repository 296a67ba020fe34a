"""One picture file: how large it is, and its pixels as a classifier sees them. Training and prediction both read here.

Knows Pillow. Does not know folders, classes or data sets. A file that cannot be read raises ValueError with its name;
what the operating system says of a file (there is none, it may not be read) stays an OSError.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

FORMATS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
    "JPEG2000": (".jp2", ".j2k"),
    "TGA": (".tga",),
    "PCX": (".pcx",),
    "QOI": (".qoi",),
    "AVIF": (".avif",),
    "ICO": (".ico",),
}
"""Pillow's names of the formats that are read, where its build knows them, and how such files' names end."""

ENDINGS = frozenset(ending for endings in FORMATS.values() for ending in endings)

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation."""

GREY = ("1", "L", "LA", "La", "I", "F")


class PictureSize(NamedTuple):
    """What must be known of a picture before others are scaled to the same size."""

    width: int  # of the picture as it is seen, upright
    height: int
    grey: bool
    animated: bool  # more frames than the first, which is the one that is read


class PictureError(ValueError):
    """A file is no whole picture, or one whose brightness is not known."""


def measure_picture(path: Path) -> PictureSize:
    """The size of a picture, from its header where that is enough."""
    with opened(path) as image:
        several = bool(getattr(image, "is_animated", False)) and image.format != "MPO"  # MPO: a photo and its preview
        across = image.format != "TIFF" and _orientation(image) >= 5  # Pillow has turned the size of a TIFF already
        width, height = image.size[::-1] if across else image.size
        return PictureSize(width, height, image.mode.partition(";")[0] in GREY, several)


def read_picture(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """[C, H, W] as ``shape`` says: the picture upright, grey or coloured, opaque, cropped and scaled to fit."""
    channels, height, width = shape
    if channels not in (1, 3):
        raise ValueError(f"this classifier looks at {channels} channels, and {path} can only be read as 1 or 3")
    with opened(path) as image:
        image.load()
        turn = TURNS.get(_orientation(image))
        plain = opaque(_bytes(image, path))
        upright = (plain if turn is None else plain.transpose(turn)).convert("L" if channels == 1 else "RGB")
        fit = ImageOps.fit(upright, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(fit).reshape(height, width, channels).transpose(2, 0, 1)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The picture as Pillow sees it; whatever Pillow raises in between becomes a sentence about the file."""
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]  # others may run programs: an EPS file starts Ghostscript
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, formats=known) as image:
                yield image
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = f"{Image.MAX_IMAGE_PIXELS or 0:,}"
        raise PictureError(f"{path} has more than {most} pixels, which is refused: scale it down") from error
    except UnidentifiedImageError as error:
        what = "it is empty" if not path.stat().st_size else f"its content is none of {', '.join(known)}"
        raise PictureError(f"{path} is not a whole picture: {what}") from error
    except Exception as error:  # Pillow's readers raise nearly anything on damaged files
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PictureError(f"{path} is not a whole picture: {error or type(error).__name__}") from error


def opaque(image: Image.Image) -> Image.Image:
    """The picture without transparency: on white where what can be seen of it is dark, on black where it is bright.

    So a stroke keeps its contrast, whatever colour lies unseen below transparent pixels.
    """
    if not image.has_transparency_data:
        return image
    seen = image.convert("RGBA")
    alpha, brightness = (np.asarray(part, np.float64) for part in (seen.getchannel("A"), seen.convert("L")))
    dark = not alpha.any() or np.average(brightness, weights=alpha) < 128
    page = Image.new("RGBA", seen.size, (255, 255, 255, 255) if dark else (0, 0, 0, 255))
    return Image.alpha_composite(page, seen).convert("L" if image.mode in GREY else "RGB")


def _bytes(image: Image.Image, path: Path) -> Image.Image:
    """The picture with 8 bits a channel: 0..65535 of 16 bits and 0..1 of floats become 0..255, whatever is in it."""
    if image.mode == "F":
        values = np.asarray(image, np.float64)
        if not (values >= 0).all() or not (values <= 1).all():
            raise PictureError(f"{path} holds floating-point numbers that are not all from 0 to 1: scale them to that")
        return Image.fromarray(np.round(values * 255).astype(np.uint8))
    if image.mode.partition(";")[0] != "I":
        return image
    if image.mode == "I" and image.format not in ("PNG", "PPM"):
        raise PictureError(f"{path} holds 32-bit numbers, whose white is not known: save it with 8 or 16 bits")
    values = np.asarray(image, np.float64)
    grey = Image.fromarray(np.round(values / 257).astype(np.uint8))
    if (hidden := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8)))
    return grey


def _orientation(image: Image.Image) -> int:
    """1 to 8; 1, upright, where the file does not say or says it in a way that cannot be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF is no reason to refuse whole pixels
        return 1
