"""``honte export``: copy a network to a folder or a URL of fsspec, completely or not at all.

Knows the files of a model folder and fsspec. Does not know runs: training writes to folders of this machine only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument
from honte.command_line import Output
from honte.command_text import command
from honte.error_sentences import sentence

FILES = ("model.safetensors", "config.json")
REPORT = "report.html"


@dataclass(frozen=True)
class ExportFlags:
    """Copy a network to a folder: a path, or a URL such as s3://bucket/folder, gs:// or memory://.

    The manifest with the hashes of the files is written last, so a folder with a manifest is complete. Download the
    folder to play against it, as in 'honte play FOLDER'.
    """

    what: Annotated[str, Argument("WHAT")]
    """the network: RUN, RUN@STEP, RUN@best, a model folder, or a game whose network ships with honte"""
    to: Annotated[str, Argument("TO")]
    """the path or the URL of the folder to write"""
    report: bool = False
    """also copy the report.html of the run"""
    overwrite: bool = False
    """replace a network that is in the folder"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(ExportFlags, arguments, "export")
    output = Output(args.json)
    source, files = _files(args.what, report=args.report)
    store, folder = _store(args.to)
    try:
        _copy(store, folder, files, overwrite=args.overwrite)
    except (OSError, ImportError) as error:
        raise ValueError(f"{args.to} cannot be written: {sentence(error)}") from error
    copied = {name: {"bytes": len(data), "sha256": _hash(data)} for name, data in files.items()}
    output.say(f"copied {source} to {args.to}: {', '.join(files)}, {sum(map(len, files.values())):,} bytes")
    output.result({"source": str(source), "to": args.to, "files": copied})
    return 0


def _files(what: str, *, report: bool) -> tuple[Path, dict[str, bytes]]:
    """The model folder that ``what`` names, and its files, checked against their manifest where there is one."""
    from agent.storage import durable_files, model_folder

    source = model_folder.find_model(what)
    model_folder.read(source)
    try:
        whole = (source / durable_files.MANIFEST).is_file()
        files = (
            durable_files.read_folder(source, FILES)
            if whole
            else {name: (source / name).read_bytes() for name in FILES}
        )
        if report:
            page = Path(what.rpartition("@")[0] or what) / REPORT
            files[REPORT] = page.read_bytes()
    except OSError as error:
        hint = (
            f"; {command('report', what.rpartition('@')[0] or what)} writes it"
            if report and REPORT in str(error.filename)
            else ""
        )
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}{hint}") from error
    return source, dict(files)


def _store(to: str) -> tuple[Any, str]:
    """fsspec's file system and the folder in it. ValueError for URLs that cannot be written to."""
    import fsspec

    try:
        store, folder = fsspec.core.url_to_fs(to)
    except (ImportError, ValueError) as error:
        raise ValueError(f"{to} cannot be written to: {error}") from error
    return store, str(folder).rstrip("/")


def _copy(store: Any, folder: str, files: Mapping[str, bytes], *, overwrite: bool) -> None:
    """Write the files, read them back to compare, and write a manifest with their hashes."""
    from agent.storage.durable_files import MANIFEST, manifest
    from agent.storage.write_errors import name_in_errors

    seal = f"{folder}/{MANIFEST}"
    if not overwrite and any(store.exists(f"{folder}/{name}") for name in (*files, MANIFEST)):
        raise ValueError(f"{folder} contains a network already; --overwrite replaces it")
    store.makedirs(folder, exist_ok=True)
    if store.exists(seal):  # until the new manifest is written, the folder is incomplete
        store.rm_file(seal)
    for name, data in files.items():
        with name_in_errors(f"{folder}/{name}"):
            store.pipe_file(f"{folder}/{name}", data)
        if _hash(store.cat_file(f"{folder}/{name}")) != _hash(data):
            raise OSError(f"{name} did not arrive as it was sent")
    with name_in_errors(seal):
        store.pipe_file(seal, manifest({name: (_hash(data), len(data)) for name, data in files.items()}))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
