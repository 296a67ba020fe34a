"""How an optimisation step is done: Muon, the schedule of the learning rate, and whether bf16 is faster.

The Trainer, which takes the steps, and the losses are one folder up.
"""
