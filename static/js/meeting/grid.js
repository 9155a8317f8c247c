/** The grid of free and busy times: a row for each person, and other times as buttons. */

/** @import {FreeBusy, Person, Span, Suggestion} from "./words.js" */
import { el, icon } from "../console/dom.js";
import { STATUSES, against, clock, day, described, local, marks, nameOf, outside, placed, shown, span, verdict } from "./words.js";

const FEW_HOURS = 13; // of more than these only every other one is named

/** @param {FreeBusy} told @returns {HTMLElement[]} */
export function rows(told) {
  const whole = shown(told);
  const hours = marks(whole, told.zone);
  return [head(hours), ...told.people.map((one) => row(one, told, whole, hours.length))];
}

/** @param {{at: number, label: string}[]} hours */
function head(hours) {
  const labels = hours.map(({ at, label }, index) => at_(el("span", { class: index % (hours.length > FEW_HOURS ? 4 : 2) ? "fb__hour fb__hour--odd" : "fb__hour" }, label.slice(0, 2), el("i", {}, label.slice(2))), at, 0));
  return el("div", { class: "fb__row fb__head", "aria-hidden": "true" }, el("span", { class: "fb__who" }), el("div", { class: "fb__hours" }, ...labels), el("span", { class: "fb__local" }));
}

/** @param {Person} person @param {FreeBusy} told @param {Span} whole @param {number} hours */
function row(person, told, whole, hours) {
  const { word, state, icon: sign } = verdict(person);
  const who = el("div", { class: "fb__who" }, el("b", { class: "cut", dir: "auto", title: person.address }, nameOf(person)), person.is_organizer ? el("span", { class: "faint sm" }, "organiser") : null);
  const there = local(person, told.zone);
  const late = person.is_outside_hours ? el("span", { class: "fb__late" }, icon("warning"), "outside hours") : null;
  const facts = el("div", { class: "fb__local" }, el("span", { class: "chip", "data-state": state }, icon(sign), word), there ? el("span", { class: "fb__time" }, there) : null, late);
  return el("li", { class: "fb__row" }, who, track(person, told, whole, hours), el("span", { class: "vh" }, described(person)), facts);
}

/** @param {Person} person @param {FreeBusy} told @param {Span} whole @param {number} hours */
function track(person, told, whole, hours) {
  const node = el("div", { class: person.is_known ? "fb__track" : "fb__track fb__track--unknown", "aria-hidden": "true" });
  node.style.setProperty("--hours", String(hours));
  const off = person.hours ? outside(person.hours.map(span), whole) : [];
  const parts = [
    ...off.map((one) => block("fb__off", one, whole, "Outside working hours")),
    ...person.busy.map((one) => block(`fb__busy fb__busy--${one.status}`, span(one), whole, `${STATUSES[one.status]} ${clock(one.starts_at)} to ${clock(one.ends_at)}`)),
    block("fb__meeting", span(told.meeting), whole, ""),
  ];
  node.append(...parts.filter((one) => one !== null), ...(person.is_known ? [] : [el("span", { class: "fb__none" }, "not known")]));
  return node;
}

/** @param {string} name @param {Span} one @param {Span} whole @param {string} title @returns {HTMLElement|null} */
function block(name, one, whole, title) {
  const where = placed(one, whole);
  return where && at_(el("span", { class: name, title: title || null }), where.from, where.length);
}

/** @param {HTMLElement} node @param {number} from @param {number} length @returns {HTMLElement} */
function at_(node, from, length) {
  node.style.setProperty("--from", String(from));
  node.style.setProperty("--for", String(length));
  return node;
}

/** @param {FreeBusy} told @param {(one: Suggestion) => void} take @returns {HTMLElement[]} */
export function suggestions(told, take) {
  return told.suggestions.map((one) => {
    const words = [el("b", {}, `${day(one.starts_at)} ${clock(one.starts_at)} to ${clock(one.ends_at)}`), el("span", {}, against(one, told.people))];
    const node = el("button", { type: "button", class: "slot", "data-state": one.is_good ? "active" : "ringing", onclick: () => take(one) }, icon(one.is_good ? "check" : "warning"), el("span", { class: "slot__words" }, ...words));
    return el("li", {}, node);
  });
}
