/**
 * How much of what Microsoft allows is used, on the status line: quiet while there is plenty.
 *
 * @typedef {{used: number, allowed: number}} Gauge
 * @typedef {{at_once: Gauge, month: Gauge}} Told
 */
import { attr, text } from "./dom.js";

const EVERY_MS = 60_000;
const NEAR = 0.8;
const FULL = 0.95;

/** @param {Told} told @returns {{words: string, long: string, tone: "waiting"|"ringing"|"failed"}} */
export function gauge({ at_once, month }) {
  const share = Math.max(at_once.used / at_once.allowed, month.used / month.allowed);
  const number = (/** @type {number} */ count) => count.toLocaleString("en");
  return {
    words: `${number(at_once.used)}/${number(at_once.allowed)} · ${number(month.used)}/${number(month.allowed)}`,
    long: `${number(at_once.used)} of ${number(at_once.allowed)} calls at a time, ${number(month.used)} of ${number(month.allowed)} this month: Microsoft allows no more`,
    tone: share >= FULL ? "failed" : share >= NEAR ? "ringing" : "waiting",
  };
}

export class Budget {
  /** @param {HTMLElement} pill @param {typeof fetch} ask */
  constructor(pill, ask) {
    this.pill = pill;
    this.ask = ask;
  }

  start() {
    this.look();
    setInterval(() => document.hidden || this.look(), EVERY_MS);
  }

  /** Read it; without an answer the last one stays. */
  async look() {
    const response = await this.ask("/api/v1/budget/", { headers: { Accept: "application/json" } }).catch(() => null);
    const told = response?.ok ? await response.json().catch(() => null) : null;
    if (told) this.show(told);
  }

  /** @param {Told} told */
  show(told) {
    const { words, long, tone } = gauge(told);
    this.pill.hidden = false;
    attr(this.pill, "data-state", tone);
    attr(this.pill, "title", long);
    attr(this.pill, "aria-label", long);
    text(this.pill, words);
  }
}
