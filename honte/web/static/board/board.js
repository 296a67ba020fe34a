// THE board renderer, shared by the page and the report: draws a position, its animations and what lies over it.
// Knows the drawing (see honte/drawing/page_board.py) and cell codes; does not know rules, moves or input.

import { animateChange } from "./board_animation.js";
import { overlayText } from "./board_overlay.js";

const SVG = "http://www.w3.org/2000/svg";
let boards = 0;

/** @param {string} name @param {Record<string, any>} [attributes] */
function svgElement(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * A position as the renderer needs it.
 * @typedef {{cells: number[], marked: number[], territory?: number[]|null}} Frame
 */
/**
 * What lies over the pieces. A mark is a disc; with several cells it is an arrow from the first to the last one.
 * @typedef {{cells: number[], radius: number, colour: string, rim?: string, label?: string, kind?: string}} Mark
 * @typedef {{cells: number[], colour?: string, width?: number}} Arrow
 * @typedef {{cell: number, player: number, label?: string}} Ghost
 */

export class BoardView {
  /**
   * @param {HTMLElement} host gets one svg element @param {any} drawing from page_board
   * @param {{theme?: "light"|"dark", label?: string}} [options] label: what the picture is called; "": other elements say it
   */
  constructor(host, drawing, { theme = "light", label = "" } = {}) {
    this.host = host;
    this.drawing = drawing;
    this.theme = theme;
    this.prefix = `board${++boards}-`;
    /** @type {Frame} */ this.frame = { cells: [], marked: [] };
    /** @type {Map<number, {key: string, element: SVGGElement, inner: SVGGElement}>} */ this.pieces = new Map();
    this.overlays = { marks: [], arrows: [], ghosts: [] };
    this.targets = { cells: [], picked: [], player: 0 };
    this.svg = svgElement("svg", { viewBox: `0 0 ${drawing.width} ${drawing.height}`, "font-weight": 600, class: "board-svg" });
    if (label) {
      this.svg.setAttribute("role", "img");
      this.svg.setAttribute("aria-label", label);
    } else this.svg.setAttribute("aria-hidden", "true");
    this.layers = {};
    for (const name of ["defs", "under", "territory", "pieces", "over", "labels", "targets", "overlay", "flying"]) {
      this.layers[name] = svgElement(name === "defs" ? "defs" : "g", { class: `layer-${name}` });
      this.svg.append(this.layers[name]);
    }
    host.replaceChildren(this.svg);
    this.setTheme(theme);
  }

  /** @param {string} text */
  set label(text) {
    this.svg.setAttribute("aria-label", text);
  }

  /** Draw everything anew in another theme. @param {"light"|"dark"} theme */
  setTheme(theme) {
    this.theme = theme;
    this.art = this.drawing.themes[theme];
    const symbol = (kind, name, text) => `<g id="${this.prefix}${kind}-${name}">${text}</g>`;
    const symbols = [];
    this.art.pieces.forEach((codes, kind) => codes.forEach((text, code) => symbols.push(symbol(kind, code, text), symbol(kind, `${code}m`, this.art.marked[kind][code]))));
    this.layers.defs.innerHTML = symbols.join("");
    this.layers.under.innerHTML = this.art.under;
    this.layers.over.innerHTML = this.art.over;
    this.layers.labels.innerHTML = this.art.labels;
    this.layers.pieces.replaceChildren();
    this.pieces.clear();
    this.show(this.frame);
  }

  /** The colours [fill, rim] of a player. @param {number} player */
  coloursOf(player) {
    return this.art.colours[player];
  }

  /** @param {number} cell @param {number} code @param {boolean} marked @returns {string} the id of a piece's drawing */
  symbolOf(cell, code, marked = false) {
    return `#${this.prefix}${this.drawing.kinds[cell]}-${code}${marked ? "m" : ""}`;
  }

  /** A piece at the place of a cell. */
  makePiece(cell, code, marked = false) {
    const [x, y] = this.drawing.centres[cell];
    const element = svgElement("g", { transform: `translate(${x} ${y})`, "data-cell": cell, "data-code": code });
    const inner = svgElement("g", { class: "piece" });
    inner.append(svgElement("use", { href: this.symbolOf(cell, code, marked) }));
    element.append(inner);
    return { element, inner };
  }

  /** Show a position. @param {Frame} frame @param {{animate?: boolean}} [options] */
  show(frame, { animate = false } = {}) {
    const before = this.frame;
    for (const each of this.layers.flying.children) each.remove();
    this.frame = frame;
    const marked = new Set(frame.marked);
    frame.cells.forEach((code, cell) => {
      const key = `${code}${marked.has(cell) ? "m" : ""}`, known = this.pieces.get(cell);
      if (known && known.key === key) return;
      if (known) known.element.remove();
      this.pieces.delete(cell);
      const text = (marked.has(cell) ? this.art.marked : this.art.pieces)[this.drawing.kinds[cell]][code];
      if (!text) return;
      const piece = this.makePiece(cell, code, marked.has(cell));
      this.layers.pieces.append(piece.element);
      this.pieces.set(cell, { key, ...piece });
    });
    this.showTerritory();
    this.drawOverlay();
    if (animate && before.cells.length === frame.cells.length) animateChange(this, before, frame);
  }

  /** The owner of each cell at the end, as small squares. */
  showTerritory() {
    const { territory, cells } = this.frame, parts = [];
    (territory || []).forEach((owner, cell) => {
      const player = owner > 0 ? 0 : 1, code = cells[cell];
      if (!owner || this.drawing.owners[code] === player) return;
      const [x, y] = this.drawing.centres[cell], [fill, rim] = this.coloursOf(player);
      parts.push(`<rect class="territory" x="${x - 0.13}" y="${y - 0.13}" width="0.26" height="0.26" rx="0.04" fill="${fill}" stroke="${rim}" stroke-width="0.02"/>`);
    });
    this.layers.territory.innerHTML = parts.join("");
  }

  /**
   * Lay marks, arrows and translucent stones over the board; what is left out goes.
   * @param {{marks?: Mark[], arrows?: Arrow[], ghosts?: Ghost[]}} overlays
   */
  overlay({ marks = [], arrows = [], ghosts = [] }) {
    this.overlays = { marks, arrows, ghosts };
    this.drawOverlay();
  }

  /** Show where one may click. @param {{cells?: number[], picked?: number[], player?: number}} targets */
  setTargets({ cells = [], picked = [], player = 0 }) {
    this.targets = { cells, picked, player };
    this.drawOverlay();
  }

  drawOverlay() {
    const { targets, overlay } = overlayText(this);
    if (this.layers.targets.innerHTML !== targets) this.layers.targets.innerHTML = targets;
    if (this.layers.overlay.dataset.text !== overlay) this.layers.overlay.innerHTML = overlay;
    this.layers.overlay.dataset.text = overlay;
  }

  /**
   * The cell at a place of the window, or -1. Of thin cells, such as edges between dots, the nearest one that `wanted`
   * accepts. @param {number} clientX @param {number} clientY @param {(cell: number) => boolean} [wanted]
   */
  cellAt(clientX, clientY, wanted = () => true) {
    const area = this.svg.getBoundingClientRect(), scale = this.drawing.width / area.width;
    const x = (clientX - area.left) * scale, y = (clientY - area.top) * scale, { boxes, centres, surface } = this.drawing;
    const distance = (cell) => {
      const [x0, y0, x1, y1] = boxes[cell];
      return Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1));
    };
    if (surface === "hexagons") {
      let best = -1, least = 0.56;
      centres.forEach(([cx, cy], cell) => {
        const far = Math.hypot(cx - x, cy - y);
        if (far < least) [best, least] = [cell, far];
      });
      return best;
    }
    if (surface === "dots") {
      let best = -1, least = 0.45;
      boxes.forEach((_, cell) => {
        const far = wanted(cell) ? distance(cell) : Infinity;
        if (far < least) [best, least] = [cell, far];
      });
      if (best >= 0) return best;
    }
    return boxes.findIndex(([x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1);
  }
}
