"""What is kept on disk: files that survive a crash, folders that hold a network, the user's cache folder.

``durable_files`` is the only module that writes what must not be lost. Run folders are built on it in ``training.run``.
"""
