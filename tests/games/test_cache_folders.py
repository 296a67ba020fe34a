"""The folders for what honte stores between processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from games.cache_folders import PLACE, cache_folder, is_guarded


def test_honte_cache_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_without_honte_cache_the_folder_is_among_the_users_caches(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_windows = sys.platform == "win32"
    caches = "LOCALAPPDATA" if on_windows else "XDG_CACHE_HOME"
    if value is None:
        monkeypatch.delenv(PLACE, raising=False)
    else:
        monkeypatch.setenv(PLACE, value)
    monkeypatch.setenv(caches, str(tmp_path / "caches"))
    assert cache_folder() == tmp_path / "caches" / "honte"
    monkeypatch.delenv(caches)
    monkeypatch.setenv("USERPROFILE" if on_windows else "HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ("AppData/Local/honte" if on_windows else ".cache/honte")


def test_what_is_no_folder_is_not_guarded(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    assert not is_guarded(tmp_path / "missing")
    assert not is_guarded(tmp_path / "file")
    (tmp_path / "folder").mkdir(mode=0o700)
    assert is_guarded(tmp_path / "folder")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes are POSIX's")
def test_a_folder_that_all_may_write_to_is_not_guarded(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert not is_guarded(tmp_path)
