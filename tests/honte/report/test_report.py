"""The report of a run: what it says is what the run folder holds, and a browser shows it without complaint."""

from __future__ import annotations

import html as html_text
import json
import re
import shutil
import subprocess
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import games
from games.playouts import random_game, states_after
from honte.__main__ import main
from honte.drawing.page_board import page_board
from honte.drawing.palette import PLAYER_COLOURS
from honte.report import boards, coverage, curves, health_checks, stored_games
from honte.report.page import embed_json
from honte.terminal.live_view import summary
from selfplay.records import list_shards, read_shard
from training.run import metrics
from training.run.progress import ProgressReport, grade_title

TINY = [
    *("--network.blocks", "1", "--network.channels", "8", "--self-play.num-games", "16"),
    *("--self-play.num-groups", "1", "--self-play.search.num-simulations", "8", "--learn.batch-size", "32"),
    *("--learn.first-samples", "200", "--learn.reuse", "1", "--engine.kind", "torch", "--engine.precision", "fp32"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of tic-tac-toe."""
    run = tmp_path_factory.mktemp("runs") / "a <b>run"
    limits = ["--max-samples", "600", "--max-minutes", "60", "--grade-minutes", "30"]
    assert main(["train", "tic_tac_toe", "--run", str(run), *TINY, *limits]) == 0
    assert main(["report", str(run)]) == 0
    return run


def content(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_says_what_the_run_holds(folder: Path) -> None:
    data = content(folder / "report.html")
    (run,) = data["runs"]
    last = metrics.read(folder)[-1]
    facts = dict(run["facts"])
    assert facts["games"] == f"{last['games']:,.0f}"
    assert facts["learning steps"] == f"{last['step']:,}"
    (raw,) = (grade for grade in run["grades"] if grade["how"] == "raw")
    assert raw["rate"] == last["mistakes/all/raw"]
    assert raw["count"] == 4520
    assert raw["interval"][0] < raw["rate"] < raw["interval"][1]
    assert [each["class"] for each in run["classes"]] == ["begin", "middle", "end"]
    assert sum(each["raw"]["count"] for each in run["classes"]) == 4520
    assert sum(each["search"]["count"] for each in run["classes"]) == 200
    assert all(0 <= each["raw"]["interval"][0] <= each["raw"]["rate"] for each in run["classes"])
    assert "by_class/all/raw" in {figure["key"] for figure in data["figures"]}
    assert run["checkpoints"][0]["step"] == last["step"]
    assert all(re.fullmatch("[0-9a-f]{64}", each["sha256"]) for each in run["checkpoints"])
    keys = {figure["key"] for figure in data["figures"]}
    assert {"mistakes/all", "loss", "entropy", "outcomes", "length", "distinct", "age", "cache"} <= keys
    for figure in data["figures"]:
        for curve in figure["curves"]:
            assert set(curve["at"]) == set(data["axes"]) or figure["axis"]
            assert all(len(x) == len(curve["y"]) for x in curve["at"].values())


def test_the_page_loads_no_other_file(folder: Path) -> None:
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:|#|\$)[^"]+"', text)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "<b>run" not in text  # the folder's name is text, not markup


def test_sample_games_are_the_stored_games(folder: Path) -> None:
    game = games.make("tic_tac_toe")
    stored = {r.id: r for path in list_shards(folder / "games").values() for r in read_shard(path, game)}
    (run,) = content(folder / "report.html")["runs"]
    assert len(run["games"]) >= 3
    for shown in run["games"]:
        record = stored[shown["id"]]
        frames = shown["frames"]
        assert len(frames) == len(record.actions) + 1
        assert sum(code != 0 for code in frames[-1]["cells"]) == len(record.actions)
        assert [f["move"] for f in frames[:-1]] == [game.action_text(int(a)) for a in record.actions]
        for ply, frame in enumerate(frames[record.opening : -1]):
            text, share, _ = frame["policy"][0]
            assert share == pytest.approx(record.policies[ply].max(), abs=1e-4)
            assert game.parse_action(text) in np.flatnonzero(record.policies[ply] == record.policies[ply].max())
            sign = 1 if (record.opening + ply) % 2 == 0 else -1
            assert frame["value"] == pytest.approx(sign * record.values[ply], abs=1e-3)
        for frame in frames:
            for cell, code in enumerate(frame["cells"]):
                for theme in run["board"]["themes"].values():
                    pieces = theme["marked" if cell in frame["marked"] else "pieces"]
                    assert code == 0 or pieces[run["board"]["kinds"][cell]][code]


@pytest.mark.parametrize(
    "name", ["hex:size=4", "breakthrough:rows=5,columns=5", "dots_and_boxes:rows=2,columns=2", "go:size=3"]
)
def test_games_of_every_kind_can_be_shown(name: str) -> None:
    from selfplay.records import GameRecord

    game = games.make(name)
    actions = random_game(game, np.random.default_rng(1))
    legal = game.describe_new(states_after(game, [actions[:ply] for ply in range(len(actions))])).legal
    policy, count = (legal / legal.sum(axis=1, keepdims=True)).astype(np.float32), len(actions)
    lists = {"values": np.zeros(count, np.float32), "budgets": np.ones(count, np.int16)}
    record = GameRecord(
        id=1, seed=0, actions=np.array(actions, np.int16), policies=policy, networks=np.zeros(count, np.int32), **lists
    )
    shown = boards.game_as_json(game, record, "random")
    drawn = page_board(game.board)
    assert len(shown["frames"]) == count + 1
    assert any(cells for frame in shown["frames"][:-1] for _, _, cells in frame["policy"])
    assert len(drawn["centres"]) == len(shown["frames"][0]["cells"])
    codes = {code for frame in shown["frames"] for code in frame["cells"]} - {0}
    for theme in drawn["themes"].values():
        assert all(
            svg.startswith("<") for pieces in theme["pieces"] for code, svg in enumerate(pieces) if code in codes
        )


def test_the_reason_for_a_sample_game_is_true_of_it(folder: Path) -> None:
    """Without a draw the button "a draw" opened a game that was won."""
    game = games.make("tic_tac_toe")
    records = [
        r for path in list_shards(folder / "games").values() for r in read_shard(path, game) if r.num_decided > 1
    ]
    won = [record for record in records if record.outcome != 0][:40]
    drawn = [record for record in records if record.outcome == 0][:3]
    assert drawn
    for newest in (won, [*won, *drawn], won[:1], drawn[:1]):
        chosen = boards.choose_games(game, newest, records)
        whys = [why for why, _ in chosen]
        assert ("a draw" in whys) <= any(record.outcome == 0 for record in newest)
        assert len({id(record) for _, record in chosen}) == len(whys) == len(set(whys))
        for why, record in chosen:
            plies = [len(each.actions) for each in newest]
            if why == "a draw":
                assert record.outcome == 0
            elif why == "the longest new game":
                assert len(record.actions) == max(plies)
            elif why == "the greatest surprise":
                (most,) = boards.value_errors(game, [record])
                assert most == max(boards.value_errors(game, newest)) > boards.SURPRISE
    assert "a draw" in [why for why, _ in boards.choose_games(game, [*won, *drawn], records)]
    assert "a typical old game" not in [why for why, _ in boards.choose_games(game, records, records)]
    assert boards.choose_games(game, [], []) == []


def test_names_and_numbers_are_the_same_everywhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = content(folder / "report.html")
    assert data["titles"]["mistakes/all/raw"] == "mistakes on all positions, network only"
    assert data["titles"]["mistakes/all/search"] == "mistakes on all positions, with search"
    assert set(data["sets"].values()) == {"all positions"}
    assert grade_title("mistakes/middle_easy/raw") == "mistakes on easy middle-game positions, network only"
    assert grade_title("validation_accuracy") == "validation accuracy"
    assert main(["describe", str(folder), "--json"]) == 0
    parameters = json.loads(capsys.readouterr().out)["parameters"]
    assert f", {parameters:,} parameters" in dict(data["runs"][0]["facts"])["network"]
    said = summary(ProgressReport(step=3, games=1, grades={"mistakes/all/raw": 0.5}))
    assert "mistakes on all positions, network only: 50.00%" in said


def test_no_curve_has_a_player_s_colour() -> None:
    """Orange was a player, a curve and the move that was played."""
    style, viewer = (resources.files("honte.report").joinpath(n).read_text("utf-8") for n in ("page.css", "viewer.js"))

    def numbers(text: str) -> np.ndarray:  # type: ignore[type-arg]
        return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)])

    curves_of = [[numbers(found) for found in re.findall(rf"--c{k}: (#\w{{6}})", style)] for k in range(6)]
    assert all(len(each) == 2 for each in curves_of)  # light and dark
    for ink in PLAYER_COLOURS.values():
        for each in curves_of:
            assert all(np.linalg.norm(curve - numbers(ink.fill)) > 40 for curve in each)
    assert "var(--c" not in viewer  # beside a board all colours are the players'


@pytest.mark.parametrize(("name", "positions"), [("tic_tac_toe", 4520), ("nim:heaps=1-2", 5)])
def test_positions_of_a_small_game_are_counted(name: str, positions: int) -> None:
    game = games.make(name)
    assert coverage.count_positions(game, positions) == positions
    assert coverage.count_positions(game, positions - 1) is None
    assert coverage.count_positions(games.make("connect_four"), 1000) is None


def test_games_of_a_small_game_may_repeat() -> None:
    def check(seen: coverage.Coverage | None) -> tuple[str, str]:
        found = health_checks.check_duplicates([batch(distinct_games=400)], lambda newest: seen)
        return found.level, found.text

    assert check(None)[0] == "bad"
    level, text = check(coverage.Coverage(1960, 4520))
    assert level == "good"
    assert "1,960 of its 4,520 positions (43%)" in text
    assert check(coverage.Coverage(60, 4520))[0] == "warn"  # all games alike: that is too few in any game
    cached = [{"step": i, "minutes": float(i), "evaluations_per_second": 1000.0 if i < 20 else 50.0,
               "rows_per_call": 3.0, "cache_hits": 0.9} for i in range(40)]  # fmt: skip
    assert [each.level for each in health_checks.check_evaluator(cached)] == ["good"]
    drawn = [batch(outcomes=(5, 990, 5))]
    grades = [{"step": 1, "minutes": 1.0, "mistakes/all/raw": 0.001}]
    assert "Draw collapse" in [each.title for each in health_checks.run_checks(grades, drawn, {}, {})]
    found = health_checks.run_checks(grades, drawn, {}, {"mistakes/all/raw": 4520})
    assert [each.title for each in found if each.level != "good"] == []


def batch(**changes: Any) -> stored_games.ShardStatistics:
    plain = stored_games.ShardStatistics(
        number=0,
        games=1000,
        samples=9000,
        outcomes=(450, 100, 450),
        proven=0,
        distinct_games=990,
        lengths=(7.0, 9.0, 11.0),
        distinct=((900, 3000), (2500, 3000), (2900, 3000)),
        version=10.0,
        value_error=0.5,
        policy_entropy=0.4,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"distinct_games": 400}, "Duplicate games"),
        ({"outcomes": (20, 960, 20)}, "Draw collapse"),
        ({"outcomes": (950, 0, 50)}, "One player nearly always wins"),
        ({"policy_entropy": 0.03}, "Entropy collapse"),
        ({"value_error": 1.2}, "The value overfits"),
    ],
)
def test_health_checks_of_games(changes: dict[str, Any], title: str) -> None:
    records = [{"step": i, "minutes": float(i), "value_error": 0.5} for i in range(12)]

    def failed(*batches: stored_games.ShardStatistics) -> list[str]:
        return [a.title for a in health_checks.run_checks(records, batches, {}, {}) if a.level != "good"]

    assert failed(batch()) == []
    assert failed(batch(**changes)) == [title]


def test_health_checks_of_speed() -> None:
    def run(**changes: Any) -> list[str]:
        plain = {"evaluations_per_second": 1000.0, "rows_per_call": 64.0, "skipped": 0.0}
        records = [
            {"step": i, "minutes": float(i), "trained": 100.0 * i, "samples": 50.0 * i, **plain} for i in range(40)
        ]
        for record in records[20:]:
            record |= changes
        found = health_checks.run_checks(records, [], {"learn": {"reuse": 2.0}}, {"mistakes/x/raw": 1000})
        return [check.title for check in found if check.level != "good"]

    assert run() == []
    assert run(trained=2000.0) == ["The learner waits for games"]
    assert run(evaluations_per_second=100.0) == ["The network is underused"]
    assert run(rows_per_call=2.0) == []  # half of the run was well fed
    assert run(skipped=3.0) == ["Skipped learning steps"]


def test_forgetting_needs_intervals_that_do_not_meet() -> None:
    def run(*shares: float) -> list[str]:
        records = [{"step": i, "minutes": float(i), "mistakes/x/raw": share} for i, share in enumerate(shares)]
        return [check.title for check in health_checks.check_forgetting(records, {"mistakes/x/raw": 1000})]

    assert run(0.3, 0.1, 0.12) == []
    assert run(0.3, 0.1, 0.2) == ["Play has become worse"]


def test_ratings_are_drawn_where_there_are_any() -> None:
    assert curves.ratings([]) == []
    (figure,) = curves.ratings([({"minutes": 1.0, "games": 10.0}, 50.0, 20.0, 80.0)])
    assert figure.curves[0].low == [20.0]
    assert figure.curves[0].at["minutes"] == [1.0]
    assert figure.aim is None
    (figure,) = curves.ratings([({"minutes": 1.0}, 50.0, 20.0, 80.0)], [("random", 0.0), ("perfect", 900.0)])
    assert figure.aim == (900.0, "perfect play")
    assert "random at +0" in figure.note


def test_nothing_in_the_data_ends_the_script() -> None:
    hostile = {"name": "</script><script>alert(1)</script>&\u2028"}
    assert "<" not in embed_json(hostile)
    assert json.loads(embed_json(hostile)) == hostile


def test_runs_are_compared(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, page = tmp_path / "other", tmp_path / "both.html"
    shutil.copytree(folder, other)
    assert main(["report", str(folder), str(other), "--out", str(page), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in shown["runs"]] == [folder.name, "other"]
    for figure in content(page)["figures"]:
        assert {curve["run"] for curve in figure["curves"]} == {0, 1}
    assert main(["report", str(other), str(other)]) == 2
    assert "rename" in capsys.readouterr().err


def test_damage_is_reported(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "damaged"
    shutil.copytree(folder, run)
    shard = next(iter(list_shards(run / "games").values()))
    shard.write_bytes(shard.read_bytes()[:-20])
    step = max(map(int, (path.name for path in (run / "checkpoints").iterdir())))
    (run / "checkpoints" / str(step) / "model.safetensors").write_bytes(b"")
    assert main(["report", str(run)]) == 0
    (report,) = content(run / "report.html")["runs"]
    assert any("was skipped" in note for note in report["notes"])
    assert "damaged" in report["checkpoints"][0]["problem"]
    capsys.readouterr()
    (run / "metrics.jsonl").unlink()
    assert main(["report", str(run)]) == 2
    assert "nothing to report yet" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    assert "is no run" in capsys.readouterr().err


PROBE = """<script>
const said = { errors: [...window.problems] }, find = (selector) => document.querySelector(selector);
const click = (selector) => find(selector).click(), viewer = find(".viewer");
const plot = () => find("[data-figure] .plot").innerHTML; // its ticks differ even where two points are joined alike
addEventListener("error", (event) => said.errors.push(event.message));
document.querySelectorAll("[data-game]")[1].click();
click('[data-go="first"]');
said.plies = [viewer.dataset.ply];
const before = viewer.querySelector(".board svg").innerHTML;
click('[data-go="on"]');
said.plies.push(viewer.dataset.ply);
said.moved = before !== viewer.querySelector(".board svg").innerHTML;
viewer.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
said.plies.push(viewer.dataset.ply);
viewer.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
said.end = viewer.dataset.ply === viewer.querySelector("input").max;
viewer.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
said.circles = viewer.querySelectorAll(".policy").length;
click('[data-go="search"]');
said.hidden = viewer.querySelectorAll(".policy").length;
const drawn = plot();
click('[data-axis="samples"]');
said.redrawn = drawn !== plot();
const charts = [...document.querySelectorAll("[data-figure] .plot svg")];
said.charts = charts.map((svg) => svg.querySelectorAll("path, circle").length);
const box = find("[data-figure] .plot"), area = box.getBoundingClientRect();
const at = { clientX: area.left + area.width / 2, clientY: area.top + 50, bubbles: true };
box.dispatchEvent(new PointerEvent("pointermove", at));
said.tip = document.getElementById("tip").textContent;
click("[data-curve]");
said.off = document.querySelector("[data-curve]").getAttribute("aria-pressed");
said.wide = document.documentElement.scrollWidth <= innerWidth;
document.body.dataset.said = JSON.stringify(said);
</script></body>"""
FIRST = (
    "<head><script>window.problems = []; addEventListener('error', (e) => window.problems.push(e.message));</script>"
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("size", ["1240,900", "390,800"])
def test_in_a_browser(folder: Path, tmp_path: Path, size: str) -> None:
    """Step, change the axis, hide a curve: in Chromium, with its console listened to."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    page = tmp_path / "page.html"
    page.write_text(text.replace("<head>", FIRST, 1).replace("</body>", PROBE), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    flags += ["--disable-component-update", "--disable-sync", "--enable-logging=stderr", f"--window-size={size}"]
    command = ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "CONSOLE" not in done.stderr, done.stderr
    found = re.search(r'data-said="([^"]*)"', done.stdout)
    assert found, done.stderr
    said = json.loads(html_text.unescape(found[1]))
    assert said["errors"] == []
    assert said["plies"] == ["0", "1", "2"]
    assert said["moved"]
    assert said["end"]
    assert said["circles"] > 0
    assert said["hidden"] == 0
    assert said["redrawn"]
    assert min(said["charts"]) > 0
    assert "%" in said["tip"]
    assert "n = 4,520" in said["tip"]
    assert said["off"] == "false"
    assert said["wide"]  # nothing runs over the side, on a desk or on a telephone
