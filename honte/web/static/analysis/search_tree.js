// The tree of the running search: each node's visits, value and proof. Nodes open on demand. It follows the ARIA
// pattern of a tree: one tab stop, arrow keys, Home, End.

import { postJson } from "../api.js";
import { analysisOf } from "./analysis_stream.js";
import { percentOf } from "./loss_scale.js";

const MOST_CHILDREN = 12, OUTCOMES = { "1": "win", "0": "draw", "-1": "loss" };

/** @typedef {{path: string[], data: any, children: TreeNode[]|null, open: boolean}} TreeNode */

/** @param {HTMLElement} element @param {any} app */
export function mount(element, app) {
  const stream = analysisOf(app);
  element.classList.add("tree-panel");
  element.innerHTML = `<div class="row shown-part"><button type="button" class="refresh">Show the search tree</button><span class="sub status"></span></div>
    <ul role="tree" aria-label="search tree" class="search-tree" hidden></ul><p class="hidden-part sub">The search tree is hidden, so that you can think first.</p>`;
  const list = element.querySelector("[role=tree]"), button = element.querySelector(".refresh"), status = element.querySelector(".status");
  /** @type {TreeNode|null} */ let root = null;
  let current = "", analysisId = "", node = null, settled = null;

  const key = (path) => path.join(" ");
  async function load(each) {
    const data = await postJson("/api/tree", { analysis_id: analysisId, path: each.path });
    if (!each.path.length) each.data = data; // elsewhere the parent's view stays: that of the player who makes the move
    const old = new Map((each.children || []).map((child) => [key(child.path), child]));
    each.children = data.children.map((edge) => {
      const path = [...each.path, edge.move], known = old.get(key(path));
      return known ? Object.assign(known, { data: edge }) : { path, data: edge, children: null, open: false };
    });
    for (const child of each.children) if (child.open) await load(child);
  }
  async function refresh() {
    if (!stream.newest) {
      status.textContent = "There is no analysis of this position yet.";
      return;
    }
    if (node !== stream.node) root = null;
    node = stream.node;
    analysisId = stream.newest.analysis_id;
    const now = root || { path: [], data: null, children: null, open: true };
    try {
      await load(now);
      root = now;
      status.textContent = `${root.data.visits.toLocaleString("en")} visits, as of now`;
    } catch (error) {
      root = null;
      status.textContent = error.message;
    }
    draw();
  }

  /** The items of a node and of all open nodes below it, one after the other: their level says how they nest. */
  function itemsOf(each, level, position, size) {
    const some = each.open && each.children ? each.children.slice(0, MOST_CHILDREN) : [];
    return [item(each, level, position, size), ...some.flatMap((child, i) => itemsOf(child, level + 1, i + 1, each.children.length))];
  }
  function item(each, level, position, size) {
    const { data } = each, leaf = each.path.length > 0 && !data.expanded && !each.children;
    const li = document.createElement("li");
    li.setAttribute("role", "treeitem");
    for (const [name, value] of Object.entries({ level, posinset: position, setsize: size })) li.setAttribute(`aria-${name}`, String(value));
    if (!leaf) li.setAttribute("aria-expanded", String(each.open));
    li.dataset.path = key(each.path);
    li.tabIndex = key(each.path) === current ? 0 : -1;
    li.style.setProperty("--level", String(level - 1));
    const proven = data.proven === null || data.proven === undefined ? "" : `proven ${OUTCOMES[data.proven]}`;
    const prior = data.prior === undefined || data.prior === null ? "" : `prior ${percentOf(data.prior)}`;
    const share = root.data.visits ? data.visits / root.data.visits : 0;
    li.innerHTML = `<span class="twist" aria-hidden="true">${leaf ? "" : each.open ? "▾" : "▸"}</span><b></b><svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="10" fill="var(--grid)"/><rect width="${(100 * Math.sqrt(share)).toFixed(1)}" height="10" fill="var(--c1)"/></svg><span class="num">${data.visits.toLocaleString("en")}<span class="visually-hidden"> visits, </span></span><span class="num">${data.visits ? percentOf(data.win_probability) : "–"}<span class="visually-hidden"> win probability, </span></span><span class="num wide sub">${prior}</span><span class="proof">${proven}</span>`;
    li.querySelector("b").textContent = each.path.at(-1) || "root";
    if (each.open && each.children && each.children.length > MOST_CHILDREN) li.querySelector("b").title = `the ${MOST_CHILDREN} most visited of ${each.children.length} moves are shown`;
    return li;
  }
  function draw() {
    const shown = stream.shown, focused = list.contains(document.activeElement);
    element.querySelector(".shown-part").hidden = !shown;
    element.querySelector(".hidden-part").hidden = shown;
    list.hidden = !root || !shown;
    button.textContent = root ? "Refresh" : "Show the search tree";
    list.replaceChildren(...(root && shown ? itemsOf(root, 1, 1, 1) : []));
    if (root && focused) focusOn(current);
  }
  const items = () => [...list.querySelectorAll("[role=treeitem]")];
  function focusOn(path) {
    const li = items().find((each) => each.dataset.path === path) || items()[0];
    if (!li) return;
    for (const each of items()) each.tabIndex = each === li ? 0 : -1;
    current = li.dataset.path;
    li.focus();
  }
  function find(path, each = root) {
    if (key(each.path) === path) return each;
    for (const child of each.children || []) {
      const found = find(path, child);
      if (found) return found;
    }
    return null;
  }
  async function toggle(each, open) {
    current = key(each.path);
    if (open && !each.children) {
      try {
        await load(each);
      } catch (error) {
        status.textContent = error.message;
        return;
      }
    }
    each.open = open;
    draw();
    focusOn(current);
  }
  list.addEventListener("click", (event) => {
    const li = event.target.closest("[role=treeitem]"), each = li && find(li.dataset.path);
    if (!each) return;
    focusOn(li.dataset.path);
    if (li.hasAttribute("aria-expanded")) toggle(each, !each.open);
  });
  list.addEventListener("keydown", (event) => {
    const li = event.target.closest("[role=treeitem]"), each = li && find(li.dataset.path), all = items(), at = all.indexOf(li);
    if (!each || event.ctrlKey || event.metaKey || event.altKey) return;
    const goes = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all.at(-1) }[event.key];
    const opens = li.getAttribute("aria-expanded");
    if (goes) focusOn(goes.dataset.path);
    else if (event.key === "ArrowRight" && opens === "false") toggle(each, true);
    else if (event.key === "ArrowRight" && opens === "true" && all[at + 1]) focusOn(all[at + 1].dataset.path);
    else if (event.key === "ArrowLeft" && opens === "true") toggle(each, false);
    else if (event.key === "ArrowLeft" && each.path.length) focusOn(key(each.path.slice(0, -1)));
    else if ((event.key === "Enter" || event.key === " ") && opens) toggle(each, !each.open);
    else if (!["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "Enter", " "].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("focusin", (event) => {
    const each = find(event.target.dataset.path);
    if (each && stream.node === app.state.node) app.board.preview(each.path.length ? each.path : null);
  });
  list.addEventListener("focusout", () => app.board.preview(null));
  button.addEventListener("click", refresh);
  app.addEventListener("analysis", () => {
    if (root && stream.node !== node) {
      root = null;
      status.textContent = "";
      draw();
    } else if (root && !stream.on && settled !== stream.newest) {
      settled = stream.newest;
      refresh();
    }
  });
  app.addEventListener("settings", draw);
  draw();
}
