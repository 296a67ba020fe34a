"""``honte web [PLAYER ...]``: the page in a browser.

Knows its flags. Does not know requests (``honte.web``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from agent.settings import Device, Range
from honte.cli.flag_parser import parse_flags
from honte.cli.flags import Argument, OneEach, Placeholder


@dataclass(frozen=True)
class WebFlags:
    """Play, analyse and watch a run learn in a browser. The page is served from this machine and fetches nothing.

    Networks that ship with honte and the runs in runs/ are on the page without being named.
    """

    player: Annotated[tuple[str, ...], Argument("PLAYER ...")] = ()
    """more players for the page, such as a model folder or gtp:gnugo --mode gtp"""
    game: Annotated[tuple[str, ...], OneEach("GAME")] = ()
    """a game of your own as FILE.py:game, or a shipped one with parameters (default: every shipped game)"""
    run: Annotated[tuple[str, ...], OneEach("FOLDER")] = ()
    """the folder of a run to watch (default: those in runs/, which are always there)"""
    host: Annotated[str, Placeholder("ADDRESS")] = "127.0.0.1"
    """the address to listen on; other addresses than this machine's own need --token"""
    token: Annotated[str, Placeholder("TEXT")] = ""
    """a secret of 16 characters or more that every request must show (default: none)"""
    port: Annotated[int | None, Range(0, 65535), Placeholder("N")] = None
    """the port (default: the first free one from 8765 on; 0 lets the system choose)"""
    no_browser: bool = False
    """do not open the page in a browser"""
    device: Device = "auto"
    """where networks run"""


def main(arguments: Sequence[str]) -> int:
    args = parse_flags(WebFlags, arguments, "web")
    from honte.web.requests.guard import check_host
    from honte.web.server import open_socket, serve
    from honte.web.services import make_services

    check_host(args.host, args.token)
    services = make_services(players=args.player, games=args.game, runs=args.run, device=args.device)
    listener = open_socket(args.host, args.port)
    serve(services, listener, args.host, token=args.token, open_browser=not args.no_browser)
    return 0
