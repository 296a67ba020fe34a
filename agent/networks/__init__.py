"""The networks as PyTorch modules: the policy-value network and the image classifiers, built from the same blocks.

How their weights are run quickly is the business of ``agent.inference``, how they are stored that of ``agent.storage``.
"""
