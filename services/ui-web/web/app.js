// The page: what arrives goes to the parts, what is done goes to the server.

import { account } from "./account.js";
import { Board } from "./board.js";
import { Ear } from "./ear.js";
import { Line } from "./line.js";
import { memory } from "./memory.js";
import { name, object, read } from "./message.js";
import { Progress } from "./progress.js";
import { Speaker } from "./speaker.js";
import { toolLabel, Transcript } from "./transcript.js";

const $ = (id) => document.getElementById(id);
const id = await pageID();
const room = `web-${id}`;

const transcript = new Transcript($("log"), $("scroll"), $("welcome"), room);
const progress = new Progress(() => draw());
const speaker = new Speaker(() => draw());
const board = new Board($("services"), () => draw());
const line = new Line(id, { text: arrive, speech: (header, pcm) => { progress.seen(header.utt_id); speaker.play(header, pcm); }, state: linked });
const ear = new Ear(line, {
  changed: () => draw(),
  level: (v) => $("level").style.setProperty("--level", v.toFixed(2)),
  trouble: note,
});
board.changed = draw;
memory($("memory"), $("query"), $("memories"));
account($, note);

// For tests. pcm(id) is what was played of an answer, by default of the last:
// base64 of 16-bit little-endian samples at played.rate.
window.tars = {
  room,
  get connected() { return line.open; },
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
  loading: () => "loading the model…", thinking: () => "thinking…", waiting: () => "waiting for the model…",
  tool: (tool) => `using ${toolLabel(tool) ?? "a tool"}…`,
};

// arrive takes a message of the bus, or word that something sent from here has
// no effect.
function arrive(frame) {
  const refused = object(frame.refused);
  if (refused) return refuse(refused);
  const { topic, payload } = frame, from = name(frame.room) ?? "";
  if (typeof topic !== "string") return;
  if (topic.startsWith("system/health/")) return board.health(topic, payload);
  if (topic.startsWith("system/engine/")) return board.engine(topic, payload);
  const data = read(topic, payload);
  if (!data) return;
  const own = transcript.own(from, data.id ?? data.utt_id);
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
      transcript.answered(data, from);
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
    case "system/turn":
      transcript.turn(data);
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

function refuse({ what, why }) {
  if (typeof why !== "string") return;
  note(why);
  if (what === "say") transcript.refused();
}

function linked(open) {
  board.line(open);
  speaker.resume(); // what was said meanwhile is not known
  if (open) ear.again();
}

// draw shows the state of everything in the frame of the page.
function draw() {
  if (!window.tars) return; // not all parts are there yet
  const { ready, total } = board, busy = progress.ids.length > 0 || speaker.speaking;
  $("ready").textContent = `${ready} of ${total} ready`;
  $("dot").dataset.state = !board.linked ? "lost" : ready === total ? "ready" : "partly";
  $("state").textContent = !line.open ? "no connection" : !board.linked ? "no broker"
    : speaker.waiting ? "tap to hear" : speaker.speaking ? "speaking" : busy ? progress.doing ?? "thinking…" : ear.listening ? "listening" : "";
  $("stop").hidden = !busy;
  $("mic").setAttribute("aria-pressed", ear.listening);
  $("mute").setAttribute("aria-pressed", speaker.muted);
  $("send").disabled = !line.open;
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
  if (!line.tell({ say: text })) return note("There is no connection to the server. The text stays here until it is back.");
  note("");
  transcript.typed(text);
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
$("mic").onclick = () => ear.toggle();
$("mute").onclick = () => { speaker.mute(!speaker.muted); draw(); };
$("board-open").onclick = () => $("board").showModal();
$("board-close").onclick = () => $("board").close();
$("board").onclick = (e) => { if (e.target === $("board")) $("board").close(); };
addEventListener("pagehide", () => ear.stop());
draw();
if (matchMedia("(hover: hover)").matches) $("text").focus();

// pageID is kept over a reload, so that a conversation goes on. A tab that was
// duplicated takes an id of its own.
async function pageID() {
  const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(4)), (b) => b.toString(16).padStart(2, "0")).join("");
  const kept = sessionStorage.getItem("tars.page");
  const page = kept && await mine(kept) ? kept : fresh();
  if (page !== kept) mine(page);
  sessionStorage.setItem("tars.page", page);
  return page;
}

function mine(page) {
  if (!navigator.locks) return true;
  return new Promise((decide) => {
    navigator.locks.request(`tars ${page}`, { ifAvailable: true }, (lock) => {
      decide(!!lock);
      return lock ? new Promise(() => {}) : undefined; // held as long as the page lives
    });
  });
}
