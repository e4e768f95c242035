// History shows what was said, from the memory: the last of it in the conversation when the
// page opens, and all of it in a view of its own.

import { name, object, text } from "./message.js";
import { confirm, make, place, request } from "./parts.js";
import { rich } from "./rich.js";
import { day, t } from "./text.js";

const ANY_PAGE = "page"; // the room that means all pages of browsers, as the server knows it
const AT_ONCE = 50;      // lines

// lines asks for the last lines of a room, the oldest first. "" is every room.
async function lines(room, q, before, limit) {
  const at = new URLSearchParams({ room, q, before, limit });
  const r = await request(`/api/history?${at}`, undefined, t("no memory"));
  const found = (Array.isArray(r.lines) ? r.lines : []).map(line).filter(Boolean);
  return { found, error: r.error, more: r.more === true, rooms: object(r.rooms) ?? {} };
}

// line is one line with fields of the type that is expected.
function line(l) {
  const said = text(object(l)?.text);
  if (!said || !Number.isSafeInteger(l.id)) return undefined;
  return { id: l.id, text: said, mine: l.role === "user", html: l.role === "user" ? undefined : l.html, room: name(l.room) ?? "", speaker: name(l.speaker) ?? "", utt: name(l.utt_id) ?? "", ts: Number(l.ts) };
}

// earlier is what was said in the room before the page opened, or on a new device what was
// said on others: {found, elsewhere}.
export async function earlier(room) {
  const own = await lines(room, "", 0, AT_ONCE);
  if (own.found.length || own.error) return { ...own, elsewhere: false };
  return { ...await lines(ANY_PAGE, "", 0, AT_ONCE), elsewhere: true };
}

export class History {
  #first = 0; // the id of the oldest line that is shown
  #asked = 0;

  // parts: form, query, room, list, status, older, save, clear; on: changed(), when lines
  // are gone
  constructor(here, parts, on) {
    Object.assign(this, parts, { here, on });
    this.form.onsubmit = (e) => {
      e.preventDefault();
      this.look();
    };
    this.room.onchange = () => this.look();
    this.older.onclick = () => this.#more();
    this.clear.onclick = () => this.#forget();
    this.#rooms({});
  }

  // look shows the newest lines.
  async look(done = "") {
    const asked = ++this.#asked;
    this.status.textContent = t("looking");
    this.older.hidden = true; // it would add to lines that are about to go
    const r = await lines(this.room.value, this.query.value.trim(), 0, AT_ONCE);
    if (asked !== this.#asked) return;
    this.#rooms(r.rooms);
    this.list.replaceChildren(...r.found.map((l) => this.#item(l)));
    const nothing = t(this.query.value.trim() ? "no match" : "no lines");
    this.status.textContent = [done, r.error ?? (r.found.length ? "" : nothing)].filter(Boolean).join(" ");
    this.#after(r);
    this.list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  async #more() {
    const asked = ++this.#asked;
    const r = await lines(this.room.value, this.query.value.trim(), this.#first, AT_ONCE);
    if (asked !== this.#asked) return;
    const top = this.list.firstElementChild;
    this.list.prepend(...r.found.map((l) => this.#item(l)));
    this.status.textContent = r.error ?? "";
    this.#after(r);
    top?.scrollIntoView({ block: "start" });
  }

  #after({ found, more, error }) {
    this.#first = found[0]?.id ?? this.#first;
    if (!error) this.older.hidden = !more;
    const empty = !this.list.childElementCount, room = this.room.value;
    this.clear.hidden = empty || room === "";
    this.save.hidden = empty;
    this.save.href = `/api/memory/export?${new URLSearchParams({ room, q: this.query.value.trim() })}`;
  }

  async #forget() {
    const room = this.room.value, called = this.room.selectedOptions[0].textContent;
    if (!await confirm(this.clear, t("clear sure", { room: called }), t("clear yes"))) return;
    const gone = await request("/api/history/clear", { room }, t("no memory"));
    this.query.focus();
    if (!gone.error) this.on.changed();
    await this.look(gone.error ?? t("forgotten n", { n: gone.count }));
  }

  // rooms offers those in which something was said.
  #rooms(known) {
    const chosen = this.room.value || (this.room.options.length ? "" : this.here);
    const seen = new Set([...this.room.options].map((o) => o.value));
    for (const r of Object.keys(known)) if (r && !r.startsWith("web-")) seen.add(r);
    const option = (value, words) => make("option", { value }, words);
    seen.delete("");
    for (const fixed of [this.here, ANY_PAGE]) seen.delete(fixed);
    this.room.replaceChildren(option(this.here, t("this page")), option(ANY_PAGE, t("all pages")),
      ...[...seen].sort().map((r) => option(r, r)), option("", t("everywhere")));
    this.room.value = chosen;
  }

  #item(l) {
    const who = l.mine ? l.speaker || t("you") : "TARS";
    const where = l.room === this.here || l.room === this.room.value ? "" : place(l.room, this.here) || t("no room");
    const nodes = rich(l.html);
    return make("li", { class: l.mine ? "user" : "tars", "data-id": l.id }, nodes ? make("div", { class: "said rich" }, ...nodes) : make("p", { class: "said" }, l.text),
      make("small", {}, [who, where, day(l.ts)].filter(Boolean).join(", ")));
  }
}
