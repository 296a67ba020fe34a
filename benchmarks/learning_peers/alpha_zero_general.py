"""alpha-zero-general learns Connect Four: its Coach, its search and its torch network, from the clone that is named.

Its Connect Four has a Keras network alone, so its torch network is that of its Othello, which takes any board. This
file defines what its code misses today: names that NumPy has removed, and tqdm, which shows its progress. It writes
pickles of its own, and nothing here reads them: the networks that it accepts are stored as safetensors.

    python -m benchmarks.learning_peers.alpha_zero_general train CLONE --out FOLDER --settings '{"numMCTSSims": 50}'
    python -m benchmarks.learning_peers.alpha_zero_general answer CLONE --snapshot FILE --positions FILE.json
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from benchmarks.learning_peers.adapter import Answers, make_parser, run

DEFAULTS = {
    "numIters": 1000,
    "numEps": 100,
    "tempThreshold": 15,
    "updateThreshold": 0.6,
    "maxlenOfQueue": 200_000,
    "numMCTSSims": 25,
    "arenaCompare": 40,
    "cpuct": 1,
    "numItersForTrainExamplesHistory": 20,
}
"""What its main.py sets. Its network has settings of its own, such as num_channels and epochs."""


class Progress:
    """Stands in for tqdm, without showing anything."""

    def __init__(self, items: Iterable[Any], desc: str = "") -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def set_postfix(self, **_: Any) -> None:
        pass


class Parts:
    """Its modules, with ``settings`` in place of its defaults."""

    def __init__(self, clone: str, settings: dict[str, Any]) -> None:
        if not (Path(clone) / "Coach.py").is_file():
            raise SystemExit(f"{clone} holds no Coach.py; name a clone of alpha-zero-general")
        np.int = int  # type: ignore[attr-defined]  # a name that NumPy has removed
        tqdm: Any = ModuleType("tqdm")
        tqdm.tqdm, tqdm.__spec__ = Progress, ModuleSpec("tqdm", None)  # torch looks for the latter
        sys.modules.setdefault("tqdm", tqdm)
        sys.path.insert(0, clone)
        NNet = import_module("othello.pytorch.NNet")
        game = import_module("connect4.Connect4Game").Connect4Game
        game.stringRepresentation = lambda self, board: board.tobytes()  # it calls a method that NumPy has removed

        of_network = {name: value for name, value in settings.items() if name in NNet.args}
        of_coach = {name: value for name, value in settings.items() if name not in NNet.args}
        if unknown := of_coach.keys() - DEFAULTS.keys():
            raise SystemExit(f"alpha-zero-general has no setting {min(unknown)}")
        NNet.args.update(of_network)

        self.coach, self.search = import_module("Coach").Coach, import_module("MCTS").MCTS
        self.network, self.game = NNet.NNetWrapper, game()
        self.args = import_module("utils").dotdict(DEFAULTS | of_coach)


def train(parts: Parts, out: Path) -> None:
    """Learn until the process is ended. Each network that its match accepts is stored in ``out``."""

    out.mkdir(parents=True, exist_ok=True)
    parts.args["checkpoint"] = str(out / "its_files")
    Path(parts.args.checkpoint).mkdir(exist_ok=True)
    network = parts.network(parts.game)
    save_its_own = network.save_checkpoint

    def store() -> None:
        number = len(list(out.glob("*.safetensors")))
        partial_file = out / "partial"
        save_file({name: tensor.contiguous() for name, tensor in network.nnet.state_dict().items()}, partial_file)
        os.replace(partial_file, out / f"{number:05d}.safetensors")

    def save_checkpoint(folder: str, filename: str) -> None:
        save_its_own(folder, filename)
        if filename == "best.pth.tar":  # its match accepted the network
            store()

    network.save_checkpoint = save_checkpoint
    store()
    parts.coach(parts.game, network, parts.args).learn()


def answer(parts: Parts, snapshot: Path, positions: list[list[int]], simulations: int) -> Answers:
    """The columns that the network alone chooses, and its search of ``simulations``."""
    network = parts.network(parts.game)
    network.nnet.load_state_dict(load_file(snapshot))
    parts.args["numMCTSSims"] = simulations
    found: Answers = {"raw": [], "search": []}
    for moves in positions:
        board, player = parts.game.getInitBoard(), 1
        for move in moves:
            board, player = parts.game.getNextState(board, player, move)
        board = parts.game.getCanonicalForm(board, player)
        policy = network.predict(board)[0]
        found["raw"].append(int(np.where(parts.game.getValidMoves(board, 1), policy, -1).argmax()))
        search = parts.search(parts.game, network, parts.args)
        found["search"].append(int(np.argmax(search.getActionProb(board, temp=0))))
    return found


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("clone", help="a clone of alpha-zero-general")
    args = parser.parse_args()
    parts = Parts(args.clone, args.settings)
    run(args, partial(train, parts), partial(answer, parts))


if __name__ == "__main__":
    torch.manual_seed(0)
    np.random.seed(0)  # its code draws from NumPy's global numbers
    main()
