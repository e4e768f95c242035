// Memory shows what the memory finds for words, and why: an answer would be based on it.

import { object, text } from "./message.js";
import { confirm, make, place, request } from "./parts.js";
import { day, t } from "./text.js";

const SHORT = 4;  // letters of a word that says something
const SHOWN = 25; // lines

export class Memory {
  #asked = 0; // searches, so that a late answer does not show for another one

  // on: changed(), when lines are gone
  constructor(here, form, input, list, status, on) {
    Object.assign(this, { here, input, list, status, on });
    form.onsubmit = (e) => {
      e.preventDefault();
      this.look();
    };
  }

  async look(done = "") {
    const q = this.input.value.trim(), asked = ++this.#asked;
    this.status.textContent = t("looking");
    const found = await request(`/api/memory?k=${SHOWN}&q=${encodeURIComponent(q || "*")}`, undefined, t("no memory"));
    if (asked !== this.#asked) return;
    const hits = (Array.isArray(found.results) ? found.results : []).filter((x) => object(x)?.context_type === "target");
    this.status.textContent = [done, found.error ?? (!hits.length ? t("nothing found") : q ? t("found n", { n: hits.length }) : t("newest first"))].filter(Boolean).join(" ");
    this.list.replaceChildren(...hits.map((x) => this.#hit(x, q)));
  }

  #hit({ document: d, timestamp, score }, q) {
    const about = object(d) ?? {}, said = text(d) ?? text(about.text) ?? spelled(d);
    const words = q ? meant(q).filter((w) => has(said, w)) : [];
    const who = about.role === "assistant" ? "TARS" : about.role === "user" ? text(about.speaker) || t("you") : "";
    const why = [
      q === "" ? t("why newest") : words.length ? t("why words", { words: words.map((w) => `“${w}”`).join(", ") }) : t("why meaning"),
      q !== "" && Number.isFinite(score) ? t("certainty", { score: score.toFixed(2) }) : "",
      about.superseded_by ? t("superseded") : "", about.sure === false ? t("unsure") : "",
    ];
    const li = make("li", {}, make("p", { class: "said" }, ...marked(said, words)),
      make("small", {}, [who, place(text(about.room), this.here), day(timestamp ?? about.ts)].filter(Boolean).join(", ")),
      make("small", { class: "found" }, why.filter(Boolean).join(" · ")));
    const id = Number(about.id);
    if (Number.isSafeInteger(id) && id > 0) {
      const button = make("button", { type: "button", class: "pill small forget", "aria-label": t("forget this", { text: said.slice(0, 80) }) }, t("forget"));
      button.onclick = () => this.#forget(button, id);
      li.append(button);
    }
    return li;
  }

  async #forget(button, id) {
    if (!await confirm(button, t("forget sure"), t("forget"))) return;
    const gone = await request("/api/memory/forget", { ids: [id] }, t("no memory"));
    if (gone.error) {
      this.status.textContent = gone.error;
      return;
    }
    this.input.focus(); // the button is gone
    this.on.changed();
    await this.look(t("forgotten n", { n: gone.count }));
  }
}

// meant are the words of a text that say something, or all of them when none does.
function meant(q) {
  const all = q.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const long = all.filter((w) => w.length >= SHORT);
  return [...new Set(long.length ? long : all)];
}

// stem is what a word shares with its other forms, roughly.
function stem(word) { return word.slice(0, Math.max(SHORT, word.length - 2)); }

function has(said, word) { return (said.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).some((w) => w.startsWith(stem(word))); }

// marked is a text with the words that it was found by marked.
function marked(said, words) {
  return said.split(/([\p{L}\p{N}]+)/u).map((part) => part && words.some((w) => has(part, w)) ? make("mark", {}, part) : part);
}

// spelled is what has no text of its own, as JSON.
function spelled(d) {
  try {
    return text(JSON.stringify(d)) ?? "";
  } catch { // nested too deep
    return "…";
  }
}
