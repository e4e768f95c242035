// Memory looks up what was said before.

import { object, text } from "./message.js";

const SILENT = "The memory does not answer.";

export function memory(form, input, list) {
  form.onsubmit = async (e) => {
    e.preventDefault();
    const q = input.value.trim() || "*";
    list.replaceChildren(item("looking…"));
    list.replaceChildren(...await look(q));
  };
}

async function look(q) {
  const r = await fetch(`/api/memory?k=10&q=${encodeURIComponent(q)}`).catch(() => null);
  const found = object(await r?.json().catch(() => null));
  if (!r?.ok || !found) return [item(text(found?.error) ?? SILENT)];
  const hits = Array.isArray(found.results) ? found.results.filter((x) => object(x)?.context_type === "target") : [];
  return hits.length ? hits.map(hit) : [item("Nothing comes to mind.")];
}

function hit({ document: d, timestamp }) {
  const about = object(d) ?? {};
  const when = new Date(1000 * Number(timestamp ?? about.timestamp));
  const who = about.role === "assistant" ? "TARS" : about.role === "user" ? "you" : "";
  const day = when.getTime() > 0 ? when.toLocaleString() : "";
  return item(text(d) ?? text(about.text) ?? spelled(d), [who, day].filter(Boolean).join(", "));
}

// spelled is what has no text of its own, as JSON.
function spelled(d) {
  try {
    return text(JSON.stringify(d)) ?? "";
  } catch { // nested too deep
    return "…";
  }
}

function item(text, note) {
  const li = document.createElement("li");
  li.textContent = text;
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    li.append(small);
  }
  return li;
}
