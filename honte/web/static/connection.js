// Says when the server is gone or was started again, and offers to go on with the game that this page has.

import { connection, readHealth } from "./api.js";

const EVERY_MS = 1500;

/** @param {any} app @param {HTMLElement} banner */
export function mountConnection(app, banner) {
  let timer = 0, boot = null;
  readHealth().then((health) => (boot = health && health.boot));

  function say(sentence, buttonText, action) {
    banner.replaceChildren(Object.assign(document.createElement("span"), { textContent: sentence }));
    if (buttonText) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: buttonText });
      button.addEventListener("click", action);
      banner.append(button);
    }
    banner.hidden = false;
  }
  async function goOn() {
    banner.hidden = true;
    const { node } = app.state;
    node.position = null; // the new server is asked whether it knows the game and its moves
    try {
      await app.show(node);
      app.tell("resumed");
      app.announce("The game goes on.");
    } catch (error) {
      app.problem(error.message);
    }
  }
  async function poll() {
    if (await readHealth()) return;
    timer = setTimeout(poll, EVERY_MS);
  }
  connection.addEventListener("gone", () => {
    banner.dataset.state = "gone";
    say("The server is gone: your game is safe in this browser, and you can go on as soon as the server is started again.");
    clearTimeout(timer);
    timer = setTimeout(poll, EVERY_MS);
  });
  connection.addEventListener("back", async () => {
    clearTimeout(timer);
    const health = await readHealth(), again = health && health.boot !== boot;
    boot = health && health.boot;
    banner.dataset.state = "back";
    say(again ? "The server was started again: this browser still has your game." : "The server answers again.", "Go on with this game", goOn);
  });
}
