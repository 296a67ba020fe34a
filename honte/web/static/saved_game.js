// The copy of the game that this browser keeps, and the game in the fragment of the address.

import { mainLine, movesTo, nextOf, treeToJson } from "./game_tree.js";

const GAME = "honte.game", SETTINGS = "honte.settings", LONGEST = 200000;

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) || "null");
  } catch {
    return null;
  }
}
function write(name, value) {
  try {
    const text = JSON.stringify(value);
    if (text.length < LONGEST * 10) localStorage.setItem(name, text);
  } catch {
    // A browser may refuse to store anything: then there is no copy.
  }
}

export const readSettings = () => read(SETTINGS) || {};
export const writeSettings = (settings) => write(SETTINGS, settings);
export const readGame = () => read(GAME);

/** @param {any} app */
export function writeGame(app) {
  const { entry, setup, tree, node, players, strengths } = app.state;
  write(GAME, { game: entry.game, setup, tree: treeToJson(tree), path: movesTo(node), players, strength: strengths });
}

/**
 * What a fragment asks for: `#game=connect_four&moves=d+d+c&at=2&analysis=shown`.
 * @param {string} fragment
 */
export function readFragment(fragment) {
  const values = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!values.get("game")) return null;
  const at = values.get("at");
  return {
    game: values.get("game"),
    setup: values.get("setup"),
    moves: (values.get("moves") || "").split(/\s+/).filter(Boolean),
    at: at === null || !/^\d+$/.test(at) ? null : +at,
    players: values.get("players") ? values.get("players").split(",") : null,
    analysis: values.get("analysis"),
  };
}

/** The address of the shown line and position. @param {any} app @param {{wholeLine?: boolean}} [options] */
export function addressOf(app, { wholeLine = true } = {}) {
  const { entry, setup, node } = app.state, values = new URLSearchParams({ game: entry.game });
  if (setup) values.set("setup", setup);
  let end = node;
  while (wholeLine && nextOf(end)) end = nextOf(end);
  const moves = movesTo(end);
  if (moves.length) values.set("moves", moves.join(" "));
  if (end !== node) values.set("at", String(node.ply));
  return `#${values}`;
}

/** The moves of the game that is shown, to its end. @param {any} app */
export const shownMoves = (app) => movesTo(mainLine(app.state.node).at(-1));
