// Mind shows who the assistant is, with a slider for each trait, and the tools that it may
// use, with a switch for each.

import { object, text } from "./message.js";
import { make, request } from "./parts.js";
import { t } from "./text.js";

const MAX_TRAITS = 40;
const MAX_TOOLS = 300;

export class Mind {
  #sliders = new Map(); // by trait: {input, output}
  #tools = []; // {name, server, title, description, on}

  constructor($) {
    Object.assign(this, { who: $("character-who"), traits: $("traits"), status: $("character-status"), reset: $("character-reset"), servers: $("servers"), toolStatus: $("tools-status") });
    this.reset.onclick = () => this.#change({ reset: true }, t("traits reset"));
    this.reset.hidden = true;
    this.who.textContent = t("character unknown");
    this.#drawTools();
  }

  // character takes who the assistant is.
  character({ name: called, description, traits }) {
    this.who.replaceChildren(make("strong", {}, text(called) ?? "?"), text(description) ? ` – ${text(description)}` : "");
    const known = Object.entries(object(traits) ?? {}).filter(([, v]) => Number.isFinite(v)).slice(0, MAX_TRAITS).sort(([a], [b]) => a.localeCompare(b));
    if (known.length !== this.#sliders.size || known.some(([trait]) => !this.#sliders.has(trait))) {
      this.#sliders.clear();
      this.traits.replaceChildren(...known.map(([trait]) => this.#slider(trait)));
    }
    for (const [trait, value] of known) {
      const { input, output } = this.#sliders.get(trait);
      if (input.dataset.held) continue; // somebody holds it
      input.value = output.textContent = Math.round(Math.min(100, Math.max(0, value)));
    }
    this.reset.hidden = !known.length;
  }

  #slider(trait) {
    const id = `trait-${this.#sliders.size}`;
    const output = make("output", { for: id });
    const input = make("input", { type: "range", id, min: "0", max: "100", step: "5", "data-trait": trait });
    input.oninput = () => { input.dataset.held = "yes"; output.textContent = input.value; };
    input.onchange = async () => {
      await this.#change({ trait, value: Number(input.value) }, t("trait set", { trait: spelled(trait), value: input.value }));
      delete input.dataset.held;
    };
    this.#sliders.set(trait, { input, output });
    return make("li", {}, make("label", { for: id, dir: "auto" }, spelled(trait)), output, input);
  }

  async #change(change, done) {
    const r = await request("/api/character", change, t("no memory"));
    this.status.textContent = r.error ?? done;
    this.status.classList.toggle("bad", !!r.error);
  }

  // registry takes the tools there are.
  registry({ tools, off }) {
    const read = (all, on) => (Array.isArray(all) ? all : []).slice(0, MAX_TOOLS).map((x) => object(object(x)?.function)).filter((f) => text(f?.name)).map((f) => {
      const [, server, ...rest] = f.name.startsWith("mcp__") ? f.name.split("__") : ["", "", f.name];
      return { name: f.name, server, title: spelled(rest.join(" ")), description: text(f.description) ?? "", on };
    });
    this.#tools = [...read(tools, true), ...read(off, false)].sort((a, b) => a.name.localeCompare(b.name));
    this.#drawTools();
  }

  #drawTools() {
    const at = document.activeElement?.dataset?.switch;
    const servers = Map.groupBy(this.#tools, (x) => x.server);
    this.servers.replaceChildren(...[...servers].map(([server, tools]) => make("li", {},
      make("div", { class: "server" }, make("h3", {}, server || t("other tools")), make("small", {}, t("tools on", { on: tools.filter((x) => x.on).length, all: tools.length })),
        this.#switch(tools, server || t("other tools"), `server ${server}`)),
      make("ul", {}, ...tools.map((x) => make("li", { class: x.on ? "" : "off" }, make("span", { class: "name", dir: "auto" }, x.title), this.#switch([x], x.title, x.name), make("small", { dir: "auto" }, x.description)))))));
    if (!this.#tools.length) this.servers.append(make("li", { class: "hint" }, t("no tools")));
    if (at) this.servers.querySelector(`[data-switch="${CSS.escape(at)}"]`)?.focus();
  }

  #switch(tools, label, key) {
    const on = tools.some((x) => x.on);
    const button = make("button", { type: "button", role: "switch", class: "switch", "aria-checked": String(on), "aria-label": label, "data-switch": key });
    button.onclick = async () => {
      button.disabled = true;
      const r = await request("/api/tools", { names: tools.map((x) => x.name), on: !on }, t("tools silent"));
      button.disabled = false;
      this.toolStatus.textContent = r.error ?? t(on ? "tool off" : "tool on", { name: label });
      button.focus();
    };
    return button;
  }
}

// spelled is a name of a program for people.
function spelled(word) {
  const words = word.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
