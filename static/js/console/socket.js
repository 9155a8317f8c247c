/**
 * The way news comes down. Commands never use it, so buttons work while it is away.
 *
 * Phases: connecting (nothing heard yet), live, stale (connected, but the portal's database is away), lost (will come back),
 * silent (lost too, but nobody said so: known only because nothing comes, or because the network went), withdrawn (this person
 * may not see calls), signed-out. 1006 and 1012 mean the same here: try again.
 *
 * @import {Message} from "./types.js"
 * @typedef {"connecting"|"live"|"stale"|"lost"|"silent"|"withdrawn"|"signed-out"} Phase
 * @typedef {{onopen: any, onmessage: any, onclose: any, onerror?: any, send(text: string): void, close(): void}} Wire
 * @typedef {{
 *   open: (since: number) => Wire,
 *   since: () => number,
 *   receive: (message: Message) => void,
 *   phase: (phase: Phase) => void,
 *   whoami: () => Promise<number>,
 *   later?: (run: () => void, ms: number) => any,
 *   cancel?: (timer: any) => void,
 *   random?: () => number
 * }} Ways
 */

export const FIRST_MS = 500;
export const LAST_MS = 10_000;
export const SILENCE_MS = 7000; // a heartbeat comes every 5 s, and a ring is over after 12
const ACCESS_WITHDRAWN = 4403;

/** @param {number} attempt from 0 @param {() => number} random @returns {number} half to all of 0.5 s doubled, at most 10 s */
export function backoff(attempt, random) {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(Math.max(FIRST_MS, full * (0.5 + random() / 2)));
}

export class Feed {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    this.later = ways.later ?? ((run, ms) => setTimeout(run, ms));
    this.cancel = ways.cancel ?? ((timer) => clearTimeout(timer));
    this.random = ways.random ?? Math.random;
    /** @type {Wire|null} */
    this.wire = null;
    this.attempt = 0;
    this.ended = false;
    this.doubted = false; // the network went and nothing was heard since
    this.stale = false; // as the last heartbeat said
    this.retry = null;
    this.watchdog = null;
  }

  /** Connect now, unless a connection is under way or access is gone. */
  start() {
    if (this.ended || this.wire) return;
    this.cancel(this.retry);
    const wire = this.ways.open(this.ways.since());
    this.wire = wire;
    this.stale = false;
    wire.onopen = () => this.wire === wire && this.listen();
    wire.onmessage = (/** @type {{data: string}} */ event) => this.wire === wire && this.hear(wire, event.data);
    wire.onclose = (/** @type {{code: number}} */ event) => this.wire === wire && this.closed(event.code);
    this.listen();
  }

  /** Connect at once: the network is back or somebody looks again. */
  hurry() {
    if (this.wire) return;
    if (this.ended) return void this.welcome();
    this.attempt = 0;
    this.start();
  }

  /** Doubt the connection until it says something: the network is gone, and to a socket that looks like silence. */
  offline() {
    if (this.ended) return;
    this.doubted = true;
    this.ways.phase("silent");
  }

  /** Connect at once, over a new wire if the one there is has said nothing since the network went. */
  online() {
    if (this.doubted) this.again();
    else this.hurry();
  }

  /** Begin anew because somebody asks for it, even when a connection is being tried that says nothing. */
  again() {
    const wire = this.wire;
    this.wire = null;
    this.cancel(this.watchdog);
    wire?.close();
    this.hurry();
  }

  /** @param {Wire} wire @param {string} text */
  hear(wire, text) {
    const message = /** @type {Message} */ (JSON.parse(text));
    if (message.type === "heartbeat") {
      wire.send(JSON.stringify({ type: "seen", seq: message.seq }));
      this.stale = message.stale === true;
    }
    this.listen();
    this.attempt = 0;
    this.doubted = false;
    this.ways.phase(this.stale ? "stale" : "live");
    this.ways.receive(message);
  }

  /** Wait for the next sign of life. */
  listen() {
    this.cancel(this.watchdog);
    this.watchdog = this.later(() => this.silent(), SILENCE_MS);
  }

  /** Give up a connection that says nothing. */
  silent() {
    const wire = this.wire;
    this.closed(1006, "silent");
    wire?.close();
  }

  /** @param {number} code @param {"lost"|"silent"} [phase] */
  closed(code, phase = "lost") {
    this.wire = null;
    this.cancel(this.watchdog);
    if (code === ACCESS_WITHDRAWN) return void this.withdrawn();
    this.ways.phase(phase);
    this.retry = this.later(() => this.start(), backoff(this.attempt++, this.random));
    // A refused handshake looks like any other loss, so every third try asks who we are.
    if (this.attempt % 3 === 2) this.check();
  }

  /** Show nothing more at once; then tell a session that ended from a role that went. */
  async withdrawn() {
    this.end("withdrawn");
    const status = await this.ways.whoami().catch(() => 403);
    if (status === 401) this.ways.phase("signed-out");
    if (status !== 200) return;
    this.ended = false;
    this.ways.phase("lost");
    this.retry = this.later(() => this.start(), backoff(this.attempt++, this.random));
  }

  /** Begin anew if somebody has signed in, or was given the role, in the meantime. */
  async welcome() {
    const status = await this.ways.whoami().catch(() => 0);
    if (status !== 200 || !this.ended) return;
    this.ended = false;
    this.attempt = 0;
    this.ways.phase("lost");
    this.start();
  }

  /** Find out whether we are still welcome. */
  async check() {
    const status = await this.ways.whoami().catch(() => 0);
    if (status === 401) this.end("signed-out");
    if (status === 403) this.end("withdrawn");
  }

  /** @param {Phase} phase */
  end(phase) {
    this.ended = true;
    this.cancel(this.retry);
    this.cancel(this.watchdog);
    const wire = this.wire;
    this.wire = null;
    wire?.close();
    this.ways.phase(phase);
  }
}
