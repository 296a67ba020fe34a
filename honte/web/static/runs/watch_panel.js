// The panel that watches a run learn: its curves, its checkpoints as opponents, its newest games, its judgement.

import { addPlayers } from "../analysis/analysts.js";
import { connection, streamEvents } from "../api.js";
import { checkpointSlider } from "./checkpoint_slider.js";
import { setValue } from "../analysis/game_values.js";
import { judgePlot } from "./judge_plot.js";
import { runCurves } from "./run_curves.js";

const NUM_GAMES = 8;

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  element.classList.add("watch-panel");
  element.innerHTML = `<div class="row"><label class="field">run <select class="run"></select></label><span class="sub status" role="status"></span></div>
    <p class="problem" role="alert" hidden></p><p class="sub none">There is no run to watch. Start one with <code>honte train</code>, or give one to this page with <code>--run DIR</code>.</p>
    <div class="run-part" hidden><h3>Learning curves</h3><div class="curve-place"></div><h3>Play against a checkpoint</h3><div class="slider-place"></div><h3>The same position, judged by every checkpoint</h3><div class="judge-place"></div><h3>Newest self-play games</h3><div class="games"></div></div>`;
  const find = (selector) => element.querySelector(selector), status = find(".status"), problem = find(".problem"), choice = find("select.run");
  const curves = runCurves(), judge = judgePlot(app, () => open);
  let open = "", run = null, request = null;
  const slider = checkpointSlider(app, play, (checkpoint) => {
    app.setSetting("analyst", checkpoint.player);
    app.setSetting("analysis", "shown");
    app.announce("The analysis uses this checkpoint now.");
  });
  find(".curve-place").append(curves.element);
  find(".slider-place").append(slider.element);
  find(".judge-place").append(judge.element);

  function play(checkpoint, side) {
    const players = side === 0 ? ["person", checkpoint.player] : [checkpoint.player, "person"];
    app.startFrom({ game: run.game, setup: null, moves: [], players });
  }
  /** Put a self-play game into the tree, at its start, with the values that the search had. */
  async function step(game) {
    await app.startFrom({ game: game.game || run.game, setup: game.setup || null, moves: game.moves, players: ["person", "person"], show: "start" });
    let node = app.state.node;
    while (node.parent) node = node.parent;
    for (let ply = 0; node; ply++, node = node.children[0]) {
      const value = (game.values || [])[ply];
      if (typeof value === "number") setValue(node, value, 0, 1);
    }
    app.dispatchEvent(new CustomEvent("verdicts"));
  }
  function showGames() {
    const games = run.games.slice(0, NUM_GAMES), place = find(".games");
    const names = games.map((game) => `${game.id} ${game.why}`).join();
    if (place.dataset.names === names) return;
    place.dataset.names = names;
    place.replaceChildren(...games.map((game) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(game.why || "a game", Object.assign(document.createElement("small"), { textContent: `#${game.id} · ${game.result} · ${game.moves.length} plies` }));
      button.addEventListener("click", () => step(game));
      return button;
    }));
    if (!games.length) place.textContent = "No game is stored yet.";
  }
  function show() {
    find(".run-part").hidden = !run;
    if (!run) return;
    const minutes = run.minutes ?? (run.checkpoints.length ? run.checkpoints.at(-1).minutes : 0);
    status.textContent = `${run.name}: ${run.game}, ${minutes.toFixed(1)} minutes${run.running ? ", running now" : ", stopped"}`;
    curves.show(run.figures);
    slider.show(run.checkpoints, run.player_names || ["the first player", "the second player"]);
    showGames();
    element.dataset.checkpoints = String(run.checkpoints.length);
  }
  async function watch(id) {
    if (request) request.abort();
    const own = (request = new AbortController());
    if (id !== open) judge.clear();
    open = id;
    run = null;
    problem.hidden = true;
    status.textContent = "The run is read…";
    try {
      for await (const { event, data } of streamEvents(`/api/runs/${id}/events`, null, { signal: own.signal })) {
        if (own.signal.aborted) return;
        if (event === "problem") throw new Error(data.detail);
        if (event === "run") {
          run = data;
          addPlayers(app, run.checkpoints.map((each) => each.entry));
          show();
        }
      }
    } catch (error) {
      if (own.signal.aborted) return;
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }
  function refreshChoice() {
    const runs = (app.state.catalogue.runs || []).filter((each) => each.game);
    find(".none").hidden = runs.length > 0;
    choice.closest(".row").hidden = !runs.length;
    choice.replaceChildren(...runs.map((each) => new Option(`${each.name} (${each.game})`, each.id, false, each.id === open)));
  }
  choice.addEventListener("change", () => watch(choice.value));
  new ResizeObserver(() => {
    if (run) curves.draw();
    judge.draw();
  }).observe(element);
  addEventListener("pagehide", () => request && request.abort());
  refreshChoice();
  // The run is read while its card is open, and no longer.
  const card = element.closest("details");
  function follow() {
    if (choice.value && (!card || card.open)) watch(choice.value);
    else if (request) request.abort();
  }
  if (card) card.addEventListener("toggle", follow);
  connection.addEventListener("back", () => !problem.hidden && follow());
  follow();
}
