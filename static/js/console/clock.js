/** The server's time on this machine, and times as people read them. */

const SAMPLES = 12;

/** Follows the server's clock by its heartbeats: the sample that travelled fastest is the truest. */
export class Clock {
  /** @param {() => number} local milliseconds of this machine */
  constructor(local = Date.now) {
    this.local = local;
    /** @type {number[]} */
    this.samples = [];
  }

  /** @param {string} iso the server's time as it was sent */
  hear(iso) {
    const sent = Date.parse(iso);
    if (Number.isNaN(sent)) return;
    this.samples = [...this.samples, sent - this.local()].slice(-SAMPLES);
  }

  /** @returns {number} the server's milliseconds */
  now() {
    return this.local() + (this.samples.length ? Math.max(...this.samples) : 0);
  }
}

/** @param {string|null} iso @param {number} now @returns {number} whole seconds left, never below 0 */
export function left(iso, now) {
  return iso ? Math.max(0, Math.ceil((Date.parse(iso) - now) / 1000)) : 0;
}

/** @param {string|null} iso @param {number} now @returns {number} whole seconds since, never below 0 */
export function since(iso, now) {
  return iso ? Math.max(0, Math.floor((now - Date.parse(iso)) / 1000)) : 0;
}

/** @param {number} seconds @returns {string} 1:05, or 1:02:05 from an hour on */
export function span(seconds) {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** @param {number} seconds @returns {string} as a voice reads it */
export function spoken(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  const tail = `${rest} second${rest === 1 ? "" : "s"}`;
  return minutes ? `${minutes} minute${minutes === 1 ? "" : "s"} ${tail}` : tail;
}

/** @param {string|number|null} when @param {boolean} [seconds] @returns {string} 14:03 or 14:03:11, of this machine's zone */
export function hour(when, seconds = false) {
  const date = when === null ? new Date(Number.NaN) : new Date(when);
  if (Number.isNaN(date.getTime())) return "";
  const parts = [date.getHours(), date.getMinutes(), ...(seconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
