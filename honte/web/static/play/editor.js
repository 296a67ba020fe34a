// The board editor: set up any position by pieces and clicks or as text. The game's own parse decides; its error is shown.

import { postJson } from "../api.js";
import { BoardView } from "../board/board.js";
import { BoardCells } from "../board/board_cells.js";
import { BoardInput } from "../board/board_input.js";
import { shownTheme } from "../theme.js";

const REST_MS = 250;

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  element.innerHTML = `<p class="sub cannot" hidden>Positions of this game cannot be set up.</p>
    <div class="editor-part"><p class="sub">Choose a piece and click on cells, or edit the text. The last line says who is to play.</p>
    <div class="row palette" role="radiogroup" aria-label="piece to place"></div>
    <div class="editor-board"></div>
    <label class="editor-text"><span class="sub">the position as text</span><textarea rows="10" spellcheck="false" autocomplete="off"></textarea></label>
    <p class="problem" role="alert" hidden></p><p class="sub fine" role="status"></p>
    <div class="row"><button type="button" data-do="shown">Take the shown position</button><button type="button" data-do="first">First position</button><button type="button" data-do="clear">Clear the board</button><button type="button" data-do="turn">Other player to move</button><button type="button" class="primary" data-do="play">Play from here</button></div></div>`;
  const find = (selector) => element.querySelector(selector), text = find("textarea"), problem = find(".problem"), fine = find(".fine"), use = find("[data-do=play]");
  const card = element.closest("details");
  let view = null, cells = null, board = null, code = 1, timer = 0, number = 0, built = null;

  /** The lines of the text that hold cells, each with its words: labels and the status line are left out. */
  function rowsOf() {
    const rows = [];
    text.value.split("\n").forEach((line, at) => {
      let words = line.split(/\s+/).filter(Boolean), label = "";
      if (words.length && board.row_labels.includes(words[0]) && words.length === board.width + 1) label = words.shift();
      if (rows.length < board.height && words.length === board.width && words.join(" ") !== board.column_labels.join(" ")) rows.push({ at, label, words });
    });
    return rows;
  }
  function writeRow({ at, label, words }) {
    const lines = text.value.split("\n"), margin = Math.max(0, ...board.row_labels.map((each) => each.length));
    lines[at] = `${label.padStart(margin)} ${words.join(" ")}`;
    text.value = lines.join("\n");
  }
  function cellCodes() {
    const rows = rowsOf();
    if (rows.length !== board.height) return null;
    return rows.flatMap(({ words }) => words.map((word) => Math.max(0, board.glyphs.indexOf(word))));
  }
  function build() {
    const { entry, drawing } = app.state;
    built = entry;
    board = entry.board;
    find(".cannot").hidden = entry.can_set_up;
    find(".editor-part").hidden = !entry.can_set_up;
    if (!entry.can_set_up) return;
    const frame = document.createElement("div");
    frame.className = "board-frame";
    frame.style.setProperty("--ratio", String(drawing.width / drawing.height));
    find(".editor-board").replaceChildren(frame);
    view = new BoardView(frame, drawing, { theme: shownTheme() });
    cells = new BoardCells(frame, drawing, "board of the editor", () => true);
    const input = new BoardInput(view, cells, { play: (move) => paint(+move), choose: () => {}, refuse: () => {}, pick: () => {}, ready: () => true, cancel: () => {} });
    input.setLegal(drawing.boxes.map((_, cell) => ({ move: String(cell), steps: [cell] })));
    const used = board.glyphs.map((glyph, each) => ({ glyph, each })).filter(({ glyph, each }) => board.glyphs.indexOf(glyph) === each);
    code = Math.min(1, used.length - 1);
    find(".palette").replaceChildren(...used.map(({ glyph, each }) => {
      const button = Object.assign(document.createElement("button"), { type: "button", title: drawing.code_names[each] });
      button.setAttribute("role", "radio");
      button.dataset.code = String(each);
      const art = view.art.pieces[drawing.kinds[drawing.kinds.length >> 1]][each];
      button.innerHTML = art ? `<svg viewBox="-0.55 -0.55 1.1 1.1" aria-hidden="true">${art}</svg><span class="visually-hidden"></span>` : "<span></span>";
      button.querySelector("span").textContent = art ? `${drawing.code_names[each]} (${glyph})` : drawing.code_names[each] === "empty" ? (glyph === "." ? "empty" : glyph) : `${drawing.code_names[each]} ${glyph}`;
      return button;
    }));
    markPalette();
    take(app.state.position.setup_text);
  }
  function markPalette() {
    for (const button of find(".palette").children) {
      const chosen = +button.dataset.code === code;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }
  function paint(cell) {
    const rows = rowsOf(), row = rows[Math.floor(cell / board.width)];
    if (rows.length !== board.height) return;
    const column = cell % board.width, glyph = board.glyphs[code];
    row.words[column] = row.words[column] === glyph ? board.glyphs[0] : glyph;
    writeRow(row);
    changed();
  }
  function take(setup) {
    text.value = setup || "";
    text.rows = Math.min(22, board.height + 3);
    changed(0);
  }
  function drawCells() {
    const codes = cellCodes();
    if (!codes) return;
    const frame = { cells: codes, marked: [] };
    view.show(frame);
    cells.show(frame, new Set());
  }
  function changed(rest = REST_MS) {
    drawCells();
    clearTimeout(timer);
    timer = setTimeout(check, rest);
  }
  async function check() {
    const own = ++number;
    try {
      const position = await postJson("/api/setup", { game: app.state.entry.game, text: text.value });
      if (own !== number) return;
      say("", position.outcome === null ? `${position.to_play_name} is to play, with ${position.legal.length} legal ${position.legal.length === 1 ? "move" : "moves"}.` : `The game is over here: ${position.result}.`);
    } catch (error) {
      if (own === number) say(error.message, "");
    }
  }
  function say(wrong, right) {
    problem.textContent = wrong;
    problem.hidden = !wrong;
    fine.textContent = right;
    use.disabled = !!wrong;
    element.dataset.state = wrong ? "wrong" : "right";
  }
  async function firstText() {
    const position = await postJson("/api/position", { game: app.state.entry.game, setup: null, moves: [] });
    return position.setup_text;
  }
  const actions = {
    shown: () => take(app.state.position.setup_text),
    first: async () => take(await firstText()),
    clear: () => {
      const owners = app.state.drawing.owners;
      for (const row of rowsOf()) {
        row.words = row.words.map((word) => (owners[board.glyphs.indexOf(word)] >= 0 || app.state.drawing.shapes[board.glyphs.indexOf(word)] === "line" || app.state.drawing.shapes[board.glyphs.indexOf(word)] === "block" ? board.glyphs[0] : word));
        writeRow(row);
      }
      changed();
    },
    turn: () => {
      const [first, second] = board.names, lines = text.value.split("\n"), at = lines.findLastIndex((line) => line.trim().endsWith(" to play"));
      if (at < 0) text.value = `${text.value.trimEnd()}\n${second} to play`;
      else text.value = lines.with(at, lines[at].trim().startsWith(`${first} `) ? `${second} to play` : `${first} to play`).join("\n");
      changed();
    },
    play: async () => {
      await app.startFrom({ game: app.state.entry.game, setup: text.value, moves: [], players: app.state.players, strength: app.state.strengths });
      document.getElementById("board").scrollIntoView({ block: "center" });
      app.board.cells.focus();
    },
  };
  element.addEventListener("click", async (event) => {
    const pressed = event.target.closest("button");
    if (!pressed) return;
    if (pressed.dataset.code) {
      code = +pressed.dataset.code;
      markPalette();
    } else if (pressed.dataset.do) {
      try {
        await actions[pressed.dataset.do]();
      } catch (error) {
        say(error.message, "");
      }
    }
  });
  find(".palette").addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], all = [...find(".palette").children];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const at = all.findIndex((each) => +each.dataset.code === code), to = all[(at + by + all.length) % all.length];
    code = +to.dataset.code;
    markPalette();
    to.focus();
  });
  text.addEventListener("input", () => changed());
  const openNow = () => card.open && built !== app.state.entry && build();
  card.addEventListener("toggle", openNow);
  app.addEventListener("game", openNow);
  app.addEventListener("theme", () => view && view.setTheme(shownTheme()));
  openNow();
}
