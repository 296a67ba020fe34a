// The cells of a board as a grid that a keyboard and a screen reader understand: each cell says its name and content.
// It lies invisibly over the drawing. Does not know moves.

/** The text of a cell: "c3, black stone". @param {any} drawing @param {any} frame @param {number} cell */
export function cellText(drawing, frame, cell) {
  const last = frame.marked.includes(cell) ? ", last move" : "";
  return `${drawing.cell_names[cell]}, ${drawing.code_names[frame.cells[cell]]}${last}`;
}

export class BoardCells {
  /**
   * @param {HTMLElement} host @param {any} drawing @param {string} label
   * @param {(cell: number) => boolean} useful whether a cell can ever be clicked
   */
  constructor(host, drawing, label, useful) {
    this.drawing = drawing;
    this.grid = document.createElement("div");
    this.grid.className = "cells";
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-label", label);
    this.grid.tabIndex = -1;
    /** @type {HTMLElement[]} */ this.elements = [];
    this.current = -1;
    this.useful = useful;
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    for (let r = 0; r < drawing.rows; r++) {
      const row = document.createElement("div");
      row.setAttribute("role", "row");
      for (let c = 0; c < drawing.columns; c++) {
        const cell = r * drawing.columns + c, [x0, y0, x1, y1] = drawing.boxes[cell], element = document.createElement("div");
        element.setAttribute("role", "gridcell");
        element.dataset.cell = String(cell);
        element.tabIndex = -1;
        element.style.left = percent(x0, drawing.width);
        element.style.top = percent(y0, drawing.height);
        element.style.width = percent(x1 - x0, drawing.width);
        element.style.height = percent(y1 - y0, drawing.height);
        if (drawing.surface === "hexagons" || drawing.surface === "wells" || drawing.surface === "points") element.className = "round";
        this.elements.push(element);
        row.append(element);
      }
      this.grid.append(row);
    }
    host.append(this.grid);
    this.setCurrent(this.elements.findIndex((_, cell) => useful(cell)));
  }

  /** @param {any} frame @param {Set<number>} legal */
  show(frame, legal) {
    this.elements.forEach((element, cell) => {
      const text = cellText(this.drawing, frame, cell) + (legal.has(cell) ? ", can be chosen" : "");
      if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
    });
  }

  /** @param {number[]} picked */
  showPicked(picked) {
    this.elements.forEach((element, cell) => {
      const now = String(picked.includes(cell));
      if (element.getAttribute("aria-selected") !== now) element.setAttribute("aria-selected", now);
    });
  }

  /** The one cell that the tab key reaches. @param {number} cell */
  setCurrent(cell) {
    if (this.current >= 0) this.elements[this.current].tabIndex = -1;
    this.current = Math.max(0, cell);
    this.elements[this.current].tabIndex = 0;
  }

  focus(cell = this.current) {
    this.setCurrent(cell);
    this.elements[cell].focus();
  }

  /**
   * The next useful cell in a direction: to the side in the same row, up and down in the next row that has one.
   * @param {number} cell @param {number} dx @param {number} dy
   */
  neighbour(cell, dx, dy) {
    const { centres } = this.drawing, [x, y] = centres[cell];
    let best = cell, least = Infinity;
    centres.forEach(([cx, cy], other) => {
      const ahead = (cx - x) * dx + (cy - y) * dy, aside = Math.abs((cx - x) * dy) + Math.abs((cy - y) * dx);
      if (!this.useful(other) || ahead < 0.2 || (dx && aside > 0.1) || aside > 1.6) return;
      const cost = 10 * ahead + aside;
      if (cost < least) [best, least] = [other, cost];
    });
    return best;
  }
}
