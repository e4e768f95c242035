// A verdict says in words why a turn was answered, cut off or ignored.

import { has, t } from "./text.js";
import { toolLabel } from "./transcript.js";

const LATE = 3; // seconds from the last word to the first sound

// IGNORED are reasons of turns that were ignored, with the key of what is said of each.
const IGNORED = new Map(Object.entries({
  echo: "echo", own_voice: "own voice", no_words: "no words", "no words": "no words", unsure: "unsure words", engine_backlog: "backlog", no_speech: "no speech",
  nod: "nodded", "too short to interrupt": "too short", "no wake phrase": "no wake phrase", "said before the answer": "late words",
}));
const INTERRUPTED = new Map(Object.entries({
  stop: "stop", interrupted: "interrupted", interrupt: "interrupted", superseded: "superseded", wake: "wake", hold: "stop", joined: "joined", "held for too long": "held", shutdown: "shutdown",
}));
const FAILED = new Map(Object.entries({
  "the voice failed": "voice", "the voice was silent": "voice", "the voice was shut down": "voice", "the model did not answer": "silent model", "empty answer": "empty", "too much is said at once": "backlog",
  "the answer broke off": "broke off", "the provider of the model ended the answer": "filter",
}));
const UNREACHED = /connection refused|no such host|unreachable|no route to host/i;
const OBEYED = new Map(Object.entries({ stop: "stopped", hold: "hold", "go on": "going on", wake: "woken" }));

// verdict is {head, why, tone}: a sentence, more sentences, and good, warn, bad or quiet.
export function verdict(turn) {
  const said = { text: turn.text || turn.speech?.text || "…", by: turn.by ?? "", into: turn.into ?? "" };
  switch (turn.outcome) {
    case "ignored": return ignored(turn, said);
    case "interrupted": return interrupted(turn, said);
    case "failed": return failed(turn, said);
    case "done": return done(turn);
  }
  return { head: t("turn goes on"), why: [], tone: "quiet" };
}

const both = (key, values, tone, ...more) => ({ head: t(`${key} head`, values), why: [t(`${key} why`, values), ...more].filter(Boolean), tone });

function ignored(turn, said) {
  const room = /^heard better in (.*)$/.exec(turn.reason ?? "")?.[1];
  if (room) return both("turn louder", { room }, "quiet");
  const key = IGNORED.get(turn.reason);
  if (!key) return { head: t("turn ignored"), why: [turn.reason ?? ""], tone: "quiet" };
  return both(`turn ${key}`, said, "quiet", said.into ? t("said into", said) : "");
}

function interrupted(turn, said) {
  const button = turn.events.some((e) => e.what === "control_stop" && e.text === "user");
  const key = button ? "button" : INTERRUPTED.get(turn.reason) ?? "cancelled";
  const words = said.by && ["stop", "interrupted", "joined"].includes(key);
  return { ...both(`turn cut ${key}`, said, key === "joined" ? "quiet" : "warn", key === "joined" ? "" : upTo(turn)), ...words && { head: t(`turn cut by ${key} head`, said) } };
}

// upTo is how far an answer was heard that was cut off.
function upTo(turn) {
  const lines = turn.spoken?.filter((s) => !s.aside) ?? [], last = lines.findLast((s) => s.state === "heard" || s.state === "partly" && s.heard);
  return last ? t("heard up to", { text: last.state === "partly" ? last.heard : last.text }) : lines.length ? t("heard nothing") : "";
}

function failed(turn) {
  const rounds = turn.made?.rounds ?? [], error = turn.error ?? rounds.at(-1)?.error ?? "";
  if (turn.reason === "failed") return both("turn recogniser failed", { error }, "bad", error);
  const key = FAILED.get(turn.reason) ?? (UNREACHED.test(error) ? "unreached" : turn.asked ? "model" : "");
  if (!key) return { head: t("turn failed"), why: [turn.reason ?? "", error].filter(Boolean), tone: "bad" };
  return both(key === "backlog" ? "turn backlog" : `turn failed ${key}`, {}, "bad", error || turn.reason);
}

function done(turn) {
  const obeyed = OBEYED.get(turn.reason);
  if (obeyed) return both(`turn obeyed ${obeyed}`, {}, "good");
  const tools = turn.tools.map((x) => toolLabel(x.name)), memories = (turn.made?.memories ?? []).filter((m) => !m.beside).sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const why = [];
  if (!turn.asked) why.push(t("turn by rule"));
  if (tools.length) why.push(t("turn by tools", { tools: tools.join(", ") }));
  if (memories.length) why.push(t("turn by memory", { text: memories[0].text }));
  if (turn.cut) why.push(t("turn cut short"));
  const w = turn.wait, slow = w?.total > LATE && slowest(turn);
  const aside = turn.spoken?.find((s) => s.aside && afterWords(turn, s));
  if (w && aside) why.unshift(t("turn meanwhile", { text: aside.text, s: afterWords(turn, aside) }));
  if (w) why.unshift(t("turn first sound", seconds({ total: w.total })));
  const head = slow ? t("turn late", { what: t(has(`who ${slow.name}`) ? `who ${slow.name}` : "who thinking"), s: (slow.to - slow.from).toFixed(1) })
    : tools.length ? t("turn with tool") : memories.length ? t("turn with memory") : t("turn answered");
  return { head, why, tone: slow ? "warn" : "good" };
}

// slowest is the stage of an engine or tool that the person waited for longest.
function slowest(turn) {
  return turn.stages.filter((s) => s.of === "engine" || s.of === "tool").sort((a, b) => (b.to - b.from) - (a.to - a.from))[0];
}

// afterWords is how many seconds after the last word a line was heard; empty: it is not known.
export function afterWords(turn, line) {
  const last = turn.stages.find((s) => s.name === "speaking")?.to, s = line.detail?.begun - last;
  return s >= 0 ? s.toFixed(2) : "";
}

// instead reports whether what was spoken is no answer, but says that there is none.
export const instead = (turn) => turn.outcome === "failed" && !turn.reply;

// NOBODY are reasons of turns in which no person spoke.
const NOBODY = new Set(["echo", "own_voice", "no_speech"]);

// words is a text about who spoke, or about a sound where that was nobody.
export function words(turn, key, values) {
  const sound = `${key}, a sound`;
  return t(NOBODY.has(turn.reason) && has(sound) ? sound : key, values);
}

export function stageWords(turn, s) {
  return s.name === "answer" && instead(turn) ? t("said instead") : words(turn, `stage ${s.name}`);
}

export function seconds(values) {
  return Object.fromEntries(Object.entries(values).map(([k, v]) => [k, (v ?? 0).toFixed(2)]));
}

const EVENTS = new Set(["speech_start", "speech_sustained", "speech_end", "wake", "lowered", "given_back", "control_stop", "control_pause", "control_resume", "paused", "resumed", "stopped", "waiting", "loading", "thinking", "tool", "cancelled"]);

// eventWords is what happened, and why where there are words for that.
export function eventWords(turn, e) {
  const what = EVENTS.has(e.what) ? words(turn, `event ${e.what}`) : e.what;
  if (e.what === "tool") return e.text ? `${what}: ${toolLabel(e.text)}` : what;
  return /^(control_|given_back)/.test(e.what) && has(`since ${e.text}`) ? `${what}, ${t(`since ${e.text}`)}` : what;
}
