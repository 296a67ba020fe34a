// The win probability over the whole game as a graph; a click or the arrow keys jump to a ply.

import { analysisOf } from "./analysis_stream.js";
import { lineThrough, setValue, toPlayAt, valueOf } from "./game_values.js";
import { levelColour, levelNamed, percentOf } from "./loss_scale.js";

const HEIGHT = 150, LEFT = 34, RIGHT = 10, TOP = 14, BOTTOM = 20;

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  const stream = analysisOf(app);
  element.classList.add("graph-panel");
  element.innerHTML = `<div class="graph" tabindex="0" role="slider" aria-label="Win probability over the game: choose a ply" aria-orientation="horizontal" aria-valuemin="0"></div>
    <p class="sub hint"></p><p class="hidden-part sub">The win-rate graph is hidden, so that you can think first.</p>`;
  const graph = element.querySelector(".graph"), hint = element.querySelector(".hint");
  const shown = () => app.state.settings.analysis === "shown";
  const line = () => lineThrough(app.state.node);

  function describe(nodes, ply) {
    const value = valueOf(nodes[ply]), name = app.state.position.names[0];
    const move = nodes[ply].move ? `after ${nodes[ply].move}, ` : "";
    return `ply ${ply} of ${nodes.length - 1}: ${move}${value === null ? "not analysed yet" : `${name} ${percentOf(value)}`}`;
  }

  function draw() {
    graph.hidden = hint.hidden = !shown();
    element.querySelector(".hidden-part").hidden = shown();
    if (!shown()) return;
    const nodes = line(), at = nodes.indexOf(app.state.node), values = nodes.map(valueOf);
    const width = Math.max(graph.clientWidth, 220), last = Math.max(nodes.length - 1, 1), names = app.state.position.names;
    const X = (i) => LEFT + (i / last) * (width - LEFT - RIGHT), Y = (p) => HEIGHT - BOTTOM - p * (HEIGHT - TOP - BOTTOM);
    const f = (v) => v.toFixed(1), known = values.map((p, i) => [i, p]).filter((pair) => pair[1] !== null);
    const path = known.map(([i, p]) => `${f(X(i))},${f(Y(p))}`).join("L");
    const grid = [0, 0.5, 1].map((p) => `<line class="grid-line" x1="${LEFT}" x2="${width - RIGHT}" y1="${f(Y(p))}" y2="${f(Y(p))}"/><text x="${LEFT - 5}" y="${f(Y(p) + 4)}" text-anchor="end">${Math.round(100 * p)}</text>`);
    const dots = known.map(([i, p]) => {
      const review = nodes[i].verdict, level = review ? levelNamed(review.verdict).name : "good";
      const marked = level !== "good" && level !== "best";
      return `<circle cx="${f(X(i))}" cy="${f(Y(p))}" r="${marked ? 5 : 2.6}" fill="${marked ? levelColour(level) : "var(--ink)"}"${marked ? ' stroke="var(--card)" stroke-width="1.5"' : ""}/>`;
    });
    graph.innerHTML = `<svg viewBox="0 0 ${width} ${HEIGHT}" aria-hidden="true">${grid.join("")}
      ${known.length > 1 ? `<path class="area" d="M${f(X(known[0][0]))},${f(Y(0.5))}L${path}L${f(X(known.at(-1)[0]))},${f(Y(0.5))}Z"/><path class="curve" d="M${path}"/>` : ""}
      <line class="now" x1="${f(X(at))}" x2="${f(X(at))}" y1="${TOP - 6}" y2="${HEIGHT - BOTTOM}"/>${dots.join("")}
      <text x="${width - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">ply ${at} of ${nodes.length - 1}</text><text class="who" x="${LEFT}" y="${HEIGHT - 4}"></text></svg>`;
    graph.querySelector(".who").textContent = `${names[0]} wins, %`;
    graph.setAttribute("aria-valuemax", String(nodes.length - 1));
    graph.setAttribute("aria-valuenow", String(at));
    graph.setAttribute("aria-valuetext", describe(nodes, at));
    const missing = nodes.length - known.length;
    hint.textContent = missing && nodes.length > 1 ? `${missing} of ${nodes.length} positions have no value yet: the review fills them in.` : "";
  }

  function jump(ply) {
    const nodes = line(), to = Math.max(0, Math.min(nodes.length - 1, ply));
    if (nodes[to] !== app.state.node) app.show(nodes[to]);
  }
  graph.addEventListener("click", (event) => {
    const area = graph.getBoundingClientRect();
    jump(Math.round(((event.clientX - area.left - LEFT) / (area.width - LEFT - RIGHT)) * (line().length - 1)));
  });
  graph.addEventListener("keydown", (event) => {
    const at = line().indexOf(app.state.node);
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 10, PageUp: at + 10, Home: 0, End: Infinity }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    jump(to);
  });

  let queued = 0;
  const redraw = () => {
    if (!queued) queued = requestAnimationFrame(() => ((queued = 0), draw()));
  };
  app.addEventListener("analysis", () => {
    const { newest, node } = stream, toPlay = node && toPlayAt(node);
    if (newest && toPlay !== null && newest.visits) setValue(node, newest.win_probability, toPlay, newest.visits);
    redraw();
  });
  for (const name of ["position", "tree", "settings", "verdicts"]) app.addEventListener(name, redraw);
  new ResizeObserver(redraw).observe(element);
  draw();
}
