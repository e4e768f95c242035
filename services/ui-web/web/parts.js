// Parts are what the views have in common.

import { object, text } from "./message.js";
import { t } from "./text.js";

// make is a new element: of a tag, with attributes, and texts or elements in it.
export function make(tag, attributes = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) e[name] = value;
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...inside.filter((x) => x !== undefined && x !== ""));
  return e;
}

// request returns what the server answers, or {error} with words for the person.
export async function request(path, body, silent) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const r = await fetch(path, body ? post : undefined).catch(() => null);
  const answer = object(await r?.json().catch(() => null));
  if (r?.ok && answer) return answer;
  return { error: r?.status === 504 || !answer ? silent : text(answer.error) ?? silent };
}

// confirm puts a question in the place of a button, with the harmless answer in focus.
// It resolves to whether the person wants it.
export function confirm(button, question, yes) {
  return new Promise((decide) => {
    const done = (sure) => {
      box.replaceWith(button);
      if (!sure) button.focus();
      decide(sure);
    };
    const keep = make("button", { type: "button", class: "pill", onclick: () => done(false) }, t("keep"));
    const box = make("div", { role: "group", class: "confirm", "aria-label": question },
      make("p", {}, question), make("button", { type: "button", class: "pill bad", onclick: () => done(true) }, yes), keep);
    box.onkeydown = (e) => {
      if (e.key !== "Escape") return;
      e.preventDefault(); // it closes the question and not the sheet
      e.stopPropagation();
      done(false);
    };
    button.replaceWith(box);
    keep.focus();
  });
}
