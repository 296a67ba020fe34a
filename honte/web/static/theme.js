// Light or dark: the system's choice, or the reader's.

const THEMES = ["system", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme in which boards are drawn now. @returns {"light"|"dark"} */
export function shownTheme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
}

/** @param {any} app @param {HTMLElement} button */
export function mountTheme(app, button) {
  function apply() {
    const chosen = app.state.settings.theme || "system";
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    button.textContent = { system: "◐", light: "☀", dark: "☾" }[chosen];
    button.setAttribute("aria-label", `Colour theme: ${chosen}`);
    button.title = `Colour theme: ${chosen}`;
  }
  button.addEventListener("click", () => {
    const chosen = app.state.settings.theme || "system";
    app.setSetting("theme", THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]);
    app.announce(`The colour theme is ${app.state.settings.theme}.`);
  });
  app.addEventListener("settings", (event) => {
    if (event.detail.name !== "theme") return;
    apply();
    app.tell("theme");
  });
  dark.addEventListener("change", () => app.tell("theme"));
  apply();
}
