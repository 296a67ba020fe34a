// "New game": choose a game, its parameters, who plays, which side and how strong.

import { gameIcon } from "../board/game_icon.js";
import { parameterFields } from "./parameter_fields.js";
import { agentChoice, canPlay } from "./strength.js";

const MODES = [["agent", "Play against an agent"], ["people", "Two people on this screen"], ["watch", "Watch two agents"]];

/** @param {HTMLDialogElement} dialog @param {any} app @param {HTMLElement} opener */
export function mount(dialog, app, opener) {
  dialog.innerHTML = `<form method="dialog"><div class="card-head"><h2 id="setup-title">New game</h2><button type="button" data-do="close" aria-label="Close">✕</button></div>
    <fieldset><legend>Game</legend><div class="game-choice" role="radiogroup" aria-label="game"></div><p class="sub about"></p></fieldset>
    <fieldset class="parameters"><legend>Board and rules</legend><div class="row fields"></div></fieldset>
    <fieldset><legend>Players</legend><div class="row modes">${MODES.map(([mode, text], i) => `<label class="check"><input type="radio" name="mode" value="${mode}"${i ? "" : " checked"}> ${text}</label>`).join("")}</div>
    <div class="row sides"><span>You play</span><label class="check"><input type="radio" name="side" value="0" checked> <span></span></label><label class="check"><input type="radio" name="side" value="1"> <span></span></label><label class="check"><input type="radio" name="side" value="random"> a random side</label></div>
    <div class="agents"></div></fieldset>
    <p class="problem" role="alert" hidden></p>
    <div class="row end"><button type="submit" class="primary" data-do="start">Start</button><button type="button" data-do="keep">Change only the players of this game</button></div></form>`;
  const find = (selector) => dialog.querySelector(selector), problem = find(".problem"), about = find(".about");
  const first = agentChoice(app, "opponent"), second = agentChoice(app, "second player");
  find(".agents").append(first.element, second.element);
  const fields = parameterFields(find(".fields"), () => showPlayers()); // a network knows one size of board
  /** @type {any} */ let entry = null;

  const games = () => app.state.catalogue.games;
  const value = (name) => find(`input[name=${name}]:checked`).value;
  const gameText = () => (entry.parameters.length ? fields.textFor(entry) : entry.id);

  function say(sentence) {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }
  function fillGames() {
    find(".game-choice").replaceChildren(...games().map((game) => {
      const label = document.createElement("label");
      label.className = "game";
      label.innerHTML = `<input type="radio" name="game">${gameIcon(game)}<span></span>`;
      label.querySelector("span").textContent = game.title;
      label.querySelector("input").value = game.id;
      label.querySelector("input").checked = !!entry && game.id === entry.id;
      return label;
    }));
  }
  function choose(game, parameters = null) {
    entry = game;
    fields.show(game, parameters);
    find(".parameters").hidden = !game.parameters.length;
    about.textContent = game.goal;
    showPlayers();
  }
  /** Offer the players of the chosen game; those of the game that runs stay chosen. */
  function showPlayers() {
    const mode = value("mode"), now = { ...entry, game: gameText() }, names = entry.names, same = entry.id === app.state.entry.id;
    const agents = app.state.players.map((id, i) => ({ id, strength: app.state.strengths[i] })).filter((each) => each.id !== "person");
    const learned = app.state.catalogue.players.find((each) => each.kind === "network" && canPlay(each, now));
    const usual = now.game === entry.game && entry.default_player ? entry.default_player : learned ? learned.id : "rollouts";
    const offer = (choice, agent) => (same && agent ? choice.show(now, agent.id, agent.strength) : choice.show(now, usual));
    find(".sides").hidden = mode !== "agent";
    find(".agents").hidden = mode === "people";
    second.element.hidden = mode !== "watch";
    first.element.querySelector("span").textContent = mode === "watch" ? names[0] : "opponent";
    second.element.querySelector("span").textContent = names[1];
    dialog.querySelectorAll(".sides .check span").forEach((span, i) => (span.textContent = `${names[i]}${i ? ", second" : ", first"}`));
    offer(first, agents[0]);
    offer(second, agents[1] || agents[0]);
    about.textContent = learned ? entry.goal : `${entry.goal} No network has learned this game on this board yet: rollouts (random games) play.`;
    find("[data-do=keep]").hidden = !same || now.game !== app.state.entry.game;
  }

  function chosenPlayers() {
    const mode = value("mode"), side = value("side");
    if (mode === "people") return { players: ["person", "person"], strength: [0, 0] };
    if (mode === "watch") return { players: [first.id, second.id], strength: [first.strength, second.strength] };
    const seat = side === "random" ? +(Math.random() < 0.5) : +side;
    return seat ? { players: [first.id, "person"], strength: [first.strength, 0] } : { players: ["person", first.id], strength: [0, first.strength] };
  }
  async function start(event) {
    event.preventDefault();
    const button = find("[data-do=start]");
    button.disabled = true;
    say("");
    try {
      const chosen = chosenPlayers();
      if (value("mode") === "agent") app.state.settings.opponent = first.id;
      await app.startFrom({ game: gameText(), ...chosen });
      dialog.close();
      app.board.cells.focus();
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  }
  function keep() {
    const chosen = chosenPlayers();
    app.setPlayers(chosen.players, chosen.strength);
    dialog.close();
    app.seats.answer();
  }
  function open() {
    const { players } = app.state;
    choose(games().find((game) => game.id === app.state.entry.id) || games()[0], app.state.entry.parameters);
    fillGames();
    const people = players.filter((id) => id === "person").length;
    find(`input[name=mode][value=${["watch", "agent", "people"][people]}]`).checked = true;
    if (people === 1) find(`input[name=side][value="${players.indexOf("person")}"]`).checked = true;
    say("");
    showPlayers();
    dialog.showModal();
    find("input[name=game]:checked").focus();
  }
  dialog.addEventListener("change", (event) => {
    if (event.target.name === "game") choose(games().find((game) => game.id === event.target.value));
    else if (event.target.name === "mode") showPlayers();
  });
  find("form").addEventListener("submit", start);
  find("[data-do=keep]").addEventListener("click", keep);
  find("[data-do=close]").addEventListener("click", () => dialog.close());
  opener.addEventListener("click", open);
  app.addKey("n", "New game", open);
}
