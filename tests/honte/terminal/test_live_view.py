"""The live view of a run: it fits the terminal, cuts no word and no number, and says how long and how strong."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from honte.terminal.live_view import LiveView, line, summary
from training.evaluation.rating_curve import RatedCheckpoint
from training.run.progress import ProgressReport

SETS = ("begin_easy", "begin_medium", "begin_hard", "middle_easy", "middle_medium", "end_easy")


def report() -> ProgressReport:
    found = ProgressReport(
        step=1200,
        games=12_345,
        samples=1_234_567,
        trained=9_400_000,
        minutes=7.5,
        progress=0.25,
        window=150_000,
        games_per_second=45,
        moves_per_second=913,
        simulations_per_second=28_001,
        evaluations_per_second=15_002,
        trained_per_second=3_603,
        cache_hits=0.47,
        losses={"policy_loss": 1.234, "value_loss": 0.567, "policy_accuracy": 0.612},
        ratings=[RatedCheckpoint(step=1100, elo=320, low=250, high=400, games=80)],
    )
    for i, name in enumerate(SETS):
        found.grades |= {f"mistakes/{name}/raw": 0.111 + 0.1 * i, f"mistakes/{name}/search": 0.012 + 0.01 * i}
    found.by_class = {"by_class/end_easy/raw/end hard": 0.987, "by_class/end_easy/search/end hard": 0.456}
    return found


def shown(view: LiveView, given: ProgressReport, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(view.panel(given, width))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [each.strip("│╭╮╰╯─ ") for each in text.splitlines() if len(each) <= width or pytest.fail(each)]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_no_word_and_no_number_is_cut(width: int) -> None:
    given = report()
    view = LiveView("connect_four", "runs/connect_four", counts=dict.fromkeys(given.grades, 300), as_lines=True)
    words = " ".join(shown(view, given, width)).split()
    numbers = ["12,345", "1,234,567", "9,400,000", "45/s", "913/s", "28,001/s", "15,002/s", "3,603/s", "150,000"]
    numbers += ["47%", "1,200", "1.234", "0.567", "61.2%", "+320", "1,100", "25%"]
    labels = "network evaluations training samples medium middle-game hard endgame only with search mistakes Elo left"
    rates = [*given.grades.values(), *given.by_class.values()]
    assert not {*numbers, *labels.split()} - {*words}
    for rate in rates:
        assert {f"{rate:.1%}", f"{rate:.2%}"} & {*words}


def test_intervals_are_shown_where_they_fit() -> None:
    given = report()
    view = LiveView("connect_four", "runs/x", counts=dict.fromkeys(given.grades, 1000), as_lines=True)
    assert "11.10% (9.3% to 13.2%)" in "\n".join(shown(view, given, 80))
    assert "to 13.2%" not in "\n".join(shown(view, given, 40))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_run_that_has_just_begun_says_what_is_not_known_yet(width: int) -> None:
    view = LiveView("hex", "runs/hex", rating_minutes=5, as_lines=True)
    text = " ".join(shown(view, ProgressReport(), width))
    assert "strength" in text
    assert "not measured yet, the first rating follows after 60 seconds" in text
    assert "time left unknown" in text
    assert "strength not measured yet" in line(ProgressReport(), {})


def test_the_time_that_is_left() -> None:
    given = report()
    assert line(given, {}).startswith("25% done in 8 minutes, about 22 minutes left")
    given.progress = 1.0
    assert line(given, {}).startswith("100% done in 8 minutes  ")


def test_a_classifier_shows_its_accuracy() -> None:
    given = ProgressReport(step=3, trained=384, losses={"loss": 0.3}, grades={"validation_accuracy": 0.971})
    text = "\n".join(shown(LiveView("digits", "runs/digits", as_lines=True), given, 40))
    assert "validation accuracy 97.10%" in text
    assert "games" not in text


def test_the_end_of_a_run_names_its_intervals() -> None:
    given = report()
    assert summary(given, dict.fromkeys(given.grades, 1000)).endswith("(95 % intervals)")
    given.ratings = []
    assert "interval" not in summary(given)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_end_of_a_run_is_forecast(width: int) -> None:
    ratings = [
        RatedCheckpoint(step=100 * k, elo=100.0 * k, low=100.0 * k - 30, high=100.0 * k + 30, games=80, minutes=2.0**k)
        for k in range(1, 5)
    ]
    begun = ProgressReport(step=400, minutes=16.0, progress=0.25, ratings=ratings)
    view = LiveView("hex", "runs/hex", rating_minutes=5, as_lines=True)
    text = " ".join(shown(view, begun, width))
    assert "Elo forecast" in text
    assert "+600 (+551 to +649)" in text
    assert "Elo forecast at the end +600 (+" in line(begun, {})
    begun.progress = 1.0
    assert "forecast at the end" not in line(begun, {})
    assert "Elo forecast for 32 minutes: +500 (+" in summary(begun)
