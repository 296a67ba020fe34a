"""The commands of ``honte``, one module each: ``main(arguments) -> exit code``. ``tools/`` has those of that group.

A command reads its flags, calls the library and prints the result. It holds no logic that Python users would miss.
"""
