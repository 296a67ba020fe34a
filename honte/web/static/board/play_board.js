// The board on which one plays: the drawing, its cells, the input and the previews of variations together.

import { postJson } from "../api.js";
import { BoardView } from "./board.js";
import { BoardCells } from "./board_cells.js";
import { BoardInput } from "./board_input.js";
import { shownTheme } from "../theme.js";

export class PlayBoard {
  /** @param {any} app @param {HTMLElement} host */
  constructor(app, host) {
    this.app = app;
    this.host = host;
    this.marks = {};
    this.previewed = null; // the moves of the line that is shown in place of the position
    this.lines = new Map();
    app.addEventListener("game", () => this.build());
    app.addEventListener("position", () => this.showPosition());
    app.addEventListener("settings", (event) => event.detail.name === "legal" && this.showTargets());
    app.addEventListener("theme", () => this.view.setTheme(shownTheme()));
  }

  /** Make the board of a new game. */
  build() {
    const { drawing, entry } = this.app.state;
    const frame = document.createElement("div");
    frame.className = "board-frame";
    frame.dataset.surface = drawing.surface;
    frame.style.setProperty("--ratio", String(drawing.width / drawing.height));
    this.host.replaceChildren(frame);
    this.view = new BoardView(frame, drawing, { theme: shownTheme() });
    this.cells = new BoardCells(frame, drawing, `board of ${entry.title}`, this.usefulCells(drawing));
    this.input = new BoardInput(this.view, this.cells, {
      play: (move) => this.app.move(move),
      choose: (moves, cell) => this.chooseMove(moves, cell),
      refuse: (cells) => this.explain(cells),
      pick: () => this.showTargets(),
      ready: () => this.ready(),
      cancel: () => this.app.cancelTurn(),
    });
    this.marks = {};
    this.previewed = null;
    this.lines.clear();
    this.fresh = true;
  }

  /** Dots, boxes and cells beside the board that no piece ever leaves are not places for a cursor. */
  usefulCells(drawing) {
    const clickable = drawing.clicks.length > 0;
    const mark = drawing.shapes.indexOf("mark");
    return (cell) => {
      if (clickable) return drawing.clicks[cell] >= 0;
      return !(drawing.beside.includes(cell % drawing.columns) && this.view && mark >= 0 && drawing.boxes[cell][2] - drawing.boxes[cell][0] < 0.6);
    };
  }

  ready() {
    const { app } = this;
    if (this.previewed) this.preview(null);
    if (app.moveHandler) return true;
    if (app.isOver) {
      app.problem("The game is over: go back, or start a new game.");
      return false;
    }
    if (!app.isPerson(app.state.position.to_play)) {
      app.problem(`It is the turn of ${app.state.position.to_play_name}, who is not you: wait, or press “Let it move”.`);
      return false;
    }
    return true;
  }

  showPosition() {
    const { position } = this.app.state;
    this.previewed = null;
    this.marks = {};
    this.host.classList.remove("previewing");
    this.view.show(position, { animate: !this.fresh });
    this.fresh = false;
    const playable = this.app.isOver ? [] : position.legal;
    this.input.setLegal(playable);
    this.cells.show(position, new Set());
    this.drawMarks();
  }

  showTargets() {
    const { position, settings } = this.app.state;
    if (!this.input || !position) return;
    const { picked } = this.input, next = this.input.nextCells();
    const shown = settings.legal || picked.length ? next : [];
    this.view.setTargets({ cells: shown, picked, player: position.to_play });
    this.cells.show(position, new Set(shown));
  }

  /** The cells of a move, from its first step to its last. @param {string} move */
  cellsOf(move) {
    const known = this.app.state.position.legal.find((each) => each.move === move);
    return known ? known.steps : [];
  }

  /**
   * Lay marks over the board until the position changes: {move | cells, radius, colour, label}, arrows, ghosts.
   * @param {{marks?: any[], arrows?: any[], ghosts?: any[]}} marks
   */
  overlay(marks) {
    this.marks = { ...this.marks, ...marks };
    this.drawMarks();
  }

  drawMarks() {
    if (!this.view || this.previewed) return;
    const { marks = [], arrows = [], ghosts = [] } = this.marks, { to_play } = this.app.state.position;
    const resolve = (each) => (each.cells ? each : { ...each, cells: this.cellsOf(each.move) });
    this.view.overlay({
      marks: marks.map(resolve).filter((each) => each.cells.length),
      arrows: arrows.map(resolve).filter((each) => each.cells.length),
      ghosts: ghosts.map(resolve).filter((each) => each.cells.length).map((each) => ({ player: to_play, ...each, cell: each.cells.at(-1) })),
    });
  }

  /**
   * Show the position at the end of a line that goes on from the shown position; null: show the position again.
   * @param {string[]|null} moves
   */
  async preview(moves) {
    const key = moves && moves.length ? moves.join(" ") : null;
    if (key === this.previewed) return;
    this.previewed = key;
    const { app } = this, { node, position } = app.state;
    if (!key) {
      this.host.classList.remove("previewing");
      this.view.show(position);
      return this.drawMarks();
    }
    const name = `${app.query(node).moves.join(" ")}|${key}`;
    if (!this.lines.has(name)) {
      const query = app.query(node);
      this.lines.set(name, postJson("/api/line", { ...query, moves: [...query.moves, ...moves] }).catch(() => null));
    }
    const line = await this.lines.get(name);
    if (this.previewed !== key || app.state.node !== node || !line) return;
    const ahead = line.positions.slice(-moves.length), labels = new Map();
    ahead.forEach((each, i) => each.marked.length && labels.set(each.marked.at(-1), i + 1));
    this.host.classList.add("previewing");
    this.view.show({ ...ahead.at(-1), marked: [] });
    this.view.overlay({ marks: [...labels].map(([cell, number]) => ({ cells: [cell], radius: 0.42, colour: "#17181bd0", rim: "none", label: String(number), kind: "numbered" })) });
  }

  /** Several moves go through the same cells, such as the kinds of a promotion: ask which one. */
  chooseMove(moves, cell) {
    const dialog = document.createElement("dialog");
    dialog.className = "choose-move";
    dialog.setAttribute("aria-label", "Which move?");
    dialog.innerHTML = "<p>Which move?</p><div class='row'></div>";
    for (const move of moves) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: move });
      button.addEventListener("click", () => {
        dialog.close();
        this.app.move(move);
      });
      dialog.querySelector(".row").append(button);
    }
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.cells.focus(cell);
    });
    this.host.append(dialog);
    dialog.showModal();
  }

  /** Ask the server why no move goes through these cells, and say it. */
  async explain(cells) {
    const { app } = this;
    try {
      await postJson("/api/position", { ...app.query(), cells });
    } catch (error) {
      app.problem(error.message);
    }
  }
}
