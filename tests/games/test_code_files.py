"""Compiled code on disk is believed only where it proves to be what was asked for."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from numba import config
from numba.core import compiler

from games.cache_folders import is_private, private_folder, private_path
from games.compilation import code_files, jit_cache

Change = Callable[[Path, Path], object]


def triple(x: int) -> int:
    return 3 * x


def negative(x: int) -> int:
    return -x


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that code goes to in this test."""
    if config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    config.reload_config()
    yield tmp_path / "numba" / "honte"
    monkeypatch.undo()
    config.reload_config()


def call(function: Any, argument: Any = 7) -> tuple[Any, int]:
    """The value, and how often code came from disk."""
    made: Any = jit_cache.compile_cached(function, "")
    return made(argument), sum(made.stats.cache_hits.values())


def two_files(place: Path) -> tuple[Path, Path]:
    """The entries of ``triple`` and ``negative``, freshly written."""
    for file in place.glob("*"):
        file.unlink()
    assert call(triple) == (21, 0)
    assert call(negative) == (-7, 0)
    first, second = sorted(place.iterdir(), key=lambda path: "triple" not in path.name)
    return first, second


def test_an_entry_is_found_again_for_its_signature_alone(place: Path) -> None:
    two_files(place)
    assert call(triple) == (21, 1)
    assert call(triple, 0.5) == (1.5, 0)
    assert call(triple, 0.5) == (1.5, 1)
    assert len(list(place.iterdir())) == 3


def test_other_options_and_keys_are_other_entries(place: Path) -> None:
    for _ in range(2):
        for key, options in (("", {}), ("a", {}), ("", {"boundscheck": True}), ("", {"error_model": "numpy"})):
            made: Any = jit_cache.compile_cached(triple, key, **options)
            assert made(5) == 15
    assert len(list(place.iterdir())) == 4


def cut(share: float) -> Change:
    return lambda first, second: first.write_bytes(first.read_bytes()[: int(share * first.stat().st_size)])


def flip(where: float) -> Change:
    def change(first: Path, second: Path) -> None:
        data = bytearray(first.read_bytes())
        data[int(where * (len(data) - 1))] ^= 1
        first.write_bytes(data)

    return change


def become_a_folder(first: Path, second: Path) -> None:
    first.unlink()
    first.mkdir()


DAMAGES: dict[str, Change] = {
    "empty": cut(0),
    "cut in the first line": cut(0.001),
    "cut in the middle": cut(0.5),
    "cut by one byte": cut(0.99999),
    "garbage": lambda first, second: first.write_bytes(os.urandom(5000)),
    "a pickle": lambda first, second: first.write_bytes(pickle.dumps(print)),
    "text": lambda first, second: first.write_text("\n" * 300),
    "longer": lambda first, second: first.write_bytes(first.read_bytes() + b"\0"),
    "one bit in the first line": flip(0.0),
    "one bit in the middle": flip(0.5),
    "one bit at the end": flip(1.0),
    "the other entry": lambda first, second: first.write_bytes(second.read_bytes()),
    "the other entry by a link": lambda first, second: (first.unlink(), first.symlink_to(second)),
    "a link to nothing": lambda first, second: (first.unlink(), first.symlink_to("nothing")),
    "the other's content": lambda first, second: first.write_bytes(
        first.read_bytes().partition(b"\n")[0] + b"\n" + second.read_bytes().partition(b"\n")[2]
    ),
    "gone": lambda first, second: first.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_compiled_anew_and_mended(place: Path, damage: str) -> None:
    first, second = two_files(place)
    DAMAGES[damage](first, second)
    assert call(triple) == (21, 0)
    assert call(triple) == (21, 1)
    assert call(negative)[0] == -7


def test_a_folder_in_the_place_of_a_file_costs_only_time(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = two_files(place)
    become_a_folder(first, second)
    code_files._warn_not_stored.cache_clear()
    assert call(triple) == (21, 0)
    assert call(triple) == (21, 0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps((1, 2)), b"cgame_file_that_is_gone\nrow\n."])
def test_an_entry_whose_content_does_not_load_is_compiled_anew(place: Path, content: bytes) -> None:
    """Its checksum is right: it comes from another Numba, or names a module that does not exist here."""
    first, _ = two_files(place)
    entry = first.read_bytes().split(b" ")[1]
    first.write_bytes(b" ".join([b"honte-code-1", entry, code_files.checksum(content)]) + b"\n" + content)
    assert call(triple) == (21, 0)
    assert call(triple) == (21, 1)


@pytest.mark.parametrize("name", ["dumps", "_reduce", "replace", "mkdir"])
def test_what_cannot_be_written_costs_only_time(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    owners = {"dumps": jit_cache, "_reduce": compiler.CompileResult, "replace": Path, "mkdir": Path}
    monkeypatch.setattr(owners[name], name, fail)
    assert call(triple) == (21, 0)
    assert call(triple) == (21, 0)
    assert list(place.glob("*")) == []  # not even half a file


def test_what_was_not_used_for_long_makes_room(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two_files(place)
    left_over = place / f"{first.name}.0123.tmp"
    left_over.write_bytes(b"half")
    for path, age in ((first, 1), (second, 5), (left_over, 3)):
        os.utime(path, (path.stat().st_mtime - age * code_files.DAY,) * 2)
    monkeypatch.setattr(code_files, "LARGEST_FOLDER", first.stat().st_size + 1000)
    call(triple)  # it is used
    code_files._trim.cache_clear()
    code_files._trim(place)
    assert list(place.iterdir()) == [first]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are POSIX's")
def test_only_folders_that_nobody_else_can_write_to_are_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path / "user"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = tmp_path / "source.py"
    source.write_text("def rule():\n    return 1\n")
    names: dict[str, Any] = {}
    exec(compile(source.read_text(), str(source), "exec"), names)
    rule, beside = names["rule"], tmp_path / "__pycache__"
    beside.mkdir(mode=0o755)
    code_files.write(rule, "an entry", b"content")
    assert list(code_files.read(rule, "an entry")) == [b"content"]
    assert list(code_files.read(rule, "another entry")) == []
    beside.chmod(0o777)
    assert list(code_files.read(rule, "an entry")) == []
    code_files.write(rule, "an entry", b"mine")
    assert len(list((tmp_path / "user" / "code").iterdir())) == 1
    assert list(code_files.read(rule, "an entry")) == [b"mine"]
    (tmp_path / "user" / "code").chmod(0o777)
    code_files.write(rule, "an entry", b"private")
    assert is_private(private_path())
    assert list(code_files.read(rule, "an entry")) == [b"private"]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are POSIX's")
@pytest.mark.parametrize("stands_there", ["file", "link", "open folder", "other's folder"])
def test_the_private_folder_is_never_one_that_another_user_made(
    tmp_path: Path, stands_there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    there = private_path()
    if stands_there == "file":
        there.write_text("")
    elif stands_there == "link":
        (tmp_path / "trap").mkdir(mode=0o700)
        there.symlink_to(tmp_path / "trap")
    else:
        there.mkdir()
        there.chmod(0o777 if stands_there == "open folder" else 0o700)
        if stands_there == "other's folder":
            if os.geteuid() != 0:
                pytest.skip("only root can give a folder away")
            os.chown(there, 12345, -1)
    found = private_folder()
    assert is_private(found)
    assert found != there


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes are POSIX's")
def test_the_private_folder_is_the_same_for_all_of_a_users_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        assert private_folder() == private_folder() == private_path()
    finally:
        os.umask(before)
    assert private_path().stat().st_mode & 0o777 == 0o700
