// How a board changes from one position to the next: pieces fall, turn over, slide, appear and go. Nothing moves where
// the reader prefers reduced motion.

const QUICK = { duration: 180, easing: "ease-out" };

/** @param {any} view a BoardView @param {any} before @param {any} after frames */
export function animateChange(view, before, after) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const { drawing } = view, owner = (code) => drawing.owners[code];
  const changed = after.cells.flatMap((code, cell) => (code !== before.cells[cell] ? [cell] : []));
  const gained = changed.filter((cell) => owner(after.cells[cell]) >= 0 && owner(before.cells[cell]) !== owner(after.cells[cell]));
  const lost = changed.filter((cell) => owner(before.cells[cell]) >= 0 && owner(after.cells[cell]) !== owner(before.cells[cell]));
  const placed = gained.filter((cell) => owner(before.cells[cell]) < 0), turned = gained.filter((cell) => owner(before.cells[cell]) >= 0);
  const isStone = (code) => drawing.shapes[code] === "stone";
  const innerOf = (cell) => (view.pieces.get(cell) || {}).inner;

  if (drawing.surface === "wells") {
    for (const cell of placed) fall(view, cell, innerOf(cell));
    return;
  }
  const sources = lost.filter((cell) => owner(after.cells[cell]) < 0);
  const onBoard = (cell) => !drawing.beside.includes(cell % drawing.columns), arrivals = placed.filter(onBoard);
  const arrived = arrivals.length === 1 ? arrivals[0] : !arrivals.length && turned.length === 1 ? turned[0] : undefined;
  const leaving = arrived === undefined ? undefined : sources.find((cell) => owner(before.cells[cell]) === owner(after.cells[arrived]));
  if (leaving !== undefined) slide(view, leaving, arrived, innerOf(arrived));
  const others = turned.filter((cell) => leaving === undefined || cell !== arrived);
  if (others.length && placed.length <= 1 && others.every((cell) => isStone(after.cells[cell]))) {
    const from = placed[0] ?? others[0];
    for (const cell of others) turnOver(view, cell, from, before.cells[cell], innerOf(cell));
  }
  const unowned = changed.filter((cell) => before.cells[cell] === 0 && owner(after.cells[cell]) < 0); // arrows, lines
  for (const cell of [...placed, ...unowned]) if (leaving === undefined || cell !== arrived) appear(innerOf(cell));
  for (const cell of lost.filter((each) => !turned.includes(each) && each !== leaving)) vanish(view, cell, before.cells[cell]);
}

/** A counter falls behind the front of the board and bounces once. */
function fall(view, cell, inner) {
  if (!inner) return;
  const height = view.drawing.centres[cell][1] + 0.6, seconds = Math.sqrt(height) * 0.19;
  const to = (y) => ({ transform: `translate(0px, ${-y}px)` });
  inner.animate([{ ...to(height), easing: "cubic-bezier(0.5, 0, 1, 0.6)" }, { ...to(0), offset: 0.78, easing: "ease-out" }, { ...to(Math.min(0.25, 0.05 * height)), offset: 0.88, easing: "ease-in" }, to(0)], { duration: 1000 * seconds });
}

function appear(inner) {
  if (inner) inner.animate([{ transform: "scale(0.7)", opacity: 0.2 }, { transform: "scale(1)", opacity: 1 }], QUICK);
}

/** The piece that has arrived comes from where it was. */
function slide(view, from, to, inner) {
  if (!inner) return;
  const [ax, ay] = view.drawing.centres[from], [bx, by] = view.drawing.centres[to];
  const group = inner.parentNode;
  group.parentNode.append(group); // above the others while it moves
  inner.animate([{ transform: `translate(${ax - bx}px, ${ay - by}px)` }, { transform: "none" }], { duration: 200, easing: "cubic-bezier(0.3, 0, 0.2, 1)" });
}

/** A disc turns over: the old side gets narrow, then the new side gets wide. Discs further away turn later. */
function turnOver(view, cell, from, oldCode, inner) {
  if (!inner) return;
  const [ax, ay] = view.drawing.centres[from], [bx, by] = view.drawing.centres[cell], delay = 70 * Math.hypot(ax - bx, ay - by);
  const half = 130, old = view.makePiece(cell, oldCode);
  view.layers.flying.append(old.element);
  inner.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }], { duration: half, delay: delay + half, easing: "ease-out", fill: "backwards" });
  const flat = old.inner.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: half, delay, easing: "ease-in", fill: "forwards" });
  flat.finished.then(() => old.element.remove(), () => old.element.remove());
}

/** A captured piece fades. */
function vanish(view, cell, oldCode) {
  const old = view.makePiece(cell, oldCode);
  view.layers.flying.append(old.element);
  const fading = old.inner.animate([{ opacity: 1, transform: "scale(1)" }, { opacity: 0, transform: "scale(0.75)" }], { ...QUICK, fill: "forwards" });
  fading.finished.then(() => old.element.remove(), () => old.element.remove());
}
