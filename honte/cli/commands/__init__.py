"""The commands of ``honte``, one module each: ``main(arguments) -> exit code``.

A command reads its flags, calls the library and prints the result. It holds no logic that Python users would miss.
"""
