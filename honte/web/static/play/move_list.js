// The moves as a tree of variations: a click shows a position, a variation can be made the main line or be cut.

import { countBelow } from "../game_tree.js";
import { discOf } from "./seats_bar.js";

const MARKS = { inaccuracy: "?!", mistake: "?", blunder: "??" };

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  const box = document.createElement("div");
  box.innerHTML = `<div class="move-list" role="group" aria-label="moves of the game"></div><p class="sub none">No move has been played yet.</p>
    <div class="row variation-buttons"><button type="button" data-do="promote">Make main line</button><button type="button" data-do="prune">Delete from here</button></div>`;
  element.append(box);
  const list = box.querySelector(".move-list"), none = box.querySelector(".none"), buttons = box.querySelector(".variation-buttons");
  /** @type {Map<any, HTMLButtonElement>} */ let buttonOf = new Map();

  function moveButton(node) {
    const button = document.createElement("button"), before = node.parent.position, mark = node.verdict ? MARKS[node.verdict.verdict] || "" : "";
    const mover = before ? before.to_play : (node.ply - 1) % 2;
    button.type = "button";
    // What one reads and what one hears are the same words, and some more words are only heard.
    button.innerHTML = `<i class="visually-hidden">move </i><small>${node.ply}</small>${discOf(app.board.view.coloursOf(mover))}<i class="visually-hidden"></i><span></span><i class="visually-hidden"></i>`;
    const [, player, verdict] = button.querySelectorAll(".visually-hidden");
    player.textContent = `, ${app.state.position.names[mover]}: `;
    button.querySelector("span").textContent = node.move + (mark && ` ${mark}`);
    verdict.textContent = mark ? `, ${node.verdict.verdict}` : "";
    if (mark) button.dataset.verdict = node.verdict.verdict;
    button.addEventListener("click", () => app.show(node).catch((error) => app.problem(error.message)));
    buttonOf.set(node, button);
    return button;
  }
  /** The line that goes on from `node`, with its variations below the move that they replace. */
  function addLine(node, place, depth) {
    let run = null;
    for (let at = node; at.children.length; at = at.children[0]) {
      run ||= place.appendChild(Object.assign(document.createElement("div"), { className: "run" }));
      run.append(moveButton(at.children[0]));
      for (const other of at.children.slice(1)) {
        const variation = Object.assign(document.createElement("div"), { className: "variation" });
        variation.setAttribute("role", "group");
        variation.setAttribute("aria-label", `variation at move ${other.ply}: ${other.move}`);
        const first = variation.appendChild(Object.assign(document.createElement("div"), { className: "run" }));
        first.append(moveButton(other));
        addLine(other, variation, depth + 1);
        place.append(variation);
        run = null;
      }
    }
  }
  function draw() {
    buttonOf = new Map();
    list.replaceChildren();
    addLine(app.root, list, 0);
    none.hidden = buttonOf.size > 0;
    mark(true);
  }
  /** Mark the shown move. A move that is new is drawn first; one that is being deleted has no place. */
  function mark(drawn = false) {
    const { node } = app.state;
    if (node.move && !buttonOf.has(node) && !drawn) return draw();
    for (const [each, button] of buttonOf) {
      if (each === node) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    const current = buttonOf.get(node);
    if (current) {
      const top = current.offsetTop - list.offsetTop;
      if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 40) list.scrollTop = top - list.clientHeight / 2;
    } else list.scrollTop = 0;
    let main = true;
    for (let each = node; each.parent; each = each.parent) main &&= each.parent.children[0] === each;
    buttons.hidden = !node.parent;
    buttons.querySelector("[data-do=promote]").hidden = main;
  }
  box.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]"), { node } = app.state;
    if (!pressed || !node.parent) return;
    if (pressed.dataset.do === "promote") app.promote(node);
    else {
      const count = countBelow(node) + 1;
      app.prune(node);
      app.announce(`${count} ${count === 1 ? "move is" : "moves are"} deleted.`);
    }
  });
  app.addEventListener("tree", draw);
  app.addEventListener("verdicts", draw);
  app.addEventListener("theme", draw);
  app.addEventListener("position", () => mark());
  draw();
}
