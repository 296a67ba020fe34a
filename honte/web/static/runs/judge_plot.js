// The position on the board as every checkpoint of a run judges it: its win probability and favourite moves over time.

import { streamEvents } from "../api.js";
import { drawChart } from "../charts.js";
import { checkpointText } from "./checkpoint_slider.js";
import { percentOf } from "../analysis/loss_scale.js";

const NUM_MOVES = 3;

/**
 * @param {any} app @param {() => string} runId the run whose checkpoints judge
 */
export function judgePlot(app, runId) {
  const box = document.createElement("div");
  box.className = "judge-plot";
  box.innerHTML = `<div class="row"><button type="button" class="ask">Ask every checkpoint about this position</button><span class="sub status" role="status"></span></div>
    <div class="answer" hidden><div class="legend"></div><div class="plot"></div><details><summary>As a table</summary><div class="scroll" tabindex="0" role="region" aria-label="answers of the checkpoints"><table><thead><tr><th scope="col">checkpoint</th><th scope="col" class="num">wins</th><th scope="col">policy</th></tr></thead><tbody></tbody></table></div></details></div>`;
  const find = (selector) => box.querySelector(selector), status = find(".status"), body = find("tbody"), ask = find(".ask");
  let answers = [], request = null, name = "";

  function figure() {
    const shares = new Map();
    for (const [move, share] of answers.flatMap((each) => each.policy)) shares.set(move, Math.max(shares.get(move) || 0, share));
    const moves = [...shares].sort((a, b) => b[1] - a[1]).slice(0, NUM_MOVES).map((pair) => pair[0]);
    const x = answers.map((each) => each.minutes);
    const curve = (title, y, colour, dash) => ({ name: title, x, y, low: [], high: [], colour, dash });
    const prior = (each, move) => (each.policy.find((pair) => pair[0] === move) || [move, 0])[1];
    const curves = [curve(`${name} wins`, answers.map((each) => each.win_probability), "var(--ink)", ""), ...moves.map((move, i) => curve(`prior of ${move}`, answers.map((each) => prior(each, move)), `var(--c${i})`, ["7 4", "2 4", "10 3 2 3"][i]))];
    return { title: "The position as each checkpoint judges it", unit: "%", scale: "linear", floor: 0, axisName: "minutes", curves };
  }
  function draw() {
    find(".answer").hidden = !answers.length;
    box.dataset.answers = String(answers.length);
    if (!answers.length || !box.isConnected) return;
    const drawn = figure();
    drawChart(find(".plot"), drawn);
    find(".legend").replaceChildren(...drawn.curves.map((curve) => {
      const item = document.createElement("span");
      item.innerHTML = `<svg width="20" height="8" aria-hidden="true"><line x1="0" x2="20" y1="4" y2="4" stroke="${curve.colour}" stroke-width="2.5" stroke-dasharray="${curve.dash}"/></svg>`;
      item.append(` ${curve.name} `, Object.assign(document.createElement("b"), { textContent: percentOf(curve.y.at(-1)) }));
      return item;
    }));
  }
  function addRow(answer) {
    const row = document.createElement("tr");
    const policy = answer.policy.slice(0, NUM_MOVES).map(([move, share]) => `${move} ${percentOf(share)}`).join(", ");
    row.append(...[checkpointText(answer), percentOf(answer.win_probability), policy].map((text, i) => Object.assign(document.createElement(i ? "td" : "th"), { textContent: text, className: i === 1 ? "num" : "" })));
    row.cells[0].scope = "row";
    body.append(row);
  }
  async function judge() {
    if (request) request.abort();
    const own = (request = new AbortController());
    answers = [];
    body.replaceChildren();
    name = app.state.position.to_play_name;
    status.textContent = "The checkpoints judge…";
    draw();
    try {
      for await (const { event, data } of streamEvents(`/api/runs/${runId()}/judge`, app.query(), { signal: own.signal })) {
        if (own.signal.aborted) return;
        if (event === "problem") throw new Error(data.detail);
        if (event !== "checkpoint") continue;
        answers.push(data);
        addRow(data);
        draw();
      }
      status.textContent = `${answers.length} checkpoints judged this position.`;
    } catch (error) {
      if (!own.signal.aborted) status.textContent = error.message;
    }
  }
  ask.addEventListener("click", judge);
  app.addEventListener("position", () => {
    if (answers.length) status.textContent = "The answer is about an earlier position: ask again.";
  });
  return {
    element: box,
    draw,
    clear() {
      if (request) request.abort();
      answers = [];
      status.textContent = "";
      draw();
    },
  };
}
