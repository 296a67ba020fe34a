"""Boards as pictures: the layout of a board, its shapes and colours, and SVG, PNG and terminal output.

Every game describes its board as data: see ``games.board``.
"""
