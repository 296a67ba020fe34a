"""GTP 2 as the side that asks: commands out, replies in, and their shape.

Knows what a reply looks like. Does not know processes, any game, nor what a command means.

The protocol: Farnebäck, "Specification of the Go Text Protocol, version 2", 2002.
"""

from __future__ import annotations

import time

from agent.external.process import LONGEST_LINE, LONGEST_REPLY, CommandRefused, EngineError, EngineProcess, Resigned

__all__ = ["CommandRefused", "EngineError", "GtpClient", "Resigned"]


class GtpClient(EngineProcess):
    """One engine that speaks GTP."""

    def ask(self, command: str, seconds: float | None = None) -> str:
        """The reply to ``command``, without its ``=``. Refused for a ``?``, EngineError when there is no reply."""
        limit = self.seconds if seconds is None else seconds
        deadline = time.monotonic() + limit
        self.send(command)
        reply: list[str] = []
        while True:
            text = self.line(command, deadline, limit)
            if not reply:
                if not text.strip():
                    continue  # engines are forgiven blank lines between replies
                if text[0] not in "=?" or len(text) >= LONGEST_LINE:
                    self.close()
                    raise EngineError(f"{command!r} was answered with {text[:60]!r}; a reply begins with = or ?")
            elif not text.strip():
                break
            reply.append(text)
            if len(reply) >= LONGEST_REPLY:
                self.close()
                raise EngineError(f"the reply to {command!r} does not end")
        body = "\n".join([reply[0][1:].lstrip("0123456789").strip(), *reply[1:]]).strip()
        if reply[0][0] == "?":
            raise CommandRefused(body or "no reason given")
        return body

    def tell(self, command: str) -> str:
        """As ``ask``, for a command that must not be refused: Refused then names it."""
        try:
            return self.ask(command)
        except CommandRefused as error:
            raise CommandRefused(f"it refuses {command!r}: {error}") from None
