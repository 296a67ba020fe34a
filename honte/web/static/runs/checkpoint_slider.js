// A slider over the checkpoints of a run: play against the network as it was after one minute, ten, thirty.

const MOMENTS = [1, 10, 30, 60];

const minutesText = (minutes) => (minutes < 1 ? `${Math.round(60 * minutes)} seconds` : minutes < 10 ? `${minutes.toFixed(1)} minutes` : minutes < 120 ? `${Math.round(minutes)} minutes` : `${(minutes / 60).toFixed(1)} hours`);

/** @param {{minutes: number, step: number}} checkpoint */
export const checkpointText = (checkpoint) => `after ${minutesText(checkpoint.minutes)} · step ${checkpoint.step.toLocaleString("en")}`;

/**
 * @param {any} app @param {(checkpoint: any, side: number) => void} play called to start a game against a checkpoint
 * @param {(checkpoint: any) => void} analyse called to analyse with a checkpoint
 */
export function checkpointSlider(app, play, analyse) {
  const box = document.createElement("div");
  box.className = "checkpoint-slider";
  box.innerHTML = `<label class="field wide-field"><span>network of the run</span><input type="range" min="0" max="0" value="0" step="1"></label>
    <p class="which"></p><div class="row moments"></div>
    <div class="row"><button type="button" data-side="0"></button><button type="button" data-side="1"></button><button type="button" class="analyse">Analyse with it</button></div>`;
  const find = (selector) => box.querySelector(selector), slider = find("input"), which = find(".which");
  let checkpoints = [], names = ["first player", "second player"];

  const chosen = () => checkpoints[+slider.value];
  function label() {
    const checkpoint = chosen(), text = checkpoint ? checkpointText(checkpoint) : "no checkpoint yet";
    which.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    box.dataset.step = checkpoint ? String(checkpoint.step) : "";
    for (const button of box.querySelectorAll("button")) button.disabled = !checkpoint;
    for (const button of box.querySelectorAll("[data-side]")) button.textContent = `Play ${names[+button.dataset.side]} against it`;
  }
  slider.addEventListener("input", label);
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button"), checkpoint = chosen();
    if (!button || !checkpoint) return;
    if (button.dataset.at) {
      slider.value = button.dataset.at;
      label();
    } else if (button.dataset.side) play(checkpoint, +button.dataset.side);
    else analyse(checkpoint);
  });
  return {
    element: box,
    chosen,
    /** @param {any[]} all in the order of their steps @param {[string, string]} players */
    show(all, players) {
      const known = chosen(), last = !known || known === checkpoints.at(-1);
      checkpoints = all;
      names = players;
      slider.max = String(Math.max(0, all.length - 1));
      slider.disabled = all.length < 2;
      const at = last ? all.length - 1 : all.findIndex((each) => each.step === known.step);
      slider.value = String(Math.max(0, at));
      const end = all.length ? all.at(-1).minutes : 0;
      const nearest = (m) => all.reduce((best, each, i) => (Math.abs(each.minutes - m) < Math.abs(all[best].minutes - m) ? i : best), 0);
      find(".moments").replaceChildren(...MOMENTS.filter((m) => m <= end + 0.5).map((m) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: `${m} min` });
        button.dataset.at = String(nearest(m));
        button.title = `the checkpoint nearest to ${m} minutes`;
        return button;
      }));
      label();
    },
  };
}
