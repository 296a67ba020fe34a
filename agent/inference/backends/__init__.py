"""The backends that run a policy-value network, one file each: PyTorch, OpenVINO, CUDA graphs, torch.compile.

Each turns weights into an ``Evaluate``. Which one is used is decided in ``agent.inference.backend_selection``.
"""
