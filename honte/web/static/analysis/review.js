// A review as data: the moves that it judged and the mistakes among them. Does not know how it is drawn.

import { streamEvents } from "../api.js";
import { analystOf } from "./analysts.js";
import { setValue } from "./game_values.js";
import { levelNamed, points } from "./loss_scale.js";

const OUTCOME_NAMES = { "1": "a win", "0": "a draw", "-1": "a loss" };
const MISTAKES = ["inaccuracy", "mistake", "blunder"];

/** @param {any} verdict */
export const isMistake = (verdict) => Boolean(verdict) && MISTAKES.includes(verdict.verdict);

/**
 * Judge the moves that lead to `line.at(-1)`, from ply `from` on; `each(ply data)` is called as they come.
 * @param {any} app @param {any} query @param {number} from @param {(data: any) => void} each @param {AbortSignal} signal
 */
export async function judgeMoves(app, query, from, each, signal) {
  const analyst = analystOf(app);
  if (!analyst) throw new Error("No player on this page can review this game.");
  const strength = +(app.state.settings.reviewStrength || 200);
  const body = { ...query, player: analyst.id, strength, from };
  for await (const { event, data } of streamEvents("/api/review", body, { signal })) {
    if (event === "problem") throw new Error(data.detail);
    if (event === "ply") each(data);
  }
}

/**
 * Store a judged move at the nodes of a line: `line[data.ply]` is the position before the move.
 * @param {any[]} line @param {any} data
 */
export function store(line, data) {
  const before = line[data.ply], after = line[data.ply + 1];
  if (!before || !after) return;
  after.verdict = data;
  const weight = 1e6; // a review searched longer than a glance, and its values belong together
  setValue(before, data.win_probability_before, data.to_play, weight);
  setValue(after, data.win_probability_after, data.to_play, weight);
}

/** What the solver says of a judged move: "it threw away a win: now it is a draw". @param {any} data */
export function truthText(data) {
  const truth = data.truth;
  if (!truth || truth.outcome_before === undefined || truth.outcome_before === null) return "";
  const { outcome_before: was, outcome_after: is } = truth;
  if (is === was) return `by the solver it keeps ${OUTCOME_NAMES[was]}`;
  return `by the solver it turns ${OUTCOME_NAMES[was]} into ${OUTCOME_NAMES[is]}`;
}

/** The move that would have been best: the search's, unless the solver knows that it loses something. @param {any} data */
export function bestMove(data) {
  const { truth } = data;
  if (!truth || !truth.moves) return data.best_move;
  const right = truth.moves.filter((each) => each.outcome === truth.outcome_before).map((each) => each.move);
  return right.includes(data.best_move) || !right.length ? data.best_move : right[0];
}

/** One sentence on a judged move. @param {any} data @param {string} name the player who made it */
export function moveText(data, name) {
  const level = levelNamed(data.verdict), truth = truthText(data);
  const lost = data.loss > 0.005 ? `loses ${points(data.loss)} points` : "loses nothing";
  const better = isMistake(data) && bestMove(data) && bestMove(data) !== data.move ? `; ${bestMove(data)} is better` : "";
  return `${name} ${data.move}${isMistake(data) ? ` (${level.name})` : ""} ${lost}${better}${truth ? `; ${truth}` : ""}.`;
}
