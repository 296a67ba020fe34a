// The store of the page: the game's tree, the shown node, the players, the settings. Panels listen to its events:
// "game", "position", "tree", "settings", "players", "problem". Knows no element of the page.

import { getJson, postJson } from "./api.js";
import { addLine, isBelow, makeNode, movesTo, nextOf, pathTo, promote, prune, rootOf, treeFromJson } from "./game_tree.js";

const PERSON = "person";

const DEFAULTS = { analysis: "hidden", legal: false, opponentPaused: false };

export class App extends EventTarget {
  constructor() {
    super();
    this.state = {
      catalogue: { games: [], players: [], runs: [] },
      entry: null, // the game's entry in the catalogue, for its parameters
      drawing: null, // the empty board
      setup: null, // the text of the first position; null: the game's own
      tree: makeNode(),
      node: null,
      position: null,
      players: [PERSON, PERSON],
      strengths: [0, 0],
      resigned: null, // the player (0 or 1) who resigned
      analysis: null,
      settings: { ...DEFAULTS },
    };
    /** @type {null|((move: string) => any)} gets the moves of the board in place of the tree */
    this.moveHandler = null;
    /** @type {any} */ this.board = null;
    /** @type {{key: string, sentence: string, action: () => void}[]} */ this.keys = [];
    /** @type {any} */ this.awaited = null; // the node that is shown as soon as its position is known
    this.asked = 0; // counts what was asked to be shown, so that a late answer does not replace a newer one
  }

  /** @param {string} name @param {any} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The position of a node as every request carries it. */
  query(node = this.state.node) {
    return { game: this.state.entry.game, setup: this.state.setup, moves: movesTo(node) };
  }

  /** Ask for the position of a node if it is not known with its legal moves. */
  async load(node) {
    if (!node.position || !node.position.legal) node.position = await postJson("/api/position", this.query(node));
    return node.position;
  }

  /** Show a node of the tree. @param {any} node */
  async show(node) {
    const number = ++this.asked;
    if (node.position && node.position.legal) return this.put(node);
    this.awaited = node;
    try {
      const position = await this.load(node);
      if (number === this.asked && position) this.put(node);
    } finally {
      if (this.awaited === node) this.awaited = null;
    }
  }

  /** The node that the reader is at: the shown one, or the one that was asked for last. Keys may come faster than positions. */
  get current() {
    return this.awaited || this.state.node;
  }

  put(node) {
    this.awaited = null;
    for (const each of pathTo(node)) if (each.parent) each.parent.visited = each;
    Object.assign(this.state, { node, position: node.position });
    this.tell("position", { node, position: node.position });
  }

  /** Play a move from the shown node: a known child is shown, a new one is added. @param {string} move */
  async play(move, { from = this.state.node } = {}) {
    const known = from.children.find((child) => child.move === move);
    const node = known || makeNode(from, move);
    if (!node.position || !node.position.legal) node.position = await postJson("/api/position", { ...this.query(from), moves: [...movesTo(from), move] });
    if (!known && !from.children.some((child) => child.move === move)) from.children.push(node);
    const shown = from.children.find((child) => child.move === move);
    shown.position ||= node.position;
    if (this.state.resigned !== null) this.state.resigned = null;
    this.asked++;
    this.put(shown);
    this.tell("tree");
    return shown;
  }

  /** The board and entry of a game text; the server knows the parameters. @param {string} game */
  async readGame(game) {
    const known = this.state.entry && this.state.entry.game === game;
    if (known) return { entry: this.state.entry, drawing: this.state.drawing };
    const [entry, drawing] = await Promise.all([postJson("/api/games", { game }), getJson(`/api/board?game=${encodeURIComponent(game)}`)]);
    return { entry: { ...entry, game: entry.game || game }, drawing };
  }

  /**
   * Begin a game, from its first position or from a given one. Nothing changes where the server refuses it.
   * @param {{game: string, setup?: string|null, moves?: string[], tree?: any, players?: any[], strength?: any, show?: "start"|"end", at?: number}} start
   */
  async startFrom({ game, setup = null, moves = [], tree = null, players = null, strength = null, show = "end", at = null }) {
    const { entry, drawing } = await this.readGame(game);
    const root = tree ? treeFromJson(tree) : makeNode(), end = addLine(root, moves);
    const line = pathTo(end), body = { game: entry.game, setup, moves };
    if (moves.length) {
      const { positions } = await postJson("/api/line", body);
      line.forEach((node, ply) => (node.position = positions[ply]));
    }
    const node = at !== null && line[at] ? line[at] : show === "start" ? root : end;
    node.position = await postJson("/api/position", { ...body, moves: movesTo(node) });
    const strengths = Array.isArray(strength) ? strength : [strength, strength];
    Object.assign(this.state, { entry, drawing, setup, tree: root, node, position: node.position, resigned: null });
    if (players) this.state.players = [...players];
    this.state.strengths = this.state.players.map((id, i) => strengths[i] ?? this.defaultStrength(id));
    this.moveHandler = null;
    this.asked++;
    this.tell("game", { entry, drawing });
    this.tell("players");
    this.put(node);
    this.tell("tree");
    return node;
  }

  /** @param {any} id */
  playerOf(id) {
    return this.state.catalogue.players.find((player) => player.id === id) || null;
  }

  /** @param {any} id */
  defaultStrength(id) {
    const player = this.playerOf(id);
    return player && player.strength && player.strength.kind ? player.strength.default : 0;
  }

  /** The agent that a person meets: the one that plays now, the one chosen last, or the game's own. */
  opponent() {
    const { players, entry, settings } = this.state;
    const fits = (id) => {
      const player = id && this.playerOf(id);
      return player && player.kind !== PERSON && (player.game === null || player.game === entry.game);
    };
    return [...players, settings.opponent, entry.default_player].find(fits) || (this.state.catalogue.players.find((p) => fits(p.id)) || {}).id;
  }

  /** Whether a person moves for `player` (0 or 1). */
  isPerson(player) {
    return this.state.players[player] === PERSON;
  }

  /** @param {any[]} players @param {number[]} [strengths] */
  setPlayers(players, strengths) {
    this.state.players = [...players];
    this.state.strengths = strengths || players.map((id) => this.defaultStrength(id));
    this.tell("players");
  }

  /** The node where the reader last had a choice: back over the agents' moves, to the start of the turn. */
  undoTarget(node = this.current) {
    const agents = !this.isPerson(0) || !this.isPerson(1), people = this.isPerson(0) || this.isPerson(1);
    let to = node.parent;
    const mover = (each) => (each.position ? each.position.to_play : null);
    while (to && to.parent && ((agents && people && mover(to) !== null && !this.isPerson(mover(to))) || (mover(to.parent) !== null && mover(to.parent) === mover(to) && this.state.entry.actions_per_turn > 1))) to = to.parent;
    return to;
  }

  async undo() {
    const to = this.undoTarget();
    if (to) await this.show(to);
  }

  async redo() {
    let to = nextOf(this.current);
    while (to && to.position && to.position.outcome === null && !this.isPerson(to.position.to_play) && nextOf(to) && (this.isPerson(0) || this.isPerson(1))) to = nextOf(to);
    if (to) await this.show(to);
  }

  /** Cut a variation. @param {any} node */
  async prune(node) {
    const inside = isBelow(node, this.state.node), parent = prune(node);
    this.tell("tree");
    if (inside) await this.show(parent);
  }

  promote(node) {
    promote(node);
    this.tell("tree");
  }

  /** Cut every move, or start anew at the shown position. */
  async restartHere() {
    const { node, position } = this.state;
    if (!node.parent) return;
    await this.startFrom({ game: this.state.entry.game, setup: position.setup_text || null, moves: [], players: this.state.players, strength: this.state.strengths });
  }

  resign(player) {
    this.state.resigned = player;
    this.tell("position", { node: this.state.node, position: this.state.position });
    this.tell("tree");
  }

  /** Whether the game cannot go on from the shown node. */
  get isOver() {
    return this.state.resigned !== null || this.state.position.outcome !== null;
  }

  /** @param {string} name @param {any} value */
  setSetting(name, value) {
    this.state.settings[name] = value;
    this.tell("settings", { name, value });
  }

  /** A key of the whole page, with its line in the list of keys. @param {string} key */
  addKey(key, sentence, action) {
    this.keys.push({ key, sentence, action });
  }

  /** Say a sentence to a screen reader. @param {string} sentence */
  announce(sentence) {
    this.tell("announce", sentence);
  }

  /** Show a sentence about something that did not work. @param {string} sentence */
  problem(sentence) {
    this.tell("problem", sentence);
  }

  get root() {
    return rootOf(this.state.node);
  }
}
