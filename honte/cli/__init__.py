"""The command line: one module a command in ``commands``, and what the commands share.

``honte.__main__`` finds the command. What a command computes lives below ``honte`` or in the other packages.
"""
