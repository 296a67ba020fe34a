// Choosing an agent and its strength: a list of players and a slider, labelled with the measured Elo where it is known.

/** @param {any} player @param {any} entry whether the player can play the game @returns {boolean} */
export function canPlay(player, entry) {
  if (player.kind === "perfect") return entry.has_solver;
  return player.game === null || player.game === entry.game;
}

/** "Elo 1210, 1180 to 1240": of the measured strength that is nearest. @param {any} player @param {number} strength */
export function eloText(player, strength) {
  const known = (player.elo || []).find((each) => each.strength === strength);
  if (!known) return (player.elo || []).length ? "no measured Elo at this strength" : "";
  const round = (value) => Math.round(value).toLocaleString("en");
  return `Elo ${round(known.elo)}, 95 % interval ${round(known.low)} to ${round(known.high)}`;
}

/** The choices of a slider, the measured strengths and the default included. @param {any} player */
function choicesOf(player) {
  const { kind, choices, default: usual } = player.strength || {};
  if (!kind) return [];
  return [...new Set([...choices, usual, ...(player.elo || []).map((each) => each.strength)])].filter((n) => typeof n === "number").sort((a, b) => a - b);
}

/**
 * A choice of a player and its strength.
 * @param {any} app @param {string} title @param {() => void} [changed]
 */
export function agentChoice(app, title, changed = () => {}) {
  const element = document.createElement("div");
  element.className = "agent-choice";
  element.innerHTML = `<label class="line"><span></span><select></select></label><label class="line strength"><span>strength</span><input type="range" min="0" step="1"><output></output></label><p class="sub note"></p>`;
  const select = element.querySelector("select"), slider = element.querySelector("input"), output = element.querySelector("output"), note = element.querySelector(".note");
  element.querySelector("span").textContent = title;
  let players = [], choices = [];

  const player = () => players.find((each) => each.id === select.value) || null;
  function showStrength() {
    const now = player(), strength = choices[+slider.value];
    element.querySelector(".strength").hidden = !choices.length;
    const words = now && choices.length ? `${strength.toLocaleString("en")} ${now.strength.kind === "depth" ? "plies" : strength === 1 ? "simulation" : "simulations"}` : "";
    output.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    note.textContent = now ? [now.note, choices.length ? eloText(now, strength) : ""].filter(Boolean).join(" ") : "";
    note.hidden = !note.textContent;
  }
  function showPlayer(strength = null) {
    const now = player();
    choices = now ? choicesOf(now) : [];
    slider.max = String(Math.max(0, choices.length - 1));
    const wanted = strength ?? (now && now.strength ? now.strength.default : 0);
    slider.value = String(Math.max(0, choices.indexOf(wanted)));
    showStrength();
  }
  select.addEventListener("change", () => (showPlayer(), changed()));
  slider.addEventListener("input", showStrength);
  return {
    element,
    /** @param {any} entry @param {string} chosen @param {number|null} [strength] */
    show(entry, chosen, strength = null) {
      players = app.state.catalogue.players.filter((each) => each.kind !== "person" && canPlay(each, entry));
      select.replaceChildren(...players.map((each) => new Option(each.label, each.id)));
      const wanted = [chosen, entry.default_player].find((id) => players.some((each) => each.id === id));
      if (wanted) select.value = wanted;
      showPlayer(wanted === chosen ? strength : null);
    },
    get id() {
      return select.value;
    },
    get strength() {
      return choices.length ? choices[+slider.value] : 0;
    },
  };
}
