"""Learning: the Trainer and its losses, checkpoints, metrics, run folders, and the loops that use them."""
