// What arrives from the bus was written by anybody, so it is read here once, and
// the parts of the page get nothing but fields of the type they expect.

const MAX_TEXT = 20000; // characters of a line that are shown
const MAX_LIST = 200;   // timers that are shown
const MAX_NAME = 128;   // of an id or the name of a room

export function text(v) {
  if (typeof v !== "string") return undefined;
  return v.length > MAX_TEXT ? `${v.slice(0, MAX_TEXT)}…` : v;
}

export function name(v) { return typeof v === "string" && v.length <= MAX_NAME ? v : undefined; }

export function number(v) { return Number.isFinite(v) ? v : undefined; }
export function flag(v) { return typeof v === "boolean" ? v : undefined; }

// list reads each of at most MAX_LIST objects, and leaves out what lacks a needed field.
export function list(fields, needed) {
  return (v) => Array.isArray(v) ? v.slice(0, MAX_LIST).map((x) => pick(object(x), fields)).filter((x) => x && needed.every((f) => x[f] !== undefined)) : undefined;
}

const TIMER = { id: name, kind: name, state: name, name: text, about: text, room: name, due: number, remaining: number, repeat: name };

function tools(v) { return Array.isArray(v) ? v : undefined; } // the view of the mind reads each

const FIELDS = new Map(Object.entries({
  "stt/final": { text, utt_id: name, message_id: name },
  "stt/partial": { text },
  "wake/event": { type: name },
  "llm/stream": { id: name, delta: text, seq: number, done: flag },
  "llm/progress": { id: name, state: name, tool: name, silent_ms: number },
  "llm/tool.call.request": { call_id: name, name },
  "llm/tool.call.result": { call_id: name, error: text },
  "llm/response": { id: name, reply: text, error: text },
  "tts/say": { text, utt_id: name, message_id: name },
  "tts/status": { event: name, utt_id: name },
  "tts/duck": { on: flag, db: number, utt_id: name },
  "stt/dropped": { reason: name, err: text, utt_id: name },
  "system/turn": { turn_id: name, outcome: name, reason: text, speech_end: number, last_word: number, endpoint: number, final: number,
    first_delta: number, first_say: number, first_audio: number, end: number },
  engine: { engine: name, cloud: name },
  "timer/state": { timers: list(TIMER, ["id", "kind", "state", "due"]) },
  "system/character/current": { name: text, description: text, traits: object },
  "llm/tools/registry": { tools, off: tools },
  health: { ok: flag, event: name, err: text },
}));

// What a message is nothing without.
const NEEDED = new Map(Object.entries({
  "stt/final": "text", "stt/partial": "text", "llm/stream": "id", "llm/progress": "id", "llm/tool.call.request": "call_id", "llm/tool.call.result": "call_id", "llm/response": "id", "tts/say": "text", "tts/status": "event", "tts/duck": "on", "stt/dropped": "reason", "timer/state": "timers",
  "system/turn": "turn_id", "wake/event": "type",
}));

export function object(v) { return v !== null && typeof v === "object" && !Array.isArray(v) ? v : undefined; }

// read returns the fields of a message of a topic, or undefined when it is none
// that the page knows. Some come without an envelope.
export function read(topic, payload) {
  const fields = FIELDS.get(topic), body = object(payload);
  if (!fields || !body) return undefined;
  const data = object(own(body, "data")) ?? body;
  const known = pick(data, fields);
  const needed = NEEDED.get(topic);
  return needed && known[needed] === undefined ? undefined : known;
}

// pick returns the fields of an object as they are wanted.
export function pick(o, fields) {
  if (!o) return undefined;
  const known = Object.create(null);
  for (const [field, as] of Object.entries(fields)) known[field] = as(own(o, field));
  return known;
}

function own(o, field) { return Object.hasOwn(o, field) ? o[field] : undefined; }
