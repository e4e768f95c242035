// Channels is the description of all messages as a page: who sends what to whom, its
// fields, and the last message that was seen of each.

import { name, object, text } from "./message.js";
import { make, request } from "./parts.js";
import { t } from "./text.js";
import { clock, pretty } from "./inspector.js";

const MAX_KEPT = 500; // topics whose last message is kept until there are rows

export class Channels {
  #rows = []; // {li, address, filter, search, when, payload}
  #last = new Map(); // by topic, the last message
  #asked = false;

  constructor($) {
    Object.assign(this, { list: $("channel-list"), words: $("channel-words"), status: $("channel-status") });
    this.words.oninput = () => this.#sift();
  }

  async look() {
    if (this.#asked) return;
    this.#asked = true;
    const doc = await request("/api/asyncapi", undefined, t("no server"));
    this.#asked = !doc.error;
    this.status.textContent = doc.error ?? "";
    if (doc.error) return;
    this.#rows = Object.entries(object(doc.channels) ?? {}).map(([id, c]) => this.#channel(doc, id, c)).filter(Boolean).sort((a, b) => a.address.localeCompare(b.address));
    for (const m of [...this.#last.values()].sort((a, b) => a.at - b.at)) this.#show(m);
    this.list.replaceChildren(...this.#rows.map((r) => r.li));
    this.#sift();
  }

  // saw takes a message that passed.
  saw(m) {
    this.#last.set(m.topic, m);
    if (this.#last.size > MAX_KEPT) this.#last.delete(this.#last.keys().next().value);
    this.#show(m);
  }

  #show(m) {
    const row = this.#rows.find((r) => r.filter.test(m.topic));
    if (!row) return;
    row.when.textContent = clock(m.at);
    row.payload.textContent = pretty(m);
  }

  #channel(doc, id, c) {
    const address = name(object(c)?.address);
    if (!address) return undefined;
    const ops = Object.values(object(doc.operations) ?? {}).filter((o) => o.channel?.$ref === `#/channels/${id}`);
    const by = (action) => [...new Set(ops.filter((o) => o.action === action).flatMap((o) => o.tags ?? []).map((x) => name(x.name)).filter(Boolean))].sort();
    // what is answered has no operation of its own: who receives a request sends the reply
    const replies = Object.values(doc.operations).filter((o) => o.reply?.channel?.$ref === `#/channels/${id}`);
    const answered = (action) => [...new Set(replies.filter((o) => o.action === action).flatMap((o) => o.tags ?? []).map((x) => name(x.name)).filter(Boolean))];
    const senders = [...new Set([...by("send"), ...answered("receive")])], takers = [...new Set([...by("receive"), ...answered("send")])];
    const mqtt = ops[0]?.bindings?.mqtt;
    const when = make("time", { class: "from" }), payload = make("pre", { tabindex: "0" }, t("not seen"));
    const messages = Object.keys(object(c.messages) ?? {});
    const li = make("details", { class: "channel" }, make("summary", {}, make("span", { class: "topic" }, address), make("span", { class: "preview" }, `${senders.join(", ") || "–"} → ${takers.join(", ") || "–"}`), when));
    let made = false;
    li.ontoggle = () => {
      if (!li.open || made) return;
      made = true;
      li.append(make("p", { class: "facts" }, [mqtt && `QoS ${mqtt.qos}`, mqtt?.retain && t("retained")].filter(Boolean).join(" · ")),
        ...messages.flatMap((m) => fields(doc, m)), make("h3", {}, t("last seen")), payload);
    };
    return { li, address, when, payload, search: `${address} ${messages.join(" ")} ${senders.join(" ")} ${takers.join(" ")}`.toLowerCase(),
      filter: new RegExp(`^${address.split("/").map((l) => l.startsWith("{") ? "[^/]+" : l.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("/")}$`) };
  }

  #sift() {
    const words = this.words.value.toLowerCase().trim().split(/\s+/);
    for (const r of this.#rows) r.li.hidden = !words.every((w) => r.search.includes(w));
  }
}

// fields is a table of what a message is made of.
function fields(doc, message) {
  const schema = object(doc.components?.schemas?.[message]), content = name(doc.components?.messages?.[message]?.contentType);
  const head = make("h3", {}, message);
  if (!schema) return [head, make("p", { class: "facts" }, content ?? t("no fields"))];
  const parts = schema.anyOf ?? schema.oneOf ?? [schema];
  const rows = parts.flatMap((s) => Object.entries(object(resolve(doc, s)?.properties) ?? {}).map(([field, v]) => [field, resolve(doc, v), (resolve(doc, s).required ?? []).includes(field)]));
  if (!rows.length) return [head];
  return [head, make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("field")), make("th", { scope: "col" }, t("kind of field")), make("th", { scope: "col" }, t("needed")))),
    make("tbody", {}, ...rows.map(([field, v, needed]) => make("tr", {}, make("th", { scope: "row" }, field), make("td", {}, kind(v)), make("td", {}, needed ? t("yes") : "")))))];
}

function resolve(doc, s) {
  const ref = text(s?.$ref)?.split("/").slice(1);
  return ref ? ref.reduce((at, level) => object(at)?.[level], doc) : s;
}

// kind is what may stand in a field.
function kind(v) {
  const s = object(v) ?? {};
  if (Array.isArray(s.enum)) return s.enum.join(" | ");
  const types = [s.type].flat().filter((x) => x && x !== "null");
  const bounds = s.minimum !== undefined || s.maximum !== undefined ? ` ${s.minimum ?? "…"}–${s.maximum ?? "…"}` : "";
  return `${types.join(" | ") || "JSON"}${types.includes("array") ? ` of ${kind(s.items)}` : ""}${bounds}${[s.type].flat().includes("null") ? "?" : ""}`;
}
