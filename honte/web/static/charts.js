// Line charts in SVG, with scales, ticks and a tooltip. They do not know what the curves mean.

export const svgText = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
export const DASHES = ["", "7 4", "2 4", "10 3 2 3", "1 3"];

export function shortNumber(v, unit) {
  if (v === null || v === undefined || !isFinite(v)) return "–";
  if (unit === "%") return percent(v);
  const size = Math.abs(v);
  if (size >= 1e9) return trim(v / 1e9) + "G";
  if (size >= 1e6) return trim(v / 1e6) + "M";
  if (size >= 1e4) return trim(v / 1e3) + "k";
  if (size > 0 && size < 0.00001) return v.toExponential(1);
  return size < 0.001 ? v.toFixed(7).replace(/0+$/, "").slice(0, 8).replace(/\.$/, "") : String(+v.toPrecision(size >= 1000 ? 4 : 3));
}
const trim = (v) => String(+v.toPrecision(3));
export function percent(v) {
  const p = 100 * v, size = Math.abs(p);
  return (size === 0 ? "0" : size < 0.1 ? p.toFixed(2) : size < 10 ? String(+p.toFixed(1)) : p.toFixed(0)) + " %";
}

const SCALES = {
  linear: { to: (v) => v, least: -Infinity },
  sqrt: { to: (v) => Math.sqrt(Math.max(v, 0)), least: 0 },
  log: { to: (v) => Math.log10(Math.max(v, 1e-12)), least: 1e-12 },
};

function niceTicks(low, high, wanted) {
  const raw = (high - low) / Math.max(wanted, 1) || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}
function scaleTicks(kind, low, high) {
  if (kind === "linear") return niceTicks(low, high, 5);
  const out = kind === "sqrt" ? [0] : [];
  for (let e = -7; e < 10; e++) for (const m of [1, 2, 5]) out.push(+(m * 10 ** e).toPrecision(3));
  const inside = out.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  return kind === "log" && inside.length > 9 ? inside.filter((v) => /^1(e|0*$)|^0\.0*1$/.test(String(v))) : inside;
}

/** The one tooltip of the page: its element, made when it is first needed. */
function tooltip() {
  let tip = document.getElementById("tip");
  if (!tip) {
    tip = Object.assign(document.createElement("div"), { id: "tip", hidden: true });
    tip.setAttribute("role", "status");
    document.body.append(tip);
  }
  return tip;
}

// figure: {title, unit, scale, floor, aim, diagonal, axisName, curves: [{name, colour, dash, x, y, low, high, count}]}
export function drawChart(box, figure) {
  const W = Math.max(box.clientWidth, 240), H = box.clientHeight || 250;
  const left = 50, right = 14, top = 10, bottom = 34;
  const shown = figure.curves.filter((c) => !c.hidden && c.x && c.x.some((v) => v !== null));
  const finite = (list) => list.filter((v) => v !== null && v !== undefined && isFinite(v));
  const xs = shown.flatMap((c) => finite(c.x)), scale = SCALES[figure.scale] || SCALES.linear;
  let ys = shown.flatMap((c) => [...finite(c.y), ...finite(c.low), ...finite(c.high)]);
  if (figure.scale === "log") ys = ys.filter((v) => v > 0);
  if (!xs.length || !ys.length) { box.innerHTML = '<svg role="img" aria-label="no data"></svg>'; box.onpointermove = null; return; }
  const x0 = figure.diagonal ? -1 : Math.min(0, ...xs), x1 = figure.diagonal ? 1 : Math.max(...xs) || 1;
  let y0 = Math.min(...ys), y1 = Math.max(...ys);
  if (figure.floor !== null && figure.floor !== undefined) y0 = Math.min(y0, figure.floor);
  if (figure.aim) { y0 = Math.min(y0, figure.aim[0]); y1 = Math.max(y1, figure.aim[0]); }
  if (figure.diagonal) { y0 = -1; y1 = 1; }
  if (y1 === y0) { y1 = y0 + (Math.abs(y0) || 1) * 0.1; }
  if (figure.unit === "%" && y1 > 0.8) y1 = Math.max(y1, 1);
  else if (figure.scale === "linear" && !figure.diagonal) y1 += (y1 - y0) * 0.05;
  const t0 = scale.to(y0) - (figure.scale === "log" ? 0.06 : 0), t1 = scale.to(y1) + (figure.scale === "log" ? 0.06 : 0);
  const X = (v) => left + ((v - x0) / (x1 - x0)) * (W - left - right);
  const Y = (v) => H - bottom - ((scale.to(v) - t0) / (t1 - t0)) * (H - top - bottom);
  const f = (v) => v.toFixed(1);
  const out = [`<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="${svgText(figure.title)}">`];
  let lastY = Infinity;
  for (const v of scaleTicks(figure.scale, y0, y1)) {
    const y = Y(v);
    if (lastY - y < 17) continue;
    lastY = y;
    out.push(`<line class="grid-line" x1="${left}" x2="${W - right}" y1="${f(y)}" y2="${f(y)}"/><text x="${left - 7}" y="${f(y + 4)}" text-anchor="end">${shortNumber(v, figure.unit)}</text>`);
  }
  for (const v of niceTicks(x0, x1, Math.max(3, Math.min(7, W / 90)))) out.push(`<text x="${f(X(v))}" y="${H - bottom + 17}" text-anchor="middle">${shortNumber(v)}</text>`);
  out.push(`<line class="axis-line" x1="${left}" x2="${W - right}" y1="${H - bottom}" y2="${H - bottom}"/><text x="${W - right}" y="${H - 3}" text-anchor="end">${svgText(figure.axisName)}</text>`);
  if (figure.diagonal) out.push(`<line x1="${f(X(-1))}" y1="${f(Y(-1))}" x2="${f(X(1))}" y2="${f(Y(1))}" stroke="var(--faint)" stroke-dasharray="4 4"/>`);
  if (figure.aim) out.push(`<line x1="${left}" x2="${W - right}" y1="${f(Y(figure.aim[0]))}" y2="${f(Y(figure.aim[0]))}" stroke="var(--good)" stroke-dasharray="5 4"/><text x="${left + 6}" y="${f(Y(figure.aim[0]) - 5)}" class="aim">${svgText(figure.aim[1])}</text>`);
  for (const c of shown) {
    const points = c.x.map((v, i) => [v, c.y[i], c.low[i], c.high[i]]).filter((p) => p[0] !== null && p[1] !== null && (figure.scale !== "log" || p[1] > 0));
    const spread = points.filter((p) => typeof p[2] === "number" && typeof p[3] === "number");
    const bars = c.count && spread.length <= 45;
    if (spread.length > 1) out.push(`<path d="M${[...spread.map((p) => `${f(X(p[0]))},${f(Y(p[3]))}`), ...spread.reverse().map((p) => `${f(X(p[0]))},${f(Y(p[2]))}`)].join("L")}Z" fill="${c.colour}" opacity="${bars ? 0.06 : 0.16}"/>`);
    out.push(`<path d="M${points.map((p) => `${f(X(p[0]))},${f(Y(p[1]))}`).join("L")}" fill="none" stroke="${c.colour}" stroke-width="2" stroke-linejoin="round" stroke-dasharray="${c.dash || ""}"/>`);
    if (bars) for (const p of spread) out.push(`<line x1="${f(X(p[0]))}" x2="${f(X(p[0]))}" y1="${f(Y(p[2]))}" y2="${f(Y(p[3]))}" stroke="${c.colour}" stroke-width="1.5" opacity="0.65"/>`);
    if (points.length <= 45) for (const p of points) out.push(`<circle cx="${f(X(p[0]))}" cy="${f(Y(p[1]))}" r="${bars || figure.diagonal ? 3.2 : 2.2}" fill="${c.colour}"/>`);
  }
  out.push(`<g class="cursor"></g></svg>`);
  box.innerHTML = out.join("");
  const cursor = box.querySelector(".cursor"), tip = tooltip();
  box.onpointermove = (event) => {
    const area = box.getBoundingClientRect(), at = ((event.clientX - area.left) * W) / area.width;
    const near = shown.map((c) => {
      let best = -1;
      c.x.forEach((v, i) => { if (v !== null && c.y[i] !== null && (best < 0 || Math.abs(X(v) - at) < Math.abs(X(c.x[best]) - at))) best = i; });
      return [c, best];
    }).filter((pair) => pair[1] >= 0);
    if (!near.length) return;
    const here = near.reduce((a, b) => (Math.abs(X(b[0].x[b[1]]) - at) < Math.abs(X(a[0].x[a[1]]) - at) ? b : a));
    const x = here[0].x[here[1]];
    cursor.innerHTML = `<line x1="${f(X(x))}" x2="${f(X(x))}" y1="${top}" y2="${H - bottom}" stroke="var(--faint)" stroke-dasharray="3 3"/>` +
      near.map(([c, i]) => `<circle cx="${f(X(c.x[i]))}" cy="${f(Y(c.y[i]))}" r="4.5" fill="${c.colour}" stroke="var(--card)" stroke-width="1.5"/>`).join("");
    tip.innerHTML = `<b>${shortNumber(x)} ${svgText(figure.axisName)}</b>` + near.map(([c, i]) => {
      const range = typeof c.low[i] === "number" ? ` (${shortNumber(c.low[i], figure.unit)} to ${shortNumber(c.high[i], figure.unit)})` : "";
      const count = c.count ? `, n = ${c.count.toLocaleString("en")}` : "";
      return `<br><svg class="dot" viewBox="0 0 2 2" aria-hidden="true"><circle cx="1" cy="1" r="1" fill="${c.colour}"/></svg>${svgText(c.name)} <b>${shortNumber(c.y[i], figure.unit)}</b>${range}${count}`;
    }).join("");
    tip.hidden = false;
    tip.style.left = Math.min(event.clientX + 16, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  };
  box.onpointerleave = () => { cursor.innerHTML = ""; tip.hidden = true; };
}
