"""Masked PPO in one file: train a policy against one of honte's players, in its vector environment.

    python examples/ppo.py                                       # Connect Four against random moves: a minute or two
    python examples/ppo.py --env honte/TicTacToe-v0 --opponent perfect
    python examples/ppo.py --opponent mcts:20 --minutes 30

Proximal policy optimization (Schulman et al. 2017) with generalized advantage estimation, in a single file like those
of CleanRL. Illegal actions are masked out of the policy (Huang and Ontañón 2022). The policy is evaluated before and
after training: with other random seeds than those of training, in both seats, with the most probable action instead of
a sampled one, and with one game in each environment.
"""

from __future__ import annotations

import argparse
import math
import time

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

import honte.envs  # noqa: F401  # registers the environments
from selfplay.solved.grading import wilson_interval


class Agent(nn.Module):
    """A multilayer perceptron from planes to action logits and a value."""

    def __init__(self, observation_shape: tuple[int, ...], num_actions: int, width: int = 256) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Flatten(),
            nn.Linear(math.prod(observation_shape), width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
        )
        self.policy = nn.Linear(width, num_actions)
        self.value = nn.Linear(width, 1)
        nn.init.orthogonal_(self.policy.weight, 0.01)

    def forward(self, observation: Tensor, mask: Tensor) -> tuple[Categorical, Tensor]:
        """[B, C, H, W] and a mask [B, A] to a distribution over legal actions and values [B]."""
        x = self.trunk(observation.float())
        return Categorical(logits=self.policy(x).masked_fill(mask == 0, -1e9)), self.value(x)[:, 0]


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keep the lines of the description, and show every default."""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    add = parser.add_argument
    add("--env", default="honte/ConnectFour-v0", help="the Gymnasium id of the environment")
    add("--opponent", default="random", help="any player of honte: random, mcts:20, perfect or the folder of a run")
    add("--total-steps", type=int, default=600_000, help="actions of the policy, in all environments together")
    add("--minutes", type=float, default=math.inf, help="longest training time in minutes")
    add("--num-envs", type=int, default=256, help="games at once")
    add("--num-steps", type=int, default=32, help="actions in each environment between two updates")
    add("--epochs", type=int, default=4, help="passes over the samples in each update")
    add("--minibatches", type=int, default=8, help="minibatches in each pass")
    add("--learning-rate", type=float, default=1e-3, help="at the beginning; it falls linearly to 0")
    add("--gamma", type=float, default=0.99, help="discount of later rewards")
    add("--gae-lambda", type=float, default=0.95, help="lambda of generalized advantage estimation")
    add("--clip", type=float, default=0.2, help="clipping range of the probability ratio")
    add("--entropy", type=float, default=0.01, help="weight of the policy's entropy in the loss")
    add("--value-weight", type=float, default=0.5, help="weight of the value loss")
    add("--max-grad-norm", type=float, default=0.5, help="larger gradients are scaled down to this norm")
    add("--eval-games", type=int, default=1000, help="games of each evaluation")
    add("--seed", type=int, default=0, help="random seed")
    add("--threads", type=int, default=1, help="threads of torch; one is best for small networks")
    return parser.parse_args()


def compute_advantages(
    rewards: Tensor, values: Tensor, dones: Tensor, last_value: Tensor, gamma: float, lam: float
) -> Tensor:
    """Generalized advantages [T, N] (Schulman et al. 2016). ``dones[t]`` is 1 where a game ended with step t."""
    advantages = torch.zeros_like(rewards)
    advantage = torch.zeros_like(last_value)
    next_value = last_value
    for t in reversed(range(len(rewards))):
        not_done = 1.0 - dones[t]
        delta = rewards[t] + gamma * next_value * not_done - values[t]
        advantage = delta + gamma * lam * not_done * advantage
        advantages[t], next_value = advantage, values[t]
    return advantages


def update(agent: Agent, optimizer: torch.optim.Optimizer, batch: dict[str, Tensor], args: argparse.Namespace) -> float:
    """Train for ``args.epochs`` on one batch. Return the mean entropy of the policy."""
    size = len(batch["action"])
    entropies = []
    for _ in range(args.epochs):
        for rows in torch.randperm(size).chunk(args.minibatches):
            part = {name: values[rows] for name, values in batch.items()}
            policy, value = agent(part["observation"], part["mask"])
            ratio = (policy.log_prob(part["action"]) - part["log_prob"]).exp()
            advantage = part["advantage"]
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            policy_loss = -torch.min(ratio * advantage, clipped * advantage).mean()
            value_loss = (value - part["target"]).square().mean()
            entropy = policy.entropy().mean()
            loss = policy_loss + args.value_weight * value_loss - args.entropy * entropy
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()
            entropies.append(entropy.item())
    return float(np.mean(entropies))


@torch.no_grad()
def evaluate(agent: Agent, env: str, opponent: str, games: int, seed: int) -> tuple[int, int, int]:
    """Wins, draws and losses with the most probable actions in ``games`` games, half of them in each seat."""
    counts = [0, 0, 0]
    for side, share in (("first", games - games // 2), ("second", games // 2)):
        envs = gymnasium.make_vec(env, num_envs=share, opponent=opponent, side=side)
        observation, infos = envs.reset(seed=seed)
        playing = np.ones(share, bool)
        while playing.any():
            policy, _ = agent(torch.from_numpy(observation), torch.from_numpy(infos["action_mask"]))
            observation, rewards, ended, _, infos = envs.step(policy.logits.argmax(dim=1).numpy())
            for reward in rewards[ended & playing]:
                counts[1 - int(reward)] += 1
            playing &= ~ended
    return counts[0], counts[1], counts[2]


def format_counts(counts: tuple[int, int, int]) -> str:
    wins, draws, losses = counts
    games = sum(counts)
    low, high = wilson_interval(wins, games)
    return f"wins {wins / games:.1%} (95 %: {low:.1%} to {high:.1%}), draws {draws}, losses {losses} of {games}"


def main() -> None:
    args = parse_arguments()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    envs = gymnasium.make_vec(args.env, num_envs=args.num_envs, opponent=args.opponent)
    shape, num_actions = envs.single_observation_space.shape, int(envs.single_action_space.n)
    agent = Agent(shape, num_actions)
    optimizer = torch.optim.Adam(agent.parameters(), args.learning_rate, eps=1e-5)
    test_seed = args.seed + 1_000_003
    print(f"{args.env} against {args.opponent}")
    print("before:", format_counts(evaluate(agent, args.env, args.opponent, args.eval_games, test_seed)), flush=True)

    num_steps, num_envs = args.num_steps, args.num_envs
    observations = torch.zeros((num_steps, num_envs, *shape))
    masks = torch.zeros((num_steps, num_envs, num_actions))
    actions = torch.zeros((num_steps, num_envs), dtype=torch.int64)
    log_probs, rewards, dones, values = (torch.zeros((num_steps, num_envs)) for _ in range(4))
    observation, infos = envs.reset(seed=args.seed)
    start, steps, updates = time.monotonic(), 0, -(-args.total_steps // (num_steps * num_envs))
    for number in range(updates):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - number / updates)
        outcomes: list[float] = []
        for t in range(num_steps):
            observations[t] = torch.from_numpy(observation)
            masks[t] = torch.from_numpy(infos["action_mask"])
            with torch.no_grad():
                policy, values[t] = agent(observations[t], masks[t])
                actions[t] = policy.sample()
                log_probs[t] = policy.log_prob(actions[t])
            observation, reward, ended, _, infos = envs.step(actions[t].numpy())
            rewards[t], dones[t] = torch.from_numpy(reward), torch.from_numpy(ended)
            outcomes += reward[ended].tolist()
        steps += num_steps * num_envs
        with torch.no_grad():
            _, last_value = agent(torch.from_numpy(observation), torch.from_numpy(infos["action_mask"]))
        advantages = compute_advantages(rewards, values, dones, last_value, args.gamma, args.gae_lambda)
        batch = {
            "observation": observations,
            "mask": masks,
            "action": actions,
            "log_prob": log_probs,
            "advantage": advantages,
            "target": advantages + values,
        }
        entropy = update(agent, optimizer, {name: data.flatten(0, 1) for name, data in batch.items()}, args)
        seconds = time.monotonic() - start
        time_is_up = seconds > 60 * args.minutes
        if number % 10 == 0 or number == updates - 1 or time_is_up:
            wins = np.mean(np.array(outcomes) > 0) if outcomes else math.nan
            print(
                f"{steps:>9,} steps  {seconds:5.0f} s  {steps / seconds:7,.0f} steps/s"
                f"  games won {wins:6.1%}  entropy {entropy:.2f}",
                flush=True,
            )
        if time_is_up:
            break
    print("after: ", format_counts(evaluate(agent, args.env, args.opponent, args.eval_games, test_seed)))


if __name__ == "__main__":
    main()
