/**
 * A meeting's room in words. Pure.
 *
 * @import {Card, Callee} from "../console/types.js"
 * @typedef {{oid: string, address: string, name: string, role: string, state: string, can_be_rung: boolean}} Seat
 * @typedef {{meeting: string, can_be_joined: boolean, call: Card|null, elsewhere: boolean, seats: Seat[], lines: {id: number, name: string}[]}} Room
 * @typedef {{state: string, icon: string, word: string}} Chip
 */
import { OUTCOMES } from "../console/callees.js";

const HERE = new Set(["in", "lobby"]);
const WENT = new Set(["declined", "left"]); // as rooms.seats has it
const AT_ONCE = 25;
const COMING = new Set(["ringing", "waiting"]);

/** @param {Seat} seat @param {boolean} seen somebody looks who is there @returns {Chip} */
export function chip(seat, seen) {
  if (seat.state === "in") return { state: "active", icon: "check", word: "Here" };
  if (seat.state === "lobby") return { state: "waiting", icon: "clock", word: "In the lobby" };
  if (seat.state === "missing") return { state: "waiting", icon: "minus", word: seen && seat.oid ? "Missing" : "Unknown" };
  return OUTCOMES[/** @type {Callee["outcome"]} */ (seat.state)];
}

/** @param {Seat[]} seats @param {boolean} seen @returns {string} how many are there */
export function counted(seats, seen) {
  if (!seats.length) return "";
  if (!seen) return `${seats.length}`;
  const here = seats.filter((one) => HERE.has(one.state)).length;
  const coming = seats.filter((one) => COMING.has(one.state)).length;
  return `${here} of ${seats.length} here${coming ? `, ${coming} ringing` : ""}`;
}

/** @param {Seat[]} seats @returns {Seat[]} whom "Ring those missing" rings: not those who said no, or came and went */
export function missing(seats) {
  return seats.filter((one) => one.can_be_rung && !WENT.has(one.state)).slice(0, AT_ONCE);
}

/** @param {Room} room @returns {boolean} the bot is in, and tells who else is */
export function isSeen(room) {
  return room.call?.state === "established" && room.call.roster === "known";
}

/** @param {Room} room @returns {{chip: Chip, said: string}} how it stands with the bot */
export function bot(room) {
  const { call } = room;
  if (room.elsewhere) return { chip: { state: "active", icon: "check", word: "Inside" }, said: "It is in the meeting through a line that you do not staff. Its people ring others in." };
  if (!call) return { chip: { state: "waiting", icon: "minus", word: "Not there" }, said: outside(room) };
  const line = call.line ? ` through ${call.line.name}` : "";
  if (call.state === "established") return { chip: { state: "active", icon: "check", word: "Inside" }, said: `It is in the meeting${line}, tells who comes and goes, and can ring people in. It leaves by itself once nobody else has been there for half an hour.` };
  if (call.operation?.kind === "hang-up") return { chip: { state: "pending", icon: "clock", word: "Leaving" }, said: "It was asked to leave." };
  return { chip: { state: "pending", icon: "clock", word: "Joining" }, said: `It is asked in${line}. Somebody may have to admit it from the lobby in Teams.` };
}

/** @param {Room} room @returns {string} */
function outside(room) {
  if (!room.can_be_joined) return "There is nothing to join.";
  return room.lines.length ? "In the meeting it tells who comes and goes, and can ring people in." : "Somebody who decides about calls of a line of this organisation can have it join.";
}
