// Engines shows what hears, thinks and speaks, and why it is that; and what could be
// installed, and how far an installation is.

import { object, text } from "./message.js";
import { make, request } from "./parts.js";
import { may, t } from "./text.js";
import { called } from "./house.js";

const MAX_ROWS = 60; // of engines or of parts

export class Engines {
  #looks = 0;
  #parts = new Map(); // of the usual ones, those that are not installed

  // on: report(report), when one came
  constructor($, on = {}) {
    Object.assign(this, { uses: $("engine-uses"), parts: $("engine-parts"), status: $("engine-status"), advice: $("engine-advice"), progress: $("installation"), on });
    $("engine-try").onclick = () => this.look(true);
    this.button = $("engine-try");
    this.installed({});
  }

  async look(ask = false) {
    const looked = ++this.#looks;
    this.status.textContent = t(ask ? "engines asked" : "engines looked for");
    this.button.disabled = ask;
    const r = ask ? await request("/api/engines/try", {}, t("engines unknown")) : await request("/api/engines", undefined, t("engines unknown"));
    this.button.disabled = false;
    if (looked !== this.#looks) return undefined;
    this.status.textContent = r.error ?? "";
    if (!r.error) {
      this.#draw(object(r.engines) ?? {});
      this.on.report?.(object(r.engines));
    }
    if (object(r.installation)) this.installed(r.installation);
    return object(r.engines);
  }

  #draw({ uses, parts, running, advice }) {
    const rows = (v) => (Array.isArray(v) ? v : []).slice(0, MAX_ROWS).map(object).filter(Boolean);
    this.uses.replaceChildren(...rows(uses).map((u) => this.#use(u)),
      ...rows(running).map((e) => make("li", {}, make("span", { class: "name" }, t("installed engine", { name: text(e.name) })),
        make("small", {}, [text(e.state), text(e.memory), t("requests", { n: Number(e.requests) || 0 }), text(e.trouble)].filter(Boolean).join(" · ")))));
    this.advice.textContent = text(advice) ? t("helps most", { advice }) : "";
    const all = rows(parts), missing = all.filter((p) => p.usual && p.state !== "installed");
    this.parts.replaceChildren(...all.map((p) => this.#part(p)));
    if (missing.length && may("install")) {
      this.parts.prepend(make("li", { class: "usual" }, make("span", { class: "name" }, t("usual engines")), make("small", {}, t("usual hint")), this.#install([])));
    } else if (missing.length) {
      this.parts.prepend(make("li", { class: "hint" }, t("install not allowed")));
    }
  }

  #use(u) {
    return make("li", { "data-service": text(u.service), class: text(u.trouble) ? "bad-engine" : "" },
      make("span", { class: "name" }, called(text(u.service) ?? "?")), make("span", { class: "engine" }, text(u.engine) ?? "?"),
      make("small", {}, text(u.why) ?? ""), text(u.measured) ? make("small", { class: "measured" }, u.measured) : "",
      text(u.trouble) ? make("p", { class: "problem" }, u.trouble) : "", text(u.better) ? make("small", { class: "better" }, t("better", { better: u.better })) : "");
  }

  #part(p) {
    const installed = p.state === "installed";
    return make("li", { "data-part": text(p.id), "data-state": text(p.state) }, make("span", { class: "name" }, text(p.title) || text(p.id) || "?"),
      make("small", {}, [text(p.id), text(p.size), text(p.licence), t(`part ${["installed", "older"].includes(p.state) ? p.state : "none"}`)].filter(Boolean).join(" · ")),
      text(p.measured) ? make("small", { class: "measured" }, p.measured) : "",
      !installed && may("install") ? this.#install([text(p.id)], text(p.title)) : "");
  }

  #install(parts, title) {
    return make("button", { type: "button", class: "pill small", "data-install": parts.join(" ") || "usual", "aria-label": title ? t("install this", { name: title }) : t("install usual"),
      onclick: () => this.install(parts) }, t(title ? "install" : "install usual"));
  }

  async install(parts) {
    const r = await request("/api/engines/install", { parts }, t("no server"));
    if (r.error) this.status.textContent = r.error;
    else this.installed(r);
  }

  // installed takes how far an installation is; the server tells all pages.
  installed(now) {
    const { running, what, done, total, trouble, ended } = now, share = total > 0 ? done / total : undefined;
    const was = this.running;
    this.running = running === true;
    this.progress.hidden = !running && !trouble && !ended;
    const words = running ? `${text(what) || t("installing")}${share === undefined ? "" : ` · ${Math.floor(100 * share)} %`}`
      : ended ? t("installed now") : trouble === "stopped" ? t("install stopped") : t("install failed", { error: text(trouble) ?? "" });
    if (!this.bar) {
      this.bar = make("progress", { max: "1", "aria-label": t("installing") });
      this.words = make("span", { role: "status" });
      this.cancel = make("button", { type: "button", class: "pill small", "data-action": "cancel", onclick: () => request("/api/engines/cancel", {}, t("no server")) }, t("cancel"));
      this.progress.replaceChildren(this.words, this.bar, this.cancel);
    }
    if (share === undefined) this.bar.removeAttribute("value");
    else this.bar.value = share;
    this.bar.hidden = this.cancel.hidden = !running;
    if (this.words.textContent !== words) this.words.textContent = words;
    document.body.classList.toggle("installing", this.running);
    this.on.installed?.(now);
    if (was && !running && !this.progress.closest("[hidden]")) this.look();
  }
}
