"""Sends random requests to ``honte web``, made by schemathesis from its own description, and checks the answers.

Half of the requests fit the description and half do not. Texts are random, or such as people send: names of games,
moves, players, drawings, files. An answer must be one that the description names: no error of the server, problems as
problem JSON with a sentence, and JSON of the described form. The server must live at the end.

    python -m benchmarks.web_fuzz --requests 20000 [--seed 1] [--out FILE.json] [--json]
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import httpx
import jsonschema
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from benchmarks.script import make_parser, report, run_script
from benchmarks.web_latency import running_server

GAMES = (
    "nim",
    "tic_tac_toe",
    "connect_four",
    "hex:size=3",
    "go:size=3",
    "othello:size=4",
    "animal_shogi",
    "go:size=99",
)
MOVES = ("a1", "b2", "c3", "d", "pass", "A1", "b2b3", "C*b2", "", "swap", "a0", "1")
PLAYERS = ("rollouts", "random", "minimax", "perfect", "weights-connect_four", "run1", "given0", "../x", "gtp:x")
TEXTS = (
    "3 x . .\n2 . o .\n1 . . .\n  a b c\nx to play",
    "(;GM[1]SZ[5];B[aa];W[bb](;B[cc])(;B[dd]))",
    "(;GM[11]SZ[3];B[a1];W[swap-pieces])",
    '{"game": "nim", "moves": ["a1", "b2"]}',
    '{"game": "nim", "nodes": [{"parent": -1}, {"parent": 0, "move": "a1"}]}',
    "1. d d 2. c",
)
USUAL = {"game": GAMES, "player": PLAYERS, "text": TEXTS, "setup": TEXTS[:1], "path": MOVES, "moves": MOVES}
"""Texts that people send, by the name of the field."""

LISTS = {"moves", "path"}
EASY = {
    "nim": ["a1", "b1", "c1", "d1", "b1", "c1"],
    "tic_tac_toe": ["b2", "a1", "c3", "a3", "a2", "c2"],
    "connect_four": ["d", "d", "c", "c", "e", "b"],
    "hex:size=3": ["b2", "a1", "c1", "a3", "c3", "b1"],
    "go:size=3": ["B2", "A1", "pass", "C3", "A2", "pass"],
}
"""Moves of games that are legal one after the other."""

READ_SECONDS, MOST_BYTES = 0.5, 1 << 16
"""A stream is read for so long, and no further."""

TOO_MANY = 429
"""The status of a request beyond the limit of its address; it is sent again a second later."""


class Answer(NamedTuple):
    status: int
    media_type: str
    text: str


Send = Callable[[str, str, Mapping[str, Any], Mapping[str, str], bytes], Answer]
"""(method, path, query, headers, body) -> answer"""


def with_usual_texts(body: Any, choice: random.Random) -> Any:
    """A body of a request in which fields often have values that people send."""
    if not isinstance(body, dict):
        return body
    out = dict(body)
    for name, texts in USUAL.items():
        if name in out and choice.random() < 0.7:
            several = [choice.choice(texts) for _ in range(choice.randrange(6))]
            out[name] = several if name in LISTS else choice.choice(texts)
    if isinstance(out.get("strength"), int | float):  # large searches are tried by hand
        out["strength"] = out["strength"] % 60
    if (
        isinstance(out.get("game"), str) and out["game"] in EASY and choice.random() < 0.7
    ):  # so that whole games are legal, too
        for name in LISTS & out.keys():
            out[name] = EASY[out["game"]][: choice.randrange(6)]
        for name in ("setup", "cells", "tree", "nodes"):
            if choice.random() < 0.8:
                out.pop(name, None)
    if out.get("player") == "perfect" and out.get("game") == "connect_four":  # its first moves may take a minute
        out["game"] = "nim"
    return out


def find_fault(description: dict[str, Any], operation: dict[str, Any], answer: Answer) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if answer.status >= 500 and answer.status != 503:
        return f"status {answer.status}"
    if str(answer.status) not in operation["responses"] and answer.status != 405:
        return f"status {answer.status}, which the description does not name"
    if answer.media_type == "text/event-stream":
        return "the stream has an error of the server" if '"status": 500' in answer.text else ""
    try:
        content = json.loads(answer.text)
    except ValueError:
        return "no JSON"
    if answer.status >= 400:
        if answer.media_type != "application/problem+json":
            return f"a problem as {answer.media_type}"
        schema = {"$ref": "#/components/schemas/Problem"}
    else:
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    try:
        jsonschema.validate(content, {**schema, "components": description["components"]})
    except jsonschema.ValidationError as error:
        return f"not of the described form: {error.message[:200]}"
    return ""


def fuzz(
    description: dict[str, Any],
    send: Send,
    session: Callable[[], str],
    *,
    requests: int,
    number: int,
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[Counter[str], list[str]]:
    """({operation and status: how often}, faults) of about so many requests. ``number``: the random seed."""
    schema = schemathesis.openapi.from_dict(copy.deepcopy(description))
    operations = [result.ok() for result in schema.get_all_operations()]
    statuses, faults, choice = Counter[str](), list[str](), random.Random(number)
    each = max(1, requests // (2 * len(operations)))
    for operation in operations:
        progress(f"{operation.label}: {statuses.total():,} requests so far, {len(faults)} faults")
        described = description["paths"][operation.path][operation.method.lower()]

        def send_one(case: Any, operation: Any = operation, described: Any = described) -> None:
            case.body, query = with_usual_texts(case.body, choice), with_usual_texts(case.query or {}, choice)
            answer = send(case.method, case.formatted_path, query, _headers(case, session), _body(case))
            statuses[f"{operation.label} {answer.status}"] += 1
            if fault := find_fault(description, described, answer):
                faults.append(f"{operation.label}: {fault}; body {case.body!r:.300}; answer {answer.text:.300}")

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            # A request without parts has nothing that could be wrong.
            with contextlib.suppress(schemathesis.errors.InvalidSchema, Unsatisfiable):
                _repeat(operation.as_strategy(generation_mode=mode), send_one, each, number)
    return statuses, faults


def _repeat(cases: Any, send_one: Callable[[Any], None], count: int, number: int) -> None:
    """Call ``send_one`` with ``count`` random cases."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def run(case: Any) -> None:
        send_one(case)

    run()


def _headers(case: Any, session: Callable[[], str]) -> dict[str, str]:
    given_headers = {str(k): str(v) for k, v in (case.headers or {}).items()}
    kept = {k: v for k, v in given_headers.items() if k.isascii() and v.isascii() and v.isprintable() and k.isalnum()}
    kind = {"content-type": "application/json"} if case.body is not None else {}
    return {**kept, **kind, "x-honte-session": session()}


def _body(case: Any) -> bytes:
    if isinstance(case.body, bytes):
        return case.body
    try:
        return json.dumps(case.body).encode()
    except (TypeError, ValueError):
        return b""


@contextlib.contextmanager
def http_sender(address: str) -> Iterator[tuple[Send, Callable[[], str]]]:
    """``send`` over HTTP, and the id of a session that is renewed from time to time."""
    with httpx.Client(base_url=f"http://{address}", timeout=120) as client:
        state = {"session": "", "count": 0}

        def session() -> str:
            if state["count"] % 200 == 0:
                while (answer := client.post("/api/sessions")).status_code == TOO_MANY:
                    time.sleep(1)
                state["session"] = answer.json()["session"]
            state["count"] += 1
            return str(state["session"])

        def send(method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> Answer:
            while (answer := send_once(method, path, query, headers, body)).status == TOO_MANY:
                time.sleep(1)
            return answer

        def send_once(
            method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes
        ) -> Answer:
            with client.stream(method, path, params=dict(query), headers=dict(headers), content=body) as answer:
                media_type = answer.headers.get("content-type", "").partition(";")[0]
                if media_type != "text/event-stream":
                    return Answer(answer.status_code, media_type, answer.read().decode())
                parts, size, end = list[bytes](), 0, time.monotonic() + READ_SECONDS
                for part in answer.iter_raw():
                    parts.append(part)
                    size += len(part)
                    if size > MOST_BYTES or time.monotonic() > end:
                        break
                return Answer(answer.status_code, media_type, b"".join(parts).decode(errors="replace"))

        yield send, session


def _show(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with running_server() as (address, _), http_sender(address) as (send, session):
        description = httpx.get(f"http://{address}/api/openapi.json").json()
        begun = time.monotonic()
        statuses, faults = fuzz(description, send, session, requests=args.requests, number=args.seed, progress=_show)
        alive = httpx.get(f"http://{address}/healthz").json()["status"] == "ok"
        seconds = time.monotonic() - begun
    rows: list[dict[str, Any]] = [{"what": name, "answers": count} for name, count in sorted(statuses.items())]
    rows.append({"what": "all", "answers": statuses.total()})
    config = {"requests": args.requests, "seed": args.seed, "seconds": round(seconds), "faults": faults, "alive": alive}
    report("web_fuzz", config, rows, out=args.out, as_json=args.json)
    for fault in faults[:40]:
        print(fault, file=sys.stderr)
    print(f"{statuses.total():,} requests, {len(faults)} faults, server alive: {alive}", file=sys.stderr)
    sys.exit(bool(faults) or not alive)


if __name__ == "__main__":
    run_script(main)
