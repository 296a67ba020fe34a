"""Go: capture, ko and superko, suicide, scoring; every position against a slow twin made of sets and flood fills."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from games import Position, check_game, position
from tests.games.made import made

Stones = tuple[int, ...]  # 0 empty, 1 black, 2 white; row by row


class Twin:
    """The rules as one would write them down, slowly: all earlier boards in a set."""

    def __init__(self, size: int, komi: float = 7.0, suicide: bool = False, max_plies: int = 0) -> None:
        self.size, self.komi, self.suicide, self.max_plies = size, komi, suicide, max_plies or 2 * size * size
        self.stones: Stones = (0,) * size * size
        self.earlier = {self.stones}
        self.to_play = self.passes = self.plies = 0

    def beside(self, p: int) -> list[int]:
        r, c = divmod(p, self.size)
        points = ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1))
        return [y * self.size + x for y, x in points if 0 <= y < self.size and 0 <= x < self.size]

    def region(self, stones: Stones, p: int) -> tuple[set[int], set[int]]:
        """The points of the same colour connected to ``p``, and those beside them."""
        inside, edge, border = {p}, [p], set()
        while edge:
            for q in self.beside(edge.pop()):
                if stones[q] != stones[p]:
                    border.add(q)
                elif q not in inside:
                    inside.add(q)
                    edge.append(q)
        return inside, border

    def liberties(self, stones: Stones, p: int) -> int:
        return sum(stones[q] == 0 for q in self.region(stones, p)[1])

    def after(self, p: int) -> Stones:
        """The board after the player to move puts a stone on ``p``."""
        stones = list(self.stones)
        stones[p] = self.to_play + 1
        for q in [*[q for q in self.beside(p) if stones[q] == 2 - self.to_play], p]:
            if stones[q] and not self.liberties(tuple(stones), q):
                for x in self.region(tuple(stones), q)[0]:
                    stones[x] = 0
        return tuple(stones)

    def verdicts(self) -> list[str]:
        return [self.verdict(p) for p in range(self.size**2)] + ["legal"]

    def verdict(self, p: int) -> str:
        if self.stones[p]:
            return "taken"
        stones = self.after(p)
        if not stones[p] and not self.suicide:
            return "suicide"
        return "repeats" if stones in self.earlier else "legal"

    def play(self, action: int) -> None:
        if action < self.size**2:
            self.stones = self.after(action)
            self.earlier.add(self.stones)
        self.passes = self.passes + 1 if action == self.size**2 else 0
        self.to_play, self.plies = 1 - self.to_play, self.plies + 1

    @property
    def is_over(self) -> bool:
        return self.passes == 2 or self.plies == self.max_plies

    def owners(self) -> NDArray[np.int8]:
        """[H, W] +1 Black's points, -1 White's."""
        owners = np.zeros(self.size**2, np.int8)
        for p, colour in enumerate(self.stones):
            seen = {colour} if colour else {self.stones[q] for q in self.region(self.stones, p)[1]}
            owners[p] = {(1,): 1, (2,): -1}.get(tuple(seen), 0)
        return owners.reshape(self.size, self.size)


def follow(name: str, twin: Twin, seed: int, passes: float) -> tuple[int, int]:
    """One random game beside the twin's; the numbers of positions and of moves that superko forbade."""
    rules, random, size = made(name), np.random.default_rng(seed), twin.size
    state, repeats, recent = rules.new(1), 0, [-1] * 4
    rules.init(state)
    while True:
        here = rules.describe_new(state)
        planes, stones = here.observation[0], np.array(twin.stones)
        verdicts = twin.verdicts()
        assert here.to_play[0] == twin.to_play
        assert here.terminal[0] == twin.is_over
        assert (planes[0].ravel() == (stones == twin.to_play + 1)).all()
        assert (planes[1].ravel() == (stones == 2 - twin.to_play)).all()
        count = [twin.liberties(twin.stones, p) if twin.stones[p] else 0 for p in range(size**2)]
        for n in (1, 2, 3):
            assert (planes[1 + n].ravel() == (np.array(count) == n)).all()
        assert (planes[5].ravel() == [v == "repeats" for v in verdicts[:-1]]).all()
        for i, point in enumerate(recent):
            assert planes[6 + i].ravel().nonzero()[0].tolist() == [point] * (0 <= point < size**2)
        left = twin.max_plies - twin.plies
        for plane, value in zip(
            planes[10:], (twin.passes, twin.to_play == 0, left <= 16, left <= 4, left <= 1), strict=True
        ):
            assert (plane == value).all()
        if twin.is_over:
            owners, score = rules.final_targets(state)
            sign = 1 - 2 * twin.to_play
            assert (owners[0] == sign * twin.owners()).all()
            assert score[0] == sign * (twin.owners().sum() - twin.komi)
            assert here.value[0] == np.sign(score[0])
            return twin.plies + 1, repeats
        assert here.legal[0].tolist() == [v == "legal" for v in verdicts]
        repeats += verdicts.count("repeats")
        points = np.flatnonzero(here.legal[0][:-1])
        action = int(random.choice(points)) if len(points) and random.random() >= passes else size**2
        rules.step(state, np.array([action]))
        twin.play(action)
        recent = [action, *recent[:-1]]


def compare(num_games: int, passes: float = 0.02, **parameters: float) -> tuple[int, int]:
    """``follow`` several games of ``go:KEY=VALUE,...``: the longest, and the moves that superko forbade."""
    name = "go:" + ",".join(f"{key}={value}" for key, value in parameters.items())
    games = [follow(name, Twin(**parameters), seed, passes) for seed in range(num_games)]  # type: ignore[arg-type]
    return max(positions - 1 for positions, _ in games), sum(repeats for _, repeats in games)


# Few sizes, since each is compiled anew; what follows plays on the same ones.
@pytest.mark.parametrize(
    ("num_games", "parameters", "repeats"),
    [
        (40, {"size": 2, "max_plies": 60}, 101),  # superko had something to forbid
        (50, {"size": 3}, 1),
        (50, {"size": 3, "suicide": True}, 1),
    ],
)
def test_every_position_is_the_twins(num_games: int, parameters: dict[str, int], repeats: int) -> None:
    assert compare(num_games, **parameters)[1] >= repeats


def test_every_position_of_nine_lines_is_the_twins() -> None:
    assert compare(1, size=9)[0] == 162


@pytest.mark.slow
@pytest.mark.parametrize("size", [4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("suicide", [False, True])
def test_every_position_is_the_twins_on_all_sizes(size: int, suicide: bool) -> None:
    longest = 400
    assert compare(20 // (size - 3), size=size, komi=0.5, suicide=suicide, max_plies=longest)[0] > 100


@pytest.mark.nojit
def test_a_few_positions_are_the_twins() -> None:
    assert compare(3, size=2, max_plies=60)[1] > 0
    assert compare(3, size=3)[0] == 18  # the longest game is scored as it stands
    assert compare(3, size=3, suicide=True)[0] == 18


def forget(states: NDArray[np.void]) -> NDArray[np.void]:
    """The same boards, as if the games began there."""
    for name in ("boards", "filter", "lost", "plies", "passes", "over"):
        states[name] = 0
    return states


@pytest.mark.parametrize(("size", "known"), [(2, 57), (3, 12675)])
def test_all_legal_positions_are_reached(size: int, known: int) -> None:
    """Tromp and Farnebäck, Combinatorics of Go (2007): the numbers of legal positions."""
    rules = made("go:size=2,max_plies=60" if size == 2 else "go:size=3")
    edge = rules.new(1)
    rules.init(edge)
    boards: set[bytes] = set()
    seen: set[tuple[bytes, int]] = set()
    while len(edge):
        b, actions = np.nonzero(rules.describe_new(edge).legal)
        edge = edge[b]
        rules.step(edge, actions)
        keys = [(row["stones"].tobytes(), int(row["to_play"])) for row in edge]
        fresh = {key: b for b, key in enumerate(keys) if key not in seen}
        seen |= fresh.keys()
        boards |= {stones for stones, _ in fresh}
        edge = forget(edge[sorted(fresh.values())])
    assert len(boards) == known


def drawn(here: Position) -> str:
    """The stones, without labels."""
    return "/".join("".join(".XOxo"[code] for code in codes) for codes in here.game.cells(here.states[0]))


def board(parameters: str, *rows: str) -> Position:
    return position(made(f"go:{parameters}"), "\n".join(" ".join(row) for row in rows))


@pytest.mark.nojit
def test_capture() -> None:
    here = position(made("go:size=3")).play("A3 B3 pass A2")
    assert drawn(here) == ".O./o../..."
    here = position(made("go:size=3")).play("A1 A2 B1 B2 pass C1")  # two at once
    assert drawn(here) == ".../OO./..o"


@pytest.mark.nojit
def test_one_stone_takes_several_chains() -> None:
    here = board("size=3", ".XO", "XO.", ".XO").play("C2")
    assert drawn(here) == ".X./X.x/.X."


@pytest.mark.nojit
def test_ko() -> None:
    here = board("size=4,komi=1", ".XO.", "XO.O", ".XO.", "....").play("C3")
    assert drawn(here) == ".XO./X.xO/.XO./...."
    assert "B3" not in here.legal_actions
    assert here.observation[5].nonzero() == (1, 1)
    here = here.play("A1 D1")
    assert "B3" in here.legal_actions  # a threat and its answer later, the board is new
    assert "C3" not in here.play("B3").legal_actions


@pytest.mark.nojit
def test_passing_lifts_no_ko() -> None:
    here = board("size=4,komi=1", ".XO.", "XO.O", ".XO.", "....").play("C3 pass D1")
    assert "B3" in here.legal_actions
    here = board("size=4,komi=1", ".XO.", "XO.O", ".XO.", "....").play("C3 pass")
    assert "C3" not in here.legal_actions  # it is on the board
    assert here.play("pass").is_over


@pytest.mark.nojit
def test_sending_two_returning_one() -> None:
    here = board("size=4,komi=1", "....", "....", "oOX.", ".X.X").play("A1 C1")
    assert drawn(here) == "..../..../OOX./..oX"
    assert "B1" not in here.legal_actions  # White's stone could be taken, but that is the board of three plies ago
    assert "B1" in here.play("pass D4").legal_actions


@pytest.mark.nojit
def test_a_move_that_takes_nothing_can_repeat_a_board() -> None:
    here = board("size=4,komi=1", "....", "....", "OOX.", "xX.X").play("C1 B1 pass")
    assert drawn(here) == "..../..../OOX./.X.X"
    assert "A1" not in here.legal_actions
    assert here.observation[5].nonzero() == (3, 0)


@pytest.mark.nojit
def test_suicide() -> None:
    for parameters in ("size=3", "size=3,suicide=true"):
        here = board(parameters, ".X.", "X..", "...")
        assert "A3" not in here.legal_actions  # of one stone: it would change nothing
    assert "B3" not in board("size=3", "O.X", "XX.", "...").legal_actions
    here = board("size=3,suicide=true", "O.X", "XX.", "...").play("B3")
    assert drawn(here) == "..X/XX./..."
    assert here.to_play == 0


@pytest.mark.nojit
def test_snapback() -> None:
    here = board("size=4,komi=1", "....", "XXX.", "OOOX", "..oX").play("B1 A1")
    assert drawn(here) == "..../XXX./OOOX/o.OX"
    assert drawn(here.play("B1")) == "..../XXX./...X/.x.X"


@pytest.mark.nojit
def test_scoring_seki_and_komi() -> None:
    """Neither dares to play C2, which is nobody's; each has an eye: eight points to seven and komi 1."""
    here = board("size=4,komi=1", ".XO.", "XXOO", "XX.O", "XXOO").play("pass pass")
    assert here.is_over
    assert here.outcome == 0
    owners, score = here.game.final_targets(here.states)
    sign = 1 if here.to_play == 0 else -1
    assert (sign * owners[0]).tolist() == [[1, 1, -1, -1], [1, 1, -1, -1], [1, 1, 0, -1], [1, 1, -1, -1]]
    assert score[0] == 0


@pytest.mark.nojit
def test_dame_and_the_empty_board_are_nobodys() -> None:
    for here in (board("size=3", "X.O", "X.O", "X.O"), position(made("go:size=3"))):
        here = here.play("pass pass")
        assert here.outcome == -1  # by komi alone
        owners, score = here.game.final_targets(here.states)
        assert not owners[0, :, 1].any()
        assert owners.sum() == 0
        assert score[0] == -7
    assert not position(made("go:size=3")).play("A1 pass B2 pass").is_over  # not in a row


@pytest.mark.nojit
def test_text() -> None:
    rules = made("go")
    assert [rules.action_text(a) for a in (0, 7, 8, 72, 80, 81)] == ["A9", "H9", "J9", "A1", "J1", "pass"]
    assert rules.parse_action("j1") == 80
    with pytest.raises(ValueError, match="no action"):
        rules.parse_action("I5")
    here = position(rules).play("E5 C3 PASS G7 J1")
    again = position(rules, str(here))
    assert str(again) == str(here)
    assert again.to_play == here.to_play == 1
    assert "J9" in again.legal_actions
    for moves, mover, counted in (("", 0, 0), ("E5 pass", 0, 1), ("E5 C3 pass", 1, 0)):  # unmarked: by the last line
        text = str(position(rules).play(moves))
        assert position(rules, text).to_play == mover
        assert position(rules, text.rpartition("\n")[0]).to_play == counted  # or by counting stones
    with pytest.raises(ValueError, match="ends with 'white wins', but by its cells alone"):
        position(rules, str(position(rules).play("E5 C3 pass pass")))
    with pytest.raises(ValueError, match="liberty"):
        board("size=3", "XO.", "O..", "...")
    with pytest.raises(ValueError, match="at most one"):
        board("size=3", "ox.", "...", "...")


@pytest.mark.parametrize(
    "text", ["size=1", "size=20", "komi=2000", "komi=nan", "max_plies=-1", "size=9.5", "suicide=maybe"]
)
def test_parameters_that_make_no_game(text: str) -> None:
    with pytest.raises(ValueError, match=text.split("=")[0]):
        made(f"go:{text}")


def test_names() -> None:
    for name in ("go", "go:size=5", "go:komi=7.5", "go:size=7,komi=9,suicide=true,max_plies=50"):
        assert made(name).name == name
    assert made("go:size=9,komi=7,max_plies=162").name == "go"
    assert made("go:size=19").max_plies == 722
    assert made("go:size=19").state.itemsize < 14000  # a search keeps many rows


def test_check_game() -> None:
    assert check_game(made("go"), 8)["positions"] > 100
    assert check_game(made("go:size=3,suicide=true"), 32)["positions"] > 100


@pytest.mark.nojit
def test_check_game_without_the_jit() -> None:
    assert check_game(made("go:size=3"), 2)["positions"] > 5


@pytest.mark.nojit
def test_heuristic_prefers_more_ground() -> None:
    rules = made("go:size=3")
    corners, centre = (rules.heuristic(position(rules).play(moves).states)[0] for moves in ("A1 C3", "B2 A1"))
    assert -1 < corners < centre < 1
