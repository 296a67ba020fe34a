"""Demonstrations that ``honte classify`` runs: adversarial examples, locality of convolutions, logic gates.

They show a property of a network and train nothing that is used elsewhere.
"""
