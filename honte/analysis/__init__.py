"""The analysis of single positions, shared by GTP, UGI, JSON lines and the terminal.

How positions are searched is the business of ``agent.search``.
"""
