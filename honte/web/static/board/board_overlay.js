// What lies over the pieces of a board, as SVG text: marks, arrows, translucent stones, and the cells to click.

const escapeText = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const f = (number) => String(+number.toFixed(3));

/** @param {any} view a BoardView @returns {{targets: string, overlay: string}} */
export function overlayText(view) {
  const { marks, arrows, ghosts } = view.overlays;
  return {
    targets: targetText(view),
    overlay: [...arrows.map((arrow) => arrowText(view, arrow.cells, arrow.colour || "var(--ink)", arrow.width || 0.12)), ...ghosts.map((ghost) => ghostText(view, ghost)), marksText(view, marks)].join(""),
  };
}

/** The cells that one may click now, and those that are picked up. */
function targetText(view) {
  const { cells, picked, player } = view.targets, { drawing } = view, [fill, rim] = view.coloursOf(player), out = [];
  for (const cell of picked) out.push(outline(drawing, cell, "picked"));
  for (const cell of cells) {
    const [x, y] = drawing.centres[cell], occupied = drawing.owners[view.frame.cells[cell]] >= 0;
    if (drawing.surface === "dots") {
      const [x0, y0, x1, y1] = drawing.boxes[cell], wide = x1 - x0 > y1 - y0;
      out.push(`<line class="target" x1="${f(wide ? x0 : x)}" x2="${f(wide ? x1 : x)}" y1="${f(wide ? y : y0)}" y2="${f(wide ? y : y1)}" stroke="${fill}" stroke-width="0.1" stroke-dasharray="0.12 0.12"/>`);
    } else if (occupied) out.push(outline(drawing, cell, "target-ring"));
    else out.push(`<circle class="target" cx="${f(x)}" cy="${f(y)}" r="${f(drawing.radii[cell] * 0.3)}" fill="${fill}" stroke="${rim}" stroke-width="0.03"/>`);
  }
  return out.join("");
}

/** A line around a cell. */
function outline(drawing, cell, name) {
  const [x, y] = drawing.centres[cell], [x0, y0, x1, y1] = drawing.boxes[cell];
  if (["hexagons", "points", "wells"].includes(drawing.surface)) return `<circle class="${name}" cx="${f(x)}" cy="${f(y)}" r="${f(drawing.radii[cell] * 0.9)}" fill="none"/>`;
  return `<rect class="${name}" x="${f(x0 + 0.04)}" y="${f(y0 + 0.04)}" width="${f(x1 - x0 - 0.08)}" height="${f(y1 - y0 - 0.08)}" rx="0.08" fill="none"/>`;
}

/** The marks, the first one on top: all arrows lie below all discs. */
function marksText(view, marks) {
  const drawn = marks.filter((mark) => mark.cells.length).toReversed();
  const arrows = drawn.filter((mark) => mark.cells.length > 1).map((mark) => arrowText(view, mark.cells, mark.colour, 0.04 + 0.09 * mark.radius));
  return [...arrows, ...drawn.map((mark) => discText(view, mark))].join("");
}

/** A disc with a label; of a mark over several cells it lies on the arrow. */
function discText(view, mark) {
  const { cells, colour, rim = "#00000070", label = "", kind = "" } = mark, { drawing } = view, cell = cells.at(-1);
  let [x, y] = drawing.centres[cell], radius = drawing.radii[cell] * mark.radius;
  if (drawing.surface === "dots") radius = Math.max(0.1, 0.26 * mark.radius);
  if (cells.length > 1) {
    const [fx, fy] = drawing.centres[cells[0]];
    [x, y] = [x + 0.42 * (fx - x), y + 0.42 * (fy - y)];
    radius = label ? drawing.radii[cell] * 0.48 : 0;
  }
  if (!radius) return "";
  const size = Math.min(radius * 0.95, (2.4 * radius) / Math.max(String(label).length, 2));
  const words = label === "" || radius < 0.13 ? "" : `<text x="${f(x)}" y="${f(y + 0.36 * size)}" font-size="${f(size)}" text-anchor="middle" class="mark-label">${escapeText(label)}</text>`;
  return `<circle class="mark ${kind}" cx="${f(x)}" cy="${f(y)}" r="${f(radius)}" fill="${colour}" fill-opacity="${mark.opacity ?? 0.82}" stroke="${rim}" stroke-width="0.03"/>${words}`;
}

function arrowText(view, cells, colour, width) {
  const [ax, ay] = view.drawing.centres[cells[0]], [bx, by] = view.drawing.centres[cells.at(-1)];
  const length = Math.hypot(bx - ax, by - ay) || 1, ux = (bx - ax) / length, uy = (by - ay) / length, head = Math.max(0.26, 2.4 * width);
  const tip = [bx - 0.12 * ux, by - 0.12 * uy], neck = [tip[0] - head * ux, tip[1] - head * uy], half = 0.62 * head;
  return `<g class="arrow"><line x1="${f(ax + 0.25 * ux)}" y1="${f(ay + 0.25 * uy)}" x2="${f(neck[0])}" y2="${f(neck[1])}" stroke="${colour}" stroke-width="${f(width)}"/><polygon points="${f(tip[0])},${f(tip[1])} ${f(neck[0] - half * uy)},${f(neck[1] + half * ux)} ${f(neck[0] + half * uy)},${f(neck[1] - half * ux)}" fill="${colour}"/></g>`;
}

function ghostText(view, ghost) {
  const { drawing } = view, [x, y] = drawing.centres[ghost.cell], radius = drawing.surface === "dots" ? 0.2 : drawing.radii[ghost.cell] * 0.82;
  const [fill, rim] = view.coloursOf(ghost.player), size = radius * 0.9;
  const words = ghost.label ? `<text x="${f(x)}" y="${f(y + 0.36 * size)}" font-size="${f(size)}" text-anchor="middle" class="mark-label">${escapeText(ghost.label)}</text>` : "";
  return `<g class="ghost"><circle cx="${f(x)}" cy="${f(y)}" r="${f(radius)}" fill="${fill}" stroke="${rim}" stroke-width="0.04" fill-opacity="0.75"/>${words}</g>`;
}
