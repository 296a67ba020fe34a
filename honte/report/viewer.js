// Steps through games on a board. Knows frames (cells, policy, value); does not know the rules of any game.

import { BoardView } from "../web/static/board/board.js";
import { percent, svgText } from "../web/static/charts.js";

export function makeViewer(place, run) {
  const board = run.board, names = board.names, colours = board.themes.light.colours;
  let game = run.games[0], ply = 0, searchShown = true, timer = 0, shown = null;
  place.innerHTML = `
    <div class="choose" role="group" aria-label="games">${run.games.map((g, i) => `<button data-game="${i}">${svgText(g.why)}<small>#${g.id} · ${svgText(g.result)} · ${g.frames.length - 1} plies</small></button>`).join("")}</div>
    <div class="viewer" tabindex="0" aria-label="a game; the arrow keys go back and forward">
      <div><div class="board"></div><div class="balance" title="win probability by the search's value"></div>
        <div class="controls"><button data-go="first" title="first position (Home)">«</button><button data-go="back" title="one ply back (←)">‹</button><button data-go="on" title="one ply forward (→)">›</button><button data-go="last" title="last position (End)">»</button><button data-go="run" title="play (space)">play</button><input type="range" min="0" value="0" aria-label="ply"><button data-go="search" aria-pressed="true" title="show the search's policy on the board (s)">search</button></div></div>
      <div class="side"><p class="say"></p><p class="sub detail"></p><div class="plot"></div><div class="bars"></div><div class="moves"></div></div>
    </div>`;
  const find = (selector) => place.querySelector(selector);
  const viewer = find(".viewer"), slider = find("input");

  const dark = matchMedia("(prefers-color-scheme: dark)"), theme = () => (dark.matches ? "dark" : "light");
  const view = new BoardView(find(".board"), board, { theme: theme(), label: "position" });
  dark.addEventListener("change", () => view.setTheme(theme()));

  /** The search's policy as discs: the cells of each move that show it, larger for likelier moves. */
  function policyMarks(frame) {
    const shares = new Map(), [fill, rim] = colours[frame.to_play];
    for (const [, p, cells] of frame.policy || []) for (const cell of cells) shares.set(cell, (shares.get(cell) || 0) + p);
    return [...shares].map(([cell, p]) => ({ cells: [cell], radius: 0.2 + 0.62 * Math.sqrt(p), colour: fill, rim, opacity: 0.28 + 0.5 * p, label: p >= 0.1 ? Math.round(100 * p) : "", kind: "policy" }));
  }

  const share = (value) => (value + 1) / 2;
  function value(frame) {
    if (typeof frame.value === "number") return frame.value;
    return frame === game.frames.at(-1) && game.outcome !== null ? game.outcome : null;
  }

  function show() {
    const frame = game.frames[ply], last = ply === game.frames.length - 1, now = value(frame);
    view.label = `position after ${ply} plies`;
    view.show(frame, { animate: shown !== null && Math.abs(shown.ply - ply) === 1 && shown.game === game });
    view.overlay({ marks: searchShown ? policyMarks(frame) : [] });
    shown = { game, ply };
    slider.max = game.frames.length - 1;
    slider.value = ply;
    const who = last ? (game.outcome === 1 ? 0 : game.outcome === -1 ? 1 : -1) : frame.to_play;
    find(".say").innerHTML = (who < 0 ? "" : `<span class="dot" style="background:${colours[who][0]};box-shadow:0 0 0 1px ${colours[who][1]}"></span>`) + svgText(last ? game.result : `${names[frame.to_play]} to play: ${frame.move}`);
    find(".detail").textContent = `ply ${ply} of ${game.frames.length - 1}` + (frame.policy ? ` · ${frame.simulations} simulations with the network of step ${frame.network.toLocaleString("en")}` : ply < game.opening ? " · random opening move" : "");
    const p = now === null ? null : share(now);
    find(".balance").innerHTML = p === null ? `<span style="width:100%;color:var(--soft)">random opening ply: no value</span>` :
      [[p, 0], [1 - p, 1]].map(([part, who]) => `<span style="width:${100 * part}%;background:${colours[who][0]};color:${light(colours[who][0]) ? "#222" : "#fff"};justify-content:${who ? "flex-end" : "flex-start"}">${part > 0.17 ? `${svgText(names[who])} ${Math.round(100 * part)} %` : ""}</span>`).join("");
    find(".bars").innerHTML = (frame.policy || []).slice(0, 8).map(([text, chance]) => `<span class="${text === frame.move ? "played" : ""}"${text === frame.move ? ' title="the move that was played"' : ""}>${text === frame.move ? "▸ " : ""}${svgText(text)}</span><span class="bar"><i style="width:${100 * chance}%;background:${colours[frame.to_play][0]};box-shadow:inset 0 0 0 1px ${colours[frame.to_play][1]}"></i></span><span>${percent(chance)}</span>`).join("") || `<span class="sub" style="grid-column:1/-1">${last ? "The game is over." : "This move of the opening is random: there was no search."}</span>`;
    find(".moves").innerHTML = game.frames.slice(0, -1).map((f, i) => `<button data-ply="${i + 1}" class="${i < game.opening ? "given" : ""}" ${ply === i + 1 ? 'aria-current="step"' : ""}>${svgText(f.move)}</button>`).join("");
    const current = find('.moves [aria-current]');
    if (current) current.parentNode.scrollTop = current.offsetTop - current.parentNode.offsetTop - 40;
    for (const button of place.querySelectorAll("[data-game]")) button.setAttribute("aria-pressed", run.games[+button.dataset.game] === game);
    find('[data-go="search"]').setAttribute("aria-pressed", searchShown);
    find('[data-go="run"]').setAttribute("aria-pressed", timer !== 0);
    valueCurve();
    viewer.dataset.ply = ply;
  }

  function valueCurve() {
    const box = find(".plot"), W = Math.max(box.clientWidth, 200), H = box.clientHeight || 150, low = 14, high = H - 18, left = 8;
    const X = (i) => left + (i / Math.max(game.frames.length - 1, 1)) * (W - 2 * left), Y = (v) => high - share(v) * (high - low);
    const points = game.frames.map((f, i) => [i, value(f)]).filter((p) => p[1] !== null);
    const path = points.map(([i, v]) => `${X(i).toFixed(1)},${Y(v).toFixed(1)}`).join("L");
    const area = points.length > 1 ? `<path d="M${X(points[0][0]).toFixed(1)},${Y(0)}L${path}L${X(points.at(-1)[0]).toFixed(1)},${Y(0)}Z" fill="${colours[0][0]}" opacity="0.16"/>` : "";
    box.innerHTML = `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="value over the game"><line class="axis-line" x1="0" x2="${W}" y1="${Y(0)}" y2="${Y(0)}"/>
      <text x="${left}" y="10">${svgText(names[0])} wins</text><text x="${left}" y="${H - 4}">${svgText(names[1])} wins</text>${area}
      ${path ? `<path d="M${path}" fill="none" stroke="var(--ink)" stroke-width="1.8" stroke-linejoin="round"/>` : ""}
      <line x1="${X(ply)}" x2="${X(ply)}" y1="${low}" y2="${high}" stroke="var(--soft)" stroke-width="1.5" stroke-dasharray="3 3"/></svg>`;
  }

  function go(to) { ply = Math.max(0, Math.min(game.frames.length - 1, to)); show(); }
  function stop() { clearInterval(timer); timer = 0; }
  function act(name) {
    if (name !== "run" && name !== "search") stop();
    if (name === "first") go(0);
    else if (name === "back") go(ply - 1);
    else if (name === "on") go(ply + 1);
    else if (name === "last") go(Infinity);
    else if (name === "search") { searchShown = !searchShown; show(); }
    else if (name === "run") {
      if (timer) stop();
      else {
        if (ply === game.frames.length - 1) ply = 0;
        timer = setInterval(() => { if (ply >= game.frames.length - 1) stop(); else ply += 1; show(); }, 700);
      }
      show();
    }
  }
  place.addEventListener("click", (event) => {
    const target = event.target.closest("button");
    if (!target) return;
    if (target.dataset.game) { stop(); game = run.games[+target.dataset.game]; ply = game.opening; show(); }
    else if (target.dataset.ply) { stop(); go(+target.dataset.ply); }
    else if (target.dataset.go) act(target.dataset.go);
  });
  slider.addEventListener("input", () => { stop(); go(+slider.value); });
  find(".plot").addEventListener("click", (event) => {
    const area = find(".plot").getBoundingClientRect();
    stop();
    go(Math.round(((event.clientX - area.left - 8) / (area.width - 16)) * (game.frames.length - 1)));
  });
  viewer.addEventListener("keydown", (event) => {
    const name = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last", " ": "run", s: "search" }[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, input")) return;
    event.preventDefault();
    act(name);
  });
  ply = game.opening;
  show();
  return valueCurve;
}

function light(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return 0.3 * r + 0.59 * g + 0.11 * b > 150;
}
