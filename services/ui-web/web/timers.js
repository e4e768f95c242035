// Timers shows what will ring, and sets and ends it.

import { make, request } from "./parts.js";
import { day, lang, t } from "./text.js";

export class Timers {
  #known; // undefined: their service has not been heard
  #items = new Map(); // by id: {li, left, spoken}

  constructor(form, list, status) {
    Object.assign(this, { form, list, status });
    form.onsubmit = (e) => {
      e.preventDefault();
      this.#add();
    };
    setInterval(() => this.#tick(), 1000);
    this.#draw();
  }

  // state takes the timers there are, the next to ring first.
  state(timers) {
    this.#known = timers;
    this.#draw();
  }

  async #add() {
    const { when, about, kind } = this.form.elements, what = about.value.trim() || undefined;
    const set = { action: "set", when: when.value.trim(), lang };
    if (kind.value === "reminder") set.about = what ?? t("reminder");
    else set.name = what;
    if (!set.when) return when.focus();
    const r = await request("/api/timers", set, t("timers do not answer"));
    const one = r.timers?.[0];
    this.status.textContent = r.error ?? t("timer set", { name: label(one), time: remaining(one) });
    this.status.classList.toggle("bad", !!r.error);
    if (r.error) return when.focus();
    this.form.reset();
    when.focus();
  }

  async #end(timer, action) {
    const r = await request("/api/timers", { action, timer_id: timer.id }, t("timers do not answer"));
    this.status.textContent = r.error ?? (action === "cancel" ? t("timer gone", { name: label(timer) }) : "");
    this.status.classList.toggle("bad", !!r.error);
    if (!r.error) this.form.elements.when.focus(); // the button is gone
  }

  #draw() {
    const busy = document.activeElement?.closest("#timer-list button");
    const at = busy && [busy.closest("li").dataset.id, busy.dataset.action];
    this.#items.clear();
    const all = this.#known ?? [];
    this.list.replaceChildren(...all.map((timer) => this.#item(timer)));
    if (!all.length) this.list.append(make("li", { class: "hint" }, t(this.#known ? "no timers" : "timers silent")));
    if (at) this.list.querySelector(`li[data-id="${CSS.escape(at[0])}"] [data-action="${at[1]}"]`)?.focus();
  }

  #item(timer) {
    const left = make("span", { class: "left" }, remaining(timer));
    const details = [
      label(timer) === kind(timer) ? "" : kind(timer), timer.state === "waiting" || timer.state === "paused" ? t("due at", { day: day(timer.due) }) : "",
      timer.repeat ? t("repeats", { repeat: timer.repeat }) : "", timer.room ? t("rings in", { room: timer.room }) : "",
    ].filter(Boolean).join(" · ");
    const button = (action, words, spoken) => make("button", { type: "button", class: "pill small", "data-action": action, "aria-label": t(spoken, { name: label(timer) }),
      onclick: () => this.#end(timer, action) }, t(words));
    const li = make("li", { "data-id": timer.id, "data-state": timer.state }, make("span", { class: "name" }, label(timer)), left, make("small", {}, details),
      make("span", { class: "choices" }, timer.state === "ringing" ? button("stop", "stop ringing", "stop this") : "", button("cancel", "cancel", "cancel this")));
    this.#items.set(timer.id, { timer, left });
    return li;
  }

  #tick() {
    for (const { timer, left } of this.#items.values()) {
      const now = remaining(timer);
      if (left.textContent !== now) left.textContent = now;
    }
  }
}

function label(timer) { return timer?.about || timer?.name || kind(timer); }

function kind(timer) { return t(["alarm", "reminder"].includes(timer?.kind) ? timer.kind : "timer"); }

// remaining is when a timer rings, in words.
function remaining(timer) {
  if (!timer) return "";
  if (timer.state === "ringing" || timer.state === "missed") return t(timer.state);
  const seconds = Math.max(0, Math.round(timer.remaining ?? timer.due - Date.now() / 1000));
  const time = t("left", { time: clock(seconds) });
  return timer.state === "paused" ? `${t("paused")}, ${time}` : time;
}

// clock is 1:05, 2:00:09 or 3 d 4:00:00.
function clock(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60, s = seconds % 60;
  return `${d ? `${d} d ` : ""}${d || h ? `${h}:${two(m)}` : m}:${two(s)}`;
}
