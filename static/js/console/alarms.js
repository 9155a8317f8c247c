/**
 * Everything that calls for attention: ring tone, desktop notices, what a screen reader hears at once.
 *
 * @import {Card} from "./types.js"
 */
import { showSound, Voice } from "./bars.js";
import { Notices } from "./notice.js";
import { Ringer } from "./sound.js";
import { caller, recall, ringsOut } from "./words.js";

export class Alarms {
  /** @param {HTMLElement} pill @param {(id: string) => void} open called when somebody clicks a notice */
  constructor(pill, open) {
    this.voice = new Voice(document);
    this.notices = new Notices(open);
    this.ringer = new Ringer((state) => showSound(pill, state));
    /** @type {Set<string>} calls that were already announced */
    this.rung = new Set();
    /** @type {Set<string>} calls that have come back, as announced */
    this.recalled = new Set();
    showSound(pill, this.ringer.state);
    pill.addEventListener("click", () => this.test());
    for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, () => this.ringer.unlock(), { passive: true });
  }

  /** Make sound possible, let it be heard, ask for notices: all in the wake of one click. */
  async test() {
    await this.ringer.unlock();
    this.ringer.sign("ring");
    this.notices.permit();
  }

  /** Ring while somebody rings. @param {Card[]} ringing @returns {boolean} somebody new does */
  follow(ringing) {
    const fresh = ringing.filter((card) => !this.rung.has(card.id));
    this.rung = new Set(ringing.map((card) => card.id));
    if (fresh.length) this.voice.alarm(ringsOut(fresh));
    this.ringer.ring(ringing.length > 0);
    this.notices.follow(ringing);
    return fresh.length > 0;
  }

  /** Call out who has come back, once each. @param {Card[]} back */
  recalls(back) {
    const fresh = back.filter((card) => !this.recalled.has(card.id));
    this.recalled = new Set(back.map((card) => card.id));
    if (!fresh.length) return;
    this.voice.alarm(fresh.map((card) => `Recall: ${caller(card)}, ${recall(card)}`).join(". "));
    this.ringer.sign("recall");
  }

  /** @param {boolean} network */
  lost(network) {
    this.voice.alarm(network ? "Connection lost. Buttons still work." : "Connection lost. This device is offline.");
    this.ringer.sign("lost");
  }

  stale() {
    this.voice.alarm("The portal's database is away. Buttons may not work.");
    this.ringer.sign("lost");
  }

  back() {
    this.ringer.sign("back");
  }

  /** @param {string} words */
  refused(words) {
    this.ringer.sign("refused");
    this.voice.alarm(words);
  }
}
