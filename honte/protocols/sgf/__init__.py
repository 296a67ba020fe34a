"""The Smart Game Format, FF[4]: game trees as text, and games of honte as game trees.

Only Go, Othello, gomoku and Hex have an SGF type. Every other game uses the JSON records of ``selfplay.game_json``.
"""
