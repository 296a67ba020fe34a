"""``honte export``: copy a network to a folder or a URL of fsspec, completely or not at all.

Knows the files of a model folder and fsspec. Does not know runs: training writes to folders of this machine only. What
is written for other tools is made by ``honte.export``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from agent.settings import Pattern
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, GameFlag, Placeholder
from honte.command_line import Output
from honte.command_text import command
from honte.error_sentences import sentence

FILES = ("model.safetensors", "config.json")
REPORT, ONNX = "report.html", "model.onnx"

License = Annotated[
    str,
    Pattern(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}", "an identifier such as mit, apache-2.0 or cc-by-4.0"),
    Placeholder("NAME"),
]


@dataclass(frozen=True)
class ExportFlags:
    """Copy a network to a folder: a path, or a URL such as s3://bucket/folder, gs:// or memory://.

    The folder has the layout of the Hugging Face Hub: a model card (README.md) and eval_results.json state what was
    measured for this network. The manifest with the hashes of the files is written last, so a folder with a manifest
    is complete. Download the folder to play against it, as in 'honte play FOLDER'.
    """

    what: Annotated[str, Argument("WHAT")]
    """the network: RUN, RUN@STEP, RUN@best, a model folder, or a game whose network ships with honte"""
    to: Annotated[str, Argument("TO")]
    """the path or the URL of the folder to write"""
    onnx: bool = False
    """also write model.onnx, which other programs can run (needs the extra onnx)"""
    game: GameFlag = None
    """the game, where it is a file of yours; --onnx and intervals need it (default: the game of the run)"""
    license: License = "mit"
    """the license that the model card states"""
    report: bool = False
    """also copy the report.html of the run"""
    overwrite: bool = False
    """replace a network that is in the folder"""
    json: bool = False
    """print the result as one JSON object, the last line of stdout"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(ExportFlags, arguments, "export")
    output = Output(args.json)
    _ensure_network(args.what)
    if not args.to.strip():
        raise ValueError("TO is empty; name the folder or the URL to write")
    source, files = _files(args.what, report=args.report)
    files |= _files_for_others(source, files, args)
    store, folder = _store(args.to)
    try:
        _copy(store, folder, files, overwrite=args.overwrite)
    except (OSError, ImportError) as error:
        raise ValueError(f"{args.to} cannot be written: {sentence(error)}") from error
    copied = {name: {"bytes": len(data), "sha256": _hash(data)} for name, data in files.items()}
    output.say(f"copied {source} to {args.to}: {', '.join(files)}, {sum(map(len, files.values())):,} bytes")
    output.result({"source": str(source), "to": args.to, "files": copied})
    return 0


def _ensure_network(what: str) -> None:
    """ValueError where ``what`` names a player, but not a network alone."""
    from agent.player_identity import NON_NETWORKS, kind_of

    head, mark, _ = what.partition("?")
    if kind_of(what) in NON_NETWORKS and not Path(what).exists():
        raise ValueError(f"{what!r} is a player without a network, so there is nothing to export")
    if mark and not Path(what).exists():
        raise ValueError(f"{what!r} has settings of a player, and a network is exported without them: write {head}")


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
        hint, run = "", what.rpartition("@")[0] or what
        if report and REPORT in str(error.filename):
            hint = f"; {command('report', run)} writes it" if Path(run).is_dir() else "; only a run has a report"
        raise ValueError(f"{error.filename} cannot be read: {error.strerror}{hint}") from error
    return source, dict(files)


def _files_for_others(source: Path, files: Mapping[str, bytes], args: ExportFlags) -> dict[str, bytes]:
    """The model card, the measured numbers and, if asked for, the ONNX file."""
    from safetensors import SafetensorError

    from agent.storage import model_folder
    from games import make
    from honte.export import measurements, model_card

    if args.onnx:
        from honte.export.onnx_file import ensure_packages, export_onnx

        ensure_packages()
    model, sha256 = model_folder.read(source), _hash(files["model.safetensors"])
    game = None
    if args.game is not None and not model.pictures:
        game = make(args.game)
        if not model_folder.fits_game(model, game):
            raise ValueError(f"--game is {args.game}, and {args.what} has learned {model.game}")
    elif not model.pictures and ".py:" not in model.game:
        game = make(model.game)
    elif args.onnx and not model.pictures:
        raise ValueError(
            f"--onnx needs the game, and {args.what} has learned a file, which runs only where it is named:"
            f" add --game FILE.py:{model.game.partition('.py:')[2]}"
        )
    try:
        parameters = model_folder.count_parameters(source)
    except SafetensorError as error:
        raise ValueError(f"{source / 'model.safetensors'} is damaged: {error}") from error
    found = measurements.of_network(model, sha256, game)
    made, description = dict[str, bytes](), None
    if args.onnx:
        made[ONNX], description = export_onnx(model, game)
    card = model_card.card(model, found, license=args.license, parameters=parameters, sha256=sha256, onnx=description)
    numbers = json.dumps(found.as_json(sha256), indent=1, allow_nan=False) + "\n"
    return {model_card.FILE: card.encode(), measurements.FILE: numbers.encode()} | made


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
    present = [name for name in (*files, MANIFEST) if store.exists(f"{folder}/{name}")]
    if not overwrite and present:
        raise ValueError(f"{folder} contains {present[0]} already; --overwrite replaces it")
    store.makedirs(folder, exist_ok=True)
    if store.exists(seal):  # until the new manifest is written, the folder is incomplete
        old = _manifest_names(store.cat_file(seal))
        store.rm_file(seal)
        for name in old - set(files):  # of another network
            if store.exists(f"{folder}/{name}"):
                store.rm_file(f"{folder}/{name}")
    for name, data in files.items():
        with name_in_errors(f"{folder}/{name}"):
            store.pipe_file(f"{folder}/{name}", data)
        if _hash(store.cat_file(f"{folder}/{name}")) != _hash(data):
            raise OSError(f"{name} did not arrive as it was sent")
    with name_in_errors(seal):
        store.pipe_file(seal, manifest({name: (_hash(data), len(data)) for name, data in files.items()}))


def _manifest_names(content: bytes) -> set[str]:
    """The names of honte's own files in a manifest; empty for anything else."""
    from honte.export import measurements, model_card

    own = {*FILES, REPORT, measurements.FILE, model_card.FILE, ONNX}
    try:
        return own & set(json.loads(content)["files"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
