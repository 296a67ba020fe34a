"""Starts the server: finds a port, prints the address, opens a browser."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import webbrowser

import uvicorn

from honte.web.app import make_app
from honte.web.requests.guard import EVERY_ADDRESS
from honte.web.services import Services

FIRST_PORT = 8765
MOST_PORTS = 20
MOST_CONNECTIONS = 600


def open_socket(host: str, port: int | None) -> socket.socket:
    """A socket that listens on ``port``, or on the first free port from ``FIRST_PORT`` on. ValueError if none is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    problem: OSError | None = None
    for each in [port] if port is not None else range(FIRST_PORT, FIRST_PORT + MOST_PORTS):
        # With its protocol named, asyncio sends small answers at once (TCP_NODELAY).
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":  # on Windows the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, each))
            listener.listen(128)
        except OSError as error:
            listener.close()
            problem = error
            continue
        return listener
    reason = problem.strerror if problem else ""
    if port is not None:
        raise ValueError(f"--port {port}: {host} cannot use it ({reason}); choose another port or leave --port out")
    last = FIRST_PORT + MOST_PORTS - 1
    raise ValueError(f"the ports {FIRST_PORT} to {last} of {host} cannot be used ({reason}); name one with --port")


def serve(services: Services, listener: socket.socket, host: str, *, token: str = "", open_browser: bool) -> None:
    """Serve until Ctrl-C."""
    port = listener.getsockname()[1]
    shown = "localhost" if host in EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port}/" + (f"?token={token}" if token else "")
    app = make_app(services, host=host, token=token)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    print(f"honte web: {address}  (Ctrl-C stops it)", flush=True)
    if open_browser and can_open_browser():
        threading.Timer(0.5, _open, [address]).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def can_open_browser() -> bool:
    """Whether there is a display to open a browser on."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    with contextlib.suppress(Exception):  # a browser that does not start is no reason to stop
        webbrowser.open(address)
