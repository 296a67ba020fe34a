"""Server-sent events: a response that is written while it grows."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse

from honte.web.requests.problems import Problem

LOG = logging.getLogger("uvicorn.error")

KEEP_ALIVE = ""
"""The event that only keeps a quiet connection open."""

Events = AsyncIterator[tuple[str, Any]]
"""(event, its data as JSON)"""


def event_text(event: str, data: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()


def stream_events(events: Events) -> StreamingResponse:
    """The events as they come, and ``done`` at the end. An error within them is the event ``problem``."""

    async def write() -> AsyncIterator[bytes]:
        try:
            async for event, data in events:
                yield b": still here\n\n" if event == KEEP_ALIVE else event_text(event, data)
        except Problem as problem:
            yield event_text("problem", problem.as_json())
        except ValueError as error:
            yield event_text("problem", Problem(422, str(error)).as_json())
        except Exception as error:  # the answer has begun, so its status can no longer say so
            LOG.exception("an answer failed", exc_info=error)
            yield event_text(
                "problem", Problem(500, "the server has made a mistake; its terminal shows more").as_json()
            )
        yield event_text("done", {})

    return StreamingResponse(write(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
