"""Learning of Connect Four beside other programs: the same cores and minutes, graded on the same solved positions.

Each program trains in a process of its own and stores its network now and then; afterwards it answers positions with
each stored network. benchmarks/README.md explains the command.
"""
