"""Reads one picture file: its size, and its pixels as a classifier needs them, for training and for prediction.

A damaged or unknown file raises a ValueError with its name. When the operating system refuses to read a file, because
it is missing for example, the OSError stays.
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
"""Pillow's names of the formats that can be read, if this build of Pillow has them, and the endings of their files."""

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
"""The operation that turns a picture upright, by its EXIF orientation."""

GREY = ("1", "L", "LA", "La", "I", "F")
"""Pillow's modes of pictures without colours."""


class PictureSize(NamedTuple):
    """The size and kind of a picture, without its pixels."""

    width: int  # of the upright picture
    height: int
    grey: bool
    animated: bool  # it has several frames; only the first is read


class PictureError(ValueError):
    """A file is damaged or is not a picture, or its range of brightness is unknown."""


def measure_picture(path: Path) -> PictureSize:
    """The size of a picture; only the header of the file is read if that is enough."""
    with open_picture(path) as image:
        animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"  # MPO: a photo and its preview
        on_its_side = image.format != "TIFF" and _orientation(image) >= 5  # Pillow has turned a TIFF's size already
        width, height = image.size[::-1] if on_its_side else image.size
        return PictureSize(width, height, image.mode.partition(";")[0] in GREY, animated)


def read_picture(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The pixels of a picture as [C, H, W] of this ``shape``: turned upright, made opaque, cropped and scaled."""
    channels, height, width = shape
    if channels not in (1, 3):
        raise ValueError(f"this classifier needs {channels} channels, and {path} can only be read as 1 or 3")
    with open_picture(path) as image:
        image.load()
        turn = TURNS.get(_orientation(image))
        opaque = remove_transparency(_convert_to_8_bits(image, path))
        upright = (opaque if turn is None else opaque.transpose(turn)).convert("L" if channels == 1 else "RGB")
        scaled = ImageOps.fit(upright, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(scaled).reshape(height, width, channels).transpose(2, 0, 1)


@contextlib.contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """The picture as Pillow opens it; every error of Pillow inside the block becomes a sentence about the file."""
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]  # not all of Pillow's: an EPS file starts Ghostscript
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, formats=known) as image:
                yield image
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = f"{Image.MAX_IMAGE_PIXELS or 0:,}"
        raise PictureError(f"{path} has more than {limit} pixels, which is refused: scale it down") from error
    except UnidentifiedImageError as error:
        reason = "it is empty" if not path.stat().st_size else f"its content is none of {', '.join(known)}"
        raise PictureError(f"{path} is not a whole picture: {reason}") from error
    except Exception as error:  # on damaged files Pillow raises errors of many classes
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise PictureError(f"{path} is not a whole picture: {error or type(error).__name__}") from error


def remove_transparency(image: Image.Image) -> Image.Image:
    """The picture on an opaque background: white if its visible pixels are dark, black if they are bright.

    A stroke keeps its contrast this way, whatever colour the transparent pixels have.
    """
    if not image.has_transparency_data:
        return image
    picture = image.convert("RGBA")
    alpha, brightness = (np.asarray(part, np.float64) for part in (picture.getchannel("A"), picture.convert("L")))
    is_dark = not alpha.any() or np.average(brightness, weights=alpha) < 128
    background = Image.new("RGBA", picture.size, (255, 255, 255, 255) if is_dark else (0, 0, 0, 255))
    return Image.alpha_composite(background, picture).convert("L" if image.mode in GREY else "RGB")


def _convert_to_8_bits(image: Image.Image, path: Path) -> Image.Image:
    """The picture with 8 bits per channel: 0..65535 of 16-bit numbers and 0..1 of floats become 0..255."""
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
    if (transparent := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return grey


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation from 1 to 8; 1 (upright) if the file has none or a damaged one."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # the pixels can be read even if the EXIF data is damaged
        return 1
