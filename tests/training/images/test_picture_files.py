"""One picture file of any kind: its pixels as they are seen, or a sentence with its name. The files are made here."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from training.images.datasets import open_dataset
from training.images.formats import list_pictures, read_folder
from training.images.picture_files import FORMATS, measure_picture, read_picture

SIDE = 20


def stroke(mode: str, ink: Any, paper: Any) -> Image.Image:
    """A slanted stroke on a page."""
    image = Image.new(mode, (SIDE, SIDE), paper)
    ImageDraw.Draw(image).line((3, 3, 12, 16), ink, 3)
    return image


def grey(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    return read_picture(path, (1, SIDE, SIDE))[0]


def png(depth: int, colour: int, rows: bytes, *chunks: tuple[bytes, bytes], side: int = 2) -> bytes:
    """A PNG file byte by byte, for what Pillow cannot write."""
    head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_stroke_on_a_transparent_page_is_seen(tmp_path: Path, mode: str) -> None:
    dark, light = ((0, 0, 0, 255), (255, 255, 255, 255)) if mode == "RGBA" else ((0, 255), (255, 255))
    on_white = np.asarray(stroke("L", 0, 255))
    for below in (0, 255):  # the colour of what is transparent does not count
        clear = (below, below, below, 0) if mode == "RGBA" else (below, 0)
        stroke(mode, dark, clear).save(tmp_path / "dark.png")
        stroke(mode, light, clear).save(tmp_path / "light.png")
        assert np.array_equal(grey(tmp_path / "dark.png"), on_white)
        assert np.array_equal(grey(tmp_path / "light.png"), 255 - on_white)
    assert measure_picture(tmp_path / "dark.png").grey == (mode == "LA")


def test_other_ways_of_transparency(tmp_path: Path) -> None:
    on_white = np.asarray(stroke("L", 0, 255))
    stroke("RGBA", (0, 0, 0, 255), (9, 9, 9, 0)).quantize(4).save(tmp_path / "palette.png")
    stroke("L", 0, 7).save(tmp_path / "grey.png", transparency=7)  # one grey value is no ink
    stroke("RGB", (0, 0, 0), (7, 8, 9)).save(tmp_path / "colour.png", transparency=(7, 8, 9))
    stroke("P", 1, 0).save(tmp_path / "first.gif", transparency=0)
    stroke("RGBA", (0, 0, 0, 255), (9, 9, 9, 0)).save(tmp_path / "some.webp", lossless=True)
    stroke("RGBA", (0, 0, 0, 255), (9, 9, 9, 0)).save(tmp_path / "some.tif")
    for name in ("palette.png", "grey.png", "colour.png", "first.gif", "some.webp", "some.tif"):
        assert np.abs(grey(tmp_path / name).astype(int) - on_white).max() <= 1, name
    stroke("1", 0, 1).save(tmp_path / "bits.png", transparency=1)
    assert np.array_equal(grey(tmp_path / "bits.png"), on_white)
    Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0)).save(tmp_path / "empty.png")
    assert grey(tmp_path / "empty.png").min() == 255
    Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 128)).save(tmp_path / "half.png")
    assert read_picture(tmp_path / "half.png", (3, 1, 1))[:, 0, 0].tolist() == [255, 127, 127]


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, SIDE * SIDE).astype(np.uint16).reshape(SIDE, SIDE)
    eight = np.round(values / 257).astype(np.uint8)
    for name in ("a.png", "a.tif", "a.pgm"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(grey(tmp_path / name), eight), name
        assert measure_picture(tmp_path / name).grey
    Image.fromarray(values.astype(">u2")).save(tmp_path / "big.tif")
    assert np.array_equal(grey(tmp_path / "big.tif"), eight)
    rows = b"".join(b"\0" + struct.pack(">HH", *pair) for pair in ((0, 65535), (500, 65535)))
    (tmp_path / "clear.png").write_bytes(png(16, 0, rows, (b"tRNS", struct.pack(">H", 65535))))
    assert read_picture(tmp_path / "clear.png", (1, 2, 2))[0].tolist() == [[0, 255], [2, 255]]
    rows = b"".join(b"\0" + struct.pack(">6H", *six) for six in ((0, 32896, 65535, 0, 0, 0), (65535,) * 6))
    (tmp_path / "colour.png").write_bytes(png(16, 2, rows))
    assert read_picture(tmp_path / "colour.png", (3, 2, 2))[:, 0, 0].tolist() == [0, 128, 255]


def test_numbers_without_a_known_white_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    unit = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    Image.fromarray(unit).save(path)
    assert np.array_equal(grey(path), np.round(unit.astype(float) * 255))
    for values in (255 * unit, unit - 0.5, np.where(unit > 0.5, np.nan, unit).astype(np.float32)):
        Image.fromarray(values).save(path)
        with pytest.raises(ValueError, match=r"a\.tif holds floating-point numbers"):
            grey(path)
    Image.fromarray((unit * 70000).astype(np.int32)).save(path)
    with pytest.raises(ValueError, match=r"a\.tif holds 32-bit numbers"):
        grey(path)


def test_kinds_of_colour(tmp_path: Path) -> None:
    red = Image.new("RGB", (SIDE, SIDE), (250, 20, 30))
    red.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    red.convert("CMYK").save(tmp_path / "cmyk.tif")
    red.convert("YCbCr").save(tmp_path / "ycbcr.jpg", quality=100)
    red.quantize(2).save(tmp_path / "palette.png")
    red.save(tmp_path / "SHOUTED.JPEG", quality=100)
    for name in ("cmyk.jpg", "cmyk.tif", "ycbcr.jpg", "palette.png", "SHOUTED.JPEG"):
        seen = read_picture(tmp_path / name, (3, SIDE, SIDE)).astype(int)
        assert np.abs(seen - np.array([250, 20, 30])[:, None, None]).max() <= 4, name
    stroke("1", 1, 0).save(tmp_path / "bits.png")
    assert set(np.unique(grey(tmp_path / "bits.png"))) == {0, 255}
    with pytest.raises(ValueError, match="4 channels"):
        read_picture(tmp_path / "bits.png", (4, SIDE, SIDE))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_a_turned_picture_is_measured_upright(tmp_path: Path, name: str) -> None:
    """A camera on its side: the file holds 30 x 20, people see 20 x 30."""
    upright = Image.fromarray(np.add.outer(5 * np.arange(30), 5 * np.arange(20)).astype(np.uint8)).convert("RGB")
    for orientation, back in (
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ):
        stored = upright if back is None else upright.transpose(back)
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(tmp_path / name, exif=exif, quality=95)
        assert measure_picture(tmp_path / name)[:2] == (20, 30), orientation
        seen = read_picture(tmp_path / name, (3, 30, 20)).astype(int)
        assert np.abs(seen.transpose(1, 2, 0) - np.asarray(upright)).max() <= 12, orientation


def test_a_folder_of_turned_pictures_is_not_cropped(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (20, 30), "red").save(tmp_path / name / "upright.png")
        Image.new("RGB", (30, 20), "red").save(tmp_path / name / "turned.png", exif=exif)
    data = open_dataset(str(tmp_path))
    assert data.shape == (3, 30, 20)
    assert data.notes == ()


def test_damaged_exif_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("L", (SIDE, SIDE), 100).save(path, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff junk")
    assert grey(path)[0, 0] in range(98, 103)


def test_every_cut_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8))
    for ending in ("png", "bmp", "gif", "tif", "ppm", "tga", "pcx", "webp"):
        path = tmp_path / f"a.{ending}"
        picture.save(path)
        whole, seen = path.read_bytes(), read_picture(path, (3, 9, 9))
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            try:
                assert np.array_equal(read_picture(path, (3, 9, 9)), seen), (ending, length)
            except ValueError as error:
                assert f"a.{ending} is not a whole picture" in str(error)  # noqa: PT017


def test_noise_in_a_file_never_ends_in_another_error(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for ending in ("png", "jpg", "gif", "tif", "ico", "webp", "bmp"):
        path = tmp_path / f"a.{ending}"
        stroke("RGB", (0, 9, 200), (255, 250, 9)).save(
            path, **({} if ending in ("ico", "bmp", "gif") else {"exif": exif})
        )
        whole = path.read_bytes()
        for _ in range(30):
            lie = bytearray(whole)
            for at in random.integers(0, min(len(lie), 200), 3):
                lie[at] = random.integers(0, 256)
            path.write_bytes(lie)
            try:
                measure_picture(path)
                assert grey(path).shape == (SIDE, SIDE)
            except ValueError as error:
                assert f"a.{ending}" in str(error)  # noqa: PT017


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    empty, text, post = (tmp_path / name for name in ("empty.png", "text.jpg", "program.png"))
    empty.write_bytes(b"")
    text.write_text("<html>404 not found</html>")
    post.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # would start Ghostscript
    for path, told in ((empty, "it is empty"), (text, "none of PNG, JPEG"), (post, "none of PNG, JPEG")):
        with pytest.raises(ValueError, match=rf"{path.name} is not a whole picture: .*{told}"):
            measure_picture(path)
    with pytest.raises(FileNotFoundError):
        measure_picture(tmp_path / "none.png")


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    for side in (10_000, 60_000):
        path.write_bytes(png(1, 0, b"", side=side))
        with pytest.raises(ValueError, match=r"bomb\.png has more than [\d,]+ pixels"):
            measure_picture(path)
    about = PngImagePlugin.PngInfo()
    about.add_text("note", "x" * 50_000_000, zip=True)
    Image.new("L", (SIDE, SIDE)).save(path, pnginfo=about)
    with pytest.raises(ValueError, match=r"bomb\.png is not a whole picture"):
        measure_picture(path)


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("L", (SIDE, SIDE), value) for value in (10, 200, 90)]
    for name in ("a.gif", "a.png", "a.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert measure_picture(tmp_path / name).animated
        assert grey(tmp_path / name)[0, 0] == 10
    frames[0].save(tmp_path / "still.gif")
    assert not measure_picture(tmp_path / "still.gif").animated
    photo = io.BytesIO()
    frames[0].save(photo, "MPO", save_all=True, append_images=frames[1:])
    (tmp_path / "phone.jpg").write_bytes(photo.getvalue())
    assert not measure_picture(tmp_path / "phone.jpg").animated


def test_no_warning_of_pillow_reaches_people(tmp_path: Path) -> None:
    palette = Image.new("P", (SIDE, SIDE))
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "a.png", transparency=bytes([255, 0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(tmp_path / "a.png", (3, 1, 1))[:, 0, 0].tolist() == [255, 0, 0]


def test_every_format_that_is_named_can_be_read(tmp_path: Path) -> None:
    Image.init()
    for name, endings in FORMATS.items():
        if name not in Image.OPEN or name not in Image.SAVE:
            continue
        for ending in endings:
            path = tmp_path / f"a{ending}"
            picture = Image.new("L", (SIDE, SIDE), 77).convert("RGB" if name in ("QOI", "AVIF", "WEBP") else "L")
            picture.save(path, "PPM" if ending == ".pfm" else name)
            assert abs(int(grey(path)[0, 0]) - 77) <= 3, path.name


# ---- folders ---------------------------------------------------------------------------------------------------------


def fill(folder: Path, *names: str, size: tuple[int, int] = (8, 8), shade: int = 0) -> None:
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (shade, i, 9)).save(path, "PNG")


def test_deeper_folders_belong_to_their_class(tmp_path: Path) -> None:
    """8 of 88 pictures were used, and nothing was said."""
    for name in ("cat", "dog"):
        fill(tmp_path / name, *(f"{i}.png" for i in range(4)), *(f"2020/may/{i}.PNG" for i in range(40)))
    data = open_dataset(str(tmp_path))
    assert len(data.train.labels) == 88
    assert data.classes == ("cat", "dog")
    assert data.train.labels.bincount().tolist() == [44, 44]
    (note,) = data.notes
    assert "folder of their class: 80" in note


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png", "cat/b.png", "dog/c.png", "beside.png", "too.JPG", ".hidden.png")
    fill(tmp_path, "cat/._a.png", "__MACOSX/cat/a.png", ".cache/a.png", "dog/.thumbs/a.png", "dog/__macosx/a.png")
    for name in ("cat/Thumbs.db", "dog/.DS_Store", "desktop.ini"):
        (tmp_path / name).write_bytes(b"x")
    for name in ("cat/about.txt", "dog/a.heic", "dog/labels.csv"):
        (tmp_path / name).write_bytes(b"x")
    data = open_dataset(str(tmp_path))
    assert len(data.train.labels) == 3
    (note,) = data.notes
    assert "are left out: 3, such as" in note
    assert "about.txt" in note
    assert "beside the folders of the classes, which are left out: 2" in note
    assert list_pictures(tmp_path / "cat").deeper == 0


def test_an_empty_class_is_refused_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png", "dog/a.png")
    (tmp_path / "cow").mkdir()
    with pytest.raises(ValueError, match="cow: the folder of a class must hold a picture"):
        open_dataset(str(tmp_path))
    (tmp_path / "cow" / "a.heic").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"cow: .*a\.heic"):
        open_dataset(str(tmp_path))


def test_every_damaged_file_is_named_at_once(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png")
    (tmp_path / "cat" / "b.png").write_bytes(b"")
    (tmp_path / "dog" / "d.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"b\.png is not a whole picture: it is empty; so are .*d\.png"):
        open_dataset(str(tmp_path))


def test_one_folder_too_high_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "pets/cat/a.png", "pets/dog/a.png")
    with pytest.raises(ValueError, match=r"pets has cat, dog: did you mean that folder"):
        open_dataset(str(tmp_path))
    fill(tmp_path / "flat", "a.png", "b.png")
    (tmp_path / "flat" / "labels.csv").write_text("a.png,cat\nb.png,dog\n")
    with pytest.raises(ValueError, match=r"two or more.*labels\.csv is not read"):
        open_dataset(str(tmp_path / "flat"))
    with pytest.raises(ValueError, match=r"labels\.csv is a file of another kind"):
        open_dataset(str(tmp_path / "flat" / "labels.csv"))


def test_parts_of_a_data_set_by_any_name(tmp_path: Path) -> None:
    for part, shade in (("Train", 10), ("TEST", 20), ("valid", 30)):
        fill(tmp_path / part, "cat/a.png", "cat/b.png", "dog/a.png", shade=shade)
    data = open_dataset(str(tmp_path))
    assert data.classes == ("cat", "dog")
    assert data.test is not None
    assert data.test.images[:, 0].unique().tolist() == [20]
    (note,) = data.notes
    assert "pictures in valid, which are left out: 3" in note


def test_a_part_is_not_a_class(tmp_path: Path) -> None:
    fill(tmp_path, "train/cat.0.png", "train/dog.0.png", "test/1.png", "test/2.png")
    with pytest.raises(ValueError, match=r"train has no folder: there must be two or more"):
        open_dataset(str(tmp_path))
    fill(tmp_path / "vehicles", "train/0.png", "bus/0.png", "car/0.png")
    assert open_dataset(str(tmp_path / "vehicles")).classes == ("bus", "car", "train")
    fill(tmp_path / "untrained", "test/cat/0.png", "val/cat/0.png")
    with pytest.raises(ValueError, match="no folder train"):
        open_dataset(str(tmp_path / "untrained"))


def test_test_pictures_are_read_as_the_training_pictures(tmp_path: Path) -> None:
    for part, mode, size in (("train", "L", (8, 8)), ("test", "RGB", (16, 12))):
        for name in ("cat", "dog"):
            (tmp_path / part / name).mkdir(parents=True)
            Image.new(mode, size).save(tmp_path / part / name / "a.png")
    (tmp_path / "test" / "dog" / "a.png").unlink()
    data = open_dataset(str(tmp_path))
    assert data.test is not None
    assert data.test.images.shape == (1, 1, 8, 8)
    (note,) = data.notes
    assert "no picture of dog" in note


def test_different_sizes_are_said(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png")
    fill(tmp_path, "dog/a.png", size=(9, 8))
    data = open_dataset(str(tmp_path))
    assert data.shape == (3, 64, 64)
    assert "different sizes are cropped and scaled to 64 x 64" in data.notes[0]
    assert open_dataset(str(tmp_path), 10).notes == ()


def test_too_many_large_pictures_are_refused_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "cat/a.png", "dog/a.png")
    monkeypatch.setattr("training.images.formats.MAX_BYTES", 300)
    with pytest.raises(ValueError, match="--size"):
        read_folder(tmp_path)


def test_idx_files_in_folders_of_the_same_name(tmp_path: Path) -> None:
    """Kaggle's layout of MNIST."""
    for part in ("train", "t10k"):
        for what, axes, array in (("images", 3, np.zeros((4, 5, 5), np.uint8)), ("labels", 1, np.uint8([0, 1, 1, 0]))):
            name = f"{part}-{what}-idx{axes}-ubyte"
            (tmp_path / name).mkdir()
            head = bytes([0, 0, 8, axes]) + struct.pack(f">{axes}I", *array.shape)
            (tmp_path / name / name).write_bytes(head + array.tobytes())
            if part == "train":  # and beside them the same with a dot, as the archive has it
                (tmp_path / f"{part}-{what}.idx{axes}-ubyte").write_bytes(head + array.tobytes())
    data = open_dataset(str(tmp_path))
    assert data.test is not None
    assert (len(data.train.labels), len(data.test.labels)) == (4, 4)
    for path in tmp_path.glob("t10k*"):
        path.rename(tmp_path / f"other{path.name[4:]}")
    assert open_dataset(str(tmp_path)).test is None


def test_a_folder_of_class_folders_whose_name_is_like_an_idx_file(tmp_path: Path) -> None:
    fill(tmp_path, "my-idx3-ubyte/a.png", "cat/a.png")
    assert open_dataset(str(tmp_path)).classes == ("cat", "my-idx3-ubyte")
