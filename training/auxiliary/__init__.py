"""Auxiliary losses: what a network learns to predict besides policy and value, in training only.

``losses`` weighs them, ``heads`` predict, ``position_targets`` makes the targets. Saved networks do not have the heads.
"""
