"""Sessions: opaque ids that own limits and running searches. A session holds no game; the browser does.

Knows ids, times and counts. Does not know requests or searches.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from honte.web.requests.problems import UNKNOWN_SESSION, Problem


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What clients may ask for."""

    sessions: int = 500  # at the same time
    session_seconds: int = 4 * 3600  # without a request, until a session goes
    visits: int = 20_000  # simulations of one move or analysis
    seconds: int = 600  # that one analysis may run
    analyses: int = 3  # of one session at the same time
    body_bytes: int = 64 << 10
    requests_per_second: float = 100.0  # of one address, on average
    burst: int = 1000  # requests of one address at once
    memory_mib: int = 768  # of the search trees of one model


@dataclass(eq=False)
class Session:
    """One open page."""

    id: str
    used: float  # by time.monotonic
    analyses: list[str] = field(default_factory=list)  # ids of the analyses that run


class Sessions:
    """All sessions; the oldest go when there are too many or when they are not used."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sessions: dict[str, Session] = {}
        self.lock = threading.Lock()

    def open(self) -> Session:
        """A new session."""
        with self.lock:
            self._drop_old()
            if len(self.sessions) >= self.limits.sessions:
                idle = [each for each in self.sessions.values() if not each.analyses]
                if not idle:
                    raise Problem(503, f"all {self.limits.sessions} sessions are busy; try again later")
                del self.sessions[min(idle, key=lambda each: each.used).id]
            session = Session(secrets.token_urlsafe(18), time.monotonic())
            self.sessions[session.id] = session
            return session

    def find(self, id_: str | None) -> Session:
        """The session of that id; a Problem if there is none, for example because the server was started again."""
        with self.lock:
            self._drop_old()
            session = self.sessions.get(id_ or "")
            if session is None:
                raise Problem(401, "the server does not know this session; open a new one", UNKNOWN_SESSION)
            session.used = time.monotonic()
            return session

    def _drop_old(self) -> None:
        oldest = time.monotonic() - self.limits.session_seconds
        for each in [each for each in self.sessions.values() if each.used < oldest and not each.analyses]:
            del self.sessions[each.id]
