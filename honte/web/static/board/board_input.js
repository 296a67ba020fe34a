// Clicks, drags, touches and keys on the board become moves. A gesture goes through the cells ("steps") of a legal move.
// Does not know how a board is drawn, nor what happens with a move.

/**
 * @typedef {{move: string, steps: number[], alternatives?: number[][]}} LegalMove
 * @typedef {object} Listener
 * @property {(move: string) => void} play
 * @property {(moves: string[], cell: number) => void} choose several moves go through the same cells
 * @property {(cells: number[]) => void} refuse no legal move goes through these cells
 * @property {(picked: number[], next: number[]) => void} pick the gesture has come so far; `next` cells go on
 * @property {() => boolean} ready whether a person may move now
 * @property {() => void} cancel the reader let go where nothing was picked up
 */

const SLIP = 6; // pixels that a finger may slip without dragging
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class BoardInput {
  /** @param {any} view a BoardView @param {any} cells BoardCells @param {Listener} listener */
  constructor(view, cells, listener) {
    this.view = view;
    this.cells = cells;
    this.listener = listener;
    /** @type {LegalMove[]} */ this.legal = [];
    /** @type {number[]} */ this.picked = [];
    /** @type {any} */ this.drag = null;
    const { grid } = cells;
    grid.addEventListener("pointerdown", (event) => this.down(event));
    grid.addEventListener("mousedown", (event) => event.preventDefault()); // a click does not move the arrow keys here
    grid.addEventListener("pointermove", (event) => this.move(event));
    grid.addEventListener("pointerup", (event) => this.up(event));
    grid.addEventListener("pointercancel", () => this.dropDrag());
    grid.addEventListener("click", (event) => this.click(event));
    grid.addEventListener("keydown", (event) => this.key(event));
    grid.addEventListener("focusin", (event) => event.target.dataset.cell && cells.setCurrent(+event.target.dataset.cell));
  }

  /** @param {LegalMove[]} legal the moves of the shown position */
  setLegal(legal) {
    this.legal = legal;
    this.dropDrag();
    this.setPicked([]);
  }

  /** All ways of clicking a move. @param {LegalMove} move */
  static waysOf(move) {
    return [move.steps, ...(move.alternatives || [])].filter((steps) => steps.length);
  }

  /** The cells that go on from what is picked. */
  nextCells(picked = this.picked) {
    const next = new Set();
    for (const move of this.legal) {
      const steps = move.steps;
      if (steps.length > picked.length && picked.every((cell, i) => steps[i] === cell)) next.add(steps[picked.length]);
    }
    return [...next];
  }

  setPicked(picked) {
    this.picked = picked;
    this.cells.showPicked(picked);
    this.listener.pick(picked, this.nextCells());
  }

  /** Moves whose steps begin with these cells. @param {number[]} cells */
  movesThrough(cells) {
    return this.legal.filter((move) => BoardInput.waysOf(move).some((steps) => cells.every((cell, i) => steps[i] === cell)));
  }

  /** The reader has chosen a cell. @param {number} cell */
  choose(cell) {
    if (cell < 0 || !this.listener.ready()) return;
    if (this.picked.length && this.picked.at(-1) === cell) return this.setPicked(this.picked.slice(0, -1));
    const path = [...this.picked, cell], moves = this.movesThrough(path);
    if (!moves.length) {
      const again = this.picked.length && this.movesThrough([cell]).length;
      if (again) return this.setPicked([]), this.choose(cell);
      const refused = path;
      this.setPicked([]);
      return this.listener.refuse(refused);
    }
    const whole = moves.filter((move) => BoardInput.waysOf(move).some((steps) => steps.length === path.length && path.every((each, i) => steps[i] === each)));
    if (!whole.length) return this.setPicked(path);
    this.setPicked([]);
    if (whole.length === 1) this.listener.play(whole[0].move);
    else this.listener.choose(whole.map((each) => each.move), cell);
  }

  cancel() {
    this.dropDrag();
    if (this.picked.length) this.setPicked([]);
    else this.listener.cancel();
  }

  /** @param {PointerEvent} event */
  cellOf(event) {
    return this.view.cellAt(event.clientX, event.clientY, (cell) => this.cells.useful(cell));
  }

  down(event) {
    if (event.button !== 0 || !this.listener.ready()) return;
    const cell = this.cellOf(event), path = [...this.picked, cell];
    const draggable = cell >= 0 && !this.picked.length && this.movesThrough(path).some((move) => move.steps.length > 1);
    this.drag = draggable ? { cell, x: event.clientX, y: event.clientY, moved: false, piece: null, pointer: event.pointerId } : null;
  }

  move(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < SLIP) return;
    if (!drag.moved) {
      drag.moved = true;
      this.cells.grid.setPointerCapture(event.pointerId);
      this.setPicked([drag.cell]);
      drag.piece = (this.view.pieces.get(drag.cell) || {}).inner;
      if (drag.piece) {
        drag.piece.classList.add("dragged");
        this.view.layers.pieces.append(drag.piece.parentNode);
      }
    }
    const scale = this.view.drawing.width / this.view.svg.getBoundingClientRect().width;
    if (drag.piece) drag.piece.style.transform = `translate(${(event.clientX - drag.x) * scale}px, ${(event.clientY - drag.y) * scale}px)`;
  }

  up(event) {
    const { drag } = this;
    if (!drag || !drag.moved) return;
    const to = this.cellOf(event);
    this.dropDrag();
    this.dragged = true; // the click that follows is no choice of its own
    setTimeout(() => (this.dragged = false), 0);
    if (to !== drag.cell) {
      this.picked = [drag.cell];
      this.choose(to);
    }
  }

  dropDrag() {
    if (this.drag && this.drag.piece) {
      this.drag.piece.classList.remove("dragged");
      this.drag.piece.style.transform = "";
    }
    this.drag = null;
  }

  click(event) {
    if (this.dragged) return;
    const named = event.target.closest("[data-cell]"), byHand = event.detail > 0;
    const cell = byHand ? this.cellOf(event) : named ? +named.dataset.cell : -1;
    this.drag = null;
    if (cell < 0) return;
    this.cells.setCurrent(cell);
    this.choose(cell);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ARROWS[event.key], at = this.cells.current;
    if (way) this.cells.focus(this.cells.neighbour(at, way[0], way[1]));
    else if (event.key === "Enter" || event.key === " ") this.choose(at);
    else if (event.key === "Escape") this.cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
