"""Mutation tests: do the tests notice a small mistake in the code that they cover?

Each mutant of a random sample (``benchmarks.mutants``) of the files in FOLDER meets the tests that cover its line, in
plain Python (NUMBA_DISABLE_JIT=1), the fastest first, until one fails. A mutant that no test notices *survives*: either
a test is missing, or the mistake changes nothing that can be seen. Each result is a line of the file --out, and the
same command goes on where it was stopped.

    python -m benchmarks.mutations agent/search --tests tests/agent/search --out search.jsonl
    python -m benchmarks.mutations agent/search --tests tests/agent/search --out search.jsonl --retry --seconds 60

The tests are collected once. For each mutant this process forks, and the child gives the changed functions their new
code. A mistake in code that runs at import, such as another default, is written into a copy of the tracked files, where
pytest starts anew. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from types import FunctionType
from typing import Any

from benchmarks.mutants import Mutant, find_mutants, new_codes
from benchmarks.script import run_script

ROOT = Path(__file__).parent.parent
MEMORY = 8 << 30
"""Bytes of address space beyond which a test fails, for instance because a loop does not end."""

PATIENCE = 60
"""Seconds that the tests of a mutant may take beyond ten times their usual ones."""

ALL = ""
"""The name that stands for all tests: what a fixture of several tests runs is covered by all of them."""


class Recorder:
    """A plugin of pytest: the seconds of each test and the first that fails; with ``coverage``, the lines of each."""

    def __init__(self, coverage: Any = None) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: str | None = None

    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> None:
        if self.coverage:
            self.coverage.switch_context(request.node.nodeid if fixturedef.scope == "function" else ALL)

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> None:
        if self.coverage:
            self.coverage.switch_context(pyfuncitem.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def run_items(items: Sequence[Any], recorder: Recorder) -> None:
    """Run collected tests until one fails."""
    config = items[0].config
    config.pluginmanager.register(recorder)
    for item, following in zip(items, [*items[1:], None], strict=True):
        config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if recorder.failed:
            return


def fork(work: Callable[[], Any], limit: float) -> Any:
    """What ``work`` returns in a forked process; None if it takes more than ``limit`` seconds or dies."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            import resource  # Windows has none, and no fork

            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            there.send(work())
        os._exit(0)
    there.close()
    try:
        return here.recv() if here.poll(limit) else None
    except EOFError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
        os.waitpid(child, 0)


class MutationRun:
    """A plugin of pytest that runs the collected tests on mutants."""

    def __init__(self, args: argparse.Namespace, tree: Path) -> None:
        self.args, self.tree = args, tree
        self.covered: dict[str, dict[int, list[str]]] = {}  # by file and line: the tests
        self.seconds: dict[str, float] = {}

    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        place = self.tree / self.args.folder
        paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
        self.sources = {path.relative_to(self.tree).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(str(self.tree)):
                self.functions[Path(each.__code__.co_filename).relative_to(self.tree).as_posix()].append(each)
        gc.freeze()
        answer = fork(self.measure, limit=3600)
        if answer is None or answer[0]:
            raise SystemExit(f"the tests do not pass without a mistake: {answer and answer[0]}")
        _, self.covered, self.seconds = answer
        print(f"{len(self.seconds)} tests take {sum(self.seconds.values()):.0f} seconds", flush=True)
        mutants = [mutant for file, source in self.sources.items() for mutant in find_mutants(file, source)]
        print(f"{len(mutants)} mutants; {self.args.number} of them with seed {self.args.seed}", flush=True)
        sample = random.Random(self.args.seed).sample(mutants, min(self.args.number, len(mutants)))
        sample.sort(key=lambda mutant: Path(mutant.file).stem not in self.args.first)
        done = read_results(self.args.out)
        left = [m for m in sample if m.id not in done or (self.args.retry and done[m.id]["result"] != "killed")]
        for number, mutant in enumerate(left, 1):
            result = vars(mutant) | {"id": mutant.id} | self.try_mutant(mutant)
            with self.args.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(result) + "\n")
            print(f"{number}/{len(left)} {result['result']} {mutant.id}", flush=True)
        return True

    def measure(self) -> tuple[str | None, dict[str, dict[int, list[str]]], dict[str, float]]:
        """In a child: the first test that fails, the tests that run each line, and the seconds of each test."""
        from coverage import Coverage

        files = [str(self.tree / file) for file in self.sources]
        coverage = Coverage(data_file=None, config_file=False, include=files)
        coverage.set_option("run:disable_warnings", ["no-data-collected"])
        recorder = Recorder(coverage)
        coverage.start()
        run_items(list(self.items.values()), recorder)
        coverage.stop()
        data = coverage.get_data()
        covered = {
            Path(path).relative_to(self.tree).as_posix(): data.contexts_by_lineno(path)
            for path in data.measured_files()
        }
        return recorder.failed, covered, dict(recorder.seconds)

    def covering_tests(self, file: str, lines: Sequence[int]) -> list[str]:
        """The tests that run one of the lines, the fastest first, that take ``--seconds`` together."""
        covered = self.covered.get(file, {})
        found = {name for line in lines for name in covered.get(line, ())}
        if ALL in found:
            found = {name for names in covered.values() for name in names}
        return self.choose_fastest(found & self.seconds.keys())

    def choose_fastest(self, names: Iterable[str]) -> list[str]:
        """The fastest of these tests that take ``--seconds`` together."""
        names = sorted(names, key=lambda name: self.seconds[name])
        sums = accumulate(self.seconds[name] for name in names)
        return [name for name, total in zip(names, sums, strict=True) if total <= self.args.seconds]

    def try_mutant(self, mutant: Mutant) -> dict[str, Any]:
        """Run the tests that cover the mistake; return what happened."""
        begin = time.monotonic()
        path, old = self.tree / mutant.file, self.sources[mutant.file]
        new = mutant.apply(old)
        replaced = new_codes(path, old, new)
        tests = self.covering_tests(mutant.file, range(mutant.lines[0], mutant.lines[1] + 1)) if replaced else []
        if not tests:  # no test runs the line, but an import may
            replaced = None
            tests = self.choose_fastest(self.seconds.keys())
        limit = PATIENCE + 10 * sum(self.seconds[name] for name in tests)

        def run_with_new_code() -> str | None:
            for function in self.functions[mutant.file]:
                code = function.__code__
                function.__code__ = (replaced or {}).get((code.co_qualname, code.co_firstlineno), code)
            recorder = Recorder()
            run_items([self.items[name] for name in tests], recorder)
            return recorder.failed or "no test"

        if not tests:
            by: str | None = "no test"
        elif replaced:
            by = fork(run_with_new_code, limit)
        else:
            by = self.run_with_new_file(path, new, tests, limit)
        result = "timeout" if by is None else "survived" if by == "no test" else "killed"
        return {"result": result, "by": by, "tests": len(tests), "seconds": round(time.monotonic() - begin, 1)}

    def run_with_new_file(self, path: Path, new: str, tests: list[str], limit: float) -> str | None:
        """As ``run_with_new_code``, where the whole file counts: pytest starts anew in the tree."""
        original, times = path.read_bytes(), path.stat()
        path.write_text(new, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
                cwd=self.tree, timeout=limit, capture_output=True,
            )  # fmt: skip
            return "a test of the file" if done.returncode else "no test"
        except subprocess.TimeoutExpired:
            return None
        finally:
            path.write_bytes(original)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its compiled file stays valid


def read_results(path: Path) -> dict[str, dict[str, Any]]:
    """The last result of each mutant."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {row["id"]: row for row in map(json.loads, lines)}


def print_summary(results: dict[str, dict[str, Any]]) -> None:
    counts = Counter((row["file"], row["result"]) for row in results.values())
    print(f"{'file':<44}  mutants  killed  timeout  survived")
    for file in sorted({file for file, _ in counts}):
        killed, timeout, survived = (counts[file, name] for name in ("killed", "timeout", "survived"))
        print(f"{file:<44}  {killed + timeout + survived:7}  {killed:6}  {timeout:7}  {survived:8}")
    for row in sorted(results.values(), key=lambda row: (row["file"], row["line"])):
        if row["result"] == "survived":
            print(f"survived {row['file']}:{row['line']}: {row['before']} -> {row['after']} ({row['tests']} tests)")


def copy_tracked_files(tree: Path) -> None:
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", help="folder of the files to change, or one file, such as agent/search")
    parser.add_argument("--tests", nargs="+", required=True, help="test files or folders that cover it")
    parser.add_argument("--number", type=int, default=300, help="number of mutants (default: 300)")
    parser.add_argument("--seed", type=int, default=17, help="random seed of the sample (default: 17)")
    parser.add_argument("--first", nargs="+", default=[], help="names of files whose mutants are tried first")
    parser.add_argument("--seconds", type=float, default=5, help="seconds of tests for a mutant (default: 5)")
    parser.add_argument("--out", type=Path, required=True, help="file of results, one JSON object a line")
    parser.add_argument("--retry", action="store_true", help="try survivors and timeouts again")
    args = parser.parse_args()
    args.out = args.out.absolute()
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "tree"
        copy_tracked_files(tree)
        os.chdir(tree)
        sys.path[:] = [str(tree), *(each for each in sys.path if each and Path(each) != ROOT)]
        import pytest

        options = ["-q", "-s", "-p", "no:cacheprovider", "-m", "not slow"]
        code = pytest.main([*options, *args.tests], plugins=[MutationRun(args, tree)])
        os.chdir(ROOT)  # out of the folder that goes
    print_summary(read_results(args.out))
    sys.exit(code)


if __name__ == "__main__":
    run_script(main)
