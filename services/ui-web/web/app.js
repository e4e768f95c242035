// The page: what arrives goes to the parts, what is done goes to the server.

import { account } from "./account.js";
import { Board } from "./board.js";
import { Channels } from "./channels.js";
import { Ear } from "./ear.js";
import { Engines } from "./engines.js";
import { earlier, History } from "./history.js";
import { First } from "./first.js";
import { House } from "./house.js";
import { Inspector } from "./inspector.js";
import { Line } from "./line.js";
import { Memory } from "./memory.js";
import { Mind } from "./mind.js";
import { name, object, read } from "./message.js";
import { Outbox } from "./outbox.js";
import { Progress } from "./progress.js";
import { Segments } from "./segments.js";
import { Sheet } from "./sheet.js";
import { Sound } from "./sound.js";
import { Speaker } from "./speaker.js";
import { Talk } from "./talk.js";
import { t, translate } from "./text.js";
import { Timers } from "./timers.js";
import { toolLabel, Transcript } from "./transcript.js";
import { TurnView } from "./turn.js";
import { Turns } from "./turns.js";

const $ = (id) => document.getElementById(id);
translate(document);
const id = await pageID();
const SPOKEN = 10000; // milliseconds after which the memory has what was being spoken
let newest = 0;       // id of the last line in the memory when the page opened
const room = `web-${id}`;

const transcript = new Transcript($("log"), $("scroll"), $("welcome"), room);
const progress = new Progress(() => draw());
const speaker = new Speaker(() => draw());
const board = new Board($("services"), () => draw());
const line = new Line(id, { text: arrive, speech: (header, pcm) => { progress.seen(header.utt_id); speaker.play(header, pcm); }, state: linked,
  confirmed: (question) => ear.confirmed(question) });
const outbox = new Outbox(line, {
  sent: (key) => transcript.delivery(key, t("sending")), waits: (key) => transcript.delivery(key, t("waits")),
  taken: (key) => transcript.taken(key), lost: (key) => transcript.lost(key),
});
const ear = new Ear(line, {
  changed: () => draw(),
  level: (v) => $("level").style.setProperty("--level", v.toFixed(2)),
  trouble: note,
});
board.changed = draw;
const memory = new Memory(room, $("memory"), $("query"), $("memories"), $("memory-status"), { changed: before });
const timers = new Timers($("timer-new"), $("timer-list"), $("timer-status"));
const history = new History(room, {
  form: $("history"), query: $("history-query"), room: $("history-room"), list: $("history-list"), status: $("history-status"),
  older: $("history-older"), save: $("history-save"), clear: $("history-clear"),
}, { changed: before });
const turnView = new TurnView(room, { dialog: $("turn"), head: $("turn-about"), body: $("turn-body"), close: $("turn-close"), play: $("turn-play"), save: $("turn-save") });
const turns = new Turns(room, turnView, { list: $("turns-list"), status: $("turns-status"), file: $("turn-file"), log: $("log") });
// The house, the mind and the bus.
const engines = new Engines($, { report: (known) => sound.known(known) });
const house = new House($, engines, room);
board.told = (id, state) => house.hint(id, state);
const mind = new Mind($);
const mindParts = new Segments($("mind-segments"), { memory: $("mind-memory"), character: $("mind-character"), tools: $("mind-tools") }, { memory: () => memory.look() });
const channels = new Channels($);
const inspector = new Inspector($, { message: (m) => channels.saw(m) });
const busParts = new Segments($("bus-segments"), { live: $("bus-live"), channels: $("bus-channels") }, { channels: () => channels.look() });
const sheet = new Sheet($("board"), {
  health: () => house.look(), memory: () => mindParts.show(mindParts.name), history: () => history.look(), turns: () => turns.look(), bus: () => { inspector.look(); busParts.show(busParts.name); },
  sound: () => { sound.look(); engines.look(); }, // the voices that are installed
}, { health: () => house.leave(), bus: () => inspector.leave() });

// Talking.
const sound = new Sound($, ear, speaker, line, room);
const talk = new Talk(ear, $("mic"), $("text"), { busy: () => !$("stop").hidden, stop: () => $("stop").click() });
const first = new First($, sound, engines, (part) => {
  if (!part) return $("board").close();
  sheet.open("health");
  house.segments.show(part);
});
navigator.serviceWorker?.register("sw.js").catch(() => {}); // without it the page is not there while the server is away
account($, note);

// For tests. pcm(id) is what was played of an answer, by default of the last:
// base64 of 16-bit little-endian samples at played.rate.
window.tars = {
  room,
  get connected() { return line.open; },
  get lines() { return line.opened; }, // how often a line stood
  get ready() { return board.ready; },
  get answering() { return progress.ids; },
  get speaking() { return speaker.speaking; },
  get volume() { return speaker.volume; },
  get listening() { return ear.listening; },
  get played() { return { chunks: speaker.chunks, samples: speaker.samples, rate: speaker.rate }; },
  get sent() { return ear.sent; }, // chunks of the microphone
  pcm: (utt) => speaker.pcm(utt),
};

// DOING is what is shown of an answer that is worked on.
const DOING = {
  __proto__: null,
  loading: () => t("loading"), thinking: () => t("thinking"), waiting: () => t("waiting"),
  tool: (tool) => t("using", { tool: toolLabel(tool) ?? t("a tool") }),
};

// arrive takes a message of the bus, or word that something sent from here has
// no effect.
function arrive(frame) {
  const refused = object(frame.refused);
  if (refused) return refuse(refused);
  if (name(frame.took)) return outbox.taken(frame.took);
  if (object(frame.installation)) return engines.installed(frame.installation);
  const { topic, payload } = frame, from = name(frame.room) ?? "";
  if (typeof topic !== "string") return;
  if (topic.startsWith("system/health/")) return board.health(topic, payload);
  if (topic.startsWith("system/engine/")) return board.engine(topic, payload);
  const data = read(topic, payload);
  if (!data) return;
  const own = transcript.own(from, data.id ?? data.utt_id);
  house.heard(topic, from, data.event ?? data.type);
  switch (topic) {
    case "stt/final":
      transcript.heard(data, from);
      if (own) progress.begin(data.utt_id);
      break;
    case "stt/partial":
      transcript.hearing(data.text, from);
      break;
    case "stt/dropped":
      transcript.dropped(data, from);
      break;
    case "wake/event":
      if (data.type === "speech_start") transcript.hearing("", from);
      break;
    case "llm/stream":
      transcript.delta(data, from);
      if (own) progress.begin(data.id);
      break;
    case "llm/progress":
      if (own) progress.works(data.id, DOING[data.state]?.(data.tool));
      break;
    case "llm/tool.call.request":
    case "llm/tool.call.result":
      transcript.tool(data, from);
      break;
    case "llm/response":
      transcript.answered(data, from, frame.html);
      if (data.error) progress.over(data.id);
      else progress.told(data.id);
      break;
    case "tts/say":
      transcript.said(data, from);
      progress.seen(data.utt_id);
      break;
    case "tts/status":
      voice(data);
      break;
    case "tts/duck":
      if (!from || from === room || data.utt_id && data.utt_id === speaker.utt) speaker.duck(data.on ? data.db : 0);
      break;
    case "timer/state":
      timers.state(data.timers);
      break;
    case "system/character/current":
      mind.character(data);
      break;
    case "llm/tools/registry":
      mind.registry(data);
      break;
    case "system/turn":
      transcript.turn(data);
      turns.ended(data.turn_id);
      progress.over(transcript.idOf(data.turn_id));
      break;
  }
}

function voice(status) {
  const mine = !status.utt_id || !speaker.utt || status.utt_id === speaker.utt;
  progress.seen(status.utt_id);
  switch (status.event) {
    case "stopped":
      speaker.drop(status.utt_id ?? "");
      progress.over(status.utt_id);
      break;
    case "paused":
      if (mine) speaker.pause();
      break;
    case "resumed":
    case "speaking_start": // a lost "resumed" must not leave the page silent
    case "speaking_end":
      if (mine) speaker.resume();
      break;
  }
}

function refuse({ what, why, id }) {
  if (typeof why !== "string") return;
  note(why);
  if (what === "say") outbox.lost(id);
}

function linked(open) {
  board.line(open);
  speaker.resume(); // what was said meanwhile is not known
  ear.linked(open);
  if (open && line.opened > 1) [0, SPOKEN].forEach((later) => setTimeout(catchUp, later));
  outbox.linked();
  if (window.tars) sound.linked(open);
}

// draw shows the state of everything in the frame of the page.
function draw() {
  if (!window.tars) return; // not all parts are there yet
  const { ready, total } = board, busy = progress.ids.length > 0 || speaker.speaking;
  $("ready").textContent = t("ready", { ready, total });
  $("ready").dataset.short = `${ready}/${total}`; // on a phone
  $("dot").dataset.state = !board.linked ? "lost" : ready === total ? "ready" : "partly";
  $("state").textContent = !line.open ? t("no connection") : !board.linked ? t("no broker")
    : speaker.waiting ? t("tap to hear") : speaker.speaking ? t("speaking") : busy ? progress.doing ?? t("thinking") : ear.listening ? t("listening") : "";
  $("stop").hidden = !busy;
  talk.awake(ear.listening || speaker.speaking);
  if (progress.ids.length || ear.listening) first.done();
  $("mic").setAttribute("aria-pressed", ear.listening);
  $("mute").setAttribute("aria-pressed", speaker.muted);
}

let noteTimer;
function note(text) {
  $("note").textContent = text;
  $("note").hidden = !text;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => { $("note").hidden = true; }, 12000);
}

$("composer").onsubmit = (e) => {
  e.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  note("");
  const key = fresh(8);
  transcript.typed(key, text);
  outbox.add(key, text);
  $("text").value = "";
  grow();
};
// Enter sends, also that of a phone, whose keys have no names.
let shifted = false;
$("text").onkeydown = (e) => { shifted = e.shiftKey; };
$("text").onbeforeinput = (e) => {
  if (e.inputType !== "insertLineBreak" || shifted) return;
  e.preventDefault();
  $("composer").requestSubmit();
};
// grow is for browsers without field-sizing.
const grow = () => { $("text").style.height = "auto"; $("text").style.height = `${$("text").scrollHeight + 2}px`; };
$("text").oninput = grow;
$("stop").onclick = () => {
  const ids = new Set([speaker.utt, ...progress.ids].filter(Boolean));
  for (const stop of ids.size ? ids : [""]) {
    line.tell({ stop });
    progress.over(stop);
  }
  for (const stop of ids) speaker.drop(stop);
};
$("mute").onclick = () => { speaker.mute(!speaker.muted); draw(); };
$("board-open").onclick = () => { house.segments.show("services", false); sheet.open("health"); };
$("menu").onclick = () => sheet.open(sheet.name === "health" ? "history" : sheet.name);
$("board-close").onclick = () => $("board").close();
// before shows what was said before the page opened.
async function before() {
  const { found, elsewhere, error } = await earlier(room);
  if (error) return;
  newest = Math.max(newest, found.at(-1)?.id ?? 0);
  transcript.before(found, t(elsewhere ? "earlier elsewhere" : "earlier"), await turns.kept());
}

// catchUp shows what was said while there was no line.
async function catchUp() {
  const { found, elsewhere } = await earlier(room);
  if (!elsewhere) transcript.missed(found.filter((l) => l.id > newest));
}

addEventListener("pagehide", () => ear.stop());
draw();
before();
if (matchMedia("(hover: hover)").matches) $("text").focus();

// pageID is kept over a reload, so that a conversation goes on. A tab that was
// duplicated takes an id of its own.
async function pageID() {
  const kept = sessionStorage.getItem("tars.page");
  const page = kept && await mine(kept) ? kept : fresh(4);
  if (page !== kept) mine(page);
  sessionStorage.setItem("tars.page", page);
  return page;
}

// fresh is n random bytes in hexadecimal digits.
function fresh(n) { return Array.from(crypto.getRandomValues(new Uint8Array(n)), (b) => b.toString(16).padStart(2, "0")).join(""); }

function mine(page) {
  if (!navigator.locks) return true;
  return new Promise((decide) => {
    navigator.locks.request(`tars ${page}`, { ifAvailable: true }, (lock) => {
      decide(!!lock);
      return lock ? new Promise(() => {}) : undefined; // held as long as the page lives
    });
  });
}
