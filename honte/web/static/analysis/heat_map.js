// Marks on the board: the candidate moves, or a heat map of one number of each move. Does not know the board's drawing.

import { levelColour, lossLevel, percentOf, points } from "./loss_scale.js";

export const HEAT_KINDS = [
  { name: "moves", title: "Moves", says: "the best moves, coloured by what they lose" },
  { name: "prior", title: "Prior", says: "what the network would play without a search" },
  { name: "visits", title: "Visits", says: "how often the search tried each move" },
  { name: "value", title: "Value", says: "the win probability after each move" },
  { name: "off", title: "Off", says: "nothing on the board" },
];

const MOST_MARKS = 8, LEAST_SHARE = 0.004;

/**
 * The marks of a heat map for `app.board.overlay`.
 * @param {import("./analysis_stream.js").Analysis|null} analysis @param {string} kind one of HEAT_KINDS
 */
export function heatMarks(analysis, kind) {
  if (!analysis || kind === "off") return [];
  const all = analysis.moves.reduce((sum, each) => sum + each.visits, 0) || 1;
  const most = Math.max(1, ...analysis.moves.map((each) => each.visits));
  if (kind === "moves") {
    const seen = analysis.moves.filter((each) => each.win_probability !== null).slice(0, MOST_MARKS);
    return seen.map((each) => {
      const level = lossLevel(each.loss);
      const label = level.name === "best" ? percentOf(each.win_probability).replace(" %", "") : `−${points(each.loss)}`;
      return { move: each.move, radius: 0.45 + 0.45 * Math.sqrt(each.visits / most), colour: levelColour(level.name), label };
    });
  }
  if (kind === "value") {
    const seen = analysis.moves.filter((each) => each.win_probability !== null);
    return seen.map((each) => ({ move: each.move, radius: 0.8, colour: valueColour(each.win_probability), label: String(Math.round(100 * each.win_probability)) }));
  }
  const share = (each) => (kind === "prior" ? each.prior : each.visits / all);
  return analysis.moves.filter((each) => share(each) >= LEAST_SHARE).map((each) => {
    const label = share(each) >= 0.01 ? String(Math.round(100 * share(each))) : "";
    return { move: each.move, radius: 0.25 + 0.7 * Math.sqrt(share(each)), colour: `var(--heat-${kind})`, label };
  });
}

/** From a sure loss over an even game to a sure win. The root tells small differences about 50 % apart. @param {number} p */
const valueColour = (p) => `color-mix(in srgb, var(--value-${p < 0.5 ? "loss" : "win"}) ${Math.round(100 * Math.sqrt(Math.abs(2 * p - 1)))}%, var(--value-even))`;

/**
 * A row of buttons that chooses the heat map; the key h chooses the next one.
 * @param {any} app
 */
export function heatMapButtons(app) {
  const row = document.createElement("div");
  row.className = "switch heat-kinds";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "what the board shows of the analysis");
  const now = () => app.state.settings.heatMap || "moves";
  function choose(name) {
    app.setSetting("heatMap", name);
    app.announce(`The board shows ${HEAT_KINDS.find((kind) => kind.name === name).says}.`);
  }
  row.append(...HEAT_KINDS.map((kind) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: kind.title, title: `${kind.says} (h: the next one)` });
    button.dataset.heat = kind.name;
    button.addEventListener("click", () => choose(kind.name));
    return button;
  }));
  function refresh() {
    for (const button of row.children) button.setAttribute("aria-pressed", String(button.dataset.heat === now()));
  }
  app.addEventListener("settings", refresh);
  app.addKey("h", "Show the next heat map: moves, prior, visits, value, off", () => {
    if (app.state.settings.analysis !== "shown") return;
    choose(HEAT_KINDS[(HEAT_KINDS.findIndex((kind) => kind.name === now()) + 1) % HEAT_KINDS.length].name);
  });
  refresh();
  return row;
}
