"""Connect Four by an exported network, with NumPy and ONNX Runtime only. The network plays both sides without a search.

honte export connect_four FOLDER --onnx
python examples/onnx_player.py FOLDER/model.onnx
"""

import sys

import numpy as np
import onnxruntime

network = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
stones = np.zeros((2, 6, 7), np.float32)  # of the first and the second player; row 0 is the top


def has_four_in_a_row(own):
    padded = np.pad(own, 3)
    directions = ((0, 1), (1, 0), (1, 1), (1, -1))
    return any(sum(np.roll(padded, (i * y, i * x), (0, 1)) for i in range(4)).max() == 4 for y, x in directions)


for ply in range(42):
    own, other = stones[ply % 2], stones[1 - ply % 2]
    heights = stones.sum(axis=(0, 1)).astype(int)  # the stones in each column
    landing = np.arange(6)[:, None] == 5 - heights  # where a stone would land
    planes = np.stack([own, other, landing])[None]
    policy, value = network.run(["policy", "value"], {"observation": planes})
    win, draw, loss = np.exp(value[0]) / np.exp(value[0]).sum()
    column = int(np.where(heights < 6, policy[0], -np.inf).argmax())
    own[5 - heights[column], column] = 1
    print(f"{ply + 1:2} {'xo'[ply % 2]} {'abcdefg'[column]}   win {win:.0%}, draw {draw:.0%}, loss {loss:.0%}")
    if has_four_in_a_row(own):
        print("xo"[ply % 2], "wins")
        break
else:
    print("a draw")
