// Wave draws how an utterance was heard: its loudness, where a voice was found, and its pauses.

import { make } from "./parts.js";
import { t } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 18, LOUD = 78; // decibels at the foot and at the top of the drawing
const HIGH = 100;            // units of the drawing
const TAIL = 10;             // seconds of silence that are drawn behind the sound, at most

// wave is a figure of speech as stt/detail tells of it. The sound that was kept may end before
// its last pause, which is silence.
export function wave(speech) {
  const kept = speech.levels.length * (speech.step_ms || 20) / 1000;
  const seconds = Math.max(kept, Math.min(speech.pauses?.at(-1)?.to ?? 0, kept + TAIL)), wide = speech.levels.length * seconds / kept;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const shape = (tag, cls, attributes) => {
    const e = document.createElementNS(SVG, tag);
    e.setAttribute("class", cls);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    svg.append(e);
  };
  const x = (s) => Math.min(1, Math.max(0, s / seconds)) * wide;
  for (const v of speech.voice ?? []) shape("rect", "voice", { x: x(v.from), y: 0, width: Math.max(0, x(v.to) - x(v.from)), height: HIGH });
  shape("path", "loud", { d: outline([...speech.levels, ...Array(Math.ceil(wide) + 1 - speech.levels.length).fill(0)]) });
  const marks = (speech.pauses ?? []).map((p) => mark(p, seconds));
  const first = speech.voice?.[0]?.from ?? 0, last = speech.voice?.at(-1)?.to ?? seconds;
  return make("figure", { class: "wave", role: "img", "aria-label": t("wave label", { s: seconds.toFixed(1), from: first.toFixed(1), to: last.toFixed(1) }) },
    make("div", { class: "drawing", "data-seconds": seconds }, svg, ...marks),
    make("div", { class: "axis", "aria-hidden": "true" }, make("span", {}, "0 s"), make("span", {}, `${(seconds / 2).toFixed(1)} s`), make("span", {}, `${seconds.toFixed(1)} s`)));
}

// outline is a filled path around the middle, as sound is drawn.
function outline(levels) {
  const half = (l) => Math.max(.6, Math.min(1, (l - QUIET) / (LOUD - QUIET)) * HIGH / 2 * .94);
  const top = levels.map((l, i) => `${i} ${(HIGH / 2 - half(l)).toFixed(1)}`);
  const foot = levels.map((l, i) => `${i} ${(HIGH / 2 + half(l)).toFixed(1)}`).reverse();
  return `M${[...top, ...foot].join("L")}Z`;
}

// mark is a pause, with the probability that it was the end.
function mark(pause, seconds) {
  const words = pause.over === undefined ? "?" : `${Math.round(100 * pause.over)} %`;
  const e = make("span", { class: pause.ended ? "pause ended" : "pause" }, make("b", {}, words));
  const at = (s) => `${100 * Math.min(1, Math.max(0, s / seconds))}%`;
  e.style.left = at(pause.from);
  e.style.width = at(Math.max(.02, Math.min(pause.to, seconds) - pause.from));
  return e;
}
