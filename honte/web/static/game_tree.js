// The tree of a game's moves as pure data: nodes, variations, the way to a node. Knows no server and no page.

/**
 * One position of the tree. `move` leads to it from `parent`; the root has neither.
 * @typedef {object} TreeNode
 * @property {TreeNode|null} parent @property {TreeNode[]} children @property {string|null} move
 * @property {any} position the server's JSON, or null as long as nobody asked for it
 * @property {number} ply @property {any} verdict what a review said about the move
 * @property {TreeNode|null} visited the child that was shown last
 */

/** @param {TreeNode|null} parent @param {string|null} move @returns {TreeNode} */
export function makeNode(parent = null, move = null) {
  return { parent, children: [], move, position: null, ply: parent ? parent.ply + 1 : 0, verdict: null, visited: null };
}

/** The child of `node` by `move`, made if there is none. @param {TreeNode} node @param {string} move */
export function childOf(node, move) {
  const known = node.children.find((child) => child.move === move);
  if (known) return known;
  const child = makeNode(node, move);
  node.children.push(child);
  return child;
}

/** Add a line of moves below `node`. @param {TreeNode} node @param {string[]} moves @returns {TreeNode} its last node */
export function addLine(node, moves) {
  for (const move of moves) node = childOf(node, move);
  return node;
}

/** The nodes from the root to `node`. @param {TreeNode} node */
export function pathTo(node) {
  const path = [];
  for (let each = node; each; each = each.parent) path.unshift(each);
  return path;
}

/** The moves from the root to `node`. @param {TreeNode} node @returns {string[]} */
export const movesTo = (node) => pathTo(node).slice(1).map((each) => each.move);

/** The nodes from the root through `node` to the end of its first children. @param {TreeNode} node */
export function mainLine(node) {
  const line = pathTo(node);
  for (let each = node.children[0]; each; each = each.children[0]) line.push(each);
  return line;
}

/** @param {TreeNode} node */
export const rootOf = (node) => pathTo(node)[0];

/** The node to go on to: the child that was shown last, or the first one. @param {TreeNode} node */
export const nextOf = (node) => (node.visited && node.children.includes(node.visited) ? node.visited : node.children[0] || null);

/** Whether `node` is `root` or below it. @param {TreeNode} root @param {TreeNode} node */
export const isBelow = (root, node) => pathTo(node).includes(root);

/** Cut `node` and all below it. @param {TreeNode} node @returns {TreeNode} its parent */
export function prune(node) {
  const { parent } = node;
  if (!parent) return node;
  parent.children = parent.children.filter((child) => child !== node);
  if (parent.visited === node) parent.visited = null;
  return parent;
}

/** Make the way to `node` the main line. @param {TreeNode} node */
export function promote(node) {
  for (let each = node; each.parent; each = each.parent) {
    const { children } = each.parent;
    children.splice(children.indexOf(each), 1);
    children.unshift(each);
  }
}

/** The number of nodes below `node`. @param {TreeNode} node */
export function countBelow(node) {
  let count = 0;
  for (const stack = [...node.children]; stack.length; count++) stack.push(...stack.pop().children);
  return count;
}

/** The tree as JSON: {move, children}. A loop, since a long game is deeper than some stacks. @param {TreeNode} root */
export function treeToJson(root) {
  const top = { move: root.move, children: [] }, stack = [[root, top]];
  while (stack.length) {
    const [node, json] = stack.pop();
    for (const child of node.children) {
      const below = { move: child.move, children: [] };
      json.children.push(below);
      stack.push([child, below]);
    }
  }
  return top;
}

/** @param {{children: any[]}} json @returns {TreeNode} */
export function treeFromJson(json) {
  const root = makeNode(), stack = [[json, root]];
  while (stack.length) {
    const [from, node] = stack.pop();
    for (const child of from.children || []) {
      if (typeof child.move === "string") stack.push([child, childOf(node, child.move)]);
    }
  }
  return root;
}
