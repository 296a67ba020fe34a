"""Game records: the actions and search results of a game. Positions are not stored; replaying the actions gives them.

``validate_records`` checks records against the rules. Knows the file format (npz with a checksum). Does not know who
trains on the records.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.storage import durable_files
from games.game import Game, States

Arrays = Mapping[str, NDArray[np.generic]]
"""Arrays by name, as a checkpoint holds them."""

SCHEMA = 1
LARGEST_SHARD = 1 << 30
UNFINISHED = 2
PART = "part"


@dataclass(kw_only=True)
class GameRecord:
    """One game. Players decided its last M actions; the actions before them are the opening."""

    id: int
    seed: int
    actions: NDArray[np.int16]  # [N]
    policies: NDArray[np.float32]  # [M, A] policy targets, each in the view of its player to move
    values: NDArray[np.float32]  # [M] the search's value, each in the view of its player to move
    budgets: NDArray[np.int32]  # [M] simulations granted, by which full and fast searches differ
    networks: NDArray[np.int32]  # [M] version of the network that decided
    outcome: int = UNFINISHED  # +1, 0, -1 for the first player
    proven: bool = False  # a search proved the outcome, and the game was ended before the rules ended it
    resigned: bool = False  # a player of self-play gave up before the rules ended the game
    surprises: NDArray[np.float32] | None = None  # [M] of each policy to the network's (KL divergence), if measured
    reason: str = ""  # why a player lost before the rules ended the game; not stored in shards of self-play

    @property
    def num_decided(self) -> int:
        return len(self.policies)

    @property
    def opening(self) -> int:
        """The number of actions in the opening."""
        return len(self.actions) - len(self.policies)


_LISTS: dict[str, Any] = {
    "actions": np.int16,
    "policies": np.float32,
    "values": np.float32,
    "budgets": np.int32,
    "networks": np.int32,
}
_SURPRISES, _RESIGNED = "surprises", "resigned"
"""The arrays that a shard may lack: most runs measure no surprises, and in most of them nobody resigns."""

_SCALARS: dict[str, Any] = {"id": np.int64, "seed": np.int64, "outcome": np.int8, "proven": np.bool_}


def pack(game: Game, records: Sequence[GameRecord]) -> bytes:
    """The records as the bytes of one npz."""
    arrays: dict[str, Any] = {
        "schema": np.array(SCHEMA),
        "game": np.array(game.name),
        "lengths": np.array([len(r.actions) for r in records], np.int32),
        "decided": np.array([r.num_decided for r in records], np.int32),
    }
    for name, kind in _LISTS.items():
        none = np.zeros((0, game.num_actions) if name == "policies" else 0, kind)
        arrays[name] = np.concatenate([none, *(np.asarray(getattr(r, name), kind) for r in records)])
    if any(r.surprises is not None for r in records):
        of_each = [np.zeros(r.num_decided) if r.surprises is None else r.surprises for r in records]
        arrays[_SURPRISES] = np.concatenate(of_each).astype(np.float32)
    if any(r.resigned for r in records):
        arrays[_RESIGNED] = np.array([r.resigned for r in records], np.bool_)
    for name, kind in _SCALARS.items():
        values = [_storable_seed(r.seed) if name == "seed" else getattr(r, name) for r in records]
        arrays[name] = np.array(values, kind)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def _storable_seed(seed: int) -> int:
    """The seed as it is stored: a seed beyond 64 bits becomes one that ``random_numbers.make_keys`` treats alike."""
    return seed if -(1 << 63) <= seed < 1 << 63 else seed % (1 << 63)


def join_packed(parts: Sequence[bytes]) -> bytes:
    """Join packed records without unpacking them. ``unpack`` reads the result like any other."""
    if len(parts) == 1:
        return parts[0]
    out = io.BytesIO()
    names: dict[str, Any] = {f"{PART}{i}": np.frombuffer(part, np.uint8) for i, part in enumerate(parts)}
    np.savez(out, **names)
    return out.getvalue()


def unpack(game: Game, data: bytes, name: str = "shard") -> list[GameRecord]:
    """The records in ``data``, checked by ``validate_records``. ValueError says what is wrong."""
    arrays = _load_arrays(data, name)
    if arrays and all(key.startswith(PART) for key in arrays):
        return [
            record
            for part in arrays.values()
            for record in _make_records(game, _load_arrays(part.tobytes(), name), name)
        ]
    return _make_records(game, arrays, name)


def _make_records(game: Game, arrays: dict[str, Any], name: str) -> list[GameRecord]:
    """The records that ``pack`` turned into ``arrays``, after a check."""
    try:
        schema, game_name = int(arrays["schema"]), str(arrays["game"])
        records = _split_arrays(arrays)
    except Exception as error:  # missing arrays and wrong shapes raise many kinds of errors
        raise ValueError(f"{name} is damaged: {type(error).__name__}: {error}") from error
    if schema > SCHEMA:
        raise ValueError(f"{name} has schema {schema}; this honte knows {SCHEMA}, so upgrade it")
    if game_name != game.name:
        raise ValueError(f"{name} holds games of {game_name}, not of {game.name}")
    validate_records(game, records, name)
    return records


def _load_arrays(data: bytes, name: str) -> dict[str, Any]:
    """The arrays of an npz of at most ``LARGEST_SHARD`` bytes."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if sum(entry.file_size for entry in file.zip.infolist()) <= LARGEST_SHARD:
                return {key: file[key] for key in file.files}
    except Exception as error:  # a damaged archive raises many kinds of errors
        raise ValueError(f"{name} is damaged: {type(error).__name__}: {error}") from error
    raise ValueError(f"{name} unpacks to more than {LARGEST_SHARD} bytes")


def _split_arrays(arrays: dict[str, Any]) -> list[GameRecord]:
    """One record for each game of the arrays, which hold all games one after the other."""
    records = []
    ends, stops = np.cumsum(arrays["lengths"]), np.cumsum(arrays["decided"])
    for i, (end, stop) in enumerate(zip(ends, stops, strict=True)):
        begin, start = end - arrays["lengths"][i], stop - arrays["decided"][i]
        record = GameRecord(
            id=int(arrays["id"][i]),
            seed=int(arrays["seed"][i]),
            outcome=int(arrays["outcome"][i]),
            proven=bool(arrays["proven"][i]),
            resigned=_RESIGNED in arrays and bool(arrays[_RESIGNED][i]),
            actions=arrays["actions"][begin:end],
            **{key: arrays[key][start:stop] for key in ("policies", "values", "budgets", "networks")},
            surprises=arrays[_SURPRISES][start:stop] if _SURPRISES in arrays else None,
        )
        records.append(record)
    return records


def validate_records(game: Game, records: Sequence[GameRecord], name: str = "shard") -> None:
    """Replay every record. ValueError names the first illegal action, wrong outcome or invalid policy."""
    for record in records:
        known = record.outcome in (-1, 0, 1, UNFINISHED)
        measured = record.surprises is None or record.surprises.shape == (record.num_decided,)
        if record.opening < 0 or record.policies.shape[1:] != (game.num_actions,) or not known or not measured:
            raise ValueError(f"{name}: game {record.id} has fields of the wrong shape")
    if not records:
        return
    lengths = np.array([len(record.actions) for record in records])
    openings = np.array([record.opening for record in records])
    outcomes = np.array([record.outcome for record in records])
    ended_early = np.array(
        [r.proven or r.resigned or bool(r.reason) or r.outcome == UNFINISHED for r in records]
    )  # before the rules ended it
    actions, policies = np.concatenate([r.actions for r in records]), np.concatenate([r.policies for r in records])
    owner = np.repeat(np.arange(len(records)), lengths - openings)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = policies.sum(axis=1)
    invalid = ~np.isfinite(policies).all(axis=1) | (policies < 0).any(axis=1) | ~(abs(sums - 1) <= 1e-3)
    _refuse_records(records, owner[invalid], name, "has a policy that is not one: finite, >= 0, of sum 1")
    values = np.concatenate([record.values for record in records])
    _refuse_records(records, owner[~(abs(values) <= 1)], name, "has a value outside [-1, 1]")
    surprises = np.concatenate([np.zeros(r.num_decided) if r.surprises is None else r.surprises for r in records])
    _refuse_records(
        records, owner[~((surprises >= 0) & (surprises < np.inf))], name, "has a surprise that is not a number from 0"
    )
    first_action, first_policy = np.cumsum(lengths) - lengths, np.cumsum(lengths - openings) - (lengths - openings)
    states = game.new(len(records))
    game.init(states)
    for ply in range(int(lengths.max()) + 1):
        out = game.describe_new(states)
        value = np.where(out.to_play == 0, out.value, -out.value)
        _refuse_records(
            records,
            (lengths == ply) & ~ended_early & ~(out.terminal & (value == outcomes)),
            name,
            "ends with an outcome that the rules do not give",
        )
        live = np.flatnonzero(lengths > ply)
        played = actions[first_action[live] + ply].astype(np.int64)
        in_range = (played >= 0) & (played < game.num_actions)
        legal = in_range & out.legal[live, np.where(in_range, played, 0)]
        _refuse_records(records, live[~legal], name, f"plays the illegal action {_first(played[~legal])} at ply {ply}")
        decided = live[openings[live] <= ply]
        on_illegal = (policies[first_policy[decided] + ply - openings[decided]] > 0) & ~out.legal[decided]
        _refuse_records(records, decided[on_illegal.any(axis=1)], name, f"has a policy on illegal actions at ply {ply}")
        game.advance(states, live, live, played)


def _first(values: NDArray[np.int64]) -> int:
    return int(values[0]) if len(values) else 0


def _refuse_records(records: Sequence[GameRecord], bad: NDArray[Any], name: str, what: str) -> None:
    """Raise ValueError, which says ``what`` is wrong, for the first record in ``bad`` (a mask or indices)."""
    if bad.dtype == np.bool_:
        bad = np.flatnonzero(bad)
    if len(bad):
        raise ValueError(f"{name}: game {records[bad[0]].id} {what}")


def write_packed(folder: Path, data: bytes, number: int) -> Path:
    """Store records that are packed already as shard ``number`` of a folder; return its path."""
    path = Path(folder) / f"{number:08d}.npz"
    durable_files.write_checked(path, data)
    return path


def read_shard(path: Path, game: Game) -> list[GameRecord]:
    """The checked records of one shard. ValueError if it is damaged or if a record breaks the rules."""
    return unpack(game, durable_files.read_checked(path), Path(path).name)


def list_shards(folder: Path) -> dict[int, Path]:
    """The shards in a folder by number, in order."""
    return {int(path.stem): path for path in sorted(Path(folder).glob("????????.npz"))}


def replay(game: Game, records: Sequence[GameRecord]) -> tuple[States, NDArray[np.int64], NDArray[np.int64]]:
    """Every decided position of ``records``: states [S], and the index of its record and its ply [S]."""
    lengths = np.array([len(record.actions) for record in records])
    openings = np.array([record.opening for record in records])
    total = int((lengths - openings).sum())
    starts = np.cumsum(lengths - openings) - (lengths - openings)
    rows = game.new(total)
    owner = np.repeat(np.arange(len(records)), lengths - openings)
    ply = np.arange(total) - starts[owner] + openings[owner]
    states = game.new(len(records))
    game.init(states)
    for step in range(int(lengths.max(initial=0))):
        here = np.flatnonzero((step >= openings) & (step < lengths))
        into = game.new(len(here))
        game.copy(into, states[here])
        rows[starts[here] + step - openings[here]] = into
        live = np.flatnonzero(step < lengths)
        game.advance(states, live, live, np.array([records[i].actions[step] for i in live.tolist()], np.int64))
    return rows, owner, ply


def num_samples(records: Iterable[GameRecord]) -> int:
    """The number of decided positions in the records."""
    return sum(record.num_decided for record in records)
