"""Durable files: whole or not at all at every step a crash can hit, damage is noticed, writers are kept apart."""

from __future__ import annotations

import errno
import io
import os
import random
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from agent.storage import durable_files

# The file is loaded by its path, so that a child process starts in milliseconds.
PRELUDE = f"""
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("fsio", {str(Path(durable_files.__file__))!r})
fsio = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fsio)
"""

OLD = {"a.bin": b"old a" * 50, "b.bin": b"old b"}
NEW = {"a.bin": b"new a" * 40, "b.bin": b""}
ACTIONS = {
    "write_atomic": "fsio.write_atomic(sys.argv[1], b'new' * 99)",
    "write_checked": "fsio.write_checked(sys.argv[1], b'new' * 99)",
    "write_folder": f"fsio.write_folder(sys.argv[1], {NEW!r})",
    "remove_folder": "fsio.remove_folder(sys.argv[1])",
}


def child(code: str, *arguments: str, fault: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "HONTE_FAULT": fault}
    command = [sys.executable, "-S", "-c", PRELUDE + textwrap.dedent(code), *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> int:
    _, errors = process.communicate(timeout=500)
    assert process.returncode in (0, 137), errors
    return process.returncode


def prepare(action: str, path: Path) -> None:
    if "folder" in action:
        durable_files.write_folder(path, OLD)
    elif action == "write_checked":
        durable_files.write_checked(path, b"old")
    else:
        durable_files.write_atomic(path, b"old")


def content(action: str, path: Path) -> object:
    """What is there now, read the way a program would; None for nothing."""
    if not path.exists():
        return None
    if "folder" in action:
        return durable_files.read_folder(path)
    return durable_files.read_checked(path) if action == "write_checked" else path.read_bytes()


def crash(action: str, step: str, nth: int, folder: Path, *, replace: bool) -> None:
    """Die at the nth time `action` reaches `step`: then there is the old content or the new one."""
    new = {"write_folder": NEW, "remove_folder": None}.get(action, b"new" * 99)
    path = folder / "thing"
    if replace:
        prepare(action, path)
    old = content(action, path)
    assert finish(child(ACTIONS[action], str(path), fault=f"{step}:{nth}")) == 137
    durable_files.clean_up(folder)
    after = content(action, path)
    assert after in (old, new)
    if step in ("before_write", "mid_write"):
        assert after == old
    assert not folder.exists() or [p for p in folder.iterdir() if p != path] == [], "sweep left something"


@pytest.mark.parametrize("replace", [True, False], ids=["replacing", "first"])
@pytest.mark.parametrize("step", durable_files.STEPS)
def test_file_is_old_or_new_after_a_crash_at_any_step(step: str, replace: bool, tmp_path: Path) -> None:
    # A checked file takes the same way; it stands in where there is an old content to spoil.
    crash("write_checked" if replace else "write_atomic", step, 1, tmp_path, replace=replace)


# Three files are written; old and new are renamed; the new folder and its parent are synced.
FOLDER_CRASHES = [(s, n) for s in durable_files.STEPS for n in range(1, 3 if s.endswith(("rename", "dirsync")) else 4)]


@pytest.mark.parametrize(("step", "nth"), FOLDER_CRASHES)
def test_folder_is_old_or_new_after_a_crash_at_any_step(step: str, nth: int, tmp_path: Path) -> None:
    crash("write_folder", step, nth, tmp_path, replace=True)


@pytest.mark.parametrize("step", [step for step in durable_files.STEPS if step.endswith(("rename", "dirsync"))])
def test_removed_folder_is_whole_or_gone_after_a_crash(step: str, tmp_path: Path) -> None:
    crash("remove_folder", step, 1, tmp_path, replace=True)


@pytest.mark.parametrize("action", ["write_checked", "write_folder", "remove_folder"])
def test_the_crashes_above_are_all_there_are(action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(action, tmp_path / "thing")
    reached = dict.fromkeys(durable_files.STEPS, 0)
    monkeypatch.setattr(durable_files, "_FAULT", ("before_write", -1))
    monkeypatch.setattr(durable_files, "_reached", reached)
    if action == "write_checked":
        durable_files.write_checked(tmp_path / "thing", b"new")
        assert reached == dict.fromkeys(durable_files.STEPS, 1)
    elif action == "write_folder":
        durable_files.write_folder(tmp_path / "thing", NEW)
        assert [(step, n) for step in durable_files.STEPS for n in range(1, reached[step] + 1)] == FOLDER_CRASHES
    else:
        durable_files.remove_folder(tmp_path / "thing")
        assert {step: n for step, n in reached.items() if n} == dict.fromkeys(durable_files.STEPS[5:], 1)


def test_unknown_fault_is_refused(tmp_path: Path) -> None:
    process = child("", fault="at_lunch:1")
    _, errors = process.communicate(timeout=500)
    assert process.returncode == 1
    assert "HONTE_FAULT=at_lunch:1 is not STEP:NTH" in errors


def test_round_trips(tmp_path: Path) -> None:
    durable_files.write_atomic(tmp_path / "new" / "deep" / "file", b"x")
    assert (tmp_path / "new" / "deep" / "file").read_bytes() == b"x"
    for data in (b"", b"x", bytes(range(256)) * 9):
        durable_files.write_checked(tmp_path / "checked", data)
        assert durable_files.read_checked(tmp_path / "checked") == data
    durable_files.write_folder(tmp_path / "folder", OLD)
    assert durable_files.read_folder(tmp_path / "folder") == OLD
    assert durable_files.read_folder(tmp_path / "folder", ["b.bin"]) == {"b.bin": b"old b"}
    durable_files.write_folder(tmp_path / "folder", NEW)
    assert durable_files.read_folder(tmp_path / "folder") == NEW
    assert durable_files.clean_up(tmp_path) == []


def test_a_checked_npz_is_still_an_npz(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.arange(5))
    durable_files.write_checked(tmp_path / "shard.npz", buffer.getvalue())
    with np.load(tmp_path / "shard.npz", allow_pickle=False) as file:
        assert file["a"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden", "manifest.json"])
def test_folder_takes_plain_names_only(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="plain name"):
        durable_files.write_folder(tmp_path / "folder", {name: b""})
    assert not (tmp_path / "folder").exists()


def test_truncations_and_bit_flips_are_noticed_in_a_checked_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable_files.write_checked(path, b"sixteen bytes ok")
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [flipped(whole, bit) for bit in range(0, 8 * len(whole), 3)]
    damaged += [whole + b"\0", whole * 2, b"\0" + whole]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is damaged"):
            durable_files.read_checked(path)


def test_truncations_and_bit_flips_are_noticed_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    durable_files.write_folder(path, {"a.bin": b"some bytes", "b.bin": b"more"})
    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        cuts = [whole[:length] for length in range(0, len(whole), 3)]
        for data in cuts + [flipped(whole, bit) for bit in range(0, 8 * len(whole), 7)]:
            file.write_bytes(data)
            with pytest.raises(ValueError, match=r"is damaged|has schema|cannot be read"):
                durable_files.read_folder(path)
        file.unlink()
        with pytest.raises(ValueError, match="cannot be read"):
            durable_files.read_folder(path)
        file.write_bytes(whole)
    assert len(durable_files.read_folder(path)) == 2


def test_a_manifest_that_was_edited_is_noticed(tmp_path: Path) -> None:
    durable_files.write_folder(tmp_path / "f", {"a": b"", "b": b""})
    manifest = tmp_path / "f" / durable_files.MANIFEST
    whole = manifest.read_bytes()
    for old, new in [(b'"schema":1', b'"schema":0'), (b",", b", "), (b'{"files"', b'{"x":0,"files"'), (b"]", b".0]")]:
        manifest.write_bytes(whole.replace(old, new))
        assert manifest.read_bytes() != whole
        with pytest.raises(ValueError, match="was changed after it was written"):
            durable_files.read_folder(tmp_path / "f")


def test_a_folder_of_a_later_version_says_upgrade(tmp_path: Path) -> None:
    durable_files.write_folder(tmp_path / "f", {"a": b""})
    manifest = tmp_path / "f" / durable_files.MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"schema":1', b'"schema":2'))
    with pytest.raises(ValueError, match="schema 2, this version reads 1: upgrade honte"):
        durable_files.read_folder(tmp_path / "f")


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"null", b"[" * 100_000, b'{"schema":1,"files":{"a":1}}'])
def test_a_manifest_that_is_none_is_damage_not_a_crash(manifest: bytes, tmp_path: Path) -> None:
    durable_files.write_folder(tmp_path / "f", {"a": b""})
    (tmp_path / "f" / durable_files.MANIFEST).write_bytes(manifest)
    with pytest.raises(ValueError, match="is damaged"):
        durable_files.read_folder(tmp_path / "f")


@pytest.mark.parametrize("action", ["write_atomic", "write_folder"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_disk_full_leaves_the_old_content_and_nothing_else(
    action: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "thing"
    prepare(action, path)
    old = content(action, path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(OSError, match="No space left"):
            durable_files.write_atomic(path, b"new") if action == "write_atomic" else durable_files.write_folder(
                path, NEW
            )
    assert content(action, path) == old
    assert list(tmp_path.iterdir()) == [path]


def test_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable_files.write_folder(tmp_path / "thing", OLD)
    rename, calls = os.replace, []

    def second_fails(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "replace", second_fails)
    with pytest.raises(OSError, match="Input/output error"):
        durable_files.write_folder(tmp_path / "thing", NEW)
    assert durable_files.read_folder(tmp_path / "thing") == OLD
    assert list(tmp_path.iterdir()) == [tmp_path / "thing"]


def test_sweep_touches_nothing_of_others(tmp_path: Path) -> None:
    for name in ("a.tmp", ".a.tmp", ".a.0123456789abcde.tmp", ".gitignore", "0123456789abcdef.old"):
        (tmp_path / name).touch()
    assert durable_files.clean_up(tmp_path) == []
    assert durable_files.clean_up(tmp_path / "nowhere") == []
    (tmp_path / ".a.0123456789abcdef.tmp").touch()
    assert [path.name for path in durable_files.clean_up(tmp_path)] == [".a.0123456789abcdef.tmp"]


def test_second_holder_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    first = child("with fsio.FolderLock(sys.argv[1]): print('held', flush=True); sys.stdin.read()", str(tmp_path))
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    assert f"process {first.pid} on " in str(durable_files.lock_holder(tmp_path))
    with pytest.raises(ValueError, match=f"is in use by process {first.pid} on .*: stop it first"):
        durable_files.FolderLock(tmp_path).acquire(patience=0)
    first.kill()  # no chance to clean up
    first.communicate()
    assert durable_files.lock_holder(tmp_path) is None
    with durable_files.FolderLock(tmp_path) as lock:
        assert f"process {os.getpid()} on" in lock.path.read_text()
        with pytest.raises(ValueError, match="is in use by"):
            durable_files.FolderLock(tmp_path).acquire(patience=0)
    with durable_files.FolderLock(tmp_path):
        pass


def test_exactly_one_of_many_gets_the_lock(tmp_path: Path) -> None:
    code = """
    lock = fsio.FolderLock(sys.argv[1])
    try:
        lock.acquire(patience=0)
        print("won", flush=True)
        sys.stdin.read()
    except ValueError:
        print("lost", flush=True)
    """
    processes = [child(code, str(tmp_path)) for _ in range(4)]
    answers = [process.stdout.readline() for process in processes if process.stdout is not None]
    for process in processes:
        assert finish(process) == 0
    assert sorted(answers) == ["lost\n"] * 3 + ["won\n"]


def test_nobody_holds_a_folder_that_was_never_locked(tmp_path: Path) -> None:
    assert durable_files.lock_holder(tmp_path) is None
    assert durable_files.lock_holder(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def test_many_random_writes_never_leave_anything_behind(tmp_path: Path) -> None:
    random_numbers = random.Random(1)
    for _ in range(10):
        data = random_numbers.randbytes(random_numbers.randrange(2000))
        durable_files.write_folder(tmp_path / "thing", {"data": data})
        assert durable_files.read_folder(tmp_path / "thing") == {"data": data}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a process on Windows gets no copies of open files")
def test_a_child_process_with_a_copy_of_the_file_keeps_no_lock(tmp_path: Path) -> None:
    """Libraries fork processes of their own, which have a copy of every open file for as long as they live."""
    lock = durable_files.FolderLock(tmp_path)
    lock.acquire()
    assert lock._file is not None
    with subprocess.Popen(["sleep", "60"], pass_fds=[lock._file.fileno()]) as process:
        lock.release()
        assert durable_files.lock_holder(tmp_path) is None
        with durable_files.FolderLock(tmp_path):
            assert durable_files.lock_holder(tmp_path)
        process.kill()
