// Requests to the server: JSON, problem errors, event streams, the session. Knows no game and no panel.

/** An error whose message is the server's own sentence. */
export class ProblemError extends Error {
  /** @param {number} status @param {string} detail @param {string} type */
  constructor(status, detail, type = "") {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

/** Tells others about the connection: "gone" when the server does not answer, "back" when it answers again. */
export const connection = new EventTarget();

const GONE = "The server does not answer.";
const MOST_SESSIONS = 2;
let session = "", asking = null, gone = false;

/** @param {boolean} now */
function setGone(now) {
  if (gone === now) return;
  gone = now;
  connection.dispatchEvent(new CustomEvent(now ? "gone" : "back"));
}

/** @returns {Promise<string>} the id of this page's session, asked for when it is first needed */
async function openSession() {
  asking ||= ask("/api/sessions", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).then(async (response) => {
    if (!response.ok) throw await problemOf(response);
    session = (await response.json()).session;
  }).finally(() => (asking = null));
  await asking;
  return session;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (options.signal && options.signal.aborted) throw error;
    setGone(true);
    throw new ProblemError(0, GONE);
  }
  setGone(false);
  return response;
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  return new ProblemError(response.status, problem.detail || `The server answered with status ${response.status}.`, problem.type);
}

/** A request with the session; a session that the server forgot is replaced once. */
async function request(path, body, signal, accept) {
  for (let attempt = 1; ; attempt++) {
    const options = { signal, headers: { Accept: accept } };
    if (body !== null) {
      Object.assign(options, { method: "POST", body: JSON.stringify(body) });
      Object.assign(options.headers, { "Content-Type": "application/json", "X-Honte-Session": session || (await openSession()) });
    } else if (session) options.headers["X-Honte-Session"] = session;
    const response = await ask(path, options);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (attempt >= MOST_SESSIONS || !/session/.test(problem.type || "")) throw problem;
    session = "";
    await openSession();
  }
}

/** @param {string} path @param {{signal?: AbortSignal}} [options] */
export async function getJson(path, { signal } = {}) {
  return (await request(path, null, signal, "application/json")).json();
}

/** @param {string} path @param {any} body @param {{signal?: AbortSignal}} [options] */
export async function postJson(path, body, { signal } = {}) {
  return (await request(path, body, signal, "application/json")).json();
}

/**
 * The events of a stream, one after the other. Without a body it is a GET.
 * @param {string} path @param {any} body @param {{signal?: AbortSignal}} [options]
 * @returns {AsyncGenerator<{event: string, data: any}>}
 */
export async function* streamEvents(path, body, { signal } = {}) {
  const response = await request(path, body, signal, "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      let part;
      try {
        part = await reader.read();
      } catch (error) {
        if (signal && signal.aborted) throw error;
        setGone(true);
        throw new ProblemError(0, GONE);
      }
      if (part.done) return;
      const blocks = (text + part.value.replace(/\r\n/g, "\n")).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = readEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {string} block the lines of one event */
function readEvent(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  return data.length ? { event, data: JSON.parse(data.join("\n")) } : null;
}

/** Whether the server answers now. @returns {Promise<any|null>} what /healthz says, or null */
export async function readHealth() {
  try {
    const response = await fetch("/healthz", { cache: "no-store" });
    if (!response.ok) return null;
    const health = await response.json().catch(() => ({}));
    setGone(false);
    return health;
  } catch {
    return null;
  }
}
