// Cards that show what a classifier has learned: pictures, a matrix, rates, points.

import { percent, svgText } from "../web/static/charts.js";

const hueOf = (k, names) => `hsl(${Math.round((360 * k) / names.length)} 62% 52%)`;

const CARDS = {
  pictures: (card) => `<div class="pictures" style="--least:${card.least || 64}px">${card.pictures.map(([src, text]) => `<figure><img src="${svgText(src)}" alt="${svgText(text)}"><figcaption>${svgText(text)}</figcaption></figure>`).join("")}</div>`,

  matrix: (card) => {
    const few = card.names.length <= 20;
    const cell = (n, r, c, total) => {
      const share = total ? n / total : 0, colour = r === c ? "--good" : "--bad";
      const text = `${card.names[r]} predicted as ${card.names[c]}: ${n} of ${total}`;
      return `<td title="${svgText(text)}" style="background:color-mix(in srgb, var(${colour}) ${(100 * (r === c ? 0.55 * share : 0.9 * Math.sqrt(share))).toFixed(1)}%, transparent)">${few && n ? n.toLocaleString("en") : ""}</td>`;
    };
    const rows = card.rows.map((row, r) => `<tr><th scope="row">${svgText(card.names[r])}</th>${row.map((n, c) => cell(n, r, c, row.reduce((a, b) => a + b, 0))).join("")}</tr>`);
    return `<div class="scroll"><table class="matrix"><thead><tr><th></th>${card.names.map((name) => `<th scope="col"><span>${svgText(name)}</span></th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  },

  rates: (card) => {
    const most = Math.max(1e-9, ...card.rows.map((row) => row.high)), at = (share) => `${((100 * share) / most).toFixed(2)}%`;
    return `<div class="bars rates">${card.rows.map((row) => `<span>${svgText(row.name)}</span><span class="bar" title="${row.count.toLocaleString("en")} pictures"><i style="width:${at(row.rate)}"></i><b style="left:${at(row.low)};width:${at(row.high - row.low)}"></b></span><span>${percent(row.rate)} <small class="sub">${percent(row.low)} to ${percent(row.high)}; ${svgText(row.text)}</small></span>`).join("")}</div>`;
  },

  points: (card) => {
    const [xs, ys] = [0, 1].map((i) => card.points.map((p) => p[i]));
    const to = (v, all, length) => (6 + ((length - 12) * (v - Math.min(...all))) / (Math.max(...all) - Math.min(...all) || 1)).toFixed(1);
    const dots = card.points.map(([x, y, k, wrong]) => `<circle cx="${to(x, xs, 480)}" cy="${to(y, ys, 400)}" r="3.2" fill="${hueOf(k, card.names)}"${wrong ? ' stroke="var(--ink)" stroke-width="1.4"' : ' fill-opacity="0.75"'}><title>${svgText(card.names[k])}</title></circle>`);
    return `<svg class="points" viewBox="0 0 480 400" role="img" aria-label="${svgText(card.title)}">${dots.join("")}</svg><p class="names">${card.names.map((name, k) => `<span><span class="dot" style="background:${hueOf(k, card.names)}"></span>${svgText(name)}</span>`).join("")}</p>`;
  },
};

export const cardsOf = (run) => `<div class="grid">${run.inside.map((card) => `<section class="card inside"><h3>${svgText(card.title)}</h3><p class="sub">${svgText(card.note)}</p>${CARDS[card.kind](card)}</section>`).join("")}</div>`;
