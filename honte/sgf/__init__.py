"""The Smart Game Format, FF[4]: its syntax, and the conversion of games.

Only Go, Othello, gomoku and Hex have an SGF type. Every other game uses the JSON records of ``selfplay.game_json``.
"""
