/**
 * What the grid of free and busy times says and where its parts stand. Nothing here touches a page.
 *
 * @typedef {{starts_at: string, ends_at: string}} Interval
 * @typedef {"busy"|"oof"|"tentative"|"elsewhere"} Status
 * @typedef {Status|"outside_hours"|"unknown"} Reason
 * @typedef {{
 *   oid: string, address: string, name: string, is_organizer: boolean, is_known: boolean, zone: string,
 *   local_starts_at: string|null, local_ends_at: string|null, is_outside_hours: boolean,
 *   hours: Interval[]|null, busy: (Interval & {status: Status})[], conflicts: Reason[]
 * }} Person
 * @typedef {Interval & {is_good: boolean, conflicts: {person: number, reason: Reason}[]}} Suggestion
 * @typedef {{zone: string, meeting: Interval, day: Interval, people: Person[], left_off: number, suggestions: Suggestion[]}} FreeBusy
 * @typedef {{starts: number, ends: number}} Span instants in milliseconds
 */
import { counted } from "./guests.js";

const HOUR = 3_600_000;
const [MORNING, EVENING] = [7, 19]; // hours that are shown of a day on which nothing else is

/** @type {Record<Status, string>} */
export const STATUSES = { busy: "Busy", tentative: "Tentative", oof: "Out of office", elsewhere: "Works elsewhere" };
/** @type {Record<Reason, string>} */
const AGAINST = { busy: "busy", oof: "out of office", tentative: "tentative", elsewhere: "works elsewhere", outside_hours: "outside hours", unknown: "not known" };

/** @param {string} at @returns {number} */
export const instant = (at) => new Date(at).getTime();

/** @param {Interval} one @returns {Span} */
export const span = (one) => ({ starts: instant(one.starts_at), ends: instant(one.ends_at) });

/** @param {string} at an instant with the offset of its zone @returns {string} what clocks there show */
export const clock = (at) => at.slice(11, 16);

/** @param {Interval} one @returns {string} */
export const range = (one) => `${clock(one.starts_at)} to ${clock(one.ends_at)}`;

/** @param {string} zone @returns {string} its place, as people say it */
export const place = (zone) => (zone.split("/").pop() ?? "").replaceAll("_", " ");

/** @param {Person} person @returns {string} */
export const nameOf = (person) => person.name || person.address || person.oid;

/** @param {string} at @returns {string} "Tue 24 Nov" */
export function day(at) {
  const parts = { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en-GB", /** @type {any} */ (parts)).format(new Date(`${at.slice(0, 10)}T00:00:00Z`)).replace(",", "");
}

/** @param {FreeBusy} told @returns {Span} the hours that are shown: of the working day, and whatever is about them */
export function shown(told) {
  const whole = span(told.day);
  const wanted = [span(told.meeting), ...told.people.flatMap((one) => one.busy.map(span))];
  const first = Math.min(whole.starts + MORNING * HOUR, ...wanted.map((one) => one.starts));
  const last = Math.max(whole.starts + EVENING * HOUR, ...wanted.map((one) => one.ends));
  const starts = whole.starts + Math.floor((first - whole.starts) / HOUR) * HOUR;
  const ends = whole.starts + Math.ceil((last - whole.starts) / HOUR) * HOUR;
  return { starts: Math.max(starts, whole.starts), ends: Math.min(ends, whole.ends) };
}

/** @param {Span} one @param {Span} whole @returns {{from: number, length: number}|null} where it stands, as parts of the whole */
export function placed(one, whole) {
  const [starts, ends] = [Math.max(one.starts, whole.starts), Math.min(one.ends, whole.ends)];
  const length = whole.ends - whole.starts;
  return starts < ends ? { from: (starts - whole.starts) / length, length: (ends - starts) / length } : null;
}

/** @param {Span[]} hours in order @param {Span} whole @returns {Span[]} what of the whole is none of them */
export function outside(hours, whole) {
  const found = [];
  let at = whole.starts;
  for (const { starts, ends } of hours) {
    if (starts > at) found.push({ starts: at, ends: Math.min(starts, whole.ends) });
    at = Math.max(at, ends);
  }
  if (at < whole.ends) found.push({ starts: at, ends: whole.ends });
  return found.filter((one) => one.starts < one.ends);
}

/** @param {Span} whole @param {string} zone @returns {{at: number, label: string}[]} the full hours that begin in it, by the clocks of the zone */
export function marks(whole, zone) {
  const clocks = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const found = [];
  for (let at = whole.starts; at < whole.ends; at += HOUR) found.push({ at: (at - whole.starts) / (whole.ends - whole.starts), label: clocks.format(at) });
  return found;
}

/** @param {Person} person @returns {string} their day in words, for whoever does not see the blocks */
export function described(person) {
  if (!person.is_known) return "Not known: Microsoft does not tell of this address.";
  const taken = person.busy.map((one) => `${STATUSES[one.status]} ${range(one)}`);
  const hours = person.hours?.length ? `Works ${person.hours.map(range).join(", ")}.` : person.hours ? "Does not work that day." : "Working hours are not known.";
  return `${taken.length ? `${taken.join(", ")}.` : "Free all day."} ${hours}`;
}

/** @param {Person} person @returns {{word: string, state: string, icon: string}} whether they can come */
export function verdict(person) {
  if (!person.is_known) return { word: "Unknown", state: "waiting", icon: "info" };
  const reason = /** @type {const} */ (["oof", "busy", "tentative", "elsewhere"]).find((one) => person.conflicts.includes(one));
  if (reason === "oof" || reason === "busy") return { word: STATUSES[reason], state: "failed", icon: "block" };
  if (reason) return { word: STATUSES[reason], state: "ringing", icon: "clock" };
  return { word: "Free", state: "active", icon: "check" };
}

/** @param {Person} person @param {string} zone of the meeting @returns {string} what time the meeting is for them, if that is another one */
export function local(person, zone) {
  if (!person.local_starts_at) return person.is_known ? "zone not known" : "";
  return person.zone === zone ? "" : `${clock(person.local_starts_at)} ${place(person.zone)}`;
}

/** @param {FreeBusy} told @returns {string} how many can come */
export function summary(told) {
  const known = told.people.filter((one) => one.is_known);
  const taken = known.filter((one) => one.conflicts.includes("busy") || one.conflicts.includes("oof")).length;
  const late = known.filter((one) => one.is_outside_hours).length;
  const parts = [`${known.length - taken} of ${counted(told.people.length, "person", "people")} free`];
  if (taken) parts.push(`${taken} busy`);
  if (known.length < told.people.length) parts.push(`${told.people.length - known.length} not known`);
  if (late) parts.push(`${late} outside hours`);
  return parts.join(", ");
}

/** @param {Suggestion} one @param {Person[]} people @returns {string} what speaks against it */
export function against(one, people) {
  const names = 2;
  const seen = one.conflicts.filter(({ reason }) => reason !== "unknown" && reason !== "elsewhere");
  if (!seen.length) return people.every((one) => one.is_known) ? "Everybody is free" : "All who are known are free";
  const told = seen.slice(0, names).map(({ person, reason }) => `${nameOf(people[person])} ${AGAINST[reason]}`);
  return seen.length > names ? `${told.join(", ")} and ${seen.length - names} more` : told.join(", ");
}

/**
 * @param {number} status
 * @param {any} body problem details
 * @returns {{title: string, detail: string, isFault: boolean}} what stands in the way; no fault is what the form itself lacks
 */
export function trouble(status, body) {
  if (status === 401) return { title: "Your session ended.", detail: "Sign in again in a new tab; what you entered here is kept.", isFault: true };
  if (status === 422) return { title: "", detail: String(Object.values(body?.errors ?? {}).flat()[0] ?? body?.detail ?? ""), isFault: false };
  if (body?.title) return { title: String(body.title), detail: String(body.detail ?? ""), isFault: true };
  return { title: "The portal does not answer.", detail: "Check the network and try again.", isFault: true };
}
