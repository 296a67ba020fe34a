"""The ready-made clusters hold to the schemas of those who read them: Ray's cluster launcher, and KubeRay."""

from __future__ import annotations

import copy
import json
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"


def ray_schema() -> Any:
    spec = find_spec("ray")
    if spec is None or spec.origin is None:
        pytest.skip("ray is not installed")
    return json.loads((Path(spec.origin).parent / "autoscaler" / "ray-schema.json").read_text())


def kuberay_schema() -> Any:
    return json.loads((Path(__file__).parent / "rayjob-schema.json").read_text())


def cluster() -> Any:
    return yaml.safe_load((DEPLOY / "cluster.yaml").read_text())


def rayjob() -> Any:
    return yaml.safe_load((DEPLOY / "rayjob.yaml").read_text())


def test_the_cluster_fits_ray_up() -> None:
    jsonschema.validate(cluster(), ray_schema())
    wrong = cluster()
    wrong["available_node_types"]["cpu_player"]["min_worker"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, ray_schema())


def test_the_cluster_names_its_own_head_and_keeps_the_dashboard_to_itself() -> None:
    made = cluster()
    assert made["head_node_type"] in made["available_node_types"]
    commands = " ".join(made["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in commands
    assert "RAY_AUTH_MODE=token" in commands
    assert all("RAY_AUTH_MODE=token" in c for c in made["worker_start_ray_commands"] if "ray start" in c)


def test_the_job_fits_kuberay() -> None:
    schema = kuberay_schema()
    jsonschema.validate(rayjob(), schema)
    for path, value in {
        ("spec", "entrypoints"): "x",
        ("spec", "rayClusterSpec", "authOptions", "mode"): "tokens",
        ("spec", "rayClusterSpec", "workerGroupSpecs", 0, "replicas"): "two",
        ("spec", "rayClusterSpec", "headGroupSpec", "template", "spec", "containers", 0, "images"): "x",
    }.items():
        wrong = copy.deepcopy(rayjob())
        place = wrong
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_both_are_of_the_ray_that_is_tested() -> None:
    version = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("ray=="))
    version = version.partition("==")[2]
    assert rayjob()["spec"]["rayClusterSpec"]["rayVersion"] == version
    assert f"ray[default]=={version}" in " ".join(cluster()["setup_commands"])
    assert f"ray:{version}-" in (DEPLOY / "Dockerfile").read_text()


def test_what_the_job_runs_is_a_command_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    from honte.cli.commands.train import main

    words = shlex.split(rayjob()["spec"]["entrypoint"])
    assert words[:4] == ["python", "-m", "honte", "train"]
    assert main([*words[4:], "--print-config"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["game"] == "connect_four"
