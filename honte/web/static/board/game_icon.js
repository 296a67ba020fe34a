// A tiny picture of a game, from the description of its board: its surface and some pieces.

const COLOURS = {
  squares: ["#efe8da", "#d1600f", "#1f6fb0"], checkers: ["#c9a87f", "#f4f2ec", "#2b2d32"], points: ["#e2bd7f", "#2b2d32", "#f4f2ec"],
  wells: ["#2c5c9e", "#d0402f", "#f4c534"], hexagons: ["#f1ebde", "#d0402f", "#1f6fb0"], dots: ["#fbf9f5", "#d1600f", "#1f6fb0"],
};

/** @param {any} game an entry of the catalogue @returns {string} SVG */
export function gameIcon(game) {
  const { surface, names } = game.board, felt = surface === "squares" && names[0] === "black";
  const [board, first, second] = felt ? ["#4e9270", "#2b2d32", "#f4f2ec"] : COLOURS[surface] || COLOURS.squares;
  const parts = [`<rect x="1" y="1" width="38" height="38" rx="6" fill="${board}" stroke="#00000030"/>`];
  const disc = (x, y, r, fill) => parts.push(`<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}" stroke="#00000050" stroke-width="0.8"/>`);
  const cell = [8, 20, 32];
  if (surface === "checkers") for (const [x, y] of [[1, 1], [20, 20]]) parts.push(`<rect x="${x}" y="${y}" width="19" height="19" fill="#efe4cf"/>`);
  if (surface === "points") parts.push('<path d="M8 2v36M20 2v36M32 2v36M2 8h36M2 20h36M2 32h36" stroke="#80602f" stroke-width="1"/>');
  if (surface === "squares" && game.id !== "nim") parts.push('<path d="M13.7 2v36M26.3 2v36M2 13.7h36M2 26.3h36" stroke="#00000028" stroke-width="1"/>');
  if (surface === "wells") for (const y of cell) for (const x of cell) disc(x, y, 4.6, "#dfe7f2");
  if (surface === "hexagons") {
    parts.length = 0;
    for (const [x, y, fill] of [[13, 11, board], [27, 11, second], [20, 22.5, first], [34, 22.5, board], [6, 22.5, first], [13, 34, board], [27, 34, second]]) parts.push(`<polygon points="${hexagon(x, y, 7)}" fill="${fill}" stroke="#00000050"/>`);
  } else if (surface === "dots") {
    parts.push(`<rect x="9" y="9" width="22" height="22" fill="${first}60"/><path d="M9 9h22M9 9v22M9 31h22M31 9v22" stroke="#5c5952" stroke-width="2.4"/>`);
    for (const y of [9, 31]) for (const x of [9, 31]) disc(x, y, 2.6, "#33363c");
  } else if (game.id === "nim") {
    for (const [y, n] of [[9, 1], [20, 2], [31, 3]]) for (let i = 0; i < n; i++) disc(9 + 11 * i, y, 4, "#5c5952");
  } else if (surface === "wells") for (const [x, y, fill] of [[8, 32, first], [20, 32, second], [20, 20, first], [32, 32, first]]) disc(x, y, 4.6, fill);
  else if (surface === "checkers") for (const [x, y, fill] of [[29.5, 10.5, second], [10.5, 29.5, first]]) disc(x, y, 6, fill);
  else for (const [x, y, fill] of [[20, 20, first], [8, 20, second], [20, 8, second], [32, 8, first]]) disc(x, y, 5, fill);
  return `<svg class="game-icon" viewBox="0 0 40 40" aria-hidden="true">${parts.join("")}</svg>`;
}

function hexagon(x, y, r) {
  return [0, 1, 2, 3, 4, 5].map((i) => `${(x + r * Math.sin((i * Math.PI) / 3)).toFixed(1)},${(y - r * Math.cos((i * Math.PI) / 3)).toFixed(1)}`).join(" ");
}
