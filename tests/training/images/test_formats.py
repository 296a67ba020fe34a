"""Readers of pictures: what is whole is read, and every lie is named. Files are made here, byte by byte."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.images.datasets import FASHION_MNIST, open_dataset, shuffle_pixels, split
from training.images.formats import read_cifar, read_folder, read_idx, read_idx_pair, read_npz, read_table


def idx(array: np.ndarray) -> bytes:  # type: ignore[type-arg]
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


PIXELS = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz"])
def test_idx_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(idx(PIXELS)) if name.endswith("gz") else idx(PIXELS))
    assert np.array_equal(read_idx(path), PIXELS)


def test_every_cut_and_many_lies_of_an_idx_file_are_refused(tmp_path: Path) -> None:
    whole = idx(PIXELS)
    path = tmp_path / "a-idx3-ubyte"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="a-idx3-ubyte"):
            read_idx(path)
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(500):  # one byte of the header changed
        lie = bytearray(whole)
        lie[random.integers(0, 16)] = random.integers(0, 256)
        if bytes(lie) == whole:
            continue
        path.write_bytes(lie)
        with pytest.raises(ValueError, match="a-idx3-ubyte"):
            read_idx(path)
        refused += 1
    assert refused > 400
    path.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match="holds more than"):
        read_idx(path)


def test_a_gzip_bomb_and_a_torn_gzip_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 10) + bytes(50_000_000)))
    with pytest.raises(ValueError, match="holds more than"):
        read_idx(path)
    packed = gzip.compress(idx(PIXELS))
    for length in range(len(packed)):
        path.write_bytes(packed[:length])
        with pytest.raises(ValueError, match="bomb"):
            read_idx(path)


def test_pairs_must_pair(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(PIXELS))
    with pytest.raises(ValueError, match="no train-labels"):
        read_idx_pair(tmp_path, "train")
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx(np.array([0, 1, 1, 0], np.uint8)))
    with pytest.raises(ValueError, match="do not pair"):
        read_idx_pair(tmp_path, "train")
    labels.write_bytes(idx(np.array([0, 1, 1], np.uint8)))
    images, found, _ = read_idx_pair(tmp_path, "train")
    assert images.shape == (3, 1, 4, 5)
    assert found.tolist() == [0, 1, 1]


def test_a_folder_of_idx_files_is_a_data_set(tmp_path: Path) -> None:
    for part, number in (("train", 6), ("t10k", 2)):
        pixels = np.full((number, 8, 8), number, np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(pixels))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(idx(np.arange(number, dtype=np.uint8) % 2))
        )
    data = open_dataset(str(tmp_path))
    assert data.shape == (1, 8, 8)
    assert data.test is not None
    assert (len(data.train.labels), len(data.test.labels), data.classes) == (6, 2, ("0", "1"))


def test_cifar_binaries(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = random.integers(0, 256, (4, 3073), dtype=np.uint8)
    rows[:, 0] = [3, 0, 9, 1]
    path = tmp_path / "data_batch_1.bin"
    path.write_bytes(rows.tobytes())
    (tmp_path / "test_batch.bin").write_bytes(rows[:2].tobytes())
    (tmp_path / "batches.meta.txt").write_text("plane car bird cat deer dog frog horse ship truck\n")
    images, labels, names = read_cifar(path)
    assert labels.tolist() == [3, 0, 9, 1]
    assert names[3] == "cat"
    assert images[1, 2, 31, 31] == rows[1, 3072]  # the last byte is the last pixel's blue
    data = open_dataset(str(tmp_path))
    assert data.shape == (3, 32, 32)
    assert data.test is not None
    path.write_bytes(rows.tobytes()[:-1])
    with pytest.raises(ValueError, match="whole number of CIFAR-10 records"):
        read_cifar(path)
    rows[2, 0] = 10
    path.write_bytes(rows.tobytes())
    with pytest.raises(ValueError, match="label 10 in record 2"):
        read_cifar(path)


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    colour = np.random.default_rng(0).integers(0, 256, (10, 6, 7, 3), dtype=np.uint8)
    np.savez(path, images=colour, labels=np.arange(10) % 2, classes=np.array(["cat", "dog"]))
    data = open_dataset(str(path))
    assert data.shape == (3, 6, 7)
    assert data.classes == ("cat", "dog")
    assert np.array_equal(data.train.images.numpy(), colour.transpose(0, 3, 1, 2))
    assert read_npz(path, "test_") is None
    np.savez(path, images=colour.astype(np.float32), labels=np.arange(10))
    with pytest.raises(ValueError, match="not bytes"):
        open_dataset(str(path))
    np.savez(path, images=colour, labels=np.arange(9))
    with pytest.raises(ValueError, match="not 10 integers"):
        open_dataset(str(path))
    np.savez(path, images=colour, labels=np.array([object()] * 10), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        open_dataset(str(path))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="whole npz"):
        open_dataset(str(path))


def test_tables(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"0,16,8,16,1\n0,0,0,0,0\n"))
    images, labels, _ = read_table(path, 16)
    assert images[0, 0].tolist() == [[0, 255], [128, 255]]
    assert labels.tolist() == [1, 0]
    for text, wrong in ((b"0,17,8,16,1\n", "0..16"), (b"0,1,2\n", "of a square"), (b"a,b,c,d,e\n", "table")):
        path.write_bytes(gzip.compress(text))
        with pytest.raises(ValueError, match=wrong):
            read_table(path, 16)


def folder_of_pictures(root: Path, size: tuple[int, int] = (12, 10)) -> Path:
    for k, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for i in range(5):
            Image.new("RGB", size, (200 * k, 10 * i, 255)).save(root / name / f"{i}.png")
    return root


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    data = open_dataset(str(folder_of_pictures(tmp_path)))
    assert data.shape == (3, 10, 12)
    assert data.classes == ("cat", "dog")
    assert data.train.images[7, :, 0, 0].tolist() == [200, 20, 255]
    assert open_dataset(str(tmp_path), 16).shape == (3, 16, 16)
    Image.new("L", (30, 40)).save(tmp_path / "cat" / "odd.png")
    assert open_dataset(str(tmp_path)).shape == (3, 64, 64)  # sizes differ: all are scaled
    (tmp_path / "dog" / "2.png").write_bytes((tmp_path / "dog" / "2.png").read_bytes()[:50])
    with pytest.raises(ValueError, match=r"2\.png is not a whole picture"):
        open_dataset(str(tmp_path))


def test_folders_with_parts_of_their_own(tmp_path: Path) -> None:
    folder_of_pictures(tmp_path / "train")
    folder_of_pictures(tmp_path / "test")
    data = open_dataset(str(tmp_path))
    assert data.test is not None
    assert len(data.test.labels) == 10
    (tmp_path / "test" / "cow").mkdir()
    with pytest.raises(ValueError, match="cow"):
        open_dataset(str(tmp_path))
    with pytest.raises(ValueError, match="two or more"):
        read_folder(tmp_path / "train" / "cat")


def test_unknown_names_are_told() -> None:
    with pytest.raises(ValueError, match="did you mean fashion_mnist"):
        open_dataset("fashion_mist")


def test_parts_never_mix_and_follow_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    images = np.arange(200, dtype=np.uint8).reshape(200, 1, 1)
    np.savez(path, images=images, labels=np.arange(200) % 3)
    data = open_dataset(str(path))
    a, again, other = (split(data, seed=seed, validation=0.1, test=0.2) for seed in (3, 3, 4))
    ids = [set(part.images.flatten().tolist()) for part in a]
    assert [len(part) for part in ids] == [144, 16, 40]
    assert len(ids[0] | ids[1] | ids[2]) == 200
    assert all((one.images == two.images).all() for one, two in zip(a, again, strict=True))
    assert set(other.test.images.flatten().tolist()) != ids[2]
    fewer = split(data, seed=3, validation=0.1, test=0.2, limit=20)
    assert set(fewer.train.images.flatten().tolist()) < ids[0]
    assert (fewer.test.images == a.test.images).all()
    with pytest.raises(ValueError, match="too few"):
        split(data, seed=3, validation=0.1, test=0.0)


def test_shuffled_pixels_are_the_same_pixels(tmp_path: Path) -> None:
    data = open_dataset(str(folder_of_pictures(tmp_path)))
    shuffled = shuffle_pixels(data.train, 5)
    assert shuffled.images.shape == data.train.images.shape
    np.savez(tmp_path / "a.npz", images=np.arange(100, dtype=np.uint8).reshape(2, 5, 10), labels=np.array([0, 1]))
    data = open_dataset(str(tmp_path / "a.npz"))
    shuffled = shuffle_pixels(data.train, 5)
    order = shuffled.images[0].flatten()
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() != list(range(50))
    assert (shuffled.images[1].flatten() == order + 50).all()
    assert (shuffle_pixels(data.train, 5).images == shuffled.images).all()


@pytest.mark.parametrize(
    ("name", "train", "test"), [("digits", 1797, 0), ("mnist", 5000, 0), ("fashion_mnist", 60000, 10000)]
)
def test_the_named_sets_are_whole(name: str, train: int, test: int) -> None:
    if name == "fashion_mnist" and not FASHION_MNIST.is_dir() and not os.environ.get("CI"):
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    data = open_dataset(name)  # its hash is checked there
    assert len(data.train.labels) == train
    assert (len(data.test.labels) if data.test else 0) == test
    assert len(data.classes) == len(data.train.labels.unique()) == 10
    assert data.train.images.amax() == 255
