// How the visits of the top moves settle while the search goes on, from the prior that the search begins with.

import { drawChart } from "../charts.js";
import { percentOf } from "./loss_scale.js";

const NUM_MOVES = 5;

/**
 * The chart's figure: the share of all visits that each of the top moves has, over the simulations so far.
 * @param {{visits: number, shares: Map<string, number>}[]} history @param {string[]} moves
 */
export function convergenceFigure(history, moves) {
  const curves = moves.map((move, i) => ({
    name: move,
    colour: `var(--c${i})`,
    dash: ["", "7 4", "2 4", "10 3 2 3", "1 3"][i],
    x: history.map((each) => each.visits),
    y: history.map((each) => each.shares.get(move) || 0),
    low: [],
    high: [],
  }));
  return { title: "Share of the visits of each top move over the simulations", unit: "%", scale: "linear", floor: 0, axisName: "simulations", curves };
}

/** A small plot that follows an analysis stream. @param {import("./analysis_stream.js").AnalysisStream} stream */
export function convergencePlot(stream) {
  const box = document.createElement("figure");
  box.className = "convergence";
  box.innerHTML = '<figcaption>Share of the visits over the simulations, from the prior at 0</figcaption><div class="legend"></div><div class="plot"></div>';
  const plot = box.querySelector(".plot"), legend = box.querySelector(".legend");
  function show() {
    box.hidden = !stream.history.length;
    if (box.hidden || !box.isConnected) return;
    const top = stream.newest.moves.filter((each) => each.visits > 0).slice(0, NUM_MOVES), moves = top.map((each) => each.move);
    const prior = { visits: 0, shares: new Map(top.map((each) => [each.move, each.prior || 0])) };
    const figure = convergenceFigure([prior, ...stream.history], moves);
    drawChart(plot, figure);
    legend.replaceChildren(...figure.curves.map((curve) => {
      const item = document.createElement("span");
      item.innerHTML = `<svg width="20" height="8" aria-hidden="true"><line x1="0" x2="20" y1="4" y2="4" stroke="${curve.colour}" stroke-width="2.5" stroke-dasharray="${curve.dash}"/></svg>`;
      item.append(` ${curve.name} `, Object.assign(document.createElement("b"), { textContent: percentOf(curve.y.at(-1)) }));
      return item;
    }));
  }
  return { element: box, show };
}
