"""Durable files: the only place in the project that writes what must survive a crash.

Knows how a file or a folder appears whole or not at all, how damage is noticed, and how two writers are kept apart.
Does not know what the bytes mean: checkpoints, shards and configs bring their own formats.

A file is written under a temporary name in its own directory, flushed, fsynced and renamed, then the directory is
fsynced; so at any moment a reader finds the old content or the new one. For tests the environment variable
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
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO

from agent.storage.write_errors import naming

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
    """Make ``path`` hold ``data``, durably; parent folders are made. OSError leaves the old content and no more."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path, "tmp")
    try:
        _write_synced(temporary, data, path)
        _rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def write_folder(path: str | Path, files: Mapping[str, bytes]) -> None:
    """Make ``path`` a folder of ``files`` (plain names) and a manifest of their sha256: all of it or nothing.

    An existing folder is set aside first and removed when the new one is complete; ``clean_up`` repairs what a crash in
    between leaves.
    """
    path = Path(path)
    for name in files:
        if not name or name != Path(name).name or name.startswith(".") or name == MANIFEST:
            raise ValueError(f"{name!r} cannot be a file of {path}: a plain name other than {MANIFEST} is needed")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, aside = _beside(path, "tmp"), _beside(path, "old")
    try:
        temporary.mkdir()
        for name, data in files.items():
            _write_synced(temporary / name, data, path / name)
        entries = {name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
        _write_synced(temporary / MANIFEST, manifest(entries), path / MANIFEST)
        _sync_folder(temporary)
        if path.exists():
            _rename(path, aside)
        _rename(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if aside.exists() and not path.exists():
            os.rename(aside, path)
        raise
    _sync_folder(path.parent)
    shutil.rmtree(aside, ignore_errors=True)


def read_folder(path: str | Path, only: Collection[str] | None = None) -> dict[str, bytes]:
    """The files of a folder that ``write_folder`` made, each checked; ``only`` these names where given.

    Raises ValueError that says what is damaged or missing. Files that the manifest does not name are ignored.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder")
    stored = _read(path / MANIFEST)
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
        data = _read(path / name)
        if (hashlib.sha256(data).hexdigest(), len(data)) != entries[name]:
            raise ValueError(f"{path / name} is damaged: its sha256 is not the one in {MANIFEST}")
        files[name] = data
    return files


def remove_folder(path: str | Path) -> None:
    """Remove a folder so that no crash leaves a part of it under its name."""
    path = Path(path)
    gone = _beside(path, "tmp")
    _rename(path, gone)
    _sync_folder(path.parent)
    shutil.rmtree(gone, ignore_errors=True)


def write_checked(path: str | Path, data: bytes) -> None:
    """``write_atomic`` with a footer that lets ``read_checked`` notice damage; npz files stay readable to NumPy."""
    write_atomic(path, data + _MAGIC + len(data).to_bytes(8, "little") + hashlib.sha256(data).digest())


def read_checked(path: str | Path) -> bytes:
    """The data that ``write_checked`` wrote, without the footer; ValueError where it is damaged or missing."""
    whole = _read(Path(path))
    data, footer = whole[:-_FOOTER], whole[-_FOOTER:]
    if footer != _MAGIC + len(data).to_bytes(8, "little") + hashlib.sha256(data).digest():
        raise ValueError(f"{path} is damaged: its checksum does not match what it holds")
    return data


def clean_up(folder: str | Path) -> list[Path]:
    """Clear up after a crash: remove temporary names in ``folder``, give a folder that was set aside its name back.

    Returns what was removed or renamed. Only for who holds the folder's lock: a live writer's temporary file would go.
    """
    folder = Path(folder)
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = _LEFTOVER.fullmatch(path.name)
        if match is None:
            continue
        found.append(path)
        if match["kind"] == "old" and not (folder / match["name"]).exists():
            os.rename(path, folder / match["name"])
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if found:
        _sync_folder(folder)
    return found


class FolderLock:
    """One writer per folder: a context manager that holds ``run.lock``, where whoever comes second finds pid and host.

    The system lets go when the process dies.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / LOCK
        self._file: IO[bytes] | None = None

    def acquire(self, patience: float = 0.3) -> None:
        """Take the lock; ValueError that names the holder when it is not free within ``patience`` seconds."""
        assert self._file is None, "already held"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b", buffering=0)
        deadline = time.monotonic() + patience  # `holder` takes the lock for an instant, so one failure means little
        while not _lock(file):
            if time.monotonic() > deadline:
                file.seek(0)
                owner = file.read(300).decode(errors="replace").strip() or "another process"
                file.close()
                raise ValueError(f"{self.path.parent} is in use by {owner}: stop it first, or choose another folder")
            time.sleep(0.02)
        file.truncate(0)
        with contextlib.suppress(OSError):  # on a full disk the lock holds, only its text is missing
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        self._file = file

    def release(self) -> None:
        """Let go; the file stays, since removing it would race with the next holder."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def lock_holder(folder: str | Path) -> str | None:
    """Who holds the lock of ``folder``, as text; None when nobody does."""
    try:
        with (Path(folder) / LOCK).open("r+b") as file:
            return None if _lock(file) else file.read(300).decode(errors="replace").strip() or "another process"
    except OSError:  # no lock file, or not ours to open
        return None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(1 << 20)  # a byte beyond the text: Windows locks are mandatory, and the text must stay readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True
else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def manifest(entries: Mapping[str, tuple[str, int]]) -> bytes:
    """The one spelling of a manifest, so that any changed byte of it shows."""
    return json.dumps({"schema": _SCHEMA, "files": entries}, separators=(",", ":"), sort_keys=True).encode()


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.{kind}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error


def _write_synced(path: Path, data: bytes, known_as: Path) -> None:
    _point("before_write")
    with naming(known_as), path.open("xb") as file:
        if _FAULT is not None:
            file.write(data[: len(data) // 2])
            file.flush()
            _point("mid_write")
            file.seek(0)
        file.write(data)
        file.flush()
        _point("after_write")
        _point("before_fsync")
        os.fsync(file.fileno())
        _point("after_fsync")


def _rename(source: Path, target: Path) -> None:
    _point("before_rename")
    os.replace(source, target)
    _point("after_rename")


def _sync_folder(folder: Path) -> None:
    _point("before_dirsync")
    if os.name != "nt":  # Windows cannot open a directory
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    _point("after_dirsync")


def _parse_fault(text: str) -> tuple[str, int] | None:
    step, _, nth = text.partition(":")
    if text and (step not in STEPS or not nth.isdecimal()):
        raise ValueError(f"HONTE_FAULT={text} is not STEP:NTH with STEP one of {', '.join(STEPS)} and NTH from 1")
    return (step, int(nth)) if text else None


_FAULT = _parse_fault(os.environ.get("HONTE_FAULT", ""))
_reached = dict.fromkeys(STEPS, 0)


def _point(step: str) -> None:
    if _FAULT is not None:
        _reached[step] += 1
        if (step, _reached[step]) == _FAULT:
            os._exit(137)
