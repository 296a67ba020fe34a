"""The OpenAPI description of the server's interface, for programs and for tests that send random requests."""

from __future__ import annotations

from typing import Any

from honte import __version__
from honte.web.requests.problems import TITLES
from honte.web.requests.sessions import Limits

TEXT = {"type": "string"}
MOVE = {"type": "string", "minLength": 1, "maxLength": 64}
QUERY = {
    "game": {"type": "string", "maxLength": 200, "example": "connect_four"},
    "setup": {"type": ["string", "null"], "maxLength": 8192, "example": None},
    "moves": {
        "type": ["array", "null"],
        "items": {"type": "string", "maxLength": 64},
        "maxItems": 5000,
        "example": ["d"],
    },
}
PLAYER = {"player": {"type": "string", "maxLength": 80, "example": "rollouts"}}
NODE = {
    "type": "object",
    "properties": {
        "parent": {"type": "integer"},
        "move": {"type": ["string", "null"]},
        "comment": {"type": ["string", "null"]},
    },
    "required": ["parent"],
}


def describe(limits: Limits) -> dict[str, Any]:
    """The whole description."""
    strength = {"type": ["integer", "null"], "minimum": 0, "maximum": limits.visits, "example": 50}
    every = {"type": ["integer", "null"], "minimum": 50, "maximum": 60_000}
    paths = {
        "/api/catalogue": {"get": _get("The games, players and runs that can be chosen", "Catalogue")},
        "/api/sessions": {"post": _sessions()},
        "/api/games": {"post": _post("A game with parameters", "GameEntry", {"game": QUERY["game"]}, ["game"])},
        "/api/board": {
            "get": _get(
                "The empty board and its pieces as SVG", "Board", {**_query("game"), "required": True, "example": "nim"}
            )
        },
        "/api/position": {
            "post": _post(
                "A position and its legal moves; with cells, why clicking them is no move",
                "Position",
                {**QUERY, "cells": {"type": ["array", "null"], "items": {"type": "integer"}, "maxItems": 8}},
                ["game"],
            )
        },
        "/api/line": {"post": _post("All positions of a game", "Line", QUERY, ["game"])},
        "/api/setup": {
            "post": _post(
                "A drawn position",
                "Position",
                {"game": QUERY["game"], "text": {"type": "string", "maxLength": 8192}},
                ["game", "text"],
            )
        },
        "/api/move": {
            "post": _post(
                "The move of a player",
                "Move",
                {
                    **QUERY,
                    **PLAYER,
                    "strength": strength,
                    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 10},
                },
                ["game", "player"],
            )
        },
        "/api/analysis": {
            "post": _post(
                "The analysis of a position as it grows: events analysis, problem and done",
                None,
                {**QUERY, **PLAYER, "strength": strength, "every_ms": every},
                ["game", "player"],
            )
        },
        "/api/tree": {
            "post": _post(
                "A node of the tree of an analysis",
                "TreeNode",
                {
                    "analysis_id": {"type": "string", "maxLength": 80},
                    "path": {"type": ["array", "null"], "items": MOVE, "maxItems": 200},
                },
                ["analysis_id"],
            )
        },
        "/api/review": {
            "post": _post(
                "A verdict on each move of a game: events ply, problem and done",
                None,
                {
                    **QUERY,
                    **PLAYER,
                    "strength": {**strength, "minimum": 1, "maximum": 2000},
                    "from": {"type": ["integer", "null"], "minimum": 0, "maximum": 100_000},
                },
                ["game", "player"],
            )
        },
        "/api/load": {
            "post": _post(
                "A game from the text of a file: JSON, SGF or a list of moves",
                "LoadedGame",
                {
                    "text": {"type": "string", "maxLength": limits.body_bytes},
                    "game": {"type": ["string", "null"], "maxLength": 200},
                },
                ["text"],
            )
        },
        "/api/save": {
            "post": _post(
                "A game as the text of a file",
                "SavedGame",
                {
                    **QUERY,
                    "tree": {"type": ["object", "null"]},
                    "nodes": {"type": ["array", "null"], "items": NODE},
                    "players": {"type": ["array", "null"], "items": {"type": "string", "maxLength": 80}, "maxItems": 2},
                    "format": {"type": ["string", "null"], "enum": ["json", "sgf", None]},
                },
                ["game"],
            )
        },
        "/api/runs/{id}": {"get": _get("A training run", "Run", _path())},
        "/api/runs/{id}/events": {
            "get": _get("A training run, again whenever it has grown: events run and problem", None, _path())
        },
        "/api/runs/{id}/judge": {
            "post": _post(
                "What every checkpoint says of a position: events checkpoint, problem and done",
                None,
                QUERY,
                ["game"],
                _path(),
            )
        },
        "/api/openapi.json": {"get": _get("This description", "Any")},
        "/healthz": {"get": _get("Whether the server works, and since which start", "Health")},
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


def _object(required: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **more}, "required": list(required)}


NUMBER, WHOLE, LIST, FLAG = {"type": "number"}, {"type": "integer"}, {"type": "array"}, {"type": "boolean"}
OUTCOME = {"type": ["integer", "null"], "enum": [1, 0, -1, None]}
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
    return {**out, "parameters": list(parameters)} if parameters else out


def _post(
    summary: str, schema: str | None, properties: dict[str, Any], required: list[str], *parameters: dict[str, Any]
) -> dict[str, Any]:
    body = {"type": "object", "properties": properties, "required": required}
    out = {
        "summary": summary,
        "security": [{"session": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _answers(schema, (400, 401, 403, 404, 410, 413, 415, 422, 429, 503)),
    }
    return {**out, "parameters": list(parameters)} if parameters else out


def _sessions() -> dict[str, Any]:
    return {
        "summary": "Open a session, whose id goes into the header X-Honte-Session",
        "responses": _answers("Session", (400, 401, 403, 413, 429, 503)),
    }


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", "maxLength": 200}}


def _path() -> dict[str, Any]:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
        "example": "run1",
    }
