"""What ``honte export`` adds to a network for other tools: a model card, the measured numbers, an ONNX file.

The command itself, which copies files to folders and URLs, is ``honte.cli.commands.export``.
"""
