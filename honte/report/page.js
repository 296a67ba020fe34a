// Builds the page from its data: sections and tables. charts.js draws curves, viewer.js draws boards.

import { DASHES, drawChart, percent, shortNumber, svgText } from "../web/static/charts.js";
import { cardsOf } from "./cards.js";
import { makeViewer } from "./viewer.js";

const data = JSON.parse(document.getElementById("data").textContent);
const runs = data.runs, several = runs.length > 1, page = document.getElementById("page");
const colourOf = (number) => `var(--c${number % 6})`;
const esc = svgText, count = (n) => (n === null || n === undefined ? "–" : Math.round(n).toLocaleString("en"));
const titleOf = (name) => data.titles[name] || name;
let axis = "minutes";

const dot = (number) => (several ? `<span class="dot" style="background:${colourOf(number)}"></span>` : "");

function checksOf(run, number) {
  const failed = run.checks.filter((c) => c.level !== "good"), passed = run.checks.filter((c) => c.level === "good");
  const name = several ? `${dot(number)}<span class="sub">${esc(run.name)}</span> ` : "";
  const rows = failed.map((c) => `<div class="check ${c.level}">${name}<b>${esc(c.title)}</b>${esc(c.text)}</div>`);
  if (passed.length) rows.push(`<details class="check good"${failed.length || several ? "" : " open"}><summary>${name}<b>${passed.length} of ${run.checks.length} health checks passed</b></summary><ul>${passed.map((c) => `<li><b>${esc(c.title)}.</b> ${esc(c.text)}</li>`).join("")}</ul></details>`);
  for (const note of run.notes) rows.push(`<p class="sub">${name}Note: ${esc(note)}.</p>`);
  return rows.join("");
}

function tilesOf(run) {
  return run.grades.map((g) => `<div class="tile"><div class="big">${percent(g.rate)}</div><div class="what">${esc(titleOf(g.name))}</div><div class="sub">${g.interval ? `95 % interval ${percent(g.interval[0])} to ${percent(g.interval[1])}, ${count(g.count)} ${esc(g.of || "positions")}<br>` : ""}${g.best === undefined ? "" : `lowest so far: ${percent(g.best)} after ${shortNumber(g.best_minutes)} min`}</div></div>`).join("");
}

const factsOf = (run) => `<dl class="facts">${run.facts.map(([k, v]) => `<div><dt>${esc(k)}</dt><dd>${esc(v)}</dd></div>`).join("")}</dl>`;

function comparison() {
  const keys = [...new Set(runs.flatMap((run) => run.facts.map(([k]) => k)))];
  const grades = [...new Set(runs.flatMap((run) => run.grades.map((g) => g.name)))];
  const cell = (run, name) => {
    const g = run.grades.find((each) => each.name === name);
    return g ? `<b>${percent(g.rate)}</b>${g.interval ? ` <span class="sub">${percent(g.interval[0])} to ${percent(g.interval[1])}</span>` : ""}` : "–";
  };
  const rows = [
    ...grades.map((name) => [esc(titleOf(name)), ...runs.map((run) => cell(run, name))]),
    ...keys.map((key) => [esc(key), ...runs.map((run) => esc((run.facts.find(([k]) => k === key) || ["", "–"])[1]))]),
  ];
  return `<div class="card scroll" style="margin-top:1.2rem"><table><thead><tr><th></th>${runs.map((run, i) => `<th>${dot(i)}${esc(run.name)}</th>`).join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row.map((c, i) => `<td${i ? "" : ' class="sub"'}>${c}</td>`).join("")}</tr>`).join("")}</tbody></table></div>`;
}

const signed = (v) => (v < 0 ? "−" : "+") + Math.abs(Math.round(v));
const rating = (e) => (e ? `${signed(e.elo)} <span class="sub">${signed(e.low)} to ${signed(e.high)}</span>` : "–");

function classesOf(run, number) {
  if (!run.classes.length) return "";
  const cell = (g) => (g ? `<b>${percent(g.rate)}</b>${g.interval ? ` <span class="sub">${percent(g.interval[0])} to ${percent(g.interval[1])} of ${count(g.count)}</span>` : ""}` : "–");
  const rows = run.classes.map((c) => `<tr><td>${esc(data.sets[c.set])}</td><td>${esc(c.class)}</td><td class="num">${cell(c.raw)}</td><td class="num">${cell(c.search)}</td></tr>`);
  return `<div class="card scroll" style="margin-top:1rem"><h3>${dot(number)}Mistakes by class${several ? ": " + esc(run.name) : ""}</h3><p class="note">The newest rates, with 95 % intervals and the number of positions.</p><table><thead><tr><th>positions</th><th>class</th><th class="num">network only</th><th class="num">with search</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function checkpointsOf(run, number) {
  if (!run.checkpoints.length) return "";
  const names = [...new Set(run.checkpoints.flatMap((c) => Object.keys(c.grades)))].sort();
  const elo = run.checkpoints.some((c) => c.elo) ? ["Elo"] : [];
  const played = run.checkpoints.some((c) => typeof c.games === "number") ? ["games"] : [];
  const heads = ["step", "minutes", ...played, "model sha256", "size", ...elo, ...names.map(titleOf)];
  const rows = run.checkpoints.map((c) => c.problem ? `<tr><td class="num">${count(c.step)}</td><td colspan="${heads.length - 1}">${esc(c.problem)}</td></tr>` :
    `<tr><td class="num">${count(c.step)}</td><td class="num">${shortNumber(c.minutes)}</td>${played.map(() => `<td class="num">${count(c.games)}</td>`).join("")}<td><code title="${esc(c.sha256)}">${esc(c.sha256)}</code></td><td class="num">${shortNumber(c.bytes)}B</td>${elo.map(() => `<td class="num">${rating(c.elo)}</td>`).join("")}${names.map((n) => `<td class="num">${percent(c.grades[n])}</td>`).join("")}</tr>`);
  return `<div class="card scroll"><h3>${dot(number)}${several ? esc(run.name) : "Stored checkpoints"}</h3><table><thead><tr>${heads.map((h) => `<th class="${h === "model sha256" ? "" : "num"}">${esc(h)}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function flat(value, prefix, out) {
  for (const [key, each] of Object.entries(value)) {
    if (each && typeof each === "object" && !Array.isArray(each)) flat(each, `${prefix}${key}.`, out);
    else out[prefix + key] = JSON.stringify(each);
  }
  return out;
}
function settings() {
  const all = runs.map((run) => flat(run.config, "", {}));
  const keys = [...new Set(all.flatMap((each) => Object.keys(each)))];
  const wanted = several ? keys.filter((key) => new Set(all.map((each) => each[key])).size > 1) : keys;
  const table = `<table><thead><tr><th></th>${runs.map((run, i) => `<th>${dot(i)}${esc(run.name)}</th>`).join("")}</tr></thead><tbody>${wanted.map((key) => `<tr><td><code>${esc(key)}</code></td>${all.map((each) => `<td><code>${esc(each[key] === undefined ? "–" : each[key])}</code></td>`).join("")}</tr>`).join("")}</tbody></table>`;
  return several ? `<div class="card scroll">${wanted.length ? table : "The runs have the same settings."}</div>` : `<details class="card"><summary>Show all ${keys.length} settings</summary><div class="scroll">${table}</div></details>`;
}

const SECTIONS = { strength: "Strength", inside: "Inside the network", samples: "Sample games", games: "Self-play", learning: "Learning", machine: "Machine", checkpoints: "Checkpoints", settings: "Settings" };
const figureHtml = (figure, i) => `<section class="card figure" data-figure="${i}"><header><h3>${esc(figure.title)}</h3></header><p class="note">${esc(figure.note)}</p><div class="legend"></div><div class="plot"></div></section>`;
const bodies = {
  samples: runs.map((run, i) => (run.games.length ? `<div class="card samples" data-run="${i}" style="margin-bottom:1rem">${several ? `<h3 style="margin-bottom:0.7rem">${dot(i)}${esc(run.name)}</h3>` : ""}<div class="holder"></div></div>` : "")).join(""),
  inside: runs.map((run, i) => (run.inside.length ? `${several ? `<h3>${dot(i)}${esc(run.name)}</h3>` : ""}${cardsOf(run)}` : "")).join(""),
  checkpoints: runs.map(checkpointsOf).filter(Boolean).join('<div style="height:1rem"></div>'),
  settings: settings(),
};
for (const name of ["strength", "games", "learning", "machine"]) {
  const html = data.figures.map((figure, i) => (figure.section === name ? figureHtml(figure, i) : "")).join("");
  bodies[name] = html && `<div class="grid">${html}</div>`;
}
bodies.strength += runs.map(classesOf).join("");
const present = Object.keys(SECTIONS).filter((name) => bodies[name]);
page.innerHTML = `
  <p class="over">honte 本手 · ${several ? "runs compared" : "training report"} · ${esc(data.made)} · version ${esc(data.version)}</p>
  <h1>${runs.map((run, i) => `${dot(i)}${esc(run.name)}`).join(" &nbsp; ")}</h1>
  <p class="sub">${runs.map((run) => `${several ? esc(run.name) + ": " : ""}${esc(run.game)} · ${esc(run.status)}`).join(" &nbsp;|&nbsp; ")}</p>
  <div class="checks" id="health">${runs.map(checksOf).join("")}</div>
  ${several ? comparison() : `<div class="tiles">${tilesOf(runs[0])}</div>${factsOf(runs[0])}`}
  <nav aria-label="sections">${present.map((name) => `<a href="#${name}">${SECTIONS[name]}</a>`).join("")}
    <span class="axes">x-axis <span class="switch" role="group" aria-label="x-axis">${Object.entries(data.axes).map(([key, name]) => `<button data-axis="${key}" aria-pressed="${key === axis}">${esc(name)}</button>`).join("")}</span></span></nav>
  ${present.map((name) => `<h2 id="${name}">${SECTIONS[name]}</h2>${bodies[name]}`).join("")}`;

// A curve's name keeps its colour throughout a section; two curves of one figure never share a colour.
const coloursBySection = {};
function coloursOf(section, names) {
  const known = (coloursBySection[section] ||= new Map()), used = new Set(names.map((name) => known.get(name)));
  for (const name of names) {
    if (known.has(name)) continue;
    const all = [...Array(6).keys()], inUse = new Set(known.values());
    known.set(name, all.find((k) => !inUse.has(k)) ?? all.find((k) => !used.has(k)) ?? known.size % 6);
    used.add(known.get(name));
  }
  return names.map((name) => known.get(name));
}
for (const figure of data.figures) {
  const names = [...new Set(figure.curves.map((c) => c.name))], colours = coloursOf(figure.section, names);
  for (const curve of figure.curves) {
    const style = names.indexOf(curve.name);
    curve.colour = colourOf(several ? curve.run : colours[style]);
    curve.dash = several ? DASHES[style % DASHES.length] : "";
    curve.label = several ? `${runs[curve.run].name}${names.length > 1 ? ", " + curve.name : ""}` : curve.name;
  }
}
function drawFigure(box, figure) {
  const key = figure.axis || axis, last = (list) => [...list].reverse().find((v) => v !== null);
  const curves = figure.curves.map((c) => ({ ...c, name: c.label, x: c.at[key] }));
  drawChart(box.querySelector(".plot"), { ...figure, axisName: data.axes[key] || key, curves });
  box.querySelector(".legend").innerHTML = figure.curves.map((c, i) => `<button data-curve="${i}" aria-pressed="${!c.hidden}"><svg width="20" height="8" aria-hidden="true"><line x1="0" x2="20" y1="4" y2="4" stroke="${c.colour}" stroke-width="2.5" stroke-dasharray="${c.dash}"/></svg>${esc(c.label)} ${figure.diagonal ? "" : `<b>${shortNumber(last(c.y), figure.unit)}</b>`}</button>`).join("");
}
const boxes = [...page.querySelectorAll("[data-figure]")];
const viewers = [...page.querySelectorAll(".samples")].map((place) => makeViewer(place.querySelector(".holder"), runs[+place.dataset.run]));
const drawAll = () => { for (const box of boxes) drawFigure(box, data.figures[+box.dataset.figure]); for (const redraw of viewers) redraw(); };
page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && button.dataset.axis) {
    axis = button.dataset.axis;
    for (const each of page.querySelectorAll("[data-axis]")) each.setAttribute("aria-pressed", each.dataset.axis === axis);
    drawAll();
  } else if (button && button.dataset.curve) {
    const box = button.closest("[data-figure]"), figure = data.figures[+box.dataset.figure];
    figure.curves[+button.dataset.curve].hidden = !figure.curves[+button.dataset.curve].hidden;
    drawFigure(box, figure);
  }
});
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 120); });
drawAll();
