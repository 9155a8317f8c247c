// Calls of several: who is in them, and what they do; and whether people are free.

import { ask, attempt, button, choiceOfPeople, element } from "./asking.js";

/** @typedef {{id: string, name: string, kind: string, call: string | null, muted: boolean, lobby: boolean, held: boolean,
 *   sharing: boolean, hidden: boolean, recording: string | null}} Participant */
/** @typedef {{id: string, subject: string | null, meeting: string | null, participants: Participant[],
 *   ringing: {id: string, name: string}[]}} Group */

const list = document.getElementById("groups");
const LOOKS = { Available: "free", AvailableIdle: "free", Busy: "busy", BusyIdle: "busy", DoNotDisturb: "dnd", Away: "away", BeRightBack: "away" };
const WORDS = { InACall: "In a call", InAConferenceCall: "In a conference", InAMeeting: "In a meeting", OffWork: "Off work",
  BeRightBack: "Right back", DoNotDisturb: "Do not disturb", OutOfOffice: "Out of office" };

/** What the chips of somebody say. */
function marks(who) {
  const said = [who.lobby && "in the lobby", who.held && "on hold", who.muted && "muted", who.sharing && "sharing", who.hidden && "hidden"];
  if (who.recording) said.push(who.recording);
  return said.filter(Boolean);
}

function participantRow(group, who) {
  const at = `/api/groups/${group.id}/participants/${who.id}`;
  const change = (body) => () => attempt(async () => { await ask(at, "PUT", body); await refresh(); });
  const row = element("li", "member");
  row.dataset.key = `${who.id} ${JSON.stringify(who)}`;
  const name = element("span", "cut", who.name);
  const said = element("span", "member__marks");
  said.append(...marks(who).map((text) => element("span", "tag", text)));
  const acts = element("span", "member__acts");
  if (who.lobby) acts.append(button("Let in", `Let ${who.name} in`, change({ lobby: false })));
  if (!who.call) acts.append(button(who.muted ? "Unmute" : "Mute", `${who.muted ? "Unmute" : "Mute"} ${who.name}`, change({ muted: !who.muted })));
  const out = () => attempt(async () => { await ask(at, "DELETE"); await refresh(); });
  acts.append(button(who.call ? "Remove" : "Leave", `${who.call ? "Remove" : "Have leave:"} ${who.name}`, out, "btn--danger"));
  row.append(name, said, acts);
  return row;
}

function ringingRow(who) {
  const row = element("li", "member");
  row.dataset.key = `ringing ${who.id}`;
  const chip = element("span", "chip", "Ringing");
  chip.dataset.state = "ringing";
  row.append(element("span", "cut", who.name), chip);
  return row;
}

function newGroup(id) {
  const row = element("li", "group");
  row.dataset.id = id;
  const head = element("div", "group__head");
  const invite = (user) => attempt(async () => { await ask(`/api/groups/${id}/invite`, "POST", { user }); await refresh(); });
  head.append(element("b", "cut"), choiceOfPeople("Invite somebody", invite));
  row.append(head, element("ul", "group__members"));
  return row;
}

/** Rows are kept while nothing about them changes, so that focus stays where it is. */
function fill(holder, made) {
  const kept = new Map([...holder.children].map((row) => [row.dataset.key, row]));
  const rows = made.map((row) => kept.get(row.dataset.key) ?? row);
  if (rows.length !== holder.children.length || rows.some((row, index) => holder.children[index] !== row)) holder.replaceChildren(...rows);
}

function showGroup(group, kept) {
  const row = kept.get(group.id) ?? newGroup(group.id);
  row.querySelector("b").textContent = group.subject || (group.meeting ? "A meeting" : "Group call");
  const members = group.participants.map((who) => participantRow(group, who));
  fill(row.querySelector("ul"), [...members, ...group.ringing.map(ringingRow)]);
  return row;
}

async function refresh() {
  /** @type {Group[]} */
  const groups = await ask("/api/groups");
  const kept = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const rows = groups.map((group) => showGroup(group, kept));
  if (rows.length !== list.children.length || rows.some((row, index) => list.children[index] !== row)) list.replaceChildren(...rows);
  document.getElementById("groups-card").hidden = !groups.length;
  const people = groups.reduce((count, group) => count + group.participants.length, 0);
  document.getElementById("groups-summary").textContent = `${people} in ${groups.length}`;
  await showPresence();
}

async function showPresence() {
  for (const { id, presence, out_of_office: out } of await ask("/api/people")) {
    const place = document.querySelector(`[data-presence="${id}"]`);
    if (!place) continue;
    const word = out === null ? (WORDS[presence.activity] ?? presence.activity) : WORDS.OutOfOffice;
    if (place.textContent === word) continue;
    const dot = element("span", "presence");
    dot.dataset.is = out === null ? (LOOKS[presence.availability] ?? "off") : "ooo";
    place.replaceChildren(dot, word);
  }
}

async function watch() {
  if (!document.hidden) await refresh().catch(() => undefined);
  setTimeout(watch, 1000);
}
watch();
