// The one running analysis: it follows the shown position, and every panel reads its newest answer. Does not know how
// an answer is drawn.

import { connection, streamEvents } from "../api.js";
import { analystOf } from "./analysts.js";

/**
 * @typedef {object} MoveAnalysis
 * @property {string} move @property {number} visits @property {number} prior @property {number|null} win_probability
 * @property {number|null} loss @property {number|null} proven @property {string[]} line
 */
/**
 * @typedef {object} Analysis
 * @property {string} analysis_id @property {number} visits @property {number} win_probability
 * @property {number|null} proven @property {MoveAnalysis[]} moves @property {any} network @property {any} truth
 * @property {number} seconds @property {number} simulations_per_second @property {boolean} done
 */

const EVERY_MS = 120, HISTORY = 240;

/** Searches that begin sooner after the last one wait, so that a held arrow key does not start one at every ply. */
const REST_MS = 150;

export class AnalysisStream {
  /** @param {any} app */
  constructor(app) {
    this.app = app;
    /** @type {Analysis|null} */ this.newest = null;
    /** @type {any} */ this.node = null;
    /** @type {{visits: number, shares: Map<string, number>}[]} */ this.history = [];
    this.problem = "";
    this.on = false;
    this.wanted = true; // the reader has not stopped it
    this.asked = ""; // the analyst and the strength of the running search
    this.started = -REST_MS;
    this.timer = 0;
    this.strength = 0; // simulations; 0: until stopped
    /** @type {AbortController|null} */ this.request = null;
    app.addEventListener("position", () => this.follow());
    app.addEventListener("settings", () => this.follow());
    connection.addEventListener("back", () => this.problem && this.wanted && this.run());
    addEventListener("pagehide", () => this.cancel());
  }

  /** Whether the reader lets analysis be seen ("think first" is off). */
  get shown() {
    return this.app.state.settings.analysis === "shown";
  }

  start() {
    this.wanted = true;
    this.run();
  }

  stop() {
    this.wanted = false;
    this.cancel();
    this.tell();
  }

  /** Analyse what is shown now, unless that already runs, nothing is to be seen or the reader stopped it. */
  follow() {
    const node = this.app.state.node, analyst = analystOf(this.app), asked = analyst && `${analyst.id} ${this.strength}`;
    if (!this.shown) {
      this.cancel();
      this.forget();
    } else if (node !== this.node || asked !== this.asked) {
      this.cancel();
      this.forget();
      if (this.wanted) this.runSoon();
    } else return;
    this.tell();
  }

  forget() {
    this.newest = this.node = null;
    this.asked = "";
    this.history = [];
    this.problem = "";
  }

  cancel() {
    clearTimeout(this.timer);
    if (this.request) this.request.abort();
    this.request = null;
    this.on = false;
  }

  runSoon() {
    clearTimeout(this.timer);
    const rest = this.started + REST_MS - performance.now();
    this.node = this.app.state.node;
    if (rest <= 0) this.run();
    else this.timer = setTimeout(() => this.run(), rest);
  }

  async run() {
    this.cancel();
    this.forget();
    this.started = performance.now();
    const { app } = this, analyst = analystOf(app);
    this.node = app.state.node;
    if (!this.shown) return;
    if (!analyst) this.problem = "No player on this page can analyse this game.";
    else this.asked = `${analyst.id} ${this.strength}`;
    if (!analyst || app.state.position.outcome !== null) return this.tell();
    const request = (this.request = new AbortController());
    this.on = true;
    this.tell();
    try {
      const body = { ...app.query(), player: analyst.id, strength: this.strength, every_ms: EVERY_MS };
      for await (const { event, data } of streamEvents("/api/analysis", body, { signal: request.signal })) {
        if (request.signal.aborted) return;
        if (event === "problem") throw new Error(data.detail);
        if (event === "analysis") this.take(data);
      }
    } catch (error) {
      if (request.signal.aborted) return;
      this.problem = error.message;
    }
    if (this.request === request) this.cancel();
    this.tell();
  }

  /** @param {Analysis} analysis */
  take(analysis) {
    this.newest = analysis;
    const all = analysis.moves.reduce((sum, each) => sum + each.visits, 0), last = this.history.at(-1);
    if (all && (!last || analysis.visits > last.visits)) this.history.push({ visits: analysis.visits, shares: new Map(analysis.moves.map((each) => [each.move, each.visits / all])) });
    if (this.history.length > HISTORY) this.history = this.history.filter((_, i) => i % 2 === 0 || i === this.history.length - 1);
    this.tell();
  }

  tell() {
    this.app.state.analysis = this.newest && { ...this.newest, node: this.node };
    this.app.dispatchEvent(new CustomEvent("analysis", { detail: { analysis: this.newest, node: this.node } }));
  }
}

/** The one stream of the page. @param {any} app @returns {AnalysisStream} */
export function analysisOf(app) {
  app.analysisStream ||= new AnalysisStream(app);
  return app.analysisStream;
}
