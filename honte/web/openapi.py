"""The OpenAPI description of the server's interface, for programs and for tests that send random requests."""

from __future__ import annotations

from typing import Any

from honte import __version__
from honte.web.requests.problems import TITLES
from honte.web.requests.sessions import Limits

TEXT, NUMBER, WHOLE, LIST = ({"type": kind} for kind in ("string", "number", "integer", "array"))
OUTCOME = {"type": ["integer", "null"], "enum": [1, 0, -1, None]}


def _text(longest: int, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest, **more}


def _optional(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **more}, "required": list(required)}


MOVE = _text(64, minLength=1)
QUERY = {
    "game": _text(200, example="connect_four"),
    "setup": _optional("string", maxLength=8192, example=None),
    "moves": _optional("array", items=_text(64), maxItems=5000, example=["d"]),
}
PLAYER = {"player": _text(80, example="rollouts")}
NODE = _object({"parent": WHOLE}, move=_optional("string"), comment=_optional("string"))
RUN_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
    "example": "run1",
}


def describe(limits: Limits) -> dict[str, Any]:
    """The whole description."""
    strength = _optional("integer", minimum=0, maximum=limits.visits, example=50)
    player = {**QUERY, **PLAYER, "strength": strength}
    every = _optional("integer", minimum=50, maximum=60_000)
    board = {"name": "game", "in": "query", "schema": _text(200), "required": True, "example": "nim"}
    paths = {
        "/api/catalogue": _get("The games, players and runs that can be chosen", "Catalogue"),
        "/api/sessions": {
            "post": {
                "summary": "Open a session, whose id goes into the header X-Honte-Session",
                "responses": _answers("Session", (400, 401, 403, 413, 429, 503)),
            }
        },
        "/api/games": _post("A game with parameters", "GameEntry", ["game"], {"game": QUERY["game"]}),
        "/api/board": _get("The empty board and its pieces as SVG", "Board", board),
        "/api/position": _post(
            "A position and its legal moves; with cells, why clicking them is no move",
            "Position",
            ["game"],
            {**QUERY, "cells": _optional("array", items=WHOLE, maxItems=8)},
        ),
        "/api/line": _post("All positions of a game", "Line", ["game"], QUERY),
        "/api/setup": _post(
            "A drawn position", "Position", ["game", "text"], {"game": QUERY["game"], "text": _text(8192)}
        ),
        "/api/move": _post(
            "The move of a player",
            "Move",
            ["game", "player"],
            {**player, "temperature": _optional("number", minimum=0, maximum=10)},
        ),
        "/api/analysis": _post(
            "The analysis of a position as it grows: events analysis, problem and done",
            None,
            ["game", "player"],
            {**player, "every_ms": every},
        ),
        "/api/tree": _post(
            "A node of the tree of an analysis",
            "TreeNode",
            ["analysis_id"],
            {"analysis_id": _text(80), "path": _optional("array", items=MOVE, maxItems=200)},
        ),
        "/api/review": _post(
            "A verdict on each move of a game: events ply, problem and done",
            None,
            ["game", "player"],
            {
                **player,
                "strength": {**strength, "minimum": 1, "maximum": 2000},
                "from": _optional("integer", minimum=0, maximum=100_000),
            },
        ),
        "/api/load": _post(
            "A game from the text of a file: JSON, SGF or a list of moves",
            "LoadedGame",
            ["text"],
            {"text": _text(limits.body_bytes), "game": _optional("string", maxLength=200)},
        ),
        "/api/save": _post(
            "A game as the text of a file",
            "SavedGame",
            ["game"],
            {
                **QUERY,
                "tree": _optional("object"),
                "nodes": _optional("array", items=NODE),
                "players": _optional("array", items=_text(80), maxItems=2),
                "format": _optional("string", enum=["json", "sgf", None]),
            },
        ),
        "/api/runs/{id}": _get("A training run", "Run", RUN_ID),
        "/api/runs/{id}/events": _get(
            "A training run, again whenever it has grown: events run and problem", None, RUN_ID
        ),
        "/api/runs/{id}/judge": _post(
            "What every checkpoint says of a position: events checkpoint, problem and done",
            None,
            ["game"],
            QUERY,
            RUN_ID,
        ),
        "/api/openapi.json": _get("This description", "Any"),
        "/healthz": _get("Whether the server works, and since which start", "Health"),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "honte web",
            "version": __version__,
            "description": (
                "Every request carries the whole position: the game, a drawn first position or null, and the moves"
                " from there. Probabilities are from 0 to 1, outcomes 1, 0 or -1."
            ),
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"session": {"type": "apiKey", "in": "header", "name": "X-Honte-Session"}},
        },
    }


SCHEMAS: dict[str, Any] = {
    "Any": {"type": "object"},
    "Problem": _object({"type": TEXT, "title": TEXT, "status": WHOLE, "detail": {"type": "string", "minLength": 1}}),
    "Session": _object({"session": TEXT, "expires_in": WHOLE}),
    "Catalogue": _object({"version": TEXT, "games": LIST, "players": LIST, "runs": LIST, "limits": {"type": "object"}}),
    "GameEntry": _object({"id": TEXT, "game": TEXT, "title": TEXT, "board": {"type": "object"}, "parameters": LIST}),
    "Board": _object({"width": NUMBER, "height": NUMBER, "centres": LIST, "themes": {"type": "object"}}),
    "Position": _object(
        {
            "game": TEXT,
            "to_play": {"type": "integer", "enum": [0, 1]},
            "outcome": OUTCOME,
            "cells": {"type": "array", "items": WHOLE},
            "line": {"type": "array", "items": TEXT},
            "legal": {"type": "array", "items": _object({"move": TEXT, "action": WHOLE, "steps": LIST})},
        }
    ),
    "Line": _object({"positions": LIST}),
    "Move": _object(
        {
            "move": TEXT,
            "action": WHOLE,
            "win_probability": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "proven": OUTCOME,
            "visits": WHOLE,
            "seconds": NUMBER,
        }
    ),
    "TreeNode": _object({"visits": WHOLE, "win_probability": NUMBER, "proven": OUTCOME, "children": LIST}),
    "LoadedGame": _object({"game": TEXT, "setup": {"type": ["string", "null"]}, "moves": LIST, "players": LIST}),
    "SavedGame": _object({"text": TEXT, "file_name": TEXT, "media_type": TEXT}),
    "Run": _object({"id": TEXT, "name": TEXT, "game": TEXT, "figures": LIST, "checkpoints": LIST, "games": LIST}),
    "Health": _object({"status": TEXT, "boot": TEXT, "version": TEXT}),
}


def _answers(schema: str | None, statuses: tuple[int, ...]) -> dict[str, Any]:
    content: dict[str, Any] = {"text/event-stream": {"schema": TEXT}}
    if schema is not None:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "200": {"description": "the answer", "content": content},
        **{str(status): {"description": TITLES[status], "content": problem} for status in statuses},
    }


def _get(summary: str, schema: str | None, *parameters: dict[str, Any]) -> dict[str, Any]:
    out = {"summary": summary, "responses": _answers(schema, (400, 401, 403, 404, 422, 429, 503))}
    return {"get": {**out, "parameters": list(parameters)} if parameters else out}


def _post(
    summary: str, schema: str | None, required: list[str], properties: dict[str, Any], *parameters: dict[str, Any]
) -> dict[str, Any]:
    body = {"type": "object", "properties": properties, "required": required}
    out = {
        "summary": summary,
        "security": [{"session": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _answers(schema, (400, 401, 403, 404, 410, 413, 415, 422, 429, 503)),
    }
    return {"post": {**out, "parameters": list(parameters)} if parameters else out}
