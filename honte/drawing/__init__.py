"""Boards as pictures: the layout of a board, its shapes and colours, and SVG, PNG and terminal output.

What is on a board is data that every game gives (``games.board``).
"""
