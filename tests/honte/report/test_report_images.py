"""The report of a run that learned pictures: its numbers are those of the run, and a browser shows it all."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.networks.image_classifier import Classifier, ClassifierConfig
from honte.__main__ import main
from honte.report import classifier_inside
from selfplay.solved.grading import wilson_interval
from training.images.datasets import Pictures

QUICK = ["--model", "resnet", "--network.channels", "8", "16", "--network.blocks", "1", "1"]
QUICK += ["--max-cpu-minutes", "0", "--epochs", "3"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few epochs on digits."""
    run = tmp_path_factory.mktemp("runs") / "digits"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.training_run.REPORT_SECONDS", 0.0)  # a record at every step
        assert main(["classify", "digits", "--run", str(run), *QUICK]) == 0
    assert main(["report", str(run)]) == 0
    return run


def content(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_says_what_the_run_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = content(folder / "report.html")
    (run,) = data["runs"]
    assert main(["classify", "digits", "--run", str(folder), *QUICK, "--json"]) == 0  # finished: says how it went
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    (grade,) = run["grades"]
    assert grade["rate"] == pytest.approx(1 - result["test_accuracy"], abs=1e-6)
    assert (grade["set"], grade["count"]) == ("test pictures", 359)
    assert set(data["axes"]) == {"minutes", "step"}
    keys = {figure["key"] for figure in data["figures"]}
    assert {"pictures", "loss", "rate", "grad", "speed"} <= keys
    for figure in data["figures"]:
        for curve in figure["curves"]:
            assert curve["y"]
            assert all(value is not None for axis in data["axes"] for value in curve["at"][axis])
    cards = {card["title"]: card for card in run["inside"]}
    counts = torch.tensor(cards["Confusion matrix"]["rows"])
    assert counts.sum() == 359
    assert counts.trace() == round(359 * result["test_accuracy"])
    for row in cards["Mistakes by class"]["rows"]:
        k = int(row["name"])
        wrong, count = int(counts[k].sum() - counts[k, k]), int(counts[k].sum())
        assert (row["rate"], row["count"]) == (wrong / count, count)
        assert (row["low"], row["high"]) == wilson_interval(wrong, count)
    assert len(cards["Mistakes"]["pictures"]) == min(24, 359 - int(counts.trace()))
    assert len(cards["Saliency"]["pictures"]) == 10
    assert len(cards["Learned filters"]["pictures"]) == 8
    for title in ("Features, PCA", "Features, t-SNE"):
        points = cards[title]["points"]
        assert len(points) == 359
        assert sum(wrong for *_, wrong in points) == 359 - int(counts.trace())


def test_saliency_is_bright_where_the_answer_is() -> None:
    """A neuron that looks at one pixel."""
    model = Classifier(ClassifierConfig(kind="logistic"), (1, 4, 4), 2)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.weight[1, 6] = 1.0
    pictures = Pictures(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]))
    predictions = classifier_inside.Predictions(pictures, torch.tensor([[0.1, 0.9], [0.1, 0.9]]), ("off", "on"))
    card = classifier_inside.saliency(model, predictions, 0)
    seen = [pixels(address) for address, _ in card["pictures"]]
    assert [text for _, text in card["pictures"]] == ["off, predicted on", "on"]
    for picture in seen:
        right = picture[:, 4:]  # beside the picture itself
        assert right[1, 2, 0] > 200
        assert right.sum() == right[1, 2].sum()
    drawn = classifier_inside.filters(model, ("off", "on"))["pictures"]
    assert [name for _, name in drawn] == ["off", "on"]
    weights = pixels(drawn[1][0])
    assert weights[1, 2] == 255
    assert (weights != 255).sum() == 15
    assert set(weights.flatten().tolist()) == {128, 255}


def pixels(address: str) -> torch.Tensor:
    import base64
    import io

    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as image:
        return torch.from_numpy(np.asarray(image).astype(np.int64))


def test_a_run_under_way_does_not_look_at_its_test_pictures(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "digits"
    shutil.copytree(folder, run)
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps({**status, "status": "running"}))
    assert main(["report", str(run)]) == 0
    (grade,) = content(run / "report.html")["runs"][0]["grades"]
    assert grade["set"] == "validation pictures"


def test_a_note_says_that_pictures_have_changed(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "digits"
    shutil.copytree(folder, run)
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(re.sub("data_sha256: .*", "data_sha256: '0'", text))
    assert main(["report", str(run)]) == 0
    (story,) = content(run / "report.html")["runs"]
    assert "have changed since the run" in story["notes"][0]
    assert story["inside"] == []
    assert content(run / "report.html")["figures"]


PROBE = """<script>
addEventListener("load", () => {
  const said = { errors: window.problems }, count = (selector) => document.querySelectorAll(selector).length;
  const charts = [...document.querySelectorAll("[data-figure] .plot svg")];
  said.pictures = [...document.images].filter((image) => image.naturalWidth > 0).length;
  said.cells = count(".matrix td");
  said.rates = count(".rates .bar b");
  said.points = count("svg.points circle");
  said.charts = charts.map((svg) => svg.querySelectorAll("path").length);
  said.wide = document.documentElement.scrollWidth <= innerWidth;
  document.body.dataset.said = JSON.stringify(said);
});
</script></body>"""
FIRST = "<head><script>window.problems = []; addEventListener('error', (e) => problems.push(e.message));</script>"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("size", ["1240,900", "390,800"])
def test_in_a_browser(folder: Path, tmp_path: Path, size: str) -> None:
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
    said = json.loads(html.unescape(found[1]))
    (run,) = content(folder / "report.html")["runs"]
    assert said["errors"] == []
    assert said["pictures"] == sum(len(card["pictures"]) for card in run["inside"] if card["kind"] == "pictures")
    assert said["cells"] == 100
    assert said["rates"] == 10
    assert said["points"] == 2 * 359
    assert min(said["charts"]) > 0
    assert said["wide"]
