"""Which backends are candidates on machines that are described: Macs, Windows, processors without AMX, GPUs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from agent.inference import backend_cache
from agent.inference.backend_cache import Choice, Measurement
from agent.inference.backend_explanation import explain_choice, list_reasons
from agent.inference.backend_selection import BackendConfig, list_candidates, resolve_device, selection_key
from agent.inference.devices import choose_device
from agent.inference.machine import Machine, this_machine
from agent.networks.policy_value import NetworkConfig
from tests.games.made import made

GAME, SMALL = made("connect_four"), NetworkConfig(blocks=1, channels=8)

AMX = Machine(instructions=frozenset({"avx512_f", "amx_bf16", "amx_int8"}), has_openvino=True)
ZEN4 = Machine(instructions=frozenset({"avx512_f", "avx512_bf16", "avx512_vnni"}), has_openvino=True)
AVX2 = Machine(instructions=frozenset({"avx2", "fma3"}), has_openvino=True)
BARE = Machine(instructions=frozenset({"avx2", "fma3"}))
MAC = Machine(system="Darwin", architecture="arm64", devices={"mps": 1}, has_openvino=True)
INTEL_MAC = Machine(system="Darwin", architecture="x86_64", instructions=frozenset({"avx2"}))
WINDOWS = Machine(system="Windows", architecture="AMD64", instructions=frozenset({"avx2"}), has_openvino=True)
WINDOWS_ARM = Machine(system="Windows", architecture="ARM64")
GRAVITON = Machine(architecture="aarch64", instructions=frozenset({"neon", "bf16", "i8mm"}), has_openvino=True)
GPU = Machine(instructions=frozenset({"amx_bf16"}), devices={"cuda": 2}, has_openvino=True)


def names(machine: Machine, **settings: object) -> list[str]:
    config = BackendConfig(**settings)  # type: ignore[arg-type]
    return [each.name for each in list_candidates(GAME, SMALL, config, machine)]


@pytest.mark.parametrize(
    ("machine", "automatic", "fast"),
    [
        (AMX, ["torch fp32", "openvino fp32", "torch bf16", "openvino bf16"], ["openvino int8"]),
        (ZEN4, ["torch fp32", "openvino fp32", "torch bf16", "openvino bf16"], ["openvino int8"]),
        (AVX2, ["torch fp32", "openvino fp32"], ["openvino int8"]),
        (BARE, ["torch fp32"], []),
        (MAC, ["torch fp32", "openvino fp32"], ["openvino int8"]),
        (INTEL_MAC, ["torch fp32"], []),
        (WINDOWS, ["torch fp32", "openvino fp32"], ["openvino int8"]),
        (WINDOWS_ARM, ["torch fp32"], []),
        (GRAVITON, ["torch fp32", "openvino fp32"], ["openvino int8"]),
        (GPU, ["cuda fp32", "cuda bf16"], ["cuda fp16"]),
    ],
)
def test_candidates(machine: Machine, automatic: list[str], fast: list[str]) -> None:
    assert names(machine) == automatic
    assert names(machine, precision="fast") == automatic + fast
    assert names(machine, kind="torch") == [name for name in automatic if not name.startswith("openvino")]


def test_the_gpu_of_a_mac_is_used_when_it_is_named() -> None:
    assert resolve_device(BackendConfig(), MAC).device == "cpu"
    assert names(MAC, device="mps") == ["torch fp32", "torch bf16"]
    assert choose_device("auto", automatic=("cuda", "mps"), machine=MAC).type == "mps"
    with pytest.raises(ValueError, match=r"^engine\.device is 'mps': torch finds no such device here$"):
        resolve_device(BackendConfig(device="mps"), AMX)


def test_gpus_are_counted() -> None:
    assert resolve_device(BackendConfig(), GPU).device == "cuda"
    assert choose_device("auto", processes=2, machine=GPU).type == "cuda"
    assert choose_device("auto", processes=3, machine=GPU).type == "cpu"
    with pytest.raises(ValueError, match="torch finds 2 such devices"):
        choose_device("cuda:2", machine=GPU)
    assert names(GPU, device="cpu")[-1] == "openvino bf16"


def test_an_unknown_processor_is_measured_in_bf16() -> None:
    unknown = Machine(instructions=None)
    assert names(unknown) == ["torch fp32", "torch bf16"]
    assert this_machine().has_bf16("cuda")


def test_reasons() -> None:
    assert "int8" not in list_reasons(BackendConfig(precision="fast"), AMX)
    assert list_reasons(BackendConfig(), AVX2) == {
        "bf16": "this processor has neither AMX nor AVX-512 BF16",
        "int8": "it rounds; --engine.precision fast tries it",
        "a GPU": "torch finds none",
    }
    assert list_reasons(BackendConfig(), BARE)["openvino"] == "not installed; pip install openvino"
    assert list_reasons(BackendConfig(), WINDOWS_ARM)["openvino"] == "it is not published for Windows on ARM64"
    assert list_reasons(BackendConfig(), INTEL_MAC)["openvino"] == "it is not published for Darwin on x86_64"
    assert list_reasons(BackendConfig(), MAC)["mps"] == "--engine.device mps uses it"
    assert list_reasons(BackendConfig(kind="torch"), AMX)["openvino"] == "engine.kind is torch"
    assert list_reasons(BackendConfig(), GPU)["openvino"] == "it runs on the CPU only"
    assert list_reasons(BackendConfig(precision="fp32"), AMX)["other precisions"] == "engine.precision is fp32"


def test_explanations_of_described_machines() -> None:
    assert str(explain_choice(GAME, SMALL, BackendConfig(), WINDOWS_ARM)) == (
        "torch fp32, the only one that fits; not considered: openvino (it is not published for Windows on ARM64), "
        "bf16 (this processor has neither AMX nor AVX-512 BF16), a GPU (torch finds none)"
    )
    found = explain_choice(GAME, SMALL, BackendConfig(), MAC)
    assert found.as_json()["chosen"] is None
    assert str(found).startswith("not measured yet; the first run measures torch fp32, openvino fp32; not considered: ")


def test_settings_that_fit_no_backend_have_no_explanation() -> None:
    with pytest.raises(ValueError, match="int8 needs openvino"):
        explain_choice(GAME, SMALL, BackendConfig(precision="int8"), BARE)


def test_a_stored_choice_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONTE_CACHE", str(tmp_path))
    config = BackendConfig(device="cpu", precision="fast")
    found = explain_choice(GAME, SMALL, config)
    reference, *others = found.candidates
    if not others:
        pytest.skip("this machine has one backend only")
    assert found.choice is None
    fastest = others[-1]
    measured = {reference: Measurement(0.001, 1.0), fastest: Measurement(0.0005, 0.995)}
    backend_cache.store_choice(selection_key(GAME, SMALL, config), Choice(fastest, measured))
    found = explain_choice(GAME, SMALL, config)
    assert str(found).startswith(
        f"{fastest}, the fastest (positions/s: {fastest} 2,000, {reference} 1,000; "
        f"its best move is that of {reference} in 99.5 % of positions)"
    )
    assert found.as_json()["positions_per_s"] == {reference: 1000, fastest: 2000}
    failed = {name for name, reason in found.not_tried.items() if reason == "it failed, or its answers were wrong"}
    assert failed == set(others) - {fastest}
    monkeypatch.setattr(backend_cache, "processor", lambda: "another one")  # a measurement of another machine
    assert explain_choice(GAME, SMALL, config).choice is None


def test_the_requirement_names_the_systems_that_have_openvino() -> None:
    """The markers in pyproject.toml and ``publishes_openvino`` agree."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (marker,) = (each.marker for each in map(Requirement, project["dependencies"]) if each.name == "openvino")
    assert marker is not None
    for machine in (AMX, MAC, INTEL_MAC, WINDOWS, WINDOWS_ARM, GRAVITON, Machine(architecture="armv7l")):
        known = {"platform_system": machine.system, "platform_machine": machine.architecture}
        for python, published in (("3.11", True), ("3.14", True), ("3.15", False)):
            wanted = published and machine.publishes_openvino()
            assert marker.evaluate({**known, "python_version": python}) == wanted
    assert not re.search("openvino", " ".join(project["optional-dependencies"]["fast"]))  # one name, one place
