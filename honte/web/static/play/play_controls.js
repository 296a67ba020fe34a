// The buttons below the board: go back and forward, pass, hint, resign, agents' play and pause, and more.

import { postJson } from "../api.js";
import { mainLine } from "../game_tree.js";

const HINT_SIMULATIONS = 200;
const ICONS = {
  first: '<path d="M5 5v10M15 5l-7 5 7 5z"/>', back: '<path d="M13 5l-7 5 7 5z"/>', on: '<path d="M7 5l7 5-7 5z"/>', last: '<path d="M15 5v10M5 5l7 5-7 5z"/>',
};
const icon = (name) => `<svg viewBox="0 0 20 20" aria-hidden="true">${ICONS[name]}</svg>`;

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  element.innerHTML = `<div class="row moves-off" hidden></div>
    <div class="row way"><button type="button" data-do="first" aria-label="First position" title="First position (Home)">${icon("first")}</button><button type="button" data-do="back" aria-label="One move back" title="One move back (←)">${icon("back")}</button><button type="button" data-do="on" aria-label="One move forward" title="One move forward (→)">${icon("on")}</button><button type="button" data-do="last" aria-label="Last position" title="Last position (End)">${icon("last")}</button>
    <button type="button" data-do="undo" title="Take back, to your last decision (u)">Undo</button><button type="button" data-do="redo" title="Redo (r)">Redo</button><button type="button" data-do="hint" title="Show a good move (i)">Hint</button><button type="button" data-do="legal" aria-pressed="false" title="Show the legal moves (l)">Legal moves</button></div>
    <div class="row agents"><button type="button" data-do="run" class="primary"></button><button type="button" data-do="step">Step</button></div>
    <div class="row rest"><button type="button" data-do="swap" title="You play the other side">Swap sides</button><button type="button" data-do="restart" title="A new game from the shown position">Restart from here</button><button type="button" data-do="resign">Resign</button></div>`;
  const button = Object.fromEntries([...element.querySelectorAll("[data-do]")].map((each) => [each.dataset.do, each]));
  const off = element.querySelector(".moves-off");
  let hinting = null;

  const end = () => mainLine(app.state.node).at(-1);
  const line = (by) => {
    const node = app.current, to = by < 0 ? node.parent : node.visited && node.children.includes(node.visited) ? node.visited : node.children[0];
    if (to) return app.show(to).catch((error) => app.problem(error.message));
  };
  async function hint() {
    const { position, node } = app.state, player = app.state.entry.default_player || app.opponent();
    if (app.isOver || !player) return;
    if (hinting) hinting.abort();
    const own = (hinting = new AbortController());
    button.hint.disabled = true;
    try {
      const answer = await postJson("/api/move", { ...app.query(), player, strength: HINT_SIMULATIONS, temperature: 0 }, { signal: own.signal });
      if (app.state.node !== node) return;
      app.board.overlay({ marks: [{ move: answer.move, radius: 0.8, colour: "var(--accent)", label: "★", kind: "hint" }] });
      app.announce(`Hint for ${position.to_play_name}: ${answer.move}.`);
      const off = element.querySelector(`.moves-off [data-move="${CSS.escape(answer.move)}"]`);
      if (off) off.focus(); // a pass has no cell
    } catch (error) {
      if (!own.signal.aborted) app.problem(error.message);
    }
    button.hint.disabled = false;
  }
  async function swap() {
    const { players, strengths } = app.state;
    app.setPlayers([players[1], players[0]], [strengths[1], strengths[0]]);
    app.seats.answer();
  }
  function resign() {
    const { position } = app.state, seat = app.isPerson(position.to_play) ? position.to_play : 1 - position.to_play;
    app.seats.pause();
    app.resign(seat);
  }
  const toggleLegal = () => {
    app.setSetting("legal", !app.state.settings.legal);
    const count = app.state.position.legal.length;
    if (app.state.settings.legal) app.announce(`${count} legal ${count === 1 ? "move" : "moves"}: ${app.state.position.legal.slice(0, 40).map((each) => each.move).join(", ")}.`);
  };
  const toggleRun = () => (app.seats.running || app.seats.thinking ? app.seats.pause() : app.seats.areAgents ? app.seats.run() : app.seats.moveOnce());
  const actions = {
    first: () => app.show(app.root), back: () => line(-1), on: () => line(1), last: () => app.show(end()),
    undo: () => app.undo(), redo: () => app.redo(), hint, legal: toggleLegal, run: toggleRun, step: () => app.seats.moveOnce(),
    swap, restart: () => app.restartHere(), resign,
  };
  const act = async (name) => {
    try {
      if (!button[name].disabled && !button[name].hidden) await actions[name]();
    } catch (error) {
      app.problem(error.message);
    }
  };
  element.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    if (pressed.dataset.do) act(pressed.dataset.do);
    else if (pressed.dataset.move && app.board.ready()) app.move(pressed.dataset.move);
  });

  function showOffBoard() {
    const { position } = app.state, moves = app.isOver ? [] : position.legal.filter((each) => !each.steps.length);
    off.hidden = !moves.length;
    off.replaceChildren(...moves.map(({ move }) => {
      const each = Object.assign(document.createElement("button"), { type: "button", textContent: move[0].toUpperCase() + move.slice(1) });
      each.dataset.move = move;
      if (moves.length === position.legal.length) each.className = "primary";
      return each;
    }));
  }
  function show() {
    const { node, position, settings } = app.state, over = app.isOver, people = app.isPerson(0) || app.isPerson(1);
    const agentToMove = !over && !app.isPerson(position.to_play);
    button.first.disabled = button.back.disabled = button.undo.disabled = !node.parent;
    button.on.disabled = button.last.disabled = button.redo.disabled = !node.children.length;
    button.restart.disabled = !node.parent || !app.state.entry.can_set_up;
    button.hint.disabled = over;
    button.resign.disabled = over;
    button.resign.hidden = !people;
    button.legal.setAttribute("aria-pressed", String(!!settings.legal));
    button.swap.hidden = app.state.players[0] === app.state.players[1];
    element.querySelector(".agents").hidden = !(app.seats.areAgents || agentToMove || app.seats.thinking) || over;
    button.step.hidden = !app.seats.areAgents;
    button.step.disabled = app.seats.running || app.seats.thinking;
    button.run.textContent = app.seats.running || app.seats.thinking ? "Pause" : app.seats.areAgents ? "Play" : "Let it move";
    showOffBoard();
  }
  for (const name of ["position", "players", "settings", "tree"]) app.addEventListener(name, show);
  app.seats.addEventListener("change", show);
  app.addKey("ArrowLeft", "One move back", () => act("back"));
  app.addKey("ArrowRight", "One move forward", () => act("on"));
  app.addKey("Home", "The first position", () => act("first"));
  app.addKey("End", "The last position", () => act("last"));
  app.addKey("u", "Undo, to your last decision", () => act("undo"));
  app.addKey("r", "Redo", () => act("redo"));
  app.addKey("i", "Show a hint", () => act("hint"));
  app.addKey("l", "Show or hide the legal moves", () => act("legal"));
  app.addKey("p", "Agents: play or pause", () => !element.querySelector(".agents").hidden && act("run"));
  app.addKey("Escape", "Let go of a piece that you picked up", () => app.board.input.cancel());
  app.addKey("b", "Go to the board", () => app.board.cells.focus());
  show();
}
