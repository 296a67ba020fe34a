// Who plays, whose turn it is, and how the game ended: two seats above the board and one line.

const STRENGTH_WORDS = { simulations: "simulations", depth: "plies deep" };

/** A disc in a player's colour. @param {[string, string]} colours */
export function discOf([fill]) {
  return `<svg class="disc" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="8.6" fill="${fill}" stroke="var(--faint)" stroke-width="1.6"/></svg>`;
}

/** "honte's network, 100 simulations". @param {any} app @param {number} seat */
export function seatText(app, seat) {
  const { players, strengths } = app.state, player = app.playerOf(players[seat]);
  if (players[seat] === "person") return app.isPerson(1 - seat) ? "a person" : "you";
  if (!player) return "a player that is gone";
  const kind = player.strength && player.strength.kind;
  return kind ? `${player.label}, ${strengths[seat].toLocaleString("en")} ${STRENGTH_WORDS[kind]}` : player.label;
}

/** The result in words, or "". @param {any} app */
export function resultText(app) {
  const { resigned, position } = app.state;
  if (resigned !== null) return `${position.names[resigned]} resigned: ${position.names[1 - resigned]} wins`;
  if (position.outcome === null) return "";
  const score = position.score ? ` (${position.score})` : "";
  return `${position.result || (position.outcome === 0 ? "draw" : `${position.names[position.outcome > 0 ? 0 : 1]} wins`)}${score}`;
}

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  element.innerHTML = '<div class="seat"></div><div class="seat"></div>';
  const turn = document.getElementById("turn"), title = document.getElementById("title");
  let spoken = null;

  function show() {
    const { position, entry } = app.state, over = app.isOver, result = resultText(app);
    title.textContent = entry.title;
    document.title = `${entry.title} – honte`;
    [...element.children].forEach((seat, player) => {
      const active = !over && position.to_play === player, won = over && (app.state.resigned !== null ? app.state.resigned !== player : position.outcome === (player ? -1 : 1));
      seat.className = `seat${active ? " active" : ""}${won ? " won" : ""}`;
      seat.innerHTML = `${discOf(app.board.view.coloursOf(player))}<span class="seat-name"></span><span class="seat-who sub"></span>${won ? '<span class="seat-won">won</span>' : ""}`;
      seat.querySelector(".seat-name").textContent = position.names[player];
      seat.querySelector(".seat-who").textContent = seatText(app, player);
    });
    showTurn();
    const winner = app.state.resigned !== null ? 1 - app.state.resigned : position.outcome === 1 ? 0 : position.outcome === -1 ? 1 : -1;
    turn.dataset.over = String(over);
    turn.dataset.ply = String(app.state.node.ply);
    turn.dataset.result = result;
    if (spoken !== app.state.node) announce(result, winner);
    spoken = app.state.node;
  }

  function showTurn() {
    const { position } = app.state, over = app.isOver, player = position.to_play;
    const who = over ? (app.state.resigned !== null ? 1 - app.state.resigned : position.outcome === 1 ? 0 : position.outcome === -1 ? 1 : -1) : player;
    turn.innerHTML = `${who >= 0 ? discOf(app.board.view.coloursOf(who)) : ""}<span></span>`;
    turn.querySelector("span").textContent = over ? resultText(app) : app.seats.thinking ? `${position.to_play_name} is thinking…` : app.isPerson(player) ? `${position.to_play_name} to play${app.isPerson(1 - player) ? "" : ": your move"}${position.score ? ` · ${position.score}` : ""}` : `${position.to_play_name} to play`;
    turn.dataset.toPlay = String(player);
    turn.dataset.thinking = String(app.seats.thinking);
    turn.classList.toggle("thinking", app.seats.thinking);
  }

  /** Say the last move, and whose turn it is. */
  function announce(result) {
    const { node, position } = app.state, mover = node.parent && node.parent.position ? node.parent.position.to_play : 1 - position.to_play;
    if (!node.move) return;
    app.announce(`${position.names[mover]} plays ${node.move}. ${result || `${position.to_play_name} to play.`}`);
  }

  app.addEventListener("position", show);
  app.addEventListener("players", show);
  app.addEventListener("theme", show);
  app.seats.addEventListener("change", showTurn);
  show();
}
