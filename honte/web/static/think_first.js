// "Think first": analysis and hints stay hidden until the reader asks for them.

/** @param {HTMLElement} button @param {any} app */
export function mount(button, app) {
  const shown = () => app.state.settings.analysis === "shown";
  function refresh() {
    button.textContent = shown() ? "Hide analysis" : "Show analysis";
    button.setAttribute("aria-pressed", String(shown()));
    button.title = shown() ? "Think first: hide analysis and hints (a)" : "Show analysis and hints (a)";
    document.body.dataset.analysis = shown() ? "shown" : "hidden";
  }
  function toggle() {
    app.setSetting("analysis", shown() ? "hidden" : "shown");
    app.announce(shown() ? "The analysis is shown." : "The analysis is hidden.");
  }
  button.addEventListener("click", toggle);
  app.addKey("a", "Show or hide the analysis (think first)", toggle);
  app.addEventListener("settings", refresh);
  refresh();
}
