"""Playing: the game loop, game records, and the runners of self-play; with distributed/, matches/ and solved/.

Knows players, not how networks learn: that is ``training``.
"""
