"""The networks as PyTorch modules: the policy-value network and the image classifiers, built from the same blocks.

``agent.inference`` runs their weights fast, and ``agent.storage`` stores them.
"""
