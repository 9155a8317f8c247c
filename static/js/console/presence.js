/**
 * Who is free: asked for the people in view, told in words and with its age.
 *
 * @typedef {{availability: string, activity: string, is_out_of_office: boolean, message: string, at: string}} Told
 * @typedef {"free"|"busy"|"dnd"|"away"|"off"|"ooo"|"unknown"|""} Shape
 * @typedef {{
 *   fetch: typeof fetch, shown: () => string[], now: () => number,
 *   changed: () => void, refused: (status: number) => void, hidden?: () => boolean, local?: () => number
 * }} Ways `now` is the server's time, `local` this machine's, both in milliseconds
 */
import { hour } from "./clock.js";

const LOOK_MS = 1000;
const EVERY_MS = 10_000;
const SOON_MS = 1500; // somebody is in view of whom nothing is known yet
const NEW_MS = 8000; // so long that is no news
const BELIEVED_MS = 120_000;
const RETRY_MS = [10_000, 120_000];
const MOST = 100;

/** @type {Record<string, Shape>} */
const SHAPES = { Available: "free", AvailableIdle: "free", Busy: "busy", BusyIdle: "busy", DoNotDisturb: "dnd", Away: "away", BeRightBack: "away", Offline: "off", PresenceUnknown: "unknown" };
/** @type {Record<string, string>} */
const WORDS = { Available: "Free", AvailableIdle: "Free, idle", Busy: "Busy", BusyIdle: "Busy, idle", DoNotDisturb: "Do not disturb", Away: "Away", BeRightBack: "Right back", Offline: "Offline", PresenceUnknown: "Not known" };
/** @type {Record<string, string>} */
const DOING = { InACall: "In a call", InAConferenceCall: "In a conference", InAMeeting: "In a meeting", Presenting: "Presenting", UrgentInterruptionsOnly: "Urgent only", OffWork: "Off work" };

/** @param {Told|null|undefined} told @param {number} now milliseconds of the server @returns {boolean} it is there and not too old */
export function isFresh(told, now) {
  return Boolean(told) && now - Date.parse(/** @type {Told} */ (told).at) <= BELIEVED_MS;
}

/**
 * Say how somebody shows; nobody who is there is away for being out of office.
 * @param {Told|null|undefined} told undefined: not asked yet
 * @param {number} now milliseconds of the server
 * @returns {{is: Shape, word: string}}
 */
export function look(told, now) {
  if (told === undefined) return { is: "", word: "" };
  if (!told || !isFresh(told, now)) return { is: "unknown", word: "Not known" };
  const is = SHAPES[told.availability] ?? "unknown";
  const isOut = told.is_out_of_office && is !== "free" && is !== "busy" && is !== "dnd";
  return { is: isOut ? "ooo" : is, word: isOut ? "Out of office" : DOING[told.activity] ?? WORDS[told.availability] ?? told.availability };
}

/** @param {Told|null|undefined} told @param {number} now @returns {string} the instant it was read */
export function asOf(told, now) {
  return told && isFresh(told, now) ? `as of ${hour(told.at, true)}` : "";
}

/** Asks for those in view while the tab is, less often when it fails. */
export class Presences {
  /** @param {Ways} ways */
  constructor(ways) {
    this.ways = ways;
    this.local = ways.local ?? Date.now;
    /** @type {Map<string, {told: Told|null, since: number}>} `since`: asked for the first time */
    this.known = new Map();
    this.trouble = "";
    this.failures = 0;
    this.due = 0;
    this.drawn = 0;
    this.asking = false;
    this.stopped = true;
  }

  start() {
    setInterval(() => this.tick(), LOOK_MS);
  }

  /** Ask soon if somebody in view is not known; whoever may no longer see is asked for by nobody until somebody may. */
  resume() {
    this.stopped = false;
    this.hurry();
  }

  /** Others are in view. */
  hurry() {
    if (this.failures === 0 && this.ways.shown().some((id) => !this.known.has(id))) this.due = 0;
  }

  forget() {
    this.known.clear();
    this.trouble = "";
    this.stopped = true;
  }

  /** Ask if it is time; have what has become old drawn so. */
  tick() {
    const at = this.local();
    if (at - this.drawn >= EVERY_MS) this.changed();
    if (!this.stopped && !this.asking && at >= this.due && !(this.ways.hidden ?? isHidden)()) void this.ask();
  }

  changed() {
    this.drawn = this.local();
    this.ways.changed();
  }

  async ask() {
    const ids = this.ways.shown().slice(0, MOST);
    this.due = this.local() + EVERY_MS;
    if (!ids.length) return;
    this.asking = true;
    const response = await this.ways.fetch(`/api/v1/presence/?ids=${ids.join(",")}`, { headers: { Accept: "application/json" } }).catch(() => null);
    const body = response?.ok ? await response.json().catch(() => null) : null;
    this.asking = false;
    if (this.stopped) return;
    if (body) this.take(ids, body);
    else this.fail(response?.status ?? 0);
    this.changed();
  }

  /** @param {string[]} ids @param {{results: {id: string, presence: Told|null}[], trouble: string}} body */
  take(ids, body) {
    const at = this.local();
    const told = new Map(body.results.map((one) => [one.id, one.presence]));
    for (const id of ids) this.known.set(id, { told: told.get(id) ?? null, since: this.known.get(id)?.since ?? at });
    this.trouble = body.trouble;
    this.failures = 0;
    const isNew = ids.some((id) => !told.get(id) && at - (this.known.get(id)?.since ?? at) < NEW_MS);
    this.due = at + (isNew && !body.trouble ? SOON_MS : EVERY_MS);
  }

  /** @param {number} status 0: no answer */
  fail(status) {
    const [first, last] = RETRY_MS;
    this.due = this.local() + Math.min(first * 2 ** this.failures, last);
    this.failures++;
    if (status !== 401 && status !== 403) return;
    this.forget();
    this.ways.refused(status);
  }

  /** @param {string} id @returns {Told|null|undefined} undefined: not known yet, and that is no news */
  of(id) {
    const one = this.known.get(id);
    return !one || (!one.told && !this.trouble && this.local() - one.since < NEW_MS) ? undefined : one.told;
  }

  /** @param {string} id @returns {{is: Shape, word: string}} */
  look(id) {
    return look(this.of(id), this.ways.now());
  }
}

function isHidden() {
  return document.hidden;
}
