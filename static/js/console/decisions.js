/**
 * What a person decides: send it, keep what this console knows about it until the server's card says so.
 *
 * @import {Card, Note, Target} from "./types.js"
 * @import {Answer, Commands} from "./actions.js"
 * @typedef {{
 *   me: string, put: (card: Card) => void, card: (id: string) => Card|undefined,
 *   redraw: () => void, refused: (answer: Answer) => void
 * }} Ways
 */
import { isGroup } from "./callees.js";
import { caller, isOver, outcome } from "./words.js";

const BESIDE = new Set(["invite", "hold", "resume", "mute", "remove", "unroute", "tones", "mute-bot", "unmute-bot", "gallery", "cancel-media"]);

export class Decisions {
  /** @param {Commands} commands @param {Ways} ways */
  constructor(commands, ways) {
    this.commands = commands;
    this.ways = ways;
    /** @type {Map<string, Note>} by call id */
    this.notes = new Map();
    /** @type {Map<string, string>} where this console asked to send a call, by call id */
    this.targets = new Map();
  }

  /** @param {Card} card */
  claim = (card) => this.run(card, "claim", this.commands.claim(card));
  /** @param {Card} card */
  release = (card) => this.run(card, "release", this.commands.release(card, this.ways.me));
  /** @param {Card} card */
  answer = (card) => this.run(card, "answer", this.commands.answer(card, this.ways.me));
  /** @param {Card} card @param {"none"|"busy"|"forbidden"} [reason] */
  reject = (card, reason = "none") => this.run(card, "reject", this.commands.reject(card, this.ways.me, reason));
  /** @param {Card} card */
  hangUp = (card) => this.run(card, "hangUp", this.commands.hangUp(card, this.ways.me));
  /** @param {Card} card */
  take = (card) => this.to(card, "you").run(card, "take", this.taken(card));

  /** @param {Card} card @returns {Promise<Answer>} it comes to my Teams: as its line takes calls, or I come into its meeting */
  taken(card) {
    const { commands, ways: { me } } = this;
    const rings = card.lane === "ringing";
    const several = card.roster !== "none" || card.invitations.length > 0;
    if (card.bridge_of || isGroup(card) || (card.mode === "bridge" && several)) return commands.invite(card, me, { kind: "me" });
    if (card.mode === "bridge") return commands.bridge(card, me);
    return rings ? commands.redirect(card, me, null) : commands.transfer(card, me, { kind: "me" });
  }

  /** @param {Card} card @param {Target} target */
  send = (card, target) =>
    isGroup(card) ? this.invite(card, target) : this.to(card, target.name ?? target.id ?? "") && card.lane === "ringing"
      ? this.run(card, "redirect", this.commands.redirect(card, this.ways.me, target))
      : this.run(card, "transfer", this.commands.transfer(card, this.ways.me, target));

  /** @param {Card} card an answered call @param {Target} target who is rung into it */
  invite = (card, target) => this.run(card, "invite", this.commands.invite(card, this.ways.me, target));

  /** @param {Card} card in which some did not answer */
  ringAgain = (card) => this.run(card, "ring-again", this.commands.ringAgain(card, this.ways.me));

  /** @param {Card} card of several @param {Target} target who is rung into it while its caller is on hold */
  consult = (card, target) => this.run(card, "consult", this.commands.consult(card, this.ways.me, target));

  /** @param {Card} card an answered call @param {string} keys to press for the other side */
  tones = (card, keys) => this.run(card, "tones", this.commands.tones(card, this.ways.me, keys));

  /** @param {Card} card of several */
  muteAll = (card) => this.run(card, "mute", this.commands.muteAll(card, this.ways.me));

  /** @param {Card} card an answered call @param {"mute-bot"|"unmute-bot"|"gallery"|"cancel-media"} what about what is heard and seen in it */
  media = (card, what) => this.run(card, what, this.commands.media(card, this.ways.me, what));

  /** @param {Card} card an answered call, whose caller is to wait in a slot */
  park = (card) => this.run(card, "park", this.commands.park(card, this.ways.me));

  /** @param {Card} card a parked one */
  unpark = (card) => this.run(card, "unpark", this.commands.unpark(card, this.ways.me));

  /** @param {Card} card of several @param {import("./party.js").Act} act @param {string} participant whom it is about */
  member = (card, act, participant) => this.run(card, act, this.commands.member(card, this.ways.me, act, participant));

  /** @param {Card} card @param {string} name @returns {this} */
  to(card, name) {
    this.targets.set(card.id, name);
    return this;
  }

  /** @param {Card} card @param {string} kind @param {Promise<Answer>} sent */
  async run(card, kind, sent) {
    const note = { kind, phase: /** @type {const} */ ("sending"), text: "", version: card.version };
    this.notes.set(card.id, note);
    this.ways.redraw();
    const answer = await sent;
    if (this.notes.get(card.id) === note) this.notes.delete(card.id);
    if (answer.ok) this.accepted(card, answer.body);
    else this.refused(card, kind, answer);
    this.ways.redraw();
  }

  /** Show the operation at once; the socket brings the same. @param {Card} asked @param {any} body an operation, or the call */
  accepted(asked, body) {
    if (body?.version !== undefined && body.lane) return this.ways.put(body);
    const now = this.ways.card(asked.id);
    if (BESIDE.has(body?.kind)) return; // goes on beside the call: its card says so
    if (now && body?.kind && now.version === asked.version) this.ways.put({ ...now, operation: body });
  }

  /** @param {Card} card @param {string} kind @param {Answer} answer */
  refused(card, kind, answer) {
    const now = this.ways.card(card.id) ?? card;
    const over = isOver(now);
    const winner = winnerOf(answer.body, this.ways.me);
    const phase = answer.status === 409 && winner ? "lost" : "refused";
    const text = over ? outcome(now, this.ways.me) : phase === "lost" ? `${winner} took it` : answer.text;
    if (!over) this.notes.set(card.id, { kind, phase, text, version: now.version, status: answer.status });
    this.ways.refused({ ...answer, text: `${caller(card)}: ${text}` });
  }

  /** @param {string} id */
  dismiss(id) {
    this.notes.delete(id);
  }

  /** Forget what no longer matters: the call is over, or who won has let go. @param {(id: string) => Card|undefined} find */
  tidy(find) {
    for (const [id, note] of this.notes) {
      const card = find(id);
      const over = !card || isOver(card);
      const free = note.phase === "lost" && card && !card.claim && card.version > note.version;
      if (over || free) this.notes.delete(id);
    }
    for (const id of this.targets.keys()) if (!find(id)) this.targets.delete(id);
  }
}

/** @param {any} body problem details of a refusal @param {string} me @returns {string} who has the call, unless it is me */
export function winnerOf(body, me) {
  const claim = body?.claim;
  return claim && claim.owner !== me ? (claim.name ?? "") : "";
}
