// Board shows who is there, from the retained health of every service.

import { read } from "./message.js";
import { has, t } from "./text.js";

const REQUIRED = ["tars-stt", "tars-router", "tars-llm", "tars-memory", "tars-tts", "ui-web"];
const OPTIONAL = ["tars-timer", "wake-activation", "tars-camera", "movement-esp32"];
const ENGINES = ["engine-speech", "engine-llm", "engine-embed", "engine-wake"];
const WAKE = "tars-wake"; // who listens for wake words, on behalf of tars-stt
const COPIES = ["stt", "router", "llm", "memory", "tts"]; // for consumers of the reference
const WORDS = new Map(Object.entries({ ready: "ready", reconnected: "ready", degraded: "degraded", shutdown: "stopped", lost: "lost", error: "failing", asleep: "asleep", starting: "starting" }));
const MAX_OTHERS = 24; // names beside those above; the one shown first makes room

export class Board {
  #known = new Map(); // by client id
  #clouds = new Map(); // by client id, the hosts that its engines are at, by the name of each
  #items = new Map();
  #others = [];
  #linked = false;

  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
    for (const id of REQUIRED) this.#add(id, false);
    for (const id of OPTIONAL) this.#add(id, true);
    this.#draw();
  }

  get total() { return REQUIRED.length; }
  get ready() { return this.#linked ? REQUIRED.filter((id) => this.#known.get(id)?.ok).length : 0; }
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
    const name = topic.split("/").at(-1);
    const id = name === WAKE ? "tars-stt" : name;
    if (!REQUIRED.includes(id)) return;
    this.#clouds.set(id, { ...this.#clouds.get(id), [name]: read("engine", payload)?.cloud });
    this.#draw();
  }

  // line says whether what is shown can be believed.
  line(open) {
    this.#linked = open;
    if (!open) this.#known.clear(); // the server tells it again
    this.#draw();
  }

  #addOther(id) {
    if (!ENGINES.includes(id)) this.#others.push(id);
    if (this.#others.length > MAX_OTHERS) {
      const gone = this.#others.shift();
      this.#items.get(gone)?.li.remove();
      this.#items.delete(gone);
      this.#known.delete(gone);
    }
    this.#add(id, true);
  }

  #add(id, optional) {
    const name = has(`service ${id}`) ? t(`service ${id}`) : id;
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
      let state = "quiet", text = item.optional ? "absent" : "unseen", why = "";
      if (!this.#linked) text = "unknown";
      else if (h) {
        text = WORDS.get(h.event) ?? (h.ok ? "ready" : "failing");
        state = h.event === "degraded" ? "partly" : ["asleep", "shutdown"].includes(h.event) ? "quiet" : h.ok ? "ready" : "lost";
        why = h.err ?? (WORDS.has(h.event) ? "" : h.event ?? "");
      }
      item.li.dataset.state = item.dot.dataset.state = state;
      this.told?.(id, text);
      item.li.classList.toggle("optional", item.optional && !h);
      item.state.textContent = t(`state ${text}`);
      const hosts = h ? new Set(Object.values(this.#clouds.get(id) ?? {}).filter(Boolean)) : new Set();
      item.why.textContent = [why, ...[...hosts].map((host) => t("goes to cloud", { host }))].filter(Boolean).join("; ");
    }
    this.changed?.();
  }
}
