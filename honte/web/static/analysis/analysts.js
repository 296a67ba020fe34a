// Which players can analyse a game, and which one does. Does not know how an analysis is shown.

const ANALYST_KINDS = ["network", "rollouts"];

/**
 * The id of the game in a game's text: "go" of "go:size=5", "file:mine" of "file:mine:size=4".
 * @param {string} text
 */
export const gameId = (text) => text.split(":").slice(0, text.startsWith("file:") ? 2 : 1).join(":");

/**
 * Add players that the catalogue did not list, such as the checkpoints of a run.
 * @param {any} app @param {any[]} entries
 */
export function addPlayers(app, entries) {
  const known = new Set(app.state.catalogue.players.map((player) => player.id));
  app.state.catalogue.players.push(...entries.filter((entry) => !known.has(entry.id)));
}

/**
 * The players of the catalogue that search with a tree and know the shown game; networks come first.
 * @param {any} app
 */
export function analystsFor(app) {
  const { game } = app.query();
  const able = app.state.catalogue.players.filter((player) => ANALYST_KINDS.includes(player.kind) && (player.game === null || player.game === game));
  return able.sort((a, b) => ANALYST_KINDS.indexOf(a.kind) - ANALYST_KINDS.indexOf(b.kind));
}

/**
 * The chosen analyst if it knows the shown game; otherwise the game's own first player. Undefined where there is none.
 * @param {any} app
 */
export function analystOf(app) {
  const able = analystsFor(app), id = gameId(app.query().game);
  const game = app.state.catalogue.games.find((each) => each.id === id);
  return able.find((p) => p.id === app.state.settings.analyst) || able.find((p) => game && p.id === game.default_player) || able[0];
}

/**
 * A select of the analysts that keeps itself up to date.
 * @param {any} app @param {(player: any) => void} changed
 */
export function analystSelect(app, changed) {
  const select = document.createElement("select");
  let known = "";
  function refresh() {
    const able = analystsFor(app), chosen = analystOf(app);
    const now = JSON.stringify([able.map((p) => p.id), chosen && chosen.id]);
    if (now === known) return;
    known = now;
    select.replaceChildren(...able.map((p) => new Option(p.label, p.id, false, chosen === p)));
    select.disabled = able.length < 2;
  }
  select.addEventListener("change", () => {
    app.setSetting("analyst", select.value);
    changed(analystOf(app));
  });
  app.addEventListener("position", refresh);
  app.addEventListener("settings", refresh);
  refresh();
  return select;
}
