// Board shows who is there, from the retained health of every service.

import { read } from "./message.js";

const REQUIRED = [
  ["tars-stt", "Hearing"], ["tars-router", "Conversation"], ["tars-llm", "Language model"],
  ["tars-memory", "Memory"], ["tars-tts", "Voice"], ["ui-web", "This page"],
];
const OPTIONAL = [["wake-activation", "Wake word"], ["tars-camera", "Camera"], ["movement-esp32", "Movement"]];
const NAMES = new Map([["engine-speech", "Speech engine"], ["engine-llm", "Chat engine"], ["engine-embed", "Meaning engine"], ["engine-wake", "Wake engine"]]);
const COPIES = ["stt", "router", "llm", "memory", "tts"]; // for consumers of the reference
const WORDS = new Map(Object.entries({ ready: "ready", reconnected: "ready", degraded: "degraded", shutdown: "stopped", lost: "lost", error: "failing", asleep: "asleep", starting: "starting" }));
const MAX_OTHERS = 24; // names beside those above; the one shown first makes room

export class Board {
  #known = new Map(); // by client id
  #clouds = new Map(); // by client id, the host that its engine is at
  #items = new Map();
  #others = [];
  #linked = false;

  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
    for (const [id, name] of REQUIRED) this.#add(id, name, false);
    for (const [id, name] of OPTIONAL) this.#add(id, name, true);
    this.#draw();
  }

  get total() { return REQUIRED.length; }
  get ready() { return this.#linked ? REQUIRED.filter(([id]) => this.#known.get(id)?.ok).length : 0; }
  get linked() { return this.#linked && this.#known.get("ui-web")?.ok !== false; }

  // health takes one message of a service.
  health(topic, payload) {
    const id = topic.split("/").at(-1);
    if (COPIES.includes(id) || !id) return;
    const data = read("health", payload);
    if (data?.ok !== undefined) {
      this.#known.set(id, data);
      if (!this.#items.has(id)) this.#addOther(id);
    } else {
      this.#known.delete(id);
    }
    this.#draw();
  }

  // engine takes which engine a service uses: one in a cloud is named.
  engine(topic, payload) {
    const id = topic.split("/").at(-1);
    if (!REQUIRED.some(([known]) => known === id)) return;
    this.#clouds.set(id, read("engine", payload)?.cloud);
    this.#draw();
  }

  // line says whether what is shown can be believed.
  line(open) {
    this.#linked = open;
    if (!open) this.#known.clear(); // the server tells it again
    this.#draw();
  }

  #addOther(id) {
    if (!NAMES.has(id)) this.#others.push(id);
    if (this.#others.length > MAX_OTHERS) {
      const gone = this.#others.shift();
      this.#items.get(gone)?.li.remove();
      this.#items.delete(gone);
      this.#known.delete(gone);
    }
    this.#add(id, NAMES.get(id) ?? id, true);
  }

  #add(id, name, optional) {
    const li = document.createElement("li");
    li.id = `service-${id}`;
    li.classList.toggle("optional", optional);
    const part = (tag, cls, text = "") => {
      const e = document.createElement(tag);
      e.className = cls;
      e.textContent = text;
      li.append(e);
      return e;
    };
    this.#items.set(id, { li, optional, dot: part("span", "dot"), name: part("span", "name", name), state: part("span", "state"), why: part("span", "why") });
    this.list.append(li);
  }

  #draw() {
    for (const [id, item] of this.#items) {
      const h = this.#known.get(id);
      let state = "quiet", text = item.optional ? "not installed" : "not seen yet", why = "";
      if (!this.#linked) text = "unknown";
      else if (h) {
        text = WORDS.get(h.event) ?? (h.ok ? "ready" : "failing");
        state = h.event === "degraded" ? "partly" : ["asleep", "shutdown"].includes(h.event) ? "quiet" : h.ok ? "ready" : "lost";
        why = h.err ?? (WORDS.has(h.event) ? "" : h.event ?? "");
      }
      item.li.dataset.state = item.dot.dataset.state = state;
      item.li.classList.toggle("optional", item.optional && !h);
      item.state.textContent = text;
      const cloud = h && this.#clouds.get(id);
      item.why.textContent = cloud ? [why, `what it is given goes to ${cloud}`].filter(Boolean).join("; ") : why;
    }
    this.changed?.();
  }
}
