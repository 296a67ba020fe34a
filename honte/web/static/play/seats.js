// Who moves: asks the agents for their moves when it is their turn; plays two agents against each other.

import { postJson } from "../api.js";

const PAUSE_MS = 350; // between two moves of agents, so that a reader can follow

export class Seats extends EventTarget {
  /** @param {any} app */
  constructor(app) {
    super();
    this.app = app;
    this.thinking = false;
    this.running = false; // two agents play on by themselves
    /** @type {AbortController|null} */ this.request = null;
    app.addEventListener("position", () => this.stop());
    app.addEventListener("game", () => ((this.running = false), this.stop()));
    app.addEventListener("players", () => ((this.running = false), this.stop()));
  }

  /** Whether no person plays. */
  get areAgents() {
    return !this.app.isPerson(0) && !this.app.isPerson(1);
  }

  tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }

  stop() {
    if (this.request) this.request.abort();
    this.request = null;
    if (this.thinking) {
      this.thinking = false;
      this.tell();
    }
  }

  pause() {
    this.running = false;
    this.stop();
    this.tell();
  }

  /** Play on by themselves, or the one move whose turn it is. */
  async run() {
    this.running = true;
    this.tell();
    while (this.running && !this.app.isOver) {
      if (!(await this.moveOnce())) break;
      const pause = new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      await pause;
    }
    this.running = false;
    this.tell();
  }

  /** Let agents answer until a person is to move. */
  async answer() {
    const { app } = this;
    if (app.state.settings.opponentPaused || this.areAgents) return;
    while (!app.isOver && !app.isPerson(app.state.position.to_play)) if (!(await this.moveOnce())) return;
  }

  /** One move of the agent whose turn it is. @returns {Promise<boolean>} whether it moved */
  async moveOnce() {
    const { app } = this, { node, position, players, strengths } = app.state;
    if (app.isOver || app.isPerson(position.to_play)) return false;
    this.stop();
    const own = (this.request = new AbortController()), seat = position.to_play;
    this.thinking = true;
    this.tell();
    try {
      const body = { ...app.query(node), player: players[seat], strength: strengths[seat], temperature: app.state.settings.temperature || 0 };
      const answer = await postJson("/api/move", body, { signal: own.signal });
      if (own.signal.aborted) return false;
      this.request = null;
      this.thinking = false;
      await app.play(answer.move, { from: node });
      this.tell();
      return true;
    } catch (error) {
      if (own.signal.aborted) return false;
      this.request = null;
      this.thinking = this.running = false;
      this.tell();
      app.problem(error.message);
      return false;
    }
  }
}
