// The table of the moves that an analysis found. Hover or focus plays a move's variation out on the board.

import { levelColour, lossLevel, percentOf, points } from "./loss_scale.js";

const FEW = 8, REST_MS = 700, OUTCOMES = { "1": "win", "0": "draw", "-1": "loss" };

/** @param {any} app */
export function candidateTable(app) {
  const box = document.createElement("div");
  box.className = "candidates";
  box.innerHTML = `<div class="scroll"><table><caption class="visually-hidden">Moves of the analysis, the best first</caption><thead><tr>
    <th scope="col">move</th><th scope="col" class="num">win</th><th scope="col" class="num">loss</th><th scope="col" class="num">visits</th><th scope="col" class="truth" hidden>solver</th><th scope="col" class="num wide">prior</th><th scope="col" class="wide">variation</th></tr></thead><tbody></tbody></table></div>
    <button type="button" class="more" hidden></button>`;
  const body = box.querySelector("tbody"), more = box.querySelector(".more");
  /** @type {Map<string, HTMLTableRowElement>} */ const rows = new Map();
  let all = false, newest = null, previewed = null, ordered = -REST_MS, shownFor = "";

  function rowOf(move) {
    if (rows.has(move)) return rows.get(move);
    const row = document.createElement("tr");
    row.innerHTML = '<th scope="row"><button type="button" class="candidate"><svg class="dot" viewBox="0 0 2 2" aria-hidden="true"><circle cx="1" cy="1" r="1"/></svg><span class="move"></span> <span class="mark"></span></button></th><td class="num"></td><td class="num"></td><td class="num"></td><td class="truth"></td><td class="num wide"></td><td class="line wide"></td>';
    row.dataset.move = move;
    row.querySelector(".move").textContent = move;
    rows.set(move, row);
    return row;
  }
  /** @param {HTMLTableRowElement} row @param {any} each @param {any} truth what the solver says, or null */
  function fill(row, each, truth) {
    const level = lossLevel(each.loss), cells = row.cells, button = row.querySelector("button");
    row.querySelector("circle").setAttribute("fill", levelColour(level.name));
    row.querySelector(".mark").textContent = level.mark;
    const proven = each.proven === 1 ? " proven win" : each.proven === -1 ? " proven loss" : each.proven === 0 ? " proven draw" : "";
    button.title = `${level.says}${proven ? ";" + proven : ""}`;
    cells[1].textContent = percentOf(each.win_probability) + (proven ? " !" : "");
    cells[1].title = proven.trim();
    cells[2].textContent = each.loss === null || level.name === "best" ? "–" : points(each.loss);
    cells[3].textContent = each.visits.toLocaleString("en");
    const known = truth && truth.moves.find((other) => other.move === each.move);
    cells[4].hidden = !truth;
    cells[4].textContent = known ? `${known.outcome === truth.outcome ? "✓" : "✗"} ${OUTCOMES[known.outcome]}` : "";
    cells[5].textContent = percentOf(each.prior);
    cells[6].textContent = each.line.join(" ");
    cells[6].title = each.line.join(" ");
  }
  /** Whether the rows keep their places, so that only the numbers change: the reader is there, or they just moved. */
  const held = (done) => body.contains(document.activeElement) || body.matches(":hover") || (!done && performance.now() < ordered + REST_MS);

  function show(analysis) {
    newest = analysis;
    box.hidden = !analysis;
    if (!analysis) {
      rows.clear();
      body.replaceChildren();
      return endPreview();
    }
    const tried = analysis.moves.filter((each) => each.visits > 0).length;
    const shown = all ? analysis.moves : analysis.moves.slice(0, Math.min(FEW, Math.max(tried, 3)));
    const now = [...body.rows].map((row) => row.dataset.move);
    const keep = shownFor === `${analysis.analysis_id} ${all}` && held(analysis.done) ? now : [];
    shownFor = `${analysis.analysis_id} ${all}`;
    const byMove = new Map(analysis.moves.map((each) => [each.move, each]));
    const order = keep.length ? keep.filter((move) => byMove.has(move)) : shown.map((each) => each.move);
    box.querySelector("th.truth").hidden = !analysis.truth;
    for (const move of order) fill(rowOf(move), byMove.get(move), analysis.truth);
    if (!keep.length && now.join() !== order.join()) {
      ordered = performance.now();
      body.replaceChildren(...order.map(rowOf));
    }
    more.hidden = !all && shown.length === analysis.moves.length;
    more.textContent = all ? "Show only the best moves" : `Show all ${analysis.moves.length} moves`;
  }

  function preview(event) {
    const row = event.target.closest("tbody tr"), each = row && newest && newest.moves.find((m) => m.move === row.dataset.move);
    if (!each || previewed === each.move) return;
    previewed = each.move;
    row.classList.add("previewed");
    app.board.preview(each.line);
  }
  function endPreview() {
    if (previewed === null) return;
    previewed = null;
    for (const row of body.rows) row.classList.remove("previewed");
    app.board.preview(null);
  }
  function leave(event) {
    const to = event.relatedTarget instanceof Element ? event.relatedTarget.closest("tbody tr") : null;
    if (!to || !body.contains(to) || to.dataset.move !== previewed) endPreview();
    if (!to && newest) setTimeout(() => newest && show(newest)); // the order may be an old one
  }
  body.addEventListener("pointerover", preview);
  body.addEventListener("pointerout", leave);
  body.addEventListener("focusin", (event) => {
    endPreview();
    preview(event);
  });
  body.addEventListener("focusout", leave);
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const list = [...body.querySelectorAll("button.candidate")], at = list.indexOf(/** @type {any} */ (document.activeElement));
    if (!step || at < 0 || !list[at + step]) return;
    event.preventDefault();
    event.stopPropagation();
    list[at + step].focus();
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row || !event.target.closest("button")) return;
    endPreview();
    app.play(row.dataset.move);
  });
  more.addEventListener("click", () => {
    all = !all;
    if (newest) show(newest);
  });
  return { element: box, show };
}
