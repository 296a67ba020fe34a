// The first player's win probability at each node of the game tree, from the running analysis, a review, a run's game
// or the moves of an agent. Does not know how it is drawn.

import { nextOf, pathTo } from "../game_tree.js";

/** @type {WeakMap<object, {p: number, weight: number}>} */
const values = new WeakMap();

/**
 * Remember a win probability of the player to move at `node`. A value with less weight (fewer visits) does not replace.
 * @param {any} node @param {number} p @param {number} toPlay 0 or 1 @param {number} weight
 */
export function setValue(node, p, toPlay, weight) {
  const known = values.get(node);
  if (!known || weight >= known.weight) values.set(node, { p: toPlay === 0 ? p : 1 - p, weight });
}

/** @param {any} node @returns {number|null} the first player's win probability: the outcome where the game is over */
export function valueOf(node) {
  const outcome = node.position ? node.position.outcome : null;
  if (outcome !== null && outcome !== undefined) return (1 + outcome) / 2;
  const known = values.get(node);
  return known ? known.p : null;
}

/** The nodes of the game that is shown: from the root through `node` on to the end of its line. @param {any} node */
export function lineThrough(node) {
  const line = pathTo(node);
  for (let each = nextOf(node); each; each = nextOf(each)) line.push(each);
  return line;
}

/** The player (0 or 1) to move at a node, as far as its position is known. @param {any} node @returns {number|null} */
export const toPlayAt = (node) => (node.position ? node.position.to_play : null);
