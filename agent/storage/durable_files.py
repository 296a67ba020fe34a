"""Durable files: the only place in the project that writes what must survive a crash.

Knows how to write a file or a folder completely or not at all, how to detect damage, and how to lock a folder for one
writer. Does not know what the bytes mean: checkpoints, shards and configs have their own formats.

A file is written under a temporary name in its own folder, flushed, fsynced and renamed. Then the folder is fsynced. So
a reader always finds the old content or the new content. For tests the environment variable
``HONTE_FAULT=<step>:<nth>`` ends the process the nth time it reaches a step of ``STEPS``, as a power cut would.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO

from agent.storage.file_locks import lock_file, unlock_file
from agent.storage.write_errors import name_in_errors

MANIFEST = "manifest.json"
LOCK = "run.lock"
STEPS = (
    *("before_write", "mid_write", "after_write", "before_fsync", "after_fsync"),
    *("before_rename", "after_rename", "before_dirsync", "after_dirsync"),
)

_SCHEMA = 1
_MAGIC = b"honte\x01ck"
_FOOTER = len(_MAGIC) + 8 + 32  # magic, length of the data (little endian), sha256
_LEFTOVER = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.(?P<kind>tmp|old)")


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` durably, and create its parent folders. An OSError leaves the old content."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _hidden_name(path, "tmp")
    try:
        _write_synced(temporary, data, path)
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def write_folder(path: str | Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of ``files`` (plain names) and a manifest of their sha256, completely or not at all.

    An existing folder is renamed first and removed at the end. After a crash in between, ``clean_up`` restores it.
    """
    path = Path(path)
    for name in files:
        if not name or name != Path(name).name or name.startswith(".") or name == MANIFEST:
            raise ValueError(f"{name!r} cannot be a file of {path}: a plain name other than {MANIFEST} is needed")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = _hidden_name(path, "tmp"), _hidden_name(path, "old")
    try:
        temporary.mkdir()
        for name, data in files.items():
            _write_synced(temporary / name, data, path / name)
        entries = {name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
        _write_synced(temporary / MANIFEST, manifest(entries), path / MANIFEST)
        _sync_folder(temporary)
        if path.exists():
            _rename(path, old)
        _rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if old.exists() and not path.exists():
            os.rename(old, path)
        raise
    _sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def read_folder(path: str | Path, only: Collection[str] | None = None) -> dict[str, bytes]:
    """The files of a folder that ``write_folder`` wrote, or ``only`` some. ValueError for damaged or missing ones."""
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    stored = _read_bytes(path / MANIFEST)
    try:
        content = json.loads(stored)
        schema = content["schema"]
        entries = {str(name): (str(sha256), int(size)) for name, (sha256, size) in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path / MANIFEST} is damaged: it is not a manifest") from error
    if isinstance(schema, int) and schema > _SCHEMA:
        raise ValueError(f"{path / MANIFEST} has schema {schema}, this version reads {_SCHEMA}: upgrade honte")
    if stored != manifest(entries):
        raise ValueError(f"{path / MANIFEST} is damaged: it was changed after it was written")
    files = {}
    for name in entries if only is None else only:
        if name not in entries:
            raise ValueError(f"{path} has no file {name}: it holds {', '.join(entries)}")
        data = _read_bytes(path / name)
        if (hashlib.sha256(data).hexdigest(), len(data)) != entries[name]:
            raise ValueError(f"{path / name} is damaged: its sha256 is not the one in {MANIFEST}")
        files[name] = data
    return files


def remove_folder(path: str | Path) -> None:
    """Remove a folder. After a crash no part of it is left under its name."""
    path = Path(path)
    removed = _hidden_name(path, "tmp")
    _rename(path, removed)
    _sync_folder(path.parent)
    shutil.rmtree(removed, ignore_errors=True)


def write_checked(path: str | Path, data: bytes) -> None:
    """``write_atomic`` with a footer that lets ``read_checked`` detect damage. NumPy can still read npz files."""
    write_atomic(path, data + _MAGIC + len(data).to_bytes(8, "little") + hashlib.sha256(data).digest())


def read_checked(path: str | Path) -> bytes:
    """The data that ``write_checked`` wrote, without the footer. ValueError where it is damaged or missing."""
    content = _read_bytes(Path(path))
    data, footer = content[:-_FOOTER], content[-_FOOTER:]
    if footer != _MAGIC + len(data).to_bytes(8, "little") + hashlib.sha256(data).digest():
        raise ValueError(f"{path} is damaged: its checksum does not match its content")
    return data


def clean_up(folder: str | Path) -> list[Path]:
    """Clean up after a crash: remove temporary files in ``folder``, and restore a folder that was being replaced.

    Returns the paths that were removed or renamed. The caller holds the folder's lock: a writer's files would go, too.
    """
    folder = Path(folder)
    changed = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = _LEFTOVER.fullmatch(path.name)
        if match is None:
            continue
        changed.append(path)
        if match["kind"] == "old" and not (folder / match["name"]).exists():
            os.rename(path, folder / match["name"])
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if changed:
        _sync_folder(folder)
    return changed


class FolderLock:
    """A lock for one writer per folder. ``run.lock`` names process and host; the system unlocks when it ends."""

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / LOCK
        self._file: IO[bytes] | None = None

    def acquire(self, patience: float = 0.3) -> None:
        """Take the lock. ValueError that names the holder if it is not free within ``patience`` seconds."""
        assert self._file is None, "already held"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b", buffering=0)
        deadline = (
            time.monotonic() + patience
        )  # ``lock_holder`` takes the lock for a moment, so one failure does not mean that it is held
        while not lock_file(file):
            if time.monotonic() > deadline:
                file.seek(0)
                owner = file.read(300).decode(errors="replace").strip() or "another process"
                file.close()
                raise ValueError(f"{self.path.parent} is in use by {owner}: stop it first, or choose another folder")
            time.sleep(0.02)
        file.truncate(0)
        with contextlib.suppress(OSError):  # on a full disk the lock still holds; only its text is missing
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        self._file = file

    def release(self) -> None:
        """Release the lock. The file stays, because removing it would race with the next holder."""
        if self._file is not None:
            self._file.truncate(0)
            unlock_file(self._file)  # closing is not enough while a child process has a copy of the file
            self._file.close()
            self._file = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_holder(folder: str | Path) -> str | None:
    """The process that holds the lock of ``folder``, as text. None when it is free."""
    try:
        with (Path(folder) / LOCK).open("r+b") as file:
            if lock_file(file):
                unlock_file(file)
                return None
            return file.read(300).decode(errors="replace").strip() or "another process"
    except OSError:  # there is no lock file, or it cannot be opened
        return None


def manifest(entries: Mapping[str, tuple[str, int]]) -> bytes:
    """The only valid text of a manifest, so that every changed byte can be detected."""
    return json.dumps({"schema": _SCHEMA, "files": entries}, separators=(",", ":"), sort_keys=True).encode()


def _hidden_name(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.{kind}")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


def _write_synced(path: Path, data: bytes, known_as: Path) -> None:
    _reach("before_write")
    with name_in_errors(known_as), path.open("xb") as file:
        if _FAULT is not None:
            file.write(data[: len(data) // 2])
            file.flush()
            _reach("mid_write")
            file.seek(0)
        file.write(data)
        file.flush()
        _reach("after_write")
        _reach("before_fsync")
        os.fsync(file.fileno())
        _reach("after_fsync")


def _rename(source: Path, target: Path) -> None:
    _reach("before_rename")
    os.replace(source, target)
    _reach("after_rename")


def _sync_folder(folder: Path) -> None:
    _reach("before_dirsync")
    if os.name != "nt":  # Windows cannot open a directory
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    _reach("after_dirsync")


def _parse_fault(text: str) -> tuple[str, int] | None:
    step, _, nth = text.partition(":")
    if text and (step not in STEPS or not nth.isdecimal()):
        raise ValueError(f"HONTE_FAULT={text} is not STEP:NTH with STEP one of {', '.join(STEPS)} and NTH from 1")
    return (step, int(nth)) if text else None


_FAULT = _parse_fault(os.environ.get("HONTE_FAULT", ""))
_reached = dict.fromkeys(STEPS, 0)


def _reach(step: str) -> None:
    if _FAULT is not None:
        _reached[step] += 1
        if (step, _reached[step]) == _FAULT:
            os._exit(137)
