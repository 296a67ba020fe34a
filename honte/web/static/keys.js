// The keys of the whole page, and the list of them.

/** Keys that the board itself understands, for the list. */
const BOARD_KEYS = [
  ["← ↑ → ↓", "Move the cursor on the board"],
  ["Enter, Space", "Choose the cell: place, pick up, put down"],
];

/** @param {any} app @param {HTMLDialogElement} dialog @param {HTMLElement} button */
export function mountKeys(app, dialog, button) {
  function open() {
    const rows = [...BOARD_KEYS, ...app.keys.map(({ key, sentence }) => [key === "M" ? "Shift+m" : key, sentence])];
    dialog.innerHTML = '<h2 id="keys-title">Keys</h2><dl class="keys"></dl><div class="row"><button type="button" class="primary">Close</button></div>';
    for (const [key, sentence] of rows) {
      const name = document.createElement("dt"), says = document.createElement("dd");
      const cap = document.createElement("kbd");
      cap.textContent = key;
      name.append(cap);
      says.textContent = sentence;
      dialog.querySelector("dl").append(name, says);
    }
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
    dialog.showModal();
  }
  button.addEventListener("click", open);
  app.addKey("?", "Show this list", open);
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest && event.target.closest("input, select, textarea, dialog[open]");
    const typing = field && !(field.matches("input[type=checkbox], input[type=radio], input[type=range]") && event.key.length === 1);
    if (event.defaultPrevented || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const known = app.keys.find((each) => each.key === event.key);
    if (!known) return;
    event.preventDefault();
    known.action();
  });
}
