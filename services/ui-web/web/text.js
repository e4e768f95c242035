// Texts of the page, in one file per language.

const LANGUAGES = ["en", "de"]; // there is a file of each in texts
const PATIENCE = 4000; // milliseconds for the server to say so
const SESSION = fetch("/api/session", { signal: AbortSignal.timeout(PATIENCE) }).then((r) => r.json()).catch(() => ({}));

// session is what the server says of this browser: {login, exposed, lang, may}.
export const session = await SESSION;

// may reports whether UI_ALLOW lets this page do what it names; the server decides.
export function may(what) { return Array.isArray(session.may) && session.may.includes(what); }

// lang is that of UI_LANG where it is set to another than its default, en; else the first
// of the browser's for which there is a file.
export const lang = [session.lang, ...navigator.languages, "en"].map((l) => String(l ?? "").slice(0, 2).toLowerCase())
  .filter((l, i) => i > 0 || l !== "en").find((l) => LANGUAGES.includes(l));

const texts = (await import(`./texts/${lang}.js`)).default; // each file has all texts

// t is a text of the page, with its {names} replaced.
export function t(key, values = {}) {
  const text = has(key) ? texts[key] : key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

// has reports whether there is a text.
export function has(key) { return Object.hasOwn(texts, key); }

// translate writes the texts into what is marked with data-t, and labels into what is marked
// with data-label and data-placeholder.
export function translate(root) {
  document.documentElement.lang = lang;
  for (const e of root.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll("[data-label]")) {
    e.setAttribute("aria-label", t(e.dataset.label));
    if (e.matches("button, a")) e.title = t(e.dataset.label);
  }
  for (const e of root.querySelectorAll("[data-placeholder]")) e.placeholder = t(e.dataset.placeholder);
}

// day is a time in Unix seconds, for people; empty: it is none.
export function day(seconds) {
  const when = new Date(1000 * Number(seconds));
  return when.getTime() > 0 ? when.toLocaleString(lang, { dateStyle: "medium", timeStyle: "short" }) : "";
}
