// Transcript is the conversation as it is seen: what was said, what is being
// said, and the answers while they are written.

const MOST = 200;       // lines kept
const PATIENCE = 10000; // milliseconds a partial stays without a successor
const MAX_LIVE = 8;     // rooms in which somebody is seen speaking; the first of the others makes room
const MAX_LINE = 100000; // characters of one
const MAX_PENDING = 50; // typed lines that wait to be delivered

export class Transcript {
  #answers = new Map();   // by the id of the answer
  #calls = new Map(); // of tools, by id
  #questions = new Map(); // by message_id of the transcript
  #live = new Map();      // what is being said, by room
  #pending = [];          // typed here, not yet on the bus

  constructor(list, scroll, welcome, room) {
    Object.assign(this, { list, scroll, welcome, room });
  }

  own(room, id) { return room === this.room || !!id?.startsWith(this.room + "-"); }

  // typed shows a text that was sent from here.
  typed(text) {
    const line = this.#line("user pending", text, "sending…");
    line.timer = setTimeout(() => this.#lost(line), 6000);
    this.#pending.push(line);
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    this.#follow(true);
  }

  // refused marks what was typed last: it was not taken.
  refused() {
    const line = this.#pending.pop();
    if (!line) return;
    clearTimeout(line.timer);
    this.#lost(line);
  }

  heard(t, room) {
    this.#unhear(room);
    if (!t.text.trim() || t.message_id && this.#questions.has(t.message_id)) return;
    const i = this.#pending.findIndex((l) => room === this.room && l.text === t.text.trim());
    let line;
    if (i >= 0) {
      [line] = this.#pending.splice(i, 1);
      clearTimeout(line.timer);
      line.li.classList.remove("pending", "failed");
      this.#note(line, "");
    } else {
      line = this.#line(this.own(room) ? "user" : "user other", t.text, place(room, this.room));
    }
    line.id = t.utt_id;
    line.li.dataset.id = t.utt_id ?? "";
    if (t.message_id) this.#questions.set(t.message_id, line);
    if (this.#questions.size > MOST) this.#questions.delete(this.#questions.keys().next().value);
  }

  // hearing shows what has been understood so far; "" is that somebody speaks.
  hearing(text, room) {
    let line = this.#live.get(room);
    if (!line) {
      if (this.#live.size >= MAX_LIVE) this.#unhear([...this.#live.keys()].find((r) => r !== this.room));
      line = this.#line(this.own(room) ? "user live" : "user live other", "", "listening…");
      this.#live.set(room, line);
    }
    this.list.append(line.li); // stays below
    this.#write(line, text || line.text || "…");
    clearTimeout(line.timer);
    line.timer = setTimeout(() => this.#unhear(room), PATIENCE);
  }

  // dropped takes away what was being said: it was nothing to answer. That the
  // recogniser failed is shown, as somebody may wait for an answer.
  dropped(d, room) {
    this.#unhear(room);
    if (d.reason !== "failed") return;
    const line = this.#line(this.own(room) ? "user failed" : "user failed other", "…", "");
    this.#note(line, `not understood${d.err ? `: ${d.err}` : ""}`);
  }

  delta(d, room) {
    if (d.delta == null && !this.#answers.has(d.id)) return;
    const a = this.#answer(d.id, room);
    if (a.told || (d.seq != null && d.seq <= a.seq)) return;
    a.seq = d.seq ?? a.seq;
    if (d.delta != null) {
      this.#write(a, (a.streamed ? a.text : "") + d.delta);
      a.streamed = true;
    }
    writing(a, !d.done);
  }

  answered(r, room) {
    if (!r.reply && !r.error && !this.#answers.has(r.id)) return;
    const a = this.#answer(r.id, room);
    a.told = true;
    writing(a, false);
    if (r.reply) this.#write(a, r.reply);
    else if (r.error === "cancelled") this.#note(a, "stopped");
    else if (r.error) {
      a.li.classList.add("failed");
      this.#note(a, r.error);
    }
    if (!a.text) a.li.hidden = !r.error || r.error === "cancelled";
  }

  // said makes a line of what no model wrote.
  said(s, room) {
    if (!s.text.trim()) return;
    const a = this.#answer(s.utt_id || s.message_id || "", room);
    if (a.streamed || a.text && a.told && !a.spoken) return;
    a.spoken = true;
    const glue = !a.text || /^[\s.,;:!?…)]/.test(s.text) ? "" : " ";
    this.#write(a, a.text + glue + s.text);
    a.li.hidden = false;
  }

  // tool shows that a tool is called for an answer, and what came of it. The id of a call
  // begins with that of the request.
  tool(t, room) {
    const call = this.#calls.get(t.call_id) ?? { tool: toolLabel(t.name) ?? "a tool", id: t.call_id.replace(/-[^-]*$/, "") };
    const a = this.#answer(call.id, room);
    a.li.hidden = false;
    if (t.name) {
      this.#calls.set(t.call_id, call);
      if (this.#calls.size > MOST) this.#calls.delete(this.#calls.keys().next().value);
      this.#note(a, `using ${call.tool}…`);
    } else {
      this.#calls.delete(t.call_id);
      this.#note(a, t.error ? `${call.tool} failed: ${t.error}` : `used ${call.tool}`);
    }
  }

  // turn shows how long the answer took, and how it ended.
  turn(t) {
    const q = this.#questions.get(t.turn_id);
    const a = this.#answers.get(q?.id ?? t.turn_id);
    if (t.outcome === "ignored") {
      if (q) this.#note(q, ignored(t.reason));
      return;
    }
    if (!a && q && STEERED.has(t.reason)) this.#note(q, STEERED.get(t.reason));
    if (!a) return;
    writing(a, false);
    const parts = t.last_word == null ? times(t) : stages(t);
    if (t.outcome === "interrupted") parts.unshift("stopped");
    if (t.outcome === "failed" && t.reason) parts.unshift(t.reason);
    this.#note(a, parts.join(" · "));
  }

  idOf(turn) { return this.#questions.get(turn)?.id ?? turn; }

  #answer(id, room) {
    let a = this.#answers.get(id);
    if (!a) {
      a = this.#line(this.own(room, id) ? "tars" : "tars other", "", "");
      a.seq = 0;
      a.li.dataset.id = id;
      this.#answers.set(id, a);
      if (this.#answers.size > MOST) this.#answers.delete(this.#answers.keys().next().value);
    }
    return a;
  }

  #line(cls, text, note) {
    const li = document.createElement("li"), bubble = document.createElement("div"), meta = document.createElement("div");
    li.className = cls;
    bubble.className = "bubble";
    meta.className = "meta";
    li.append(bubble, meta);
    const line = { li, bubble, meta, text: "" };
    this.welcome.hidden = true;
    this.list.append(li);
    while (this.list.childElementCount > MOST) this.#first().remove();
    this.#write(line, text);
    this.#note(line, note);
    return line;
  }

  // first is the line that makes room: of other rooms before those of this one.
  #first() {
    return this.list.querySelector(":scope > .other") ?? this.list.firstElementChild;
  }

  #unhear(room) {
    const line = this.#live.get(room);
    if (!line) return;
    clearTimeout(line.timer);
    line.li.remove();
    this.#live.delete(room);
  }

  #lost(line) {
    line.li.classList.add("failed");
    this.#note(line, "not delivered");
  }

  #write(line, text) {
    const stick = this.#atEnd();
    line.text = text.slice(0, MAX_LINE);
    line.bubble.textContent = line.text;
    line.bubble.hidden = !text;
    this.#follow(stick);
  }

  #note(line, text) {
    const stick = this.#atEnd();
    line.meta.textContent = text;
    this.#follow(stick);
  }

  #atEnd() {
    const s = this.scroll;
    return s.scrollHeight - s.scrollTop - s.clientHeight < 80;
  }

  #follow(stick) {
    if (stick) this.scroll.scrollTop = this.scroll.scrollHeight;
  }
}

// writing also keeps a screen reader quiet until the answer is whole.
function writing(line, on) {
  line.li.classList.toggle("writing", on);
  line.li.setAttribute("aria-busy", on);
}

// times are when the parts of an answer came after the words it answers.
function times(t) {
  const since = t.speech_end ?? t.final;
  const after = (x, what) => x == null || since == null || x < since ? [] : [`${what} ${(x - since).toFixed(2)} s`];
  return [...after(t.first_delta, "first word"), ...after(t.first_audio, "voice"), ...after(t.end, "end")];
}

// stages are what the time from the last word to the first sound was spent on.
function stages(t) {
  const took = (from, to) => from == null || to == null ? undefined : `${Math.max(0, to - from).toFixed(2)} s`;
  const total = took(t.last_word, t.first_audio);
  const all = [["wait", t.last_word, t.endpoint], ["recognition", t.endpoint, t.final], ["thinking", t.final, t.first_say], ["voice", t.first_say, t.first_audio]];
  const parts = all.flatMap(([what, from, to]) => took(from, to) ? [`${what} ${took(from, to)}`] : []);
  return total ? [`first sound ${total}`, ...parts] : parts;
}

// STEERED is what was done for words about the conversation itself, by the reason of
// their turn.
const STEERED = new Map([["stop", "stopped"], ["hold", "waiting for “go on”"], ["go on", "going on"]]);

// toolLabel is the name of a tool for people.
export function toolLabel(tool) { return tool?.replace(/^mcp__/, "").replaceAll("__", ": ").replaceAll("_", " "); }

// ignored is why words were not answered.
function ignored(reason) {
  if (reason === "too short to interrupt") return "kept talking: too short to be an interruption";
  if (reason === "nod") return "kept talking: that was a nod";
  if (reason?.startsWith("heard better")) return `${reason}, which answers`;
  return "heard, and not taken as meant for me";
}

// place is where something was said, when it was not here.
function place(room, here) {
  if (!room || room === here) return "";
  return room.startsWith("web-") ? "on another page" : `in the ${room}`;
}
