// House shows what the services do, who is heard in which room, and the messages that no
// service could handle.

import { name, number, object, text } from "./message.js";
import { confirm, make, request } from "./parts.js";
import { Segments } from "./segments.js";
import { Stream } from "./stream.js";
import { day, has, may, t } from "./text.js";

const MAX_SERVICES = 40;
const MAX_ROOMS = 24;    // that are shown
const FORGOTTEN = 600e3; // milliseconds after which a room in which nothing happens is not shown
const DOES = new Map(Object.entries({ "wake/event": "hears", "stt/partial": "hears", "stt/final": "thinks", "llm/stream": "thinks", "stt/dropped": "", "system/turn": "" }));

export class House {
  #stats = new Map(); // by client id: {at, total, rate, uptime, queue, slow, error}
  #names = new Map(); // by client id: the name of the service
  #rooms = new Map(); // by name: {does, level, seen, speaker}
  #stream;

  constructor($, engines, room) {
    Object.assign(this, { list: $("services"), roomList: $("rooms"), letterList: $("letters"), status: $("house-status"), here: room });
    this.#stream = new Stream({
      info: ({ id, data }) => this.#info(id, data), stats: ({ id, data }) => this.#took(id, data), health: () => {},
      levels: (all) => this.#levels(all), letters: (all) => this.#letters(all),
    }, (running) => { this.status.textContent = running ? "" : t("house away"); });
    this.segments = new Segments($("house-segments"), { services: $("house-services"), rooms: $("house-rooms"), engines: $("house-engines"), letters: $("house-letters") },
      { engines: () => engines.look() });
    this.#letters([]);
    this.#drawRooms();
  }

  look() {
    this.#stream.start("/api/house");
    this.segments.show(this.segments.name);
  }

  leave() { this.#stream.stop(); }

  #info(id, data) {
    const service = name(object(data?.data ?? data)?.name);
    if (service && this.#names.size < MAX_SERVICES) this.#names.set(id, service);
  }

  // took reads what a service did since its start.
  #took(id, data) {
    const s = object(data?.data) ?? object(data);
    if (!s || this.#stats.size >= MAX_SERVICES && !this.#stats.has(id)) return;
    const handlers = (Array.isArray(s.handlers) ? s.handlers : []).map(object).filter(Boolean), sum = (all) => all.reduce((n, x) => n + (number(x) ?? 0), 0);
    const total = sum(handlers.filter((h) => !String(h.topic).startsWith("system/stats")).map((h) => h.handled)) +
      sum(Object.entries(object(s.published) ?? {}).filter(([type]) => type !== "system.stats").map(([, n]) => n)); // without what is said because somebody looks
    const at = number(s.uptime_s) ?? 0, before = this.#stats.get(id);
    const since = before && at > before.at ? before : undefined; // else it was started again
    const failed = handlers.find((h) => text(h.last_error));
    this.#stats.set(id, {
      at, total, rate: since ? (total - since.total) / (at - since.at) : undefined, queue: sum(handlers.map((h) => h.queue)),
      lost: sum(handlers.flatMap((h) => Object.values(object(h.dropped) ?? {}))), letters: sum(handlers.map((h) => h.dead)),
      slow: Math.max(0, ...handlers.map((h) => number(h.took_p99_ms) ?? 0)), error: failed && `${text(failed.last_error)} (${name(failed.name) ?? "?"})`,
    });
    this.#draw(id);
  }

  // draw writes the facts below a service that the board shows.
  #draw(id) {
    const li = document.getElementById(`service-${id}`), s = this.#stats.get(id);
    if (!li || !s || li.parentElement !== this.list) return;
    const part = (cls) => li.querySelector(`.${cls}`) ?? li.appendChild(make("span", { class: cls }));
    part("facts").textContent = [
      s.rate === undefined ? "" : t("rate", { n: s.rate.toFixed(s.rate < 10 ? 1 : 0) }), s.queue ? t("queue", { n: s.queue }) : "",
      s.slow ? t("slowest", { ms: s.slow.toFixed(s.slow < 10 ? 1 : 0) }) : "", s.lost ? t("dropped n", { n: s.lost }) : "", t("up for", { time: span(s.at) }),
    ].filter(Boolean).join(" · ");
    part("last-error").textContent = s.error ? t("last error", { error: s.error }) : "";
  }

  // hint says how a service that is away is started again.
  hint(id, state) {
    const li = document.getElementById(`service-${id}`), service = this.#names.get(id) ?? id.replace(/^tars-/, "");
    if (!li) return;
    const away = state === "lost" || state === "stopped";
    let e = li.querySelector(".restart");
    if (!e && away) e = li.appendChild(make("span", { class: "restart" }));
    if (e) e.textContent = away ? t("restart", { service }) : "";
    if (away) li.querySelector(".facts")?.replaceChildren();
  }

  // heard takes a message of the conversation in a room.
  heard(topic, room, event) {
    const does = topic === "tts/status" ? { speaking_start: "speaks", speaking_end: "", stopped: "" }[event] : DOES.get(topic);
    if (!room || does === undefined) return;
    Object.assign(this.#room(room), { does, seen: Date.now() });
    this.#drawRooms();
  }

  #room(room) {
    let r = this.#rooms.get(room);
    if (!r) {
      r = { does: "", level: undefined, seen: Date.now() };
      this.#rooms.set(room, r);
      if (this.#rooms.size > MAX_ROOMS) this.#rooms.delete([...this.#rooms].sort((a, b) => a[1].seen - b[1].seen)[0][0]);
    }
    return r;
  }

  #levels(all) {
    for (const r of this.#rooms.values()) r.level = undefined;
    for (const [room, level] of Object.entries(all).slice(0, MAX_ROOMS)) {
      if (name(room) && number(level) !== undefined) Object.assign(this.#room(room), { level, seen: Date.now() });
    }
    this.#drawRooms();
  }

  #drawRooms() {
    const old = Date.now() - FORGOTTEN;
    for (const [room, r] of this.#rooms) if (r.seen < old) this.#rooms.delete(room);
    const all = [...this.#rooms].sort((a, b) => a[0].localeCompare(b[0]));
    this.roomList.replaceChildren(...all.map(([room, r]) => {
      const called = room === this.here ? t("this page") : room.startsWith("web-") ? `${t("other page")} (${room})` : room;
      const state = t(r.does ? `room ${r.does}` : r.level === undefined ? "room quiet" : "room listens");
      return make("li", { "data-room": room }, make("span", { class: "name", dir: "auto" }, called), make("span", { class: "state" }, state),
        make("meter", { min: "0", max: "1", value: (r.level ?? 0).toFixed(2), "aria-label": t("level of", { room: called }) }));
    }));
    if (!all.length) this.roomList.append(make("li", { class: "hint" }, t("no rooms")));
  }

  #letters(all) {
    const shown = (Array.isArray(all) ? all : []).map(object).filter((l) => l && name(l.id));
    this.segments?.count("letters", shown.length);
    if (this.letterList.contains(document.activeElement) && this.letterList.querySelector(".confirm")) return; // somebody is deciding
    const open = new Set([...this.letterList.querySelectorAll("details[open]")].map((d) => d.closest("li").dataset.id));
    this.letterList.replaceChildren(...shown.reverse().map((l) => this.#letter(l, open.has(l.id))));
    if (!shown.length) this.letterList.append(make("li", { class: "hint" }, t(may("inspect") ? "no letters" : "letters not allowed")));
  }

  #letter(l, open) {
    const buttons = make("p", { class: "choices" });
    const act = async (button, action) => {
      if (action === "drop" && !await confirm(button, t("drop sure"), t("drop"))) return;
      button.disabled = true;
      const r = await request("/api/letters", { action, id: l.id }, t("no broker"));
      this.status.textContent = r.error ?? t(action === "drop" ? "dropped" : "replayed", { topic: text(l.topic) });
      button.disabled = false;
    };
    if (may("publish")) {
      for (const action of ["replay", "drop"]) buttons.append(make("button", { type: "button", class: "pill small", "data-action": action, onclick: (e) => act(e.currentTarget, action) }, t(action === "drop" ? "drop" : "try again")));
    }
    return make("li", { "data-id": l.id }, make("span", { class: "name" }, text(l.topic) ?? "?"),
      make("small", {}, [t("letter of", { client: text(l.client), handler: text(l.handler) }), day(l.sent), t("tries", { n: text(l.attempts) })].filter(Boolean).join(" · ")),
      make("p", { class: "problem", dir: "auto" }, text(l.problem) ?? ""),
      make("details", { open }, make("summary", {}, t("in full")), make("pre", { tabindex: "0" }, `${text(l.reason) ?? ""}\n\n${JSON.stringify(l.payload, null, 2) ?? ""}`)), buttons);
  }
}

// span is a length of time for people.
function span(seconds) {
  if (seconds < 90) return t("seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return t("minutes", { n: Math.round(seconds / 60) });
  if (seconds < 48 * 3600) return t("hours", { n: Math.round(seconds / 3600) });
  return t("days", { n: Math.round(seconds / 86400) });
}

// called is what the page calls a service of a name.
export function called(service) {
  const id = service === "ui-web" ? service : `tars-${service}`;
  return has(`service ${id}`) ? t(`service ${id}`) : has(`service ${service}`) ? t(`service ${service}`) : service;
}
