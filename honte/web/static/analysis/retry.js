// "Retry my mistakes": the position before each mistake, and a verdict on the move that the reader tries now.

import { bestMove, isMistake, judgeMoves, truthText } from "./review.js";
import { levelColour, points } from "./loss_scale.js";

/**
 * @param {HTMLElement} place @param {any} app @param {() => void} ended called when the reader leaves
 */
export function retryMistakes(place, app, ended) {
  /** @type {any[]} */ let mistakes = [];
  let at = 0, solved = new Set(), request = null, before = null;
  place.hidden = true;
  place.className = "retry card";
  place.innerHTML = `<h3></h3><p class="task"></p><p class="answer" role="status"></p>
    <div class="row"><button type="button" data-retry="next">Next mistake</button><button type="button" data-retry="again">Try again</button><button type="button" data-retry="solution">Show the best move</button><button type="button" data-retry="practise">Practise from here</button><button type="button" data-retry="stop">Stop</button></div>`;
  const find = (selector) => place.querySelector(selector), answer = find(".answer");
  const buttons = Object.fromEntries([...place.querySelectorAll("[data-retry]")].map((b) => [b.dataset.retry, b]));

  /** @param {any[]} nodes the nodes that mistakes lead to, in the order of the game */
  function start(nodes) {
    mistakes = nodes;
    at = 0;
    solved = new Set();
    before = app.state.settings.analysis;
    app.setSetting("analysis", "hidden");
    place.hidden = false;
    open();
    find("h3").tabIndex = -1;
    find("h3").focus();
  }
  function open() {
    const node = mistakes[at], data = node.verdict;
    app.show(node.parent);
    app.board.overlay({ marks: [] });
    app.moveHandler = judge;
    const name = app.state.position.names[data.to_play];
    find("h3").textContent = `Mistake ${at + 1} of ${mistakes.length}`;
    find(".task").textContent = `${name} played ${data.move} here and lost ${points(data.loss)} points. Find a better move for ${name} on the board.`;
    answer.textContent = "";
    answer.className = "answer";
    buttons.next.textContent = at + 1 < mistakes.length ? "Next mistake" : "Finish";
    buttons.again.hidden = true;
    place.dataset.state = "open";
  }
  /** @param {string} move the reader's new try */
  async function judge(move) {
    const node = mistakes[at], query = app.query(node.parent);
    if (request) request.abort();
    const own = (request = new AbortController());
    app.moveHandler = async () => {}; // one judgement at a time
    app.board.preview([move]);
    answer.textContent = `${move}: a moment…`;
    try {
      let data = null;
      await judgeMoves(app, { ...query, moves: [...query.moves, move] }, query.moves.length, (each) => (data = each), own.signal);
      if (own.signal.aborted) return;
      say(move, data, node.verdict);
    } catch (error) {
      if (own.signal.aborted) return;
      answer.textContent = error.message;
      app.board.preview(null);
    }
    request = null;
    app.moveHandler = judge;
  }
  function say(move, data, old) {
    const good = data && !isMistake(data), truth = data ? truthText(data) : "";
    if (good) solved.add(at);
    const lost = data.loss > 0.005 ? `loses ${points(data.loss)} points` : "loses nothing";
    const better = !good && move !== old.move && isBetter(data, old) ? " It is better than the move of the game, but not good yet." : "";
    answer.textContent = `${good ? "✓ Good" : "✗ Not yet"}: ${move} ${lost}${truth ? `; ${truth}` : ""}.${better}`;
    answer.className = `answer ${good ? "right" : "wrong"}`;
    place.dataset.state = good ? "right" : "wrong";
    buttons.again.hidden = good;
  }
  function again() {
    app.board.preview(null);
    open();
  }
  function solution() {
    const data = mistakes[at].verdict, best = bestMove(data), line = best === data.best_move && data.best_line.length ? data.best_line : [best];
    app.board.preview(null);
    app.board.overlay({ marks: [{ move: best, radius: 0.8, colour: levelColour("best"), label: "★" }] });
    answer.textContent = line.length > 1 ? `${best} is best; the game may go on ${line.slice(1).join(" ")}.` : `${best} is best.`;
    answer.className = "answer";
    buttons.again.hidden = false;
  }
  function next() {
    app.board.preview(null);
    if (at + 1 < mistakes.length) {
      at += 1;
      return open();
    }
    const text = `You found a good move for ${solved.size} of ${mistakes.length} mistakes.`;
    stop();
    app.announce(text);
    place.dataset.result = text;
    return ended(text);
  }
  function stop() {
    if (request) request.abort();
    app.moveHandler = null;
    app.board.preview(null);
    place.hidden = true;
    if (before !== null) app.setSetting("analysis", before);
    before = null;
  }
  const actions = {
    next,
    again,
    solution,
    stop: () => {
      stop();
      ended("");
    },
    practise: () => {
      const node = mistakes[at].parent, side = mistakes[at].verdict.to_play;
      stop();
      ended("");
      practise(app, node, side);
    },
  };
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-retry]");
    if (button) actions[button.dataset.retry]();
  });
  app.addEventListener("position", () => {
    if (!place.hidden && app.state.node !== mistakes[at].parent) actions.stop(); // the reader went elsewhere
  });
  return { start, stop, get running() { return !place.hidden; } };
}

/** Whether a move that is still a mistake is one step better: by the solver's outcome where there is one. */
function isBetter(data, old) {
  if (data.truth && old.truth) return data.truth.outcome_after > old.truth.outcome_after;
  return data.loss < old.loss - 0.05;
}

/**
 * A new game against the agent from the position of `node`; the reader has `side` (0 or 1).
 * @param {any} app @param {any} node @param {number} side
 */
export function practise(app, node, side) {
  const opponent = app.opponent ? app.opponent() : null;
  const players = side === 0 ? ["person", opponent] : [opponent, "person"];
  app.startFrom({ ...app.query(node), players });
}
