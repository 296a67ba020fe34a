"""Mutation tests: do the tests notice a small mistake in the code that they cover?

A random sample of mutants (``benchmarks.mutants``) of the files in FOLDER is written, one after the other, into a copy
of the tracked files. The tests that cover the changed lines then run in plain Python (NUMBA_DISABLE_JIT=1), the fastest
first, until one fails. A mutant that no test notices *survives*: either a test is missing, or the mistake changes
nothing that can be seen. Each result is a line of the file --out, and the same command goes on where it was stopped.

    python -m benchmarks.mutations agent/search --tests tests/agent/search --out search.jsonl
    python -m benchmarks.mutations agent/search --tests tests/agent/search --out search.jsonl --retry

``--retry`` runs the survivors again, after tests were added. Tests of more than ``--longest`` seconds are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.mutants import Mutant, find_mutants

Coverage = dict[str, dict[int, set[str]]]
"""By file and line: the tests that run the line. The test "" stands for an import or a shared fixture."""

ROOT = Path(__file__).parent.parent
MEMORY = 8 << 30
"""Bytes of address space beyond which a mutant fails, for instance because its loop does not end."""


class Recorder:
    """A plugin of pytest: the seconds of each test and the first that fails; with ``coverage``, which lines it runs."""

    def __init__(self, coverage: Any = None) -> None:
        self.coverage = coverage
        self.seconds: Counter[str] = Counter()
        self.failed: str | None = None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.coverage:
            self.coverage.switch_context(nodeid)

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> None:
        if self.coverage and fixturedef.scope != "function":  # what later tests share is of all of them
            self.coverage.switch_context("")

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> None:
        if self.coverage:
            self.coverage.switch_context(pyfuncitem.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def run_pytest(tree: Path, words: list[str], coverage_file: Path | None, answer: Any) -> None:
    """In a process of its own: run pytest in ``tree``, and send (exit code, first failed test, seconds of each)."""
    import pytest

    os.chdir(tree)
    sys.path[:] = [str(tree), *(each for each in sys.path if each and Path(each) != ROOT)]
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    recorder = Recorder()
    if coverage_file is None:
        sys.dont_write_bytecode = True  # files of the tree change within a second
        with contextlib.suppress(ImportError, ValueError):
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    else:
        import coverage

        recorder.coverage = coverage.Coverage(data_file=str(coverage_file), config_file=False, source=["."])
        recorder.coverage.start()
    code = pytest.main(["-q", "-p", "no:cacheprovider", *words], plugins=[recorder])
    if coverage_file is not None:
        recorder.coverage.stop()
        recorder.coverage.save()
    answer.send((int(code), recorder.failed, dict(recorder.seconds)))


def ask_pytest(
    tree: Path, words: list[str], *, limit: float, coverage_file: Path | None = None
) -> tuple[int, str | None, dict[str, float]] | None:
    """What ``run_pytest`` sends; None if it takes more than ``limit`` seconds or dies."""
    methods = multiprocessing.get_all_start_methods()  # a fork has the large libraries already
    context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=run_pytest, args=(tree, words, coverage_file, there))
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(limit) else None
    except EOFError:
        return None
    finally:
        process.kill()
        process.join()


def measure(tree: Path, folder: str, tests: list[str], longest: float) -> tuple[Coverage, dict[str, float]]:
    """Which tests run each line of ``folder``, and the seconds of each test. The tests must pass as they are."""
    import coverage

    file = tree / ".coverage.mutations"
    answer = ask_pytest(tree, ["-m", "not slow", *tests], limit=3600, coverage_file=file)
    if answer is None or answer[0] != 0:
        raise SystemExit(f"the tests do not pass without a mistake: {answer and answer[1]}")
    seconds = {name: spent for name, spent in answer[2].items() if spent <= longest}
    data = coverage.CoverageData(str(file))
    data.read()
    covered: Coverage = {}
    for path in data.measured_files():
        name = Path(path).relative_to(tree).as_posix()
        if name.startswith(f"{folder}/"):
            lines = data.contexts_by_lineno(path)
            covered[name] = {
                line: {each for each in found if not each or each in seconds} for line, found in lines.items()
            }
    return covered, seconds


def covering_tests(covered: dict[int, set[str]], mutant: Mutant, seconds: dict[str, float]) -> list[str]:
    """The tests that run the statement with the mistake, the fastest first."""
    found: set[str] = set().union(*(covered.get(n, ()) for n in range(mutant.lines[0], mutant.lines[1] + 1)))
    if "" in found:
        found = set().union(*covered.values())
    return sorted(found - {""}, key=lambda name: seconds[name])


def try_mutant(tree: Path, mutant: Mutant, tests: list[str], seconds: dict[str, float], limit: float) -> dict[str, Any]:
    """Write the mutant into ``tree``, run ``tests``, put the file back; return what happened."""
    result: dict[str, Any] = {"result": "survived", "tests": len(tests)}
    if not tests:
        return result
    path = tree / mutant.file
    original, times = path.read_bytes(), path.stat()
    begin = time.monotonic()
    path.write_bytes(mutant.apply(original.decode()).encode())
    try:
        total = limit + 5 * sum(seconds[name] for name in tests)
        answer = ask_pytest(tree, ["-x", *tests], limit=total)
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its compiled file stays valid
    result["seconds"] = round(time.monotonic() - begin, 1)
    if answer is None:
        result["result"] = "timeout"
    elif answer[0] != 0:
        result |= {"result": "killed", "by": answer[1]}
    return result


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """The last result of each mutant, by its id."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["id"]: row for row in map(json.loads, lines)}


def print_summary(results: dict[str, dict[str, Any]]) -> None:
    """The counts of each file, for people, and the survivors."""
    counts = Counter((row["file"], row["result"]) for row in results.values())
    print(f"{'file':<44}  mutants  killed  timeout  survived")
    for file in sorted({file for file, _ in counts}):
        killed, timeout, survived = (counts[file, name] for name in ("killed", "timeout", "survived"))
        print(f"{file:<44}  {killed + timeout + survived:7}  {killed:6}  {timeout:7}  {survived:8}")
    for row in sorted(results.values(), key=lambda row: (row["file"], row["line"])):
        if row["result"] == "survived":
            print(f"survived {row['file']}:{row['line']}: {row['before']} -> {row['after']} ({row['tests']} tests)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", help="folder of the files to change, such as agent/search")
    parser.add_argument("--tests", nargs="+", required=True, help="test files or folders that cover it")
    parser.add_argument("--number", type=int, default=300, help="number of mutants (default: 300)")
    parser.add_argument("--seed", type=int, default=17, help="random seed of the sample (default: 17)")
    parser.add_argument("--first", nargs="+", default=[], help="names of files whose mutants are tried first")
    parser.add_argument(
        "--longest", type=float, default=5, help="seconds of the longest test that is used (default: 5)"
    )
    parser.add_argument("--limit", type=float, default=30, help="seconds that one test may take (default: 30)")
    parser.add_argument("--out", type=Path, required=True, help="file of results, one JSON object a line")
    parser.add_argument("--retry", action="store_true", help="try the survivors again")
    parser.add_argument("--summary", action="store_true", help="only print the results that the file has")
    args = parser.parse_args()
    if args.summary:
        print_summary(read_results(args.out))
        return
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1", "PYTEST_TIMEOUT": f"{args.limit:g}"}
    for library in ("numba", "torch"):  # before the processes fork
        __import__(library)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        files = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout.decode().split("\0")  # fmt: skip
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        mutants = [
            mutant
            for path in sorted((tree / args.folder).rglob("*.py"))
            for mutant in find_mutants(path.relative_to(tree).as_posix(), path.read_text(encoding="utf-8"))
        ]
        print(f"{len(mutants)} mutants of {args.folder}; {args.number} of them with seed {args.seed}", flush=True)
        sample = random.Random(args.seed).sample(mutants, min(args.number, len(mutants)))
        sample.sort(key=lambda mutant: Path(mutant.file).stem not in args.first)
        covered, seconds = measure(tree, args.folder, args.tests, args.longest)
        print(f"{len(seconds)} tests, {sum(seconds.values()):.0f} seconds", flush=True)
        done = read_results(args.out)
        again = [m for m in sample if m.id not in done or (args.retry and done[m.id]["result"] == "survived")]
        for number, mutant in enumerate(again, 1):
            tests = covering_tests(covered.get(mutant.file, {}), mutant, seconds)
            result = vars(mutant) | {"id": mutant.id} | try_mutant(tree, mutant, tests, seconds, args.limit)
            with args.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(result) + "\n")
            print(f"{number}/{len(again)} {result['result']} {mutant.id}", flush=True)
    print_summary(read_results(args.out))


if __name__ == "__main__":
    main()
