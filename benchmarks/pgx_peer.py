"""pgx in a process of its own, because JAX is usually in another Python: games in step, and the speed of random play.

The part that runs in that process (``python benchmarks/pgx_peer.py``) needs jax, pgx and numpy only. Knows pgx's
states. Does not know honte.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Seen(NamedTuple):
    """What pgx says of B games."""

    legal: NDArray[np.bool_]  # [B, A]; all True when over
    terminal: NDArray[np.bool_]  # [B]
    value: NDArray[np.int8]  # [B] for the player to move
    to_play: NDArray[np.int8]  # [B] 0 for who began


class PgxGames:
    """B games of pgx; a context, at whose end the process ends."""

    def __init__(self, python: str, game: str, num_games: int) -> None:
        self.num_games = num_games
        command = [python, __file__, "step", game, str(num_games)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ValueError(
                f"{python!r} cannot run pgx's {game!r}; name a Python that has jax and pgx with --pgx-python"
            )
        self.num_actions = int(line)

    def step(self, actions: NDArray[np.int32]) -> Seen:
        """Play ``actions[b]``, or begin anew where it is below 0."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(actions.astype(np.int32).tobytes())
        self.process.stdin.flush()
        count, packed = self.num_games, -(-self.num_actions // 8)
        data = np.frombuffer(self.process.stdout.read(count * (packed + 3)), np.uint8)
        assert len(data) == count * (packed + 3), "pgx's process has ended"
        legal, rest = data[: count * packed].reshape(count, packed), data[count * packed :].reshape(3, count)
        bits = np.unpackbits(legal, axis=1)[:, : self.num_actions].astype(np.bool_)
        return Seen(bits, rest[0].astype(np.bool_), rest[1].view(np.int8), rest[2].view(np.int8))

    def __enter__(self) -> PgxGames:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def moves_per_second(python: str, game: str, num_games: int, rounds: int) -> dict[str, Any]:
    """Moves a CPU-second of pgx's random play, one thread, ``num_games`` at a time; empty where pgx cannot run."""
    command = [python, __file__, "speed", game, str(num_games), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    result: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return result


def _games(name: str, num_games: int) -> tuple[Any, Any, Any]:
    """The game, its first states [B], and a compiled step that begins anew where the action is below 0."""
    import jax
    import pgx

    game = pgx.make(name)
    first = jax.jit(jax.vmap(game.init))(jax.random.split(jax.random.PRNGKey(0), num_games))

    @jax.jit
    def step(state: Any, actions: Any) -> Any:
        after = jax.vmap(game.step)(state, actions.clip(0))

        def chosen(new: Any, old: Any) -> Any:
            return jax.numpy.where((actions < 0).reshape(-1, *[1] * (new.ndim - 1)), old, new)

        return jax.tree_util.tree_map(chosen, after, first)

    return game, first, step


def _serve(name: str, num_games: int) -> None:
    _, state, step = _games(name, num_games)
    players = np.arange(num_games)
    print(state.legal_action_mask.shape[1], flush=True)
    while len(data := sys.stdin.buffer.read(4 * num_games)) == 4 * num_games:
        state = step(state, np.frombuffer(data, np.int32))
        sys.stdout.buffer.write(np.packbits(np.asarray(state.legal_action_mask), axis=1).tobytes())
        value = np.asarray(state.rewards)[players, np.asarray(state.current_player)]
        for part in (np.asarray(state.terminated), value, np.asarray(state._step_count) % 2):
            sys.stdout.buffer.write(part.astype(np.int8).tobytes())
        sys.stdout.buffer.flush()


def _race(name: str, num_games: int, rounds: int) -> None:
    """Random play in one compiled loop; games that are over begin anew."""
    import time

    import jax

    game, state, _ = _games(name, num_games)
    first, plies = state, 64

    @jax.jit
    def play(state: Any, key: Any) -> Any:
        def ply(state: Any, key: Any) -> tuple[Any, None]:
            scores = jax.random.uniform(key, state.legal_action_mask.shape)
            actions = jax.numpy.where(state.legal_action_mask, scores, -1).argmax(axis=1)
            after = jax.vmap(game.step)(state, actions)

            def chosen(new: Any, old: Any) -> Any:
                return jax.numpy.where(after.terminated.reshape(-1, *[1] * (new.ndim - 1)), old, new)

            return jax.tree_util.tree_map(chosen, after, first), None

        return jax.lax.scan(ply, state, jax.random.split(key, plies))[0]

    state = jax.block_until_ready(play(state, jax.random.PRNGKey(1)))
    best = np.inf
    for i in range(rounds):
        start = time.process_time()
        state = jax.block_until_ready(play(state, jax.random.PRNGKey(2 + i)))
        best = min(best, time.process_time() - start)
    from importlib.metadata import version

    moves = num_games * plies / best
    print(json.dumps({"moves_per_s": round(moves), "pgx": version("pgx"), "jax": version("jax")}))


if __name__ == "__main__":
    import os

    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    mode, game_name, *numbers = sys.argv[1:]
    {"step": _serve, "speed": _race}[mode](game_name, *map(int, numbers))
