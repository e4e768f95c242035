// Replay runs through a turn as fast as it happened: a line moves over the drawings, what
// was heard is played where the sound was kept, and each thing is told when it happened.

import { make } from "./parts.js";
import { t } from "./text.js";
import { eventWords, stageWords } from "./verdict.js";

export class Replay {
  #frame; #audio; #caption; #cursors = [];

  constructor(turn, body, button) {
    Object.assign(this, { turn, button });
    this.from = turn.begun;
    this.to = Math.max(turn.ended ?? 0, ...turn.stages.map((s) => s.to), turn.begun + 1);
    this.to = Math.min(this.to, this.from + 120);
    this.happens = told(turn);
    this.#caption = make("p", { class: "caption", "aria-live": "polite", hidden: true });
    body.firstElementChild?.after(this.#caption);
    const drawing = body.querySelector(".drawing"), falls = body.querySelector(".stages");
    if (drawing) this.#cursor(drawing, turn.speech.begun, turn.speech.begun + Number(drawing.dataset.seconds));
    for (const track of falls?.querySelectorAll(".track") ?? []) this.#cursor(track, Number(falls.dataset.begun), Number(falls.dataset.ended));
    button.hidden = !drawing && !falls;
    this.#label(false);
  }

  toggle() { return this.#frame ? this.stop() : this.start(); }

  start() {
    const began = performance.now();
    this.#caption.hidden = false;
    this.#label(true);
    this.#sound();
    const step = () => {
      const at = this.from + (performance.now() - began) / 1000;
      for (const { e, from, to } of this.#cursors) {
        e.hidden = at < from || at > to;
        e.style.left = `${100 * (at - from) / (to - from)}%`;
      }
      const last = this.happens.findLast((h) => h.at <= at);
      const words = last ? `${t("after s", { s: (last.at - this.from).toFixed(1) })} — ${last.words}` : "…";
      if (this.#caption.textContent !== words) this.#caption.textContent = words;
      if (at < this.to) this.#frame = requestAnimationFrame(step);
      else this.stop();
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#audio?.close();
    this.#audio = undefined;
    for (const { e } of this.#cursors) e.hidden = true;
    this.#label(false);
  }

  #label(on) {
    this.button.textContent = t(on ? "replay stop" : this.turn.sound ? "replay sound" : "replay");
    this.button.setAttribute("aria-pressed", on);
  }

  #cursor(inside, from, to) {
    const e = make("span", { class: "cursor", hidden: true });
    inside.append(e);
    this.#cursors.push({ e, from, to });
  }

  // sound plays what the person said, where it was kept.
  #sound() {
    const s = this.turn.sound;
    if (!s?.pcm || !(s.rate >= 8000 && s.rate <= 96000)) return;
    let bytes;
    try { bytes = Uint8Array.from(atob(s.pcm), (c) => c.charCodeAt(0)); } catch { return; }
    const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    if (!samples.length) return;
    this.#audio = new AudioContext();
    const buffer = this.#audio.createBuffer(1, samples.length, s.rate);
    buffer.copyToChannel(Float32Array.from(samples, (v) => v / 32768), 0);
    const source = new AudioBufferSourceNode(this.#audio, { buffer });
    source.connect(this.#audio.destination);
    source.start(this.#audio.currentTime + Math.max(0, (s.from ?? this.from) - this.from));
  }
}

// told is everything with a time, in order.
function told(turn) {
  const all = [...turn.events.map((e) => ({ at: e.at, words: eventWords(turn, e) })), ...turn.partials.map((p) => ({ at: p.at, words: `“${p.text}”` })),
    ...turn.spoken.map((s) => ({ at: s.detail?.begun ?? s.at ?? turn.begun, words: `TARS: “${s.text}”` })),
    ...turn.stages.filter((s) => s.of !== "person").map((s) => ({ at: s.from, words: stageWords(turn, s) }))];
  return all.sort((a, b) => a.at - b.at);
}
