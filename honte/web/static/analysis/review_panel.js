// The panel of the review: it judges every move of the game, lists the mistakes, jumps between them and offers retries.

import { analysisOf } from "./analysis_stream.js";
import { lineThrough } from "./game_values.js";
import { levelColour, levelNamed, points } from "./loss_scale.js";
import { practise, retryMistakes } from "./retry.js";
import { bestMove, isMistake, judgeMoves, moveText, store, truthText } from "./review.js";

const STRENGTHS = [50, 100, 200, 400, 800];

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  analysisOf(app);
  element.classList.add("review-panel");
  element.innerHTML = `<div class="row"><button type="button" class="go">Review this game</button><label class="field">simulations a move <select class="strength">${STRENGTHS.map((n) => `<option${n === 200 ? " selected" : ""}>${n}</option>`).join("")}</select></label><label class="field">mistakes of <select class="side"></select></label></div>
    <progress class="progress" max="1" value="0" aria-label="progress of the review" hidden></progress><p class="status sub" role="status"></p><p class="problem" role="alert" hidden></p>
    <div class="row jumps" hidden><button type="button" data-do="previous">‹ Previous</button><button type="button" data-do="next">Next ›</button><button type="button" data-do="retry">Retry my mistakes</button><button type="button" data-do="practise">Practise from here</button></div>
    <div class="retry-place"></div><ol class="mistakes"></ol><p class="sub about" hidden></p>`;
  const find = (selector) => element.querySelector(selector);
  const go = find(".go"), status = find(".status"), progress = find(".progress"), list = find(".mistakes"), side = find(".side"), problem = find(".problem");
  const retry = retryMistakes(find(".retry-place"), app, (text) => {
    if (text) status.textContent = text;
    show();
  });
  let request = null;

  const line = () => lineThrough(app.state.node);
  const mistakes = () => line().filter((node) => isMistake(node.verdict) && (side.value === "both" || String(node.verdict.to_play) === side.value));
  const nameOf = (data) => app.state.position.names[data.to_play];

  function refreshSides() {
    const names = app.state.position.names, known = [...side.options].map((o) => o.text).join();
    if (known === ["both players", ...names].join()) return;
    const chosen = side.value;
    side.replaceChildren(new Option("both players", "both"), ...names.map((name, i) => new Option(name, String(i))));
    const persons = (app.state.players || []).map((p, i) => [p, i]).filter(([p]) => p === "person");
    side.value = chosen && known ? chosen : persons.length === 1 ? String(persons[0][1]) : "both";
  }

  async function review() {
    if (request) {
      request.abort();
      return;
    }
    const nodes = line(), end = nodes.at(-1), own = (request = new AbortController()), total = nodes.length - 1;
    problem.hidden = true;
    if (!total) {
      request = null;
      status.textContent = "There is no move to review yet.";
      return;
    }
    for (const node of nodes) node.verdict = null;
    go.textContent = "Stop the review";
    progress.hidden = false;
    progress.value = 0;
    let done = 0;
    try {
      await judgeMoves(app, app.query(end), 0, (data) => {
        store(nodes, data);
        done += 1;
        progress.value = done / total;
        status.textContent = `${done} of ${total} moves are reviewed.`;
        app.dispatchEvent(new CustomEvent("verdicts"));
      }, own.signal);
    } catch (error) {
      if (!own.signal.aborted) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    }
    request = null;
    go.textContent = "Review this game";
    progress.hidden = true;
    if (line()[0] !== nodes[0]) status.textContent = ""; // another game is shown by now
    else if (done < total) status.textContent = `The review ended after ${done} of ${total} moves.`;
    else sum(total);
    app.dispatchEvent(new CustomEvent("verdicts"));
  }

  function sum(total) {
    const count = mistakes().length, of = side.value === "both" ? "" : ` of ${side.selectedOptions[0].text}`;
    status.textContent = `${total} moves are reviewed: ${count === 0 ? "no mistake" : count === 1 ? "1 mistake" : `${count} mistakes`}${of}.`;
  }

  function show() {
    refreshSides();
    const nodes = retry.running ? [] : mistakes();
    find(".jumps").hidden = !nodes.length;
    list.hidden = !nodes.length;
    list.replaceChildren(...nodes.map((node) => {
      const data = node.verdict, level = levelNamed(data.verdict), item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.innerHTML = `<svg class="dot" viewBox="0 0 2 2" aria-hidden="true"><circle cx="1" cy="1" r="1" fill="${levelColour(level.name)}"/></svg><b></b><span></span>`;
      button.querySelector("b").textContent = `${data.ply + 1}. ${data.move} ${level.mark}`;
      const truth = truthText(data);
      button.querySelector("span").textContent = `${nameOf(data)} loses ${points(data.loss)} points; best is ${bestMove(data)}${truth ? `; ${truth}` : ""}`;
      button.dataset.ply = String(data.ply);
      if (node === app.state.node) button.setAttribute("aria-current", "step");
      button.addEventListener("click", () => jump(node));
      item.append(button);
      return item;
    }));
    const here = app.state.node.verdict, about = find(".about");
    about.hidden = !here || retry.running;
    if (here) about.textContent = moveText(here, nameOf(here));
  }

  /** Show the position after a mistake, with the move that would have been better. */
  function jump(node) {
    app.show(node);
    app.announce(moveText(node.verdict, nameOf(node.verdict)));
    const again = list.querySelector(`[data-ply="${node.verdict.ply}"]`);
    if (again && element.contains(document.activeElement)) again.focus();
  }
  function step(by) {
    const nodes = mistakes(), ply = app.state.node.ply;
    const ahead = by > 0 ? nodes.filter((node) => node.verdict.ply + 1 > ply) : nodes.filter((node) => node.verdict.ply + 1 < ply);
    const to = by > 0 ? ahead[0] : ahead.at(-1);
    if (to) jump(to);
    else app.announce(nodes.length ? `There is no ${by > 0 ? "later" : "earlier"} mistake.` : "There is no mistake, or no review yet.");
  }
  const actions = {
    next: () => step(1),
    previous: () => step(-1),
    retry: () => {
      retry.start(mistakes());
      show();
    },
    practise: () => practise(app, app.state.node, app.state.position.to_play),
  };
  element.addEventListener("click", (event) => {
    const button = event.target.closest(".jumps [data-do]");
    if (button) actions[button.dataset.do]();
  });
  go.addEventListener("click", review);
  side.addEventListener("change", () => {
    const judged = line().filter((node) => node.verdict).length;
    if (judged) sum(judged);
    show();
  });
  app.addEventListener("game", () => {
    if (request) request.abort();
    status.textContent = "";
  });
  find(".strength").addEventListener("change", (event) => app.setSetting("reviewStrength", +event.target.value));
  app.addKey("m", "Jump to the next mistake of the review", () => step(1));
  app.addKey("M", "Jump to the previous mistake of the review", () => step(-1));
  for (const name of ["position", "tree", "verdicts"]) app.addEventListener(name, show);
  show();
}
