"""The commands of ``honte``, a module each: ``main(arguments) -> exit code``.

Modules load little; what a command needs is imported when it runs, so that ``honte COMMAND --help`` is quick, too.
"""
