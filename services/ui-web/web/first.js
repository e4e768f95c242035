// First is what a new visitor is shown, in three steps that can be skipped: hear the voice,
// be heard, and see what this machine can do.

import { object, text } from "./message.js";
import { make } from "./parts.js";
import { called } from "./house.js";
import { may, t } from "./text.js";

const SHOWN = "tars.visited"; // in the storage of the browser, once it was seen or skipped
const STEPS = ["hear", "speak", "able"];

export class First {
  #step = 0;

  // open(part) opens the engines in the sheet
  constructor($, sound, engines, open) {
    Object.assign(this, { box: $("first"), sound, engines, open });
    $("sound-first").onclick = () => { localStorage.removeItem(SHOWN); this.#step = 0; this.show(); open(); this.box.scrollIntoView(); };
    if (!localStorage.getItem(SHOWN)) this.show();
  }

  // done hides it for good: the person has begun to talk.
  done() {
    if (this.box.hidden) return;
    localStorage.setItem(SHOWN, "yes");
    this.box.hidden = true;
  }

  show() {
    const step = STEPS[this.#step];
    if (!step) return this.done();
    const status = make("p", { class: "hint", role: "status" });
    const button = (words, cls, onclick) => make("button", { type: "button", class: `pill ${cls}`, onclick }, t(words));
    const next = button(this.#step === STEPS.length - 1 ? "begin" : "next", "", () => { this.#step++; this.show(); this.box.querySelector("button")?.focus(); });
    const body = { hear: () => this.#hear(status, button), speak: () => this.#speak(status, button), able: () => this.#able(status, button) }[step]();
    const skip = button("skip all", "quiet", () => this.done());
    this.box.replaceChildren(make("p", { class: "steps" }, t("step of", { n: this.#step + 1, all: STEPS.length })), make("h2", { tabindex: "-1" }, t(`first ${step}`)), ...body, status,
      make("p", { class: "choices" }, next, skip));
    this.box.dataset.step = step;
    this.box.hidden = false;
  }

  #hear(status, button) {
    const play = button("say hello", "primary", async () => { if (await this.sound.say(status)) status.textContent = t("heard it?"); });
    return [make("p", {}, t("first hear hint")), play];
  }

  #speak(status, button) {
    const meter = make("meter", { min: "0", max: "1", value: "0", "aria-label": t("level") });
    const listen = button("listen to me", "primary", (e) => this.sound.check(e.currentTarget, meter, status, false));
    return [make("p", {}, t("first speak hint")), listen, meter];
  }

  #able(status, button) {
    const list = make("ul", { class: "lines" });
    this.#look(status, list, button);
    return [list];
  }

  async #look(status, list, button) {
    status.textContent = t("engines looked for");
    const known = await this.engines.look();
    if (!known) {
      status.textContent = t("engines unknown");
      return;
    }
    status.textContent = "";
    const rows = (v) => (Array.isArray(v) ? v : []).map(object).filter(Boolean);
    list.replaceChildren(...rows(known.uses).map((u) => make("li", {}, make("span", { class: "name" }, called(text(u.service) ?? "?")), " ", make("span", { class: "engine" }, text(u.engine) ?? "?"))));
    const missing = rows(known.parts).filter((p) => p.usual && p.state !== "installed");
    if (!missing.length) {
      status.textContent = t("all there");
      return;
    }
    const words = t("would add", { parts: missing.map((p) => text(p.title)).filter(Boolean).join("; ") });
    list.after(make("p", {}, words), may("install") ? button("install usual", "primary", () => { this.engines.install([]); this.open("engines"); }) : make("p", { class: "hint" }, t("install not allowed")));
  }
}
