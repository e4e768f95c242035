// Turns is the list of the last turns, and the way to the view of one: from a line of the
// conversation, from the list, or from a file.

import { make, place, request } from "./parts.js";
import { t } from "./text.js";
import { summaries, turnIn, turnOf } from "./turn-data.js";
import { verdict } from "./verdict.js";

const TOLD = 1500; // milliseconds after the end of a turn until all of it is told

export class Turns {
  #asked = 0;
  #live; // id of the turn that is shown and goes on

  // parts: list, status, file, log
  constructor(here, view, parts) {
    Object.assign(this, parts, { here, view });
    view.open = (id) => this.open(id);
    this.file.onchange = () => { if (this.file.files[0]) this.#read(this.file.files[0]); this.file.value = ""; };
    this.log.addEventListener("click", (e) => {
      const why = e.target.closest?.("button.why");
      if (why) this.open(why.closest("li").dataset.id);
    });
    this.log.addEventListener("keydown", (e) => this.#move(e));
    document.addEventListener("dragover", (e) => { if ([...e.dataTransfer.types].includes("Files")) e.preventDefault(); });
    document.addEventListener("drop", (e) => {
      if (!e.dataTransfer.files.length) return;
      e.preventDefault(); // a browser would leave the page for it
      this.#read(e.dataTransfer.files[0]);
    });
  }

  // move leads from the question of one line to that of another.
  #move(e) {
    const all = [...this.log.querySelectorAll("li:not([hidden]) .why")], at = all.indexOf(e.target);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[e.key];
    if (at < 0 || !all[to]) return;
    e.preventDefault();
    all[at].tabIndex = -1;
    all[to].tabIndex = 0;
    all[to].focus();
  }

  // open shows a turn that the server keeps.
  async open(id) {
    const path = `/api/turns/${encodeURIComponent(id)}`, asked = ++this.#asked;
    const r = await request(path, undefined, t("no turn"));
    if (asked !== this.#asked) return;
    const turn = turnOf(r);
    this.#live = turn?.outcome ? undefined : turn?.id;
    if (turn) this.view.show(turn, path);
    else this.view.fail(t("no turn"));
  }

  // ended shows the rest of a turn that is in sight.
  ended(id) {
    if (id === this.#live && this.view.dialog.open) setTimeout(() => { if (id === this.#live && this.view.dialog.open) this.open(id); }, TOLD);
  }

  async #read(file) {
    this.#live = undefined;
    const asked = ++this.#asked, turn = await turnIn(file);
    if (asked !== this.#asked) return;
    if (turn) this.view.show(turn);
    else this.view.fail(t("no turn file", { name: file.name }));
  }

  // kept are the ids of all turns that the server can still explain.
  async kept() {
    const r = await request("/api/turns", undefined, "");
    return new Set((summaries(r.turns) ?? []).flatMap((s) => [s.id, s.utt_id, s.answer_id]));
  }

  // look shows the list.
  async look() {
    this.status.textContent = t("looking");
    const r = await request("/api/turns", undefined, t("no answer"));
    const found = summaries(r.turns) ?? [];
    this.list.replaceChildren(...found.map((s) => this.#item(s)));
    this.status.textContent = r.error ?? (found.length ? "" : t("no turns"));
  }

  #item(s) {
    const v = verdict({ ...s, events: [], tools: [], stages: [], asked: 1 });
    const at = new Date(1000 * s.begun).toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
    return make("li", {}, make("button", { type: "button", class: `turn tone-${v.tone}`, onclick: () => this.open(s.id) },
      make("span", { class: "said" }, s.text || "…"), make("small", {}, [v.head, place(s.room, this.here), at].filter(Boolean).join(" · "))));
  }
}
