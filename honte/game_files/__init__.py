"""Games as files: the JSON and the SGF that the terminal and the web page save and load, with variations.

``honte.sgf`` has the syntax of SGF and the meaning of its properties.
"""
