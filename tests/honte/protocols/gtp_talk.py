"""What tests of the engine share: a session without a process, replies checked for their shape, lines to fuzz with."""

from __future__ import annotations

import io
import random
import re

from agent.players import make_player
from games import Game, make
from honte.protocols.gtp import framing
from honte.protocols.gtp.command_loop import GtpCommandLoop
from honte.protocols.gtp.session import GtpSession

REPLY = re.compile(r"[=?](\d*)( [^\n]*)?\n(?:[^\n]*[^\n\s][^\n]*\n)*\n")
"""``=`` or ``?``, the id, the content, one blank line: lines within are not blank."""


def talk(lines: bytes | str, name: str = "random", game: Game | str = "tic_tac_toe") -> list[str]:
    """The replies to ``lines``, each whole."""
    rules = make(game) if isinstance(game, str) else game
    out: list[str] = []
    content = lines.encode() if isinstance(lines, str) else lines
    session = GtpSession(
        rules, lambda g: make_player(name, g, num_slots=1), name, framing.LineReader(io.BytesIO(content)), out.append
    )
    GtpCommandLoop(session).run()
    return split("".join(out))


def split(text: str) -> list[str]:
    """Replies, one by one. AssertionError where their shape is not GTP's."""
    replies, at = [], 0
    while at < len(text):
        found = REPLY.match(text, at)
        assert found is not None, repr(text[at : at + 300])
        replies.append(found[0])
        at = found.end()
    return replies


_COMMANDS = """\
protocol_version name version known_command list_commands cputime boardsize rectangular_boardsize clear_board komi play
gogui-play_sequence undo gg-undo time_settings time_left showboard final_score fixed_handicap place_free_handicap
set_free_handicap final_status_list loadsgf printsgf genmove reg_genmove analyze genmove_analyze kata-analyze
kata-genmove_analyze lz-analyze lz-genmove_analyze gogui-analyze_commands gogui-interrupt honte-policy honte-visits
honte-search honte-variation honte-winrate gogui-rules_game_id gogui-rules_board gogui-rules_board_gfx
gogui-rules_board_size gogui-rules_legal_moves gogui-rules_side_to_move gogui-rules_final_result"""
_WORDS = """\
b w B W black white x o red pass PASS resign a1 b2 c3 A1 C3 D4 e5 T19 Z9 a0 I5 3 5 7 0 -1 1e9 nan inf 1.5 99
100000000000 dead alive seki interval minmoves maxmoves 10 true ownership avoid /no/such/file
. .. é 本手 ! ' " \\ ? = == %s {}
; genmove play undo"""
COMMANDS, WORDS = _COMMANDS.split(), _WORDS.split()
SIZES = ("boardsize 3", "boardsize 5", "clear_board", "undo", "komi 7", "komi x")


def fuzzed(seed: int, count: int) -> bytes:
    """``count`` lines: whole dialogues, odd arguments, and bytes that are nobody's language."""
    chosen = random.Random(seed)
    lines = []
    for _ in range(count):
        kind = chosen.random()
        if kind < 0.35:
            line = f"play {chosen.choice('bw')} {chosen.choice('abcdeABCDE')}{chosen.randrange(1, 6)}".encode()
        elif kind < 0.45:
            line = f"genmove {chosen.choice('bw')}".encode()
        elif kind < 0.55:
            line = chosen.choice(SIZES).encode()
        elif kind < 0.9:
            words = [chosen.choice(COMMANDS)] if chosen.random() < 0.9 else []
            words += chosen.choices(WORDS, k=chosen.randrange(5))
            if words[:1] in (["boardsize"], ["rectangular_boardsize"], ["komi"], ["printsgf"]):
                words[1:] = chosen.choices(["x", "-3", "77", "1e9", "nan", "\u0663"], k=chosen.randrange(3))
            if words[:1] == ["printsgf"]:  # files are another test's business
                words[1:] = []
            line = " ".join(words).encode()
        else:
            line = chosen.randbytes(chosen.randrange(40)).replace(b"\n", b" ")
            if line.split()[:1] == [b"quit"]:
                continue
        if chosen.random() < 0.3:
            line = str(chosen.choice([0, 1, 7, 2**31 - 1, 2**31, 10**19, 10**30])).encode() + b" " + line
        if chosen.random() < 0.05:
            line += b" # a comment"
        lines.append(line)
    return b"\n".join(lines) + b"\n"
