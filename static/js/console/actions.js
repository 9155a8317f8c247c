/**
 * Commands of the console: one POST each, with a key that makes a repeat harmless.
 *
 * @import {Card, Target} from "./types.js"
 * @typedef {{ok: boolean, status: number, body: any, text: string}} Answer
 * @typedef {{
 *   fetch: typeof fetch, token: () => string, key: () => string,
 *   wait: (ms: number) => Promise<void>
 * }} Ways
 */

const RETRIES_MS = [300, 1000];

export class Commands {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    /** @type {Map<string, Promise<Answer>>} */
    this.under = new Map();
  }

  /** @param {Card} card */
  claim = (card) => this.send(card, "claim", {});
  /** @param {Card} card @param {string} me */
  release = (card, me) => this.send(card, "release", fenced(card, me, {}));
  /** @param {Card} card @param {string} me */
  answer = (card, me) => this.send(card, "answer", fenced(card, me, {}));
  /** @param {Card} card @param {string} me @param {"none"|"busy"|"forbidden"} reason */
  reject = (card, me, reason) => this.send(card, "reject", fenced(card, me, { reason }));
  /** @param {Card} card @param {string} me @param {Target|null} target nobody named means me */
  redirect = (card, me, target) =>
    this.send(card, "redirect", fenced(card, me, target ? { targets: [plain(target)] } : {}));
  /** @param {Card} card @param {string} me @param {Target} target */
  transfer = (card, me, target) => this.send(card, "transfer", fenced(card, me, { target: plain(target) }));
  /** @param {Card} card @param {string} me @param {Target} target */
  invite = (card, me, target) => this.send(card, "invite", fenced(card, me, { targets: [plain(target)] }));
  /** @param {Card} card @param {string} me @param {Target} target */
  consult = (card, me, target) => this.send(card, "consult", fenced(card, me, { target: plain(target) }));
  /** @param {Card} card @param {string} me @param {string} keys */
  tones = (card, me, keys) => this.send(card, "tones", fenced(card, me, { keys }));
  /** @param {Card} card @param {string} me */
  muteAll = (card, me) => this.send(card, "mute-all", fenced(card, me, {}));
  /** @param {Card} card @param {string} me @param {"mute-bot"|"unmute-bot"|"gallery"|"cancel-media"} what @returns {Promise<Answer>} */
  media = (card, me, what) => this.send(card, what, fenced(card, me, {}));
  /** @param {Card} card @param {string} me */
  park = (card, me) => this.send(card, "park", fenced(card, me, {}));
  /** @param {Card} card @param {string} me */
  unpark = (card, me) => this.send(card, "unpark", fenced(card, me, {}));
  /** @param {Card} card @param {string} me @param {"hold"|"resume"|"mute"|"remove"} verb @param {string} participant who is in the call */
  member = (card, me, verb, participant) => this.send(card, verb, fenced(card, me, { participant }), participant);
  /** @param {Card} card @param {string} me */
  ringAgain = (card, me) => this.send(card, "ring-again", fenced(card, me, {}));
  /** @param {Card} card @param {string} me */
  bridge = (card, me) => this.send(card, "bridge", fenced(card, me, {}));
  /** @param {Card} card @param {string} me */
  hangUp = (card, me) => this.send(card, "hang-up", fenced(card, me, {}));

  /**
   * Send a command once, however often it is pressed while it is under way.
   * @param {Card} card
   * @param {string} verb
   * @param {object} body
   * @param {string} [about] whom, where the same may be asked about several
   * @returns {Promise<Answer>}
   */
  send(card, verb, body, about = "") {
    const path = `/api/v1/calls/${encodeURIComponent(card.id)}/${verb}/`;
    const name = path + about;
    const running = this.under.get(name);
    if (running) return running;
    const answer = this.post(path, body).finally(() => this.under.delete(name));
    this.under.set(name, answer);
    return answer;
  }

  /** @param {object} body people who are called together, or a meeting that is joined @param {string} key the same when asked again @returns {Promise<Answer>} */
  place = (body, key) => this.post("/api/v1/calls/", body, key);

  /** @param {string} path @param {object} body @param {string} [key] @returns {Promise<Answer>} */
  async post(path, body, key = this.ways.key()) {
    for (const pause of [...RETRIES_MS, null]) {
      const response = await this.attempt(path, body, key);
      const answer = response && (await read(response));
      if (answer && (pause === null || answer.body?.code !== "in_flight")) return answer;
      if (pause !== null) await this.ways.wait(pause);
    }
    return { ok: false, status: 0, body: null, text: "The portal does not answer. Check the network and try again." };
  }

  /** @param {string} path @param {object} body @param {string} key @returns {Promise<Response|null>} null when nothing came back */
  async attempt(path, body, key) {
    const headers = {
      "Accept": "application/json",
      "Content-Type": "application/json",
      "Idempotency-Key": key,
      "X-CSRFToken": this.ways.token(),
    };
    const options = { method: "POST", headers, body: JSON.stringify(body), credentials: /** @type {const} */ ("same-origin") };
    return this.ways.fetch(path, options).catch(() => null);
  }
}

/** @param {Target} target @returns {{kind: string, id?: string}} without the name we show */
function plain({ kind, id }) {
  return id ? { kind, id } : { kind };
}

/** @param {Card} card @param {string} me @param {object} body @returns {object} with the fence of my claim, if I have one */
function fenced(card, me, body) {
  return card.claim?.owner === me ? { ...body, fence: card.claim.fence } : body;
}

/** @param {Response} response @returns {Promise<Answer>} */
async function read(response) {
  const body = await response.json().catch(() => null);
  return { ok: response.ok, status: response.status, body, text: response.ok ? "" : problem(response.status, body) };
}

/**
 * Say what a refusal means.
 * @param {number} status
 * @param {any} body problem details (RFC 9457), when there are any
 * @returns {string}
 */
export function problem(status, body) {
  if (status === 401) return "Your session ended. Sign in again in a new tab; this one keeps its place.";
  const wrong = Object.values(body?.errors ?? {}).flat().find((one) => typeof one === "string");
  if (wrong) return wrong;
  const [title, detail] = [body?.title, body?.detail].map((part) => (typeof part === "string" ? part.trim() : ""));
  const parts = detail.startsWith(title) ? [detail] : [title, detail];
  const said = parts.filter(Boolean).map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");
  const id = typeof body?.error_id === "string" ? ` Error ${body.error_id.slice(0, 8)}.` : "";
  if (said) return said + id;
  if (status === 403) return "You may not do this. An administrator can change your role.";
  if (status === 404) return "This call is no longer here.";
  if (status === 429) return "Too many commands at once. Wait a moment and try again.";
  return `The portal could not do it (${status}). Try again.`;
}

/** @returns {string} a fresh key; randomUUID wants a secure page, getRandomValues does not */
export function freshKey() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  return [...globalThis.crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} cookies @param {string} fallback @returns {string} the CSRF token as it is now, even after a new sign-in elsewhere */
export function csrfToken(cookies, fallback) {
  const match = /(?:^|;\s*)(?:__Host-)?portal-csrf=([^;]+)/.exec(cookies);
  return match ? decodeURIComponent(match[1]) : fallback;
}

/**
 * Ask who is signed in; a page that somebody else's session has come under starts anew as theirs.
 * @param {string} me
 * @param {() => void} reload
 * @returns {Promise<number>} the status that says whether this person may see calls
 */
export async function whoami(me, reload) {
  const response = await fetch("/api/v1/me/", { headers: { Accept: "application/json" } });
  if (!response.ok) return response.status;
  const { rights, username } = await response.json();
  if (username !== me) {
    reload();
    return 0;
  }
  return Array.isArray(rights) && !rights.includes("see") ? 403 : 200;
}
