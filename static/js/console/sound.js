/**
 * The ring, made here by WebAudio: no file, no voice. One tab rings, the one that got the lock.
 *
 * A browser stays silent until somebody clicks or types, so the state is always shown: ready, elsewhere (another
 * tab of this browser rings), blocked.
 *
 * @typedef {"blocked"|"ready"|"elsewhere"} SoundState
 */

const LOCK = "commsportal-ring";
const BURST_S = 2.4;
const BURSTS = 12;
/** Notes as [hertz, start in seconds, length in seconds]. @type {Record<string, number[][]>} */
const TUNES = {
  ring: [[587, 0, 0.28], [784, 0.16, 0.34], [587, 0.6, 0.28], [784, 0.76, 0.4]],
  recall: [[659, 0, 0.16], [523, 0.18, 0.16], [659, 0.36, 0.26]],
  lost: [[392, 0, 0.2], [294, 0.22, 0.3]],
  back: [[294, 0, 0.14], [392, 0.14, 0.22]],
  refused: [[247, 0, 0.12], [220, 0.16, 0.2]],
};

export class Ringer {
  /** @param {(state: SoundState) => void} changed */
  constructor(changed) {
    this.changed = changed;
    /** @type {AudioContext|null} */
    this.audio = null;
    this.leads = false;
    this.asked = false;
    this.wanted = false;
    /** @type {GainNode|null} */
    this.playing = null;
  }

  /** @returns {SoundState} */
  get state() {
    if (this.audio?.state !== "running") return "blocked";
    return this.leads ? "ready" : "elsewhere";
  }

  /** Try to make sound possible; works only in the wake of a click or a key. @returns {Promise<void>} */
  async unlock() {
    if (typeof AudioContext === "undefined") return;
    this.audio ??= this.context();
    if (this.audio.state !== "running") await this.audio.resume().catch(() => undefined);
    this.audible();
  }

  /** @returns {AudioContext} */
  context() {
    const audio = new AudioContext();
    audio.addEventListener("statechange", () => this.audible());
    return audio;
  }

  /** Ask for the lock once sound works, and ring if somebody waits. */
  audible() {
    if (this.audio?.state === "running" && !this.asked) this.lead();
    this.changed(this.state);
    this.follow();
  }

  lead() {
    this.asked = true;
    if (!navigator.locks) return void (this.leads = true);
    const held = () => new Promise(() => {
      this.leads = true;
      this.changed(this.state);
      this.follow();
    });
    navigator.locks.request(LOCK, held).catch(() => (this.leads = true));
  }

  /** Ring, or stop ringing. @param {boolean} wanted */
  ring(wanted) {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.follow();
  }

  follow() {
    const on = this.wanted && this.state === "ready";
    if (on && !this.playing) this.start();
    if (!on && this.playing) this.stop();
  }

  /** Put the bursts on the audio clock at once: timers of a hidden tab are slow, this clock is not. */
  start() {
    const audio = /** @type {AudioContext} */ (this.audio);
    const gain = this.out(0.22);
    this.playing = gain;
    let last = null;
    for (let burst = 0; burst < BURSTS; burst++) last = this.tune("ring", gain, audio.currentTime + 0.05 + burst * BURST_S);
    last?.addEventListener("ended", () => this.playing === gain && (this.stop(), this.follow()));
  }

  stop() {
    const audio = /** @type {AudioContext} */ (this.audio);
    this.playing?.gain.setTargetAtTime(0, audio.currentTime, 0.03);
    const old = this.playing;
    this.playing = null;
    setTimeout(() => old?.disconnect(), 300);
  }

  /** Play a short sign once. @param {"lost"|"back"|"recall"|"refused"|"ring"} name */
  sign(name) {
    if (this.state === "ready") this.tune(name, this.out(0.16), /** @type {AudioContext} */ (this.audio).currentTime + 0.02);
  }

  /** @param {number} volume @returns {GainNode} */
  out(volume) {
    const audio = /** @type {AudioContext} */ (this.audio);
    const gain = audio.createGain();
    gain.gain.value = volume;
    gain.connect(audio.destination);
    return gain;
  }

  /** @param {string} name @param {GainNode} out @param {number} at @returns {OscillatorNode|null} the last note */
  tune(name, out, at) {
    let last = null;
    for (const [hertz, start, length] of TUNES[name]) last = this.note(hertz, at + start, length, out);
    return last;
  }

  /** @param {number} hertz @param {number} at @param {number} length @param {GainNode} out @returns {OscillatorNode} */
  note(hertz, at, length, out) {
    const audio = /** @type {AudioContext} */ (this.audio);
    const tone = audio.createOscillator();
    const shape = audio.createGain();
    tone.type = "triangle";
    tone.frequency.value = hertz;
    shape.gain.setValueAtTime(0, at);
    shape.gain.linearRampToValueAtTime(1, at + 0.02);
    shape.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(shape).connect(out);
    tone.start(at);
    tone.stop(at + length + 0.02);
    return tone;
  }
}
