"""The analysis of single positions, shared by GTP, UGI, JSON lines and the terminal.

``agent.search`` has the search itself.
"""
