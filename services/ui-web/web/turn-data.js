// A turn comes from the server or from a file that anybody may have written, so it is read
// here once, and the view gets nothing but fields of the type it expects.

import { flag, list, name, number, object, pick, text } from "./message.js";

const MOST = 4 << 20; // bytes of a file, as the server has it
const FORMAT = "tars-turn", VERSION = 1;

// numbers reads a list of them.
const numbers = (v) => Array.isArray(v) ? v.slice(0, 400).map((x) => number(x) ?? 0) : undefined;
const one = (fields) => (v) => pick(object(v), fields);
const names = (v) => Array.isArray(v) ? v.slice(0, 40).map(name).filter(Boolean) : undefined;

const SPAN = { from: number, to: number };
const DETAIL = { asked: number, first: number, begun: number, ended: number, error: text };
const TURN = {
  format: name, version: number, id: name, utt_id: name, answer_id: name, room: name, typed: flag, begun: number, ended: number,
  text, confidence: number, outcome: name, reason: text, error: text, into: text, by: text, answered_in: name,
  partials: list({ at: number, text }, ["at", "text"]),
  speech: one({ begun: number, step_ms: number, levels: numbers, voice: list(SPAN, ["from", "to"]), text, read: one(SPAN),
    pauses: list({ ...SPAN, wait: number, over: number, sound: number, text, ended: flag }, ["from", "to"]) }),
  made: one({ memory_asked: number, memory_error: text, history: number, tools: names,
    memories: list({ text, role: name, score: number, said: number, superseded: flag, beside: flag }, ["text"]),
    rounds: list({ asked: number, first: number, ended: number, provider: name, model: name, error: text }, ["asked", "ended"]) }),
  asked: number, reply: text, cut: name,
  tools: list({ name, arguments: text, result: text, error: text, from: number, to: number }, ["name"]),
  spoken: list({ text, state: name, heard: text, aside: flag, at: number, detail: one(DETAIL) }, ["text", "state"]),
  engines: list({ service: name, engine: name, model: name, from: name, cloud: name }, ["service"]),
  events: list({ at: number, what: name, text }, ["at", "what"]),
  stages: list({ name, of: name, from: number, to: number, note: name }, ["name", "from", "to"]),
  wait: one({ total: number, pause: number, engines: number, ours: number }),
  sound: one({ from: number, rate: number, pcm: (v) => typeof v === "string" && v.length < MOST ? v : undefined }),
};
const LISTS = ["partials", "tools", "spoken", "engines", "events", "stages"];

// turnOf returns a turn that can be shown, or undefined.
export function turnOf(v) {
  const turn = pick(object(v), TURN);
  if (turn?.format !== FORMAT || turn.version !== VERSION || !turn.id || turn.begun === undefined) return undefined;
  for (const l of LISTS) turn[l] ??= [];
  return turn;
}

// turnIn returns the turn in a file, or undefined.
export async function turnIn(file) {
  if (file.size > MOST) return undefined;
  try {
    return turnOf(JSON.parse(await file.text()));
  } catch {
    return undefined;
  }
}

// summaries reads the list of the server.
export const summaries = list({ id: name, utt_id: name, answer_id: name, room: name, begun: number, text, outcome: name, reason: text }, ["id", "begun"]);
