// Transcript is the conversation as it is seen: what was said, what is being
// said, and the answers while they are written.

import { make, place } from "./parts.js";
import { rich } from "./rich.js";
import { t } from "./text.js";
import { verdict } from "./verdict.js";

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

  // typed shows a text that was written here.
  typed(key, text) {
    const line = this.#line("user pending", text, "");
    line.key = key;
    this.#pending.push(line);
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    this.#follow(true);
  }

  // before shows what was said before the page opened, above all that is there.
  // kept are the ids of turns that can still be explained.
  before(lines, words, kept) {
    const added = lines.filter((l) => !this.#has(l)).map((l) => {
      const meta = make("div", { class: "meta" }, place(l.room, this.room));
      const li = make("li", { class: l.mine ? "user earlier" : "tars earlier" }, said(l), make("div", { class: "foot" }, meta));
      if (kept.has(l.utt)) this.#explain({ li, meta, text: l.text }, l.utt);
      return li;
    });
    this.list.querySelectorAll(":scope > .earlier, :scope > .divider").forEach((li) => li.remove());
    if (!added.length) return;
    this.welcome.hidden = true;
    const stick = this.#atEnd();
    this.list.prepend(make("li", { class: "divider" }, words), ...added);
    this.#follow(stick);
  }

  // missed shows what was said while there was no line, and ends answers that ended then.
  missed(lines) {
    for (const l of lines) {
      const a = l.mine ? undefined : this.#answers.get(l.utt);
      if (a && !a.told) this.answered({ id: l.utt, reply: l.text }, l.room, l.html);
      else if (!this.#has(l)) {
        const line = this.#line(l.mine ? "user" : "tars", l.text, "");
        this.#mark(line, l.html);
        this.#explain(line, l.utt);
      }
    }
  }

  // has reports whether a line of the memory is shown already, under its id or, where a
  // rule answered, by its words.
  #has(l) {
    const all = [...this.list.querySelectorAll(`:scope > .${l.mine ? "user" : "tars"}:not(.earlier)`)];
    return all.some((li) => l.utt && li.dataset.id === l.utt || li.firstElementChild.textContent === l.text);
  }

  // delivery says how far a typed text is.
  delivery(key, words) {
    const line = this.#pending.find((l) => l.key === key);
    if (line) this.#note(line, words);
  }

  // taken marks a typed text as delivered.
  taken(key) {
    const i = this.#pending.findIndex((l) => l.key === key);
    if (i >= 0) this.#deliver(i);
  }

  // lost marks a typed text: it was not taken.
  lost(key) {
    const line = this.#pending.find((l) => l.key === key);
    if (!line) return;
    line.li.classList.add("failed");
    this.#note(line, t("lost"));
  }

  #deliver(i) {
    const [line] = this.#pending.splice(i, 1);
    line.li.classList.remove("pending", "failed");
    this.#note(line, "");
    return line;
  }

  heard(f, room) {
    this.#unhear(room);
    if (!f.text.trim() || f.message_id && this.#questions.has(f.message_id)) return;
    const i = this.#pending.findIndex((l) => room === this.room && l.text === f.text.trim());
    let line;
    if (i >= 0) {
      line = this.#deliver(i);
    } else {
      line = this.#line(this.own(room) ? "user" : "user other", f.text, place(room, this.room));
    }
    line.id = f.utt_id;
    line.li.dataset.id = f.utt_id ?? "";
    this.#explain(line, f.utt_id || f.message_id);
    if (f.message_id) this.#questions.set(f.message_id, line);
    if (this.#questions.size > MOST) this.#questions.delete(this.#questions.keys().next().value);
  }

  // hearing shows what has been understood so far; "" is that somebody speaks.
  hearing(text, room) {
    let line = this.#live.get(room);
    if (!line) {
      if (this.#live.size >= MAX_LIVE) this.#unhear([...this.#live.keys()].find((r) => r !== this.room));
      line = this.#line(this.own(room) ? "user live" : "user live other", "", t("hearing"));
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
    if (d.reason !== "failed") return this.#overheard(d, room);
    const line = this.#line(this.own(room) ? "user failed" : "user failed other", "…", "");
    this.#note(line, d.err ? t("not understood why", { error: d.err }) : t("not understood"));
    this.#explain(line, d.utt_id);
  }

  // overheard shows that something was heard here and is nothing to answer. Of several in a
  // row the last one is shown.
  #overheard(d, room) {
    if (!d.utt_id || !this.own(room) || d.reason === "no_speech") return;
    const last = this.list.lastElementChild;
    if (last?.classList.contains("ignored")) last.remove();
    const line = this.#line("user ignored", "", verdict({ outcome: "ignored", reason: d.reason, events: [] }).head);
    this.#explain(line, d.utt_id);
  }

  // explain lets a line be asked why it was answered, cut off or ignored.
  #explain(line, id) {
    if (!id || line.li.dataset.id && line.why) return;
    line.li.dataset.id = id;
    line.why = make("button", { type: "button", class: "why", "aria-label": t("why this", { text: line.text.slice(0, 60) }) }, t("why"));
    line.meta.after(line.why);
    this.list.querySelectorAll(":scope > li .why").forEach((b) => { b.tabIndex = -1; }); // one stop of the Tab key for all lines: arrows lead on
    line.why.tabIndex = 0;
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

  answered(r, room, html) {
    if (!r.reply && !r.error && !this.#answers.has(r.id)) return;
    const a = this.#answer(r.id, room);
    a.told = true;
    writing(a, false);
    if (r.reply) {
      this.#write(a, r.reply);
      this.#mark(a, html);
    } else if (r.error === "cancelled") this.#note(a, t("stopped"));
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
  tool(c, room) {
    const call = this.#calls.get(c.call_id) ?? { tool: toolLabel(c.name) ?? t("a tool"), id: c.call_id.replace(/-[^-]*$/, "") };
    const a = this.#answer(call.id, room);
    a.li.hidden = false;
    if (c.name) {
      this.#calls.set(c.call_id, call);
      if (this.#calls.size > MOST) this.#calls.delete(this.#calls.keys().next().value);
      this.#note(a, t("using", { tool: call.tool }));
    } else {
      this.#calls.delete(c.call_id);
      this.#note(a, c.error ? t("tool failed", { tool: call.tool, error: c.error }) : t("used", { tool: call.tool }));
    }
  }

  // turn shows how long the answer took, and how it ended.
  turn(r) {
    const q = this.#questions.get(r.turn_id);
    const a = this.#answers.get(q?.id ?? r.turn_id);
    if (r.outcome === "ignored") {
      if (q) this.#note(q, ignored(r.reason));
      return;
    }
    if (!a && q && STEERED.has(r.reason)) this.#note(q, t(STEERED.get(r.reason)));
    if (!a) return;
    writing(a, false);
    const parts = r.last_word == null ? times(r) : stages(r);
    if (r.outcome === "interrupted") parts.unshift(t("stopped"));
    if (r.outcome === "failed" && r.reason) parts.unshift(r.reason);
    this.#note(a, parts.join(" · "));
  }

  idOf(turn) { return this.#questions.get(turn)?.id ?? turn; }

  #answer(id, room) {
    let a = this.#answers.get(id);
    if (!a) {
      a = this.#line(this.own(room, id) ? "tars" : "tars other", "", "");
      a.seq = 0;
      this.#explain(a, id);
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
    li.append(bubble, make("div", { class: "foot" }, meta));
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

  #write(line, text) {
    const stick = this.#atEnd();
    line.text = text.slice(0, MAX_LINE);
    line.bubble.textContent = line.text;
    line.bubble.hidden = !text;
    this.#follow(stick);
  }

  // mark shows the text of a line with its lists, tables, code and links.
  #mark(line, html) {
    const nodes = rich(html), stick = this.#atEnd();
    line.bubble.classList.toggle("rich", !!nodes);
    if (nodes) line.bubble.replaceChildren(...nodes);
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

// said is the bubble of a line of the memory.
function said(l) {
  const nodes = rich(l.html);
  return make("div", { class: nodes ? "bubble rich" : "bubble" }, ...nodes ?? [l.text]);
}

// writing also keeps a screen reader quiet until the answer is whole.
function writing(line, on) {
  line.li.classList.toggle("writing", on);
  line.li.setAttribute("aria-busy", on);
}

// times are when the parts of an answer came after the words it answers.
function times(r) {
  const since = r.speech_end ?? r.final;
  const after = (x, what) => x == null || since == null || x < since ? [] : [t(what, { s: (x - since).toFixed(2) })];
  return [...after(r.first_delta, "first word"), ...after(r.first_audio, "voice after"), ...after(r.end, "end after")];
}

// stages are what the time from the last word to the first sound was spent on.
function stages(r) {
  const took = (what, from, to) => from == null || to == null ? [] : [t(what, { s: Math.max(0, to - from).toFixed(2) })];
  const total = took("first sound", r.last_word, r.first_audio);
  const all = [["wait took", r.last_word, r.endpoint], ["recognition took", r.endpoint, r.final], ["thinking took", r.final, r.first_say], ["voice took", r.first_say, r.first_audio]];
  return [...total, ...all.flatMap(([what, from, to]) => took(what, from, to))];
}

// STEERED is what was done for words about the conversation itself, by the reason of
// their turn.
const STEERED = new Map([["stop", "stopped"], ["hold", "hold"], ["go on", "go on"]]);

// toolLabel is the name of a tool for people.
export function toolLabel(tool) { return tool?.replace(/^mcp__/, "").replaceAll("__", ": ").replaceAll("_", " "); }

// ignored is why words were not answered.
function ignored(reason) {
  if (reason === "too short to interrupt") return t("too short");
  if (reason === "said before the answer") return t("late words");
  if (reason === "nod") return t("nod");
  if (reason?.startsWith("heard better")) return t("heard better", { reason });
  return t("not meant");
}
