// The learning curves of a run, redrawn as they grow. Does not know where the run comes from.

import { drawChart, shortNumber } from "../charts.js";

const AXES = { minutes: "minutes", games: "games", samples: "samples", step: "steps" };
const SECTIONS = { strength: "Strength", games: "Self-play", learning: "Learning", machine: "Machine" };

/** A place for curves: `show(figures)` draws them. */
export function runCurves() {
  const box = document.createElement("div");
  box.className = "run-curves";
  box.innerHTML = `<div class="row"><div class="switch sections" role="group" aria-label="which curves"></div><div class="switch axes" role="group" aria-label="x-axis">${Object.entries(AXES).map(([key, title]) => `<button type="button" data-axis="${key}">${title}</button>`).join("")}</div></div><div class="figures grid"></div>`;
  const grid = box.querySelector(".figures"), sectionRow = box.querySelector(".sections");
  let axis = "minutes", section = "", figures = [];
  /** @type {Map<string, HTMLElement>} */ const places = new Map();

  function placeOf(figure) {
    if (!places.has(figure.key)) {
      const place = document.createElement("section");
      place.className = "figure";
      place.innerHTML = '<h4></h4><p class="note sub"></p><div class="legend"></div><div class="plot"></div>';
      places.set(figure.key, place);
    }
    return places.get(figure.key);
  }
  function draw() {
    const present = Object.keys(SECTIONS).filter((name) => figures.some((figure) => figure.section === name));
    if (!present.includes(section)) section = present[0] || "";
    const names = present.join();
    if (sectionRow.dataset.names !== names) {
      sectionRow.dataset.names = names;
      sectionRow.replaceChildren(...present.map((name) => Object.assign(document.createElement("button"), { type: "button", textContent: SECTIONS[name], value: name })));
    }
    for (const button of sectionRow.children) button.setAttribute("aria-pressed", String(button.value === section));
    for (const button of box.querySelectorAll("[data-axis]")) button.setAttribute("aria-pressed", String(button.dataset.axis === axis));
    const chosen = figures.filter((figure) => figure.section === section), wanted = chosen.map(placeOf);
    if ([...grid.children].some((child, i) => child !== wanted[i]) || grid.children.length !== wanted.length) grid.replaceChildren(...wanted);
    for (const figure of chosen) drawFigure(placeOf(figure), figure);
  }
  function drawFigure(place, figure) {
    place.querySelector("h4").textContent = figure.title;
    place.querySelector(".note").textContent = figure.note;
    const key = figure.axis || axis, names = [...new Set(figure.curves.map((curve) => curve.name))];
    const curves = figure.curves.map((curve) => ({ ...curve, x: curve.at[key] || curve.at.minutes || Object.values(curve.at)[0], colour: `var(--c${names.indexOf(curve.name) % 6})`, dash: "" }));
    drawChart(place.querySelector(".plot"), { ...figure, axisName: AXES[key] || key, curves });
    place.querySelector(".legend").replaceChildren(...curves.map((curve) => {
      const item = document.createElement("span"), last = [...curve.y].reverse().find((value) => value !== null);
      item.innerHTML = `<svg width="20" height="8" aria-hidden="true"><line x1="0" x2="20" y1="4" y2="4" stroke="${curve.colour}" stroke-width="2.5"/></svg>`;
      item.append(` ${curve.name} `);
      if (!figure.diagonal) item.append(Object.assign(document.createElement("b"), { textContent: shortNumber(last, figure.unit) }));
      return item;
    }));
    place.dataset.points = String(Math.max(0, ...figure.curves.map((curve) => curve.y.length)));
  }
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.axis) axis = button.dataset.axis;
    else section = button.value;
    draw();
  });
  return {
    element: box,
    draw,
    show(all) {
      figures = all;
      draw();
    },
  };
}
