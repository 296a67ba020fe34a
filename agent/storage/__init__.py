"""Files on disk: durable files, model folders, and text from other programs.

``durable_files`` is the only module that writes what must survive a crash. ``training.run`` builds run folders on it.
"""
