// Speaker plays what arrives, chunk after chunk without a gap.

const LEAD = 0.08; // seconds between the arrival of a first chunk and its sound
const KEEP = 4;    // utterances whose samples are kept for tests
const MOST = 8e6;  // samples kept of one
const AHEAD = 120; // seconds of speech that may wait to be heard; more is left out
const DUCK_RAMP = 0.015, UNDUCK_RAMP = 0.08; // time constants in seconds: fast enough to be heard as manners, too slow to click
const LEAST_RATE = 3000, MOST_RATE = 768000; // samples per second that browsers play

export class Speaker {
  #ctx; #gain; #low = 1; #next = 0; #utt = ""; #held = false;
  #sources = new Set(); #dropped = []; #kept = new Map();

  chunks = 0;  // scheduled so far
  samples = 0;
  rate = 0;    // of the last chunk, samples per second
  loudness = 1; // that the person chose, 0 to 1

  // changed is called when speech starts, ends or waits for a gesture.
  constructor(changed) {
    this.changed = changed;
    this.muted = localStorage.getItem("tars.muted") === "yes";
    for (const e of ["pointerdown", "keydown"]) addEventListener(e, () => this.#unlock(), { capture: true });
  }

  get speaking() { return this.#sources.size > 0; }
  get utt() { return this.speaking ? this.#utt : ""; }
  // waiting: the browser lets no sound out before a gesture.
  get waiting() { return this.speaking && !this.#held && this.#ctx.state !== "running"; }

  mute(on) {
    this.muted = on;
    localStorage.setItem("tars.muted", on ? "yes" : "no");
    this.#level(0.001);
  }

  // duck lowers what is played by db decibels while somebody speaks into it; 0 brings
  // it back.
  duck(db) {
    this.#low = 10 ** (-(Number.isFinite(db) ? Math.min(Math.max(db, 0), 60) : 0) / 20);
    this.#level(db > 0 ? DUCK_RAMP : UNDUCK_RAMP);
    this.changed();
  }

  get volume() { return this.muted ? 0 : this.#low * this.loudness; }

  // turn sets how loud speech is, 0 to 1.
  turn(loudness) {
    this.loudness = loudness;
    this.#level(0.02);
  }

  // sink chooses the loudspeaker; "" is the browser's choice. It reports whether there is it.
  async sink(id) {
    this.out = id;
    return !this.#ctx?.setSinkId || this.#ctx.setSinkId(id).then(() => true, () => false);
  }

  #level(ramp) { this.#gain?.gain.setTargetAtTime(this.volume, this.#ctx.currentTime, ramp); }

  play({ utt_id: utt, rate }, pcm) {
    if (this.#dropped.includes(utt) || pcm.length === 0 || !(rate >= LEAST_RATE && rate <= MOST_RATE)) return;
    const ctx = this.#open();
    if (this.#next > ctx.currentTime + AHEAD) return;
    if (this.waiting && utt !== this.#utt) this.drop(this.#utt); // nobody heard it, and it is old
    this.#utt = utt;
    const buffer = ctx.createBuffer(1, pcm.length, rate);
    const out = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i++) out[i] = pcm[i] / 32768;
    const source = new AudioBufferSourceNode(ctx, { buffer });
    source.connect(this.#gain);
    source.utt = utt;
    if (this.#next < ctx.currentTime) this.#next = ctx.currentTime + LEAD;
    source.start(this.#next);
    this.#next += pcm.length / rate;
    this.#sources.add(source);
    source.onended = () => { this.#sources.delete(source); this.changed(); };
    this.#keep(utt, rate, pcm);
    this.changed();
  }

  // drop silences an utterance and what comes late of it; "" is all there is.
  drop(utt) {
    for (const s of this.#sources) {
      if (utt && s.utt !== utt) continue;
      this.#dropped.push(s.utt);
      s.onended = null;
      s.stop();
      this.#sources.delete(s);
    }
    if (utt) this.#dropped.push(utt);
    this.#dropped = [...new Set(this.#dropped)].slice(-32);
    if (this.#sources.size === 0) this.#next = 0;
    this.resume();
    this.changed();
  }

  pause() { this.#held = true; this.#ctx?.suspend(); }

  resume() {
    if (!this.#held) return;
    this.#held = false;
    this.#ctx?.resume();
  }

  // pcm is what was played of an utterance, by default the last: 16-bit
  // little-endian samples as base64.
  pcm(utt) {
    const all = this.#kept.get(utt ?? [...this.#kept.keys()].at(-1));
    if (!all) return "";
    let text = "";
    for (const part of all) {
      const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    }
    return btoa(text);
  }

  #open() {
    if (!this.#ctx) {
      this.#ctx = new AudioContext({ latencyHint: "interactive" });
      this.#ctx.onstatechange = () => this.changed();
      this.#gain = new GainNode(this.#ctx, { gain: this.volume });
      this.#gain.connect(this.#ctx.destination);
      if (this.out) this.#ctx.setSinkId?.(this.out).catch(() => {}); // it is gone: the usual one plays
    }
    return this.#ctx;
  }

  #unlock() {
    const ctx = this.#open();
    if (ctx.state === "suspended" && !this.#held) ctx.resume();
  }

  #keep(utt, rate, pcm) {
    this.chunks++;
    this.samples += pcm.length;
    this.rate = rate;
    if (!this.#kept.has(utt)) this.#kept.set(utt, []);
    if (this.#kept.size > KEEP) this.#kept.delete(this.#kept.keys().next().value);
    const all = this.#kept.get(utt);
    if (all.reduce((n, p) => n + p.length, pcm.length) <= MOST) all.push(pcm);
  }
}
