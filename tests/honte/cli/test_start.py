"""What a refused start leaves behind: nothing. And what it says: one sentence that names the setting and the file."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path

import pytest
import yaml

from honte.__main__ import main
from training.run import run_folder

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "8", "--self-play.num-groups", "1"),
    *("--self-play.search.num-simulations", "4", "--learn.batch-size", "16", "--learn.first-samples", "32"),
    *("--grade-minutes", "0", "--engine.kind", "torch", "--engine.precision", "fp32", "--rating.every-minutes", "0"),
    *("--max-minutes", "0", "--max-samples", "64"),
]
"""Flags of a run that is over in a moment."""

REFUSED = [
    (["--self-play.search.rule", "foo"], "gumbel"),
    (["--engine.device", "gpu0"], "engine.device is 'gpu0': it must be auto, cpu, cuda, cuda:N, xpu or mps"),
    (["--learn.device", "gpu0"], "learn.device is 'gpu0': it must be auto, cpu, cuda, cuda:N, xpu or mps"),
    (["--engine.device", "cuda:99"], "engine.device is 'cuda:99': torch finds"),
    (["--learn.device", "cuda:99"], "learn.device is 'cuda:99': torch finds"),
    (["--rating.device", "tpu"], "rating.device is 'tpu'"),
    (["--engine.kind", "torch", "--engine.precision", "int8"], "is not available on cpu here"),
    (["--self-play.search.leaves", "0"], "--self-play.search.leaves is 0: it must be a whole number from 1 to"),
    (["--self-play.num-games", "0"], "--self-play.num-games is 0"),
    (["--self-play.search.num-simulations", "0"], "self_play.search.num_simulations is 0"),
    (["--learn.batch-size", "0"], "--learn.batch-size is 0"),
    (["--network.blocks", "-3"], "network.blocks is -3"),
    (["--network.channels", "0"], "network.channels is 0"),
    (["--learn.reuse", "-1"], "learn.reuse is -1"),
    (["--max-minutes", "-1"], "--max-minutes is -1"),
    (["--max-minutes", "nan"], "--max-minutes is nan"),
    (["--max-minutes", "inf"], "--max-minutes is inf"),
    (["--keep-checkpoints", "0"], "--keep-checkpoints is 0"),
    (["--seed", "yes"], "seed"),
    (["--rating.settings", "simulation=3"], "rating.settings"),
    (["--rating.promote", "5", "1"], "elo"),
    (["--learn.processes", "3"], "it must divide batch_size"),
    (["--learn.processes", "2", "--learn.trainer.compile"], "learn.trainer.compile is on and learn.processes"),
    (["--network.channels", "60000", "--network.blocks", "60"], "learning a network of 60 blocks"),
    (["--self-play.num-games", "1000000", "--self-play.search.num-simulations", "100000"], "games of tic_tac_toe"),
    (["--ray", "127.0.0.1:1", "--deterministic"], "leave out --ray"),
    (["--num-actors", "2"], "goes with --ray"),
    (["--no-such-flag", "2"], "no-such-flag"),
]


def train(folder: Path, *more: str) -> int:
    return main(["train", "tic_tac_toe", "--run", str(folder), *TINY, *more])


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its hash."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert train(folder) == 0
    return folder


@pytest.mark.parametrize(
    ("words", "sentence"), REFUSED, ids=lambda value: " ".join(value) if list is type(value) else ""
)
def test_a_refused_start_leaves_no_folder(
    words: list[str], sentence: str, tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(finished)
    assert train(tmp_path / "runs" / "a" / "run", *words) == 2
    assert train(finished, *words, "--fresh") == 2
    shown = capsys.readouterr()
    assert sentence in " ".join((shown.err + shown.out).replace("│", " ").split())
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []
    assert content(finished) == before
    assert [path.name for path in finished.parent.iterdir()] == [finished.name]


def test_a_network_to_start_from_that_is_not_there_or_does_not_fit(
    tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(finished)
    assert train(tmp_path / "run", "--init", "nosuchrun") == 2
    assert train(finished, "--init", "nosuchrun", "--fresh") == 2
    assert "there is no run or model folder 'nosuchrun'" in capsys.readouterr().err
    assert train(finished, "--init", "nosuchrun") == 0  # a run that has begun looks at it no more
    before = content(finished)
    narrow = ["--network.channels", "4", "--init", str(finished)]
    assert train(tmp_path / "run", *narrow) == 2
    assert "no trunk that fits" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    assert train(tmp_path / "mine", *narrow) == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
    assert content(finished) == before


def test_a_ray_address_where_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    assert train(tmp_path / "run", "--ray", address) == 2
    assert f"there is no Ray cluster at {address!r}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_corrected_command_takes_over_what_an_older_version_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text("game: tic_tac_toe\nself_play: {search: {rule: foo}}\nseed: 3\n")
    (folder / "lock").touch()
    assert main(["runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["runs"] == []
    left = content(folder)
    assert train(folder, "--self-play.search.rule", "foo") == 2
    assert content(folder) == left
    assert train(folder, "--seed", "5") == 0
    config = run_folder.read_config(folder)
    assert config is not None
    assert (config["seed"], config["self_play"]["search"]["rule"]) == (5, "gumbel")
    assert train(folder, "--seed", "6") == 2  # it has begun: another seed is another run
    assert "seed was 5 when this run began" in capsys.readouterr().err


def test_a_run_of_the_version_before_goes_on(finished: Path, tmp_path: Path) -> None:
    """Its config.yaml was written by PyYAML as it comes, and names the devices that were the defaults."""
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    config = run_folder.read_config(folder)
    assert config is not None
    config["engine"]["device"], config["learn"]["device"] = "cpu", "auto"
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    assert train(folder, "--max-samples", "96") == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "game: tic_tac_toe\nlearn: {reuse: 2}\nseed: 1\nlearn: {batch_size: 8}\n",
            "the setting 'learn' is given twice",
        ),
        ("game: tic_tac_toe\nlearn: {reuze: 2}\n", "the setting learn.reuze is unknown; did you mean reuse?"),
        ("game: tic_tac_toe\nlearn: 3\n", "the setting learn is 3: it must be a group of settings"),
        ("game: tic_tac_toe\nlearn:\n", "the setting learn is None: it must be a group of settings"),
        ("game: tic_tac_toe\nseed: yes\n", "the setting seed is True: it must be a whole number from 0"),
        ("game: tic_tac_toe\nseed: '1'\n", "the setting seed is '1': it must be a whole number from 0"),
        ("game: tic_tac_toe\ndeterministic: 1\n", "the setting deterministic is 1: it must be true or false"),
        ("game: tic_tac_toe\nmax_minutes: .nan\n", "the setting max_minutes is nan: it must be a number from 0"),
        ("game: tic_tac_toe\nmax_minutes: .inf\n", "the setting max_minutes is inf: it must be a number from 0"),
        ("game: tic_tac_toe\nmax_minutes: 1:30\n", "the setting max_minutes is '1:30': it must be a number from 0"),
        ("game: 3\n", "the setting game is 3: it must be text"),
        ("seed: 3\n", "the setting game is missing"),
        ("game: tic_tac_toe\nlearn: {trainer: {learning_rate: fast}}\n", "the setting learn.trainer.learning_rate is"),
        (
            "game: tic_tac_toe\nlearn: {trainer: {betas: [0.9]}}\n",
            "the setting learn.trainer.betas is [0.9]: it",
        ),
        ("game: tic_tac_toe\nray: {resources: [1]}\n", "the setting ray.resources is [1]: it must be names and values"),
        (
            "game: tic_tac_toe\nlearn: {batch_size: 10, processes: 3}\n",
            "learn.processes is 3: it must divide batch_size",
        ),
    ],
)
def test_what_is_wrong_in_a_file_names_it(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert main(["train", str(path), "--run", str(tmp_path / "run")]) == 2
    shown = capsys.readouterr().err
    assert f"{path}: {sentence}" in shown
    assert len(shown.splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epochs: 0\n", "the setting epochs is 0: it must be a number above 0"),
        ("network: {kind: lenet, width: .nan}\n", "the setting network.width is nan"),
        ("network: {kind: lenett}\n", "the setting network.kind is 'lenett': it must be perceptron, logistic, mlp,"),
        ("datasets: {mnist: {epochs: -1}}\n", "datasets.mnist: the setting epochs is -1"),
        ("datasets: [mnist]\n", "datasets: a configuration must be a group of settings"),
        ("datasets: {mnist: 3}\n", "datasets.mnist: a configuration must be a group of settings"),
        ("augment: {shift: true}\n", "the setting augment.shift is True"),
    ],
)
def test_what_is_wrong_in_a_recipe_of_pictures_names_it(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert main(["classify", "digits", "--model", str(path), "--run", str(tmp_path / "run")]) == 2
    assert f"{path}: {sentence}" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    "words",
    [
        ["--batch-size", "0"],
        ["--max-minutes", "nan"],
        ["--keep-checkpoints", "0"],
        ["--trainer.momentum", "1"],
        ["--network.kind", "alexnet"],  # digits are too small for it
        ["--init", "nosuchrun"],
        ["--attack", "fgsm:nan"],
        ["--augment.turn", "dihedral", "--size", "-1"],
    ],
)
def test_a_refused_start_with_pictures_leaves_no_folder(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    run = ["classify", "digits", "--model", "mlp", "--run", str(tmp_path / "runs" / "run")]
    assert main([*run, *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/run", "new/" + "x" * 300, "new/\0"])
def test_a_place_where_no_folder_can_be_made_is_left_alone(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("kept")
    assert train(tmp_path / place) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert content(tmp_path) == {"file": hashlib.sha256(b"kept").hexdigest()}
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_start_that_is_refused_leaves_a_run_at_work_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from agent.storage.durable_files import FolderLock

    folder = tmp_path / "run"
    with FolderLock(folder):  # another process has come first, and has written nothing so far
        run_folder.write_config(folder, {"game": "tic_tac_toe"})
        before = content(folder)
        assert train(folder) == 2
        assert train(folder, "--fresh") == 2
        assert content(folder) == before
        (found,) = run_folder.list_runs(tmp_path)
        assert found.status == "running"
    assert "in use" in capsys.readouterr().err
    assert run_folder.list_runs(tmp_path) == []


def test_an_interrupt_before_the_first_move_leaves_nothing(tmp_path: Path) -> None:
    """As Ctrl-C while everything is made ready."""
    from honte.cli.run_command import open_run

    (tmp_path / "old").mkdir()
    run_folder.write_config(tmp_path / "old", {"seed": 1})
    run_folder.write_status(tmp_path / "old", "finished", step=1, samples=1, game="nim")
    before = content(tmp_path)

    def interrupted(folder: Path, fresh: bool) -> None:
        with open_run(folder, {"seed": 2}, {}, (), fresh):
            (folder / "games").mkdir()
            (folder / "games" / "0.npz").touch()
            raise KeyboardInterrupt

    for folder, fresh in ((tmp_path / "a" / "b", False), (tmp_path / "old", True)):
        with pytest.raises(KeyboardInterrupt):
            interrupted(folder, fresh)
        assert content(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old"]


def test_configurations_need_no_pydantic() -> None:
    import subprocess
    import sys

    code = "import sys; sys.modules['pydantic'] = None\n"
    code += "import training.alphazero, training.images.training, training.config\n"
    code += "training.config.TrainConfig(game='x'), training.images.training.ImageConfig(dataset='x')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
