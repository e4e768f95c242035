// Inspector shows the messages of the bus while they pass, and sends one.

import { name, number, text } from "./message.js";
import { make, request } from "./parts.js";
import { Stream } from "./stream.js";
import { lang, may, t } from "./text.js";

const MAX_ROWS = 300;
const MAX_HELD = 1000; // messages that wait while it is paused

export class Inspector {
  #stream; #held = []; #lost = 0; #seen = 0; #due;

  // on: message(message), for each that comes
  constructor($, on) {
    Object.assign(this, { form: $("bus-filter-form"), filter: $("bus-filter"), words: $("bus-words"), audio: $("bus-audio"), pauseButton: $("bus-pause"), list: $("bus-list"),
      status: $("bus-status"), send: $("bus-send"), sendStatus: $("bus-send-status"), on });
    this.#stream = new Stream({ message: (m) => this.#take(m), lost: (n) => { this.#lost += number(n) ?? 0; } },
      (running) => { this.running = running; this.#count(); });
    this.form.onsubmit = (e) => { e.preventDefault(); this.#clear(); this.look(); };
    this.audio.onchange = () => this.look();
    this.words.oninput = () => this.#sift();
    this.pauseButton.onclick = () => this.#pause(!this.paused);
    $("bus-clear").onclick = () => this.#clear();
    this.send.hidden = !may("publish");
    this.send.querySelector("form").onsubmit = (e) => { e.preventDefault(); this.#publish(e.currentTarget.elements); };
  }

  look() {
    if (!may("inspect")) {
      this.status.textContent = t("inspect not allowed");
      this.form.hidden = true;
      return;
    }
    this.running = undefined;
    this.#stream.start(`/api/bus?${new URLSearchParams({ filter: this.filter.value.trim() || "#", audio: this.audio.checked ? 1 : 0 })}`);
    this.#count();
  }

  #clear() {
    this.list.replaceChildren();
    this.#held = [];
    this.#seen = this.#lost = 0;
    this.#count();
  }

  leave() { this.#stream.stop(); }

  #pause(on) {
    this.paused = on;
    this.pauseButton.setAttribute("aria-pressed", on);
    this.pauseButton.textContent = t(on ? "go on showing" : "pause");
    if (!on) this.#show();
    this.#count();
  }

  #take(m) {
    if (!name(m.topic)) return;
    this.#seen++;
    this.on.message(m);
    this.#held.push(m);
    if (this.#held.length > MAX_HELD) { this.#held.shift(); this.#lost++; }
    this.#due ??= setTimeout(() => { this.#due = undefined; if (!this.paused) this.#show(); this.#count(); }, 120); // many at once are drawn once
  }

  #show() {
    const some = this.#held.slice(-MAX_ROWS);
    this.#held = [];
    this.list.prepend(...some.reverse().map((m) => this.#row(m)));
    while (this.list.childElementCount > MAX_ROWS) this.list.lastElementChild.remove();
  }

  #count() {
    this.status.dataset.running = this.running === true;
    const waiting = this.paused && this.#held.length ? t("n waiting", { n: this.#held.length }) : "";
    this.status.textContent = [this.running === false ? t("bus away") : "", t("n messages", { n: this.#seen }), waiting, this.#lost ? t("n lost", { n: this.#lost }) : ""].filter(Boolean).join(" · ");
  }

  #row(m) {
    const spelled = m.data === null ? "" : JSON.stringify(m.data);
    const preview = m.data === null ? t("n bytes", { n: number(m.size) ?? 0 }) : spelled.slice(0, 160);
    const row = make("details", { class: "message" }, make("summary", {},
      make("time", {}, clock(m.at)), make("span", { class: "topic" }, m.topic), make("span", { class: "from" }, name(m.source) || t("bare")), make("span", { class: "preview" }, preview)));
    row.search = `${m.topic} ${m.source ?? ""} ${spelled}`.toLowerCase();
    row.hidden = !this.#fits(row);
    row.ontoggle = () => { // what is in it is made when somebody looks
      if (!row.open || row.childElementCount > 1) return;
      const facts = { id: m.id, trace: m.trace, room: m.room, qos: m.qos, retained: m.retained || undefined, bytes: m.size, type: m.kind };
      row.append(make("p", { class: "facts" }, Object.entries(facts).filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => `${k} ${v}`).join(" · ")),
        make("pre", { tabindex: "0" }, pretty(m)), may("publish") && m.data !== null && !m.cut ? make("button", { type: "button", class: "pill small", onclick: () => this.#edit(m) }, t("edit and send")) : "");
    };
    return row;
  }

  #sift() { for (const row of this.list.children) row.hidden = !this.#fits(row); }

  #fits(row) { return this.words.value.toLowerCase().trim().split(/\s+/).every((w) => row.search.includes(w)); }

  #edit(m) {
    const { topic, payload, retain } = this.send.querySelector("form").elements;
    Object.assign(topic, { value: m.topic });
    payload.value = pretty(m);
    retain.checked = m.retained === true;
    this.send.open = true;
    topic.focus();
  }

  async #publish({ topic, payload, retain, bare }) {
    let data;
    try {
      data = JSON.parse(payload.value);
    } catch (e) {
      return this.#said(t("no JSON", { error: e.message }), true);
    }
    const r = await request("/api/bus", { topic: topic.value.trim(), payload: data, retain: retain.checked, bare: bare.checked }, t("no server"));
    this.#said(r.error ?? t(r.nobody ? "sent to nobody" : "sent to", { topic: topic.value.trim() }), !!r.error);
  }

  #said(words, bad) {
    this.sendStatus.textContent = words;
    this.sendStatus.classList.toggle("bad", bad);
  }
}

// pretty is the payload of a message in lines.
export function pretty(m) {
  if (m.data === null) return t("n bytes", { n: number(m.size) ?? 0 });
  const words = typeof m.data === "string" ? m.data : JSON.stringify(m.data, null, 2);
  return text(words) + (m.cut ? `\n… ${t("n bytes", { n: number(m.size) ?? 0 })}` : "");
}

export function clock(seconds) { return new Date(1000 * (number(seconds) ?? 0)).toLocaleTimeString(lang, { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 }); }

