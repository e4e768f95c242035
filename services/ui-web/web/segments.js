// Segments are the parts of one view, of which one is seen: a row of buttons chooses.

import { make } from "./parts.js";
import { t } from "./text.js";

export class Segments {
  // parts: by name, the element; on: by name, what is done when one comes into sight
  constructor(row, parts, on = {}) {
    Object.assign(this, { parts, on });
    this.buttons = Object.keys(parts).map((name) => make("button", { type: "button", class: "segment", "data-segment": name, onclick: () => this.show(name) }, t(`segment ${name}`)));
    row.replaceChildren(...this.buttons);
    this.show(Object.keys(parts)[0], false);
  }

  show(name, now = true) {
    this.name = name;
    for (const b of this.buttons) b.setAttribute("aria-pressed", b.dataset.segment === name);
    for (const [part, e] of Object.entries(this.parts)) e.hidden = part !== name;
    if (now) this.on[name]?.();
  }

  // count writes a number behind the name of a part; 0 writes none.
  count(name, n) {
    const b = this.buttons.find((x) => x.dataset.segment === name);
    b.replaceChildren(t(`segment ${name}`), ...(n ? [make("span", { class: "count" }, String(n))] : []));
  }
}
