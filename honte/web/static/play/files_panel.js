// Share a position by a link, save and load games as JSON and SGF, paste a list of moves; and the rules of the game.

import { postJson } from "../api.js";
import { movesTo, treeToJson } from "../game_tree.js";
import { addressOf, shownMoves } from "../saved_game.js";

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  element.innerHTML = `<h3>Share</h3><p class="sub">The link holds the whole game and the shown position. It opens on any honte page that has this game.</p>
    <div class="row"><input type="text" class="link" readonly aria-label="link to this position"><button type="button" data-do="copy">Copy the link</button></div>
    <h3>Save</h3><div class="row"><button type="button" data-do="json">Save as JSON</button><button type="button" data-do="sgf">Save as SGF</button></div>
    <h3>Load</h3><p class="sub">Choose a file, or paste JSON, SGF or moves such as <code class="example"></code>.</p>
    <div class="row"><input type="file" accept=".json,.sgf,.txt,application/json,text/plain" aria-label="file of a game"></div>
    <label><span class="visually-hidden">text of a game, or moves</span><textarea rows="4" spellcheck="false" placeholder="moves, JSON or SGF"></textarea></label>
    <div class="row"><button type="button" class="primary" data-do="load">Load</button><button type="button" data-do="append">Play these moves from the shown position</button></div>
    <p class="problem" role="alert" hidden></p><p class="sub fine" role="status"></p>`;
  const find = (selector) => element.querySelector(selector), text = find("textarea"), link = find(".link"), problem = find(".problem"), fine = find(".fine");
  const rules = document.getElementById("rules");

  function say(wrong, right = "") {
    problem.textContent = wrong;
    problem.hidden = !wrong;
    fine.textContent = right;
  }
  async function save(format) {
    const { entry, setup, tree } = app.state, { text: content, file_name: name, media_type: type } = await postJson("/api/save", { game: entry.game, setup, tree: treeToJson(tree), format });
    const address = URL.createObjectURL(new Blob([content], { type })), anchor = Object.assign(document.createElement("a"), { href: address, download: name });
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
    say("", `${name} is saved.`);
  }
  async function load(content) {
    if (!content.trim()) return say("There is nothing to load: paste a game or moves, or choose a file.");
    const game = await postJson("/api/load", { text: content, game: app.state.entry.game });
    const players = ["person", "person"], line = game.moves || [];
    await app.startFrom({ game: game.game, setup: game.setup || null, tree: game.tree || null, moves: line, players });
    say("", `The game is loaded: ${shownMoves(app).length} moves.`);
  }
  /** The moves of a text: numbers of moves such as "12." are left out. */
  const movesOf = (content) => content.split(/[\s,;]+/).map((word) => word.replace(/^\d+\.+/, "")).filter(Boolean);
  async function append() {
    const moves = movesOf(text.value), query = app.query();
    if (!moves.length) return say("There are no moves to play.");
    await postJson("/api/line", { ...query, moves: [...query.moves, ...moves] });
    for (const move of moves) await app.play(move);
    say("", `${moves.length} ${moves.length === 1 ? "move is" : "moves are"} played.`);
  }
  const actions = {
    copy: async () => {
      link.select();
      try {
        await navigator.clipboard.writeText(link.value);
        say("", "The link is copied.");
      } catch {
        say("", "The link is selected: copy it with your keyboard.");
      }
    },
    json: () => save("json"),
    sgf: () => save("sgf"),
    load: () => load(text.value),
    append,
  };
  element.addEventListener("click", async (event) => {
    const pressed = event.target.closest("[data-do]");
    if (!pressed) return;
    say("");
    try {
      await actions[pressed.dataset.do]();
    } catch (error) {
      say(error.message);
    }
  });
  find("input[type=file]").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    say("");
    try {
      await load(await file.text());
    } catch (error) {
      say(error.message);
    }
    event.target.value = "";
  });
  function show() {
    const { entry } = app.state;
    link.value = location.origin + location.pathname + addressOf(app);
    find("[data-do=sgf]").hidden = !entry.sgf;
    find(".example").textContent = movesTo(app.state.node).slice(0, 3).join(" ") || app.state.position.legal.slice(0, 1).map((each) => each.move).join("");
  }
  function showRules() {
    const { entry } = app.state;
    rules.replaceChildren(...[entry.rules, entry.goal, entry.notation].map((sentence) => Object.assign(document.createElement("p"), { textContent: sentence })));
  }
  app.addEventListener("position", show);
  app.addEventListener("game", showRules);
  showRules();
  show();
}
