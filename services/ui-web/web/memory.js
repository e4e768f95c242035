// Memory looks up what was said before.

export function memory(form, input, list) {
  form.onsubmit = async (e) => {
    e.preventDefault();
    const q = input.value.trim() || "*";
    list.replaceChildren(item("looking…"));
    try {
      const r = await fetch(`/api/memory?k=10&q=${encodeURIComponent(q)}`);
      const found = await r.json();
      if (!r.ok) throw new Error(found.error);
      const hits = found.results.filter((x) => x.context_type === "target");
      list.replaceChildren(...(hits.length ? hits.map(hit) : [item("Nothing comes to mind.")]));
    } catch (err) {
      list.replaceChildren(item(err.message || "the memory does not answer"));
    }
  };
}

function hit({ document: d, timestamp }) {
  const when = Number(timestamp ?? d.timestamp);
  const who = d.role === "assistant" ? "TARS" : d.role === "user" ? "you" : "";
  return item(typeof d === "string" ? d : d.text ?? JSON.stringify(d), [who, when ? new Date(when * 1000).toLocaleString() : ""].filter(Boolean).join(", "));
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
