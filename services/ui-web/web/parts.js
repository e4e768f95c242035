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

// place is where something was said, when it was not here.
export function place(room, here) {
  if (!room || room === here) return "";
  return room.startsWith("web-") ? t("other page") : t("in room", { room });
}

// request returns what the server answers, or {error} with words for the person.
export async function request(path, body, silent) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const r = body ? await fetch(path, post).catch(() => null) : await get(path);
  const answer = object(await r?.json().catch(() => null));
  if (r?.ok && answer) return answer;
  return { error: r?.status === 504 || !answer ? silent : text(answer.error) ?? silent };
}

// get asks again on another connection when there is no answer: the browser keeps some,
// and those that it kept while the network was away are dead.
async function get(path) {
  for (const patience of [3000, 3000, 20000]) {
    const r = await fetch(path, { signal: AbortSignal.timeout(patience) }).catch((e) => e);
    if (r.name !== "TimeoutError") return r instanceof Response ? r : null;
  }
  return null;
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
