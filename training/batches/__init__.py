"""How batches for the learner are made: samples turned by symmetries, and batches made before they are needed.

Knows arrays and devices. Does not know which samples are drawn (``training.replay_buffer``).
"""
