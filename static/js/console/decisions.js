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
import { caller, outcome } from "./words.js";

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
  /** @param {Card} card a ringing call is redirected to me, an answered one transferred */
  take = (card) =>
    this.to(card, "you").run(card, "take", card.lane === "live"
      ? this.commands.transfer(card, this.ways.me, { kind: "me" })
      : this.commands.redirect(card, this.ways.me, null));
  /** @param {Card} card @param {Target} target */
  send = (card, target) =>
    this.to(card, target.name ?? target.id ?? "") && card.lane === "live"
      ? this.run(card, "transfer", this.commands.transfer(card, this.ways.me, target))
      : this.run(card, "redirect", this.commands.redirect(card, this.ways.me, target));

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
    if (now && body?.kind && now.version === asked.version) this.ways.put({ ...now, operation: body });
  }

  /** @param {Card} card @param {string} kind @param {Answer} answer */
  refused(card, kind, answer) {
    const now = this.ways.card(card.id) ?? card;
    const over = now.lane === "handled" || now.lane === "missed";
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
      const over = !card || card.lane === "handled" || card.lane === "missed";
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
