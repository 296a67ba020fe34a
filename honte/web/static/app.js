// Starts the page: reads the catalogue, opens the game of the address or of this browser, mounts the panels.

import { mount as mountAnalysis } from "./analysis/analysis_panel.js";
import { connection, getJson, readHealth } from "./api.js";
import { mountConnection } from "./connection.js";
import { mount as mountEditor } from "./play/editor.js";
import { mount as mountFiles } from "./play/files_panel.js";
import { mountKeys } from "./keys.js";
import { mount as mountMoves } from "./play/move_list.js";
import { PlayBoard } from "./board/play_board.js";
import { mount as mountControls } from "./play/play_controls.js";
import { mount as mountReview } from "./analysis/review_panel.js";
import { addressOf, readFragment, readGame, readSettings, writeGame, writeSettings } from "./saved_game.js";
import { mount as mountTree } from "./analysis/search_tree.js";
import { Seats } from "./play/seats.js";
import { mount as mountSeats } from "./play/seats_bar.js";
import { mount as mountSetup } from "./play/setup_panel.js";
import { addLine } from "./game_tree.js";
import { App } from "./store.js";
import { mountTheme } from "./theme.js";
import { mount as mountThinkFirst } from "./think_first.js";
import { mount as mountWatch } from "./runs/watch_panel.js";
import { mount as mountWinrate } from "./analysis/winrate_graph.js";

const byId = (id) => document.getElementById(id);
const app = new App();
app.seats = new Seats(app);

/** A move of a person: by the board, a list or a button. @param {string} move */
app.move = async (move) => {
  if (app.moveHandler) return app.moveHandler(move);
  if (app.isMoving) return null; // a second click, before the first move is on the board
  app.isMoving = true;
  try {
    const node = await app.play(move);
    app.seats.answer();
    return node;
  } catch (error) {
    app.problem(error.message);
    return null;
  } finally {
    app.isMoving = false;
  }
};

/** Begin a game, as `startFrom`; an agent that is to move begins. */
const begin = app.startFrom.bind(app);
app.startFrom = async (start) => {
  const node = await begin(start);
  if (!node.children.length && start.show !== "start") app.seats.answer();
  return node;
};

/** Take back the steps of an unfinished turn, as in Amazons. */
app.cancelTurn = async () => {
  const { node, position } = app.state, start = app.undoTarget();
  const parent = node.parent;
  if (app.isOver || !parent || !parent.position || parent.position.to_play !== position.to_play || !app.isPerson(position.to_play) || !(app.state.entry.actions_per_turn > 1)) return;
  const first = start.children.find((child) => child === node || node.parent === child || (node.parent && node.parent.parent === child));
  if (first) await app.prune(first);
};

function say(sentence) {
  const live = byId("live");
  live.textContent = live.textContent === sentence ? `${sentence}\u00a0` : sentence;
}

let hiding = 0;
function showProblem(sentence) {
  const place = byId("says");
  clearTimeout(hiding);
  place.textContent = sentence;
  place.hidden = !sentence;
  if (sentence) {
    say(sentence);
    hiding = setTimeout(() => (place.hidden = true), 9000);
  }
}

/** The game that is shown first. */
async function openFirst() {
  const asked = readFragment(location.hash), kept = readGame(), { games } = app.state.catalogue;
  if (asked) {
    if (asked.analysis) app.state.settings.analysis = asked.analysis === "shown" ? "shown" : "hidden";
    const same = kept && kept.game === asked.game && (kept.setup || null) === (asked.setup || null) && JSON.stringify(kept.path) === JSON.stringify(asked.moves.slice(0, asked.at ?? undefined));
    try {
      if (same && !asked.players) return await openKept(kept);
      const first = games.find((game) => game.id === asked.game.split(":")[0]);
      const players = asked.players || (asked.moves.length || asked.setup || !first || !first.default_player ? ["person", "person"] : ["person", first.default_player]);
      return await app.startFrom({ ...asked, players });
    } catch (error) {
      setTimeout(() => showProblem(error.message)); // after the game that is shown in its place
    }
  } else if (kept) {
    try {
      return await openKept(kept);
    } catch {
      // The server does not offer this game now: the first game of the catalogue is shown.
    }
  }
  const kindOf = (game) => (app.playerOf(game.default_player) || {}).kind;
  const own = games.find((game) => game.id.startsWith("file:")), given = games.find((game) => /^given/.test(game.default_player || ""));
  const first = given || own || games.find((game) => kindOf(game) === "network") || games[0];
  return app.startFrom({ game: first.game || first.id, players: ["person", first.default_player || "person"] });
}

async function openKept(kept) {
  const known = new Set(["person", ...app.state.catalogue.players.map((player) => player.id)]);
  const players = (kept.players || []).map((id) => (known.has(id) ? id : "person"));
  await begin({ game: kept.game, setup: kept.setup || null, tree: kept.tree, players, strength: kept.strength });
  await app.show(addLine(app.state.tree, kept.path || []));
}

function keep() {
  writeGame(app);
  const address = addressOf(app);
  if (address.length < 8000 && location.hash !== address) history.replaceState(null, "", address);
}

async function start() {
  Object.assign(app.state.settings, readSettings(), { opponentPaused: false });
  mountTheme(app, byId("theme"));
  mountConnection(app, byId("connection"));
  app.addEventListener("announce", (event) => say(event.detail));
  app.addEventListener("problem", (event) => showProblem(event.detail));
  app.addEventListener("position", () => (byId("says").hidden = true));
  try {
    app.state.catalogue = await getJson("/api/catalogue");
    app.board = new PlayBoard(app, byId("board"));
    await openFirst();
  } catch (error) {
    byId("loading").textContent = error.message;
    return waitForServer();
  }
  byId("loading").hidden = true;
  byId("page").hidden = false;
  mountKeys(app, byId("keys"), byId("keys-button"));
  mountSetup(byId("setup"), app, byId("new-game"));
  mountSeats(byId("seats"), app);
  mountControls(byId("controls"), app);
  mountThinkFirst(byId("think-first"), app);
  mountMoves(byId("moves"), app);
  mountAnalysis(byId("analysis"), app);
  mountWinrate(byId("graph"), app);
  mountReview(byId("review"), app);
  mountTree(byId("tree"), app);
  mountWatch(byId("watch"), app);
  mountEditor(byId("editor"), app);
  mountFiles(byId("files"), app);
  app.addEventListener("position", keep);
  app.addEventListener("tree", keep);
  app.addEventListener("settings", () => writeSettings(app.state.settings));
  app.addEventListener("resumed", () => app.seats.answer());
  addEventListener("hashchange", () => location.hash && location.hash !== addressOf(app) && openFirst());
  keep();
  document.body.dataset.ready = "true";
}

/** Nothing could be read: begin again when the server answers. */
async function waitForServer() {
  connection.addEventListener("back", () => location.reload(), { once: true });
  const timer = setInterval(async () => (await readHealth()) && clearInterval(timer), 1500);
}

start();
