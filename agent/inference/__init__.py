"""Evaluation of positions: the ``Evaluate`` interface, the networks behind it, the cache, batching and rollouts.

``backends`` holds the ways to run a network, and ``backend_selection`` chooses the fastest of them on this machine.
The networks' layers live in ``agent.networks``.
"""
