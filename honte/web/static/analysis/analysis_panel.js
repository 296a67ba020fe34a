// The panel of the running analysis: who analyses, the verdicts, the candidate moves, the heat map and a small plot.

import { analystOf, analystSelect } from "./analysts.js";
import { analysisOf } from "./analysis_stream.js";
import { candidateTable } from "./candidate_table.js";
import { convergencePlot } from "./convergence_plot.js";
import { heatMapButtons, heatMarks } from "./heat_map.js";
import { LOSS_LEVELS, levelColour } from "./loss_scale.js";
import { verdictTable } from "./verdicts.js";

const BUDGETS = [0, 50, 100, 400, 1600, 6400];

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  const stream = analysisOf(app);
  element.classList.add("analysis-panel");
  element.innerHTML = `<div class="shown-part">
    <div class="row"><button type="button" class="go"></button><label class="field">analyst <span class="analyst"></span></label><label class="field">simulations <select class="budget">${BUDGETS.map((n) => `<option value="${n}">${n ? n.toLocaleString("en") : "until stopped"}</option>`).join("")}</select></label></div>
    <p class="status sub"></p><p class="problem" role="alert" hidden></p>
    <div class="heat"></div><div class="verdict-place"></div><div class="table-place"></div>
    <p class="loss-legend sub">${LOSS_LEVELS.toReversed().map((level) => `<span><svg class="dot" viewBox="0 0 2 2" aria-hidden="true"><circle cx="1" cy="1" r="1" fill="${levelColour(level.name)}"/></svg>${level.name}${level.mark ? ` ${level.mark}` : ""}</span>`).join("")}</p>
    <div class="plot-place"></div></div>
    <p class="hidden-part sub">The analysis is hidden, so that you can think first. Press <kbd>a</kbd> or the button “Show analysis” to see it.</p>`;
  const find = (selector) => element.querySelector(selector);
  const go = find(".go"), status = find(".status"), problem = find(".problem"), budget = find(".budget");
  const verdicts = verdictTable(), candidates = candidateTable(app), plot = convergencePlot(stream);
  find(".analyst").replaceWith(analystSelect(app, () => stream.follow()));
  find(".heat").append(heatMapButtons(app));
  find(".verdict-place").append(verdicts.element);
  find(".table-place").append(candidates.element);
  find(".plot-place").append(plot.element);

  go.addEventListener("click", () => (stream.on ? stream.stop() : stream.start()));
  budget.addEventListener("change", () => {
    stream.strength = +budget.value;
    stream.start();
  });
  app.addKey("s", "Start or stop the analysis", () => stream.shown && (stream.on ? stream.stop() : stream.start()));

  function statusText() {
    const analysis = stream.newest, analyst = analystOf(app);
    if (app.state.position.outcome !== null) return "The game is over: there is nothing to analyse.";
    if (!analyst) return "";
    if (!analysis) return stream.on ? "The analysis begins…" : "The analysis is stopped.";
    const rate = analysis.simulations_per_second ? `, ${Math.round(analysis.simulations_per_second).toLocaleString("en")} per second` : "";
    return `${analysis.visits.toLocaleString("en")} simulations in ${analysis.seconds.toFixed(1)} s${rate}${stream.on ? "" : " · done"}`;
  }

  function show() {
    const analysis = stream.shown ? stream.newest : null, position = app.state.position;
    find(".shown-part").hidden = !stream.shown;
    find(".hidden-part").hidden = stream.shown;
    if (stream.shown) {
      go.textContent = stream.on ? "Stop" : "Analyse";
      status.textContent = statusText();
      problem.hidden = !stream.problem;
      problem.textContent = stream.problem;
    }
    find(".loss-legend").hidden = !analysis;
    verdicts.show(analysis, position.to_play_name);
    candidates.show(analysis);
    plot.show();
    app.board.overlay({ marks: heatMarks(analysis, app.state.settings.heatMap || "moves") });
    element.dataset.visits = analysis ? analysis.visits : "";
  }
  app.addEventListener("analysis", show);
  app.addEventListener("settings", show);
  new ResizeObserver(() => plot.show()).observe(plot.element);
  stream.follow();
  show();
}
