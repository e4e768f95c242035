// TurnView shows one turn: the verdict in words, and under it all that is known of how it
// came about.

import { make, place } from "./parts.js";
import { Replay } from "./replay.js";
import { t } from "./text.js";
import { toolLabel } from "./transcript.js";
import { afterWords, eventWords, instead, seconds, stageWords, verdict, words } from "./verdict.js";
import { wave } from "./wave.js";

export class TurnView {
  #replay;
  open = () => {}; // shows another turn, by its id

  // parts: dialog, head, body, close, play, save
  constructor(here, parts) {
    Object.assign(this, parts, { here });
    this.close.onclick = () => this.dialog.close();
    this.dialog.onclick = (e) => { if (e.target === this.dialog) this.dialog.close(); };
    this.dialog.onclose = () => this.#replay?.stop();
    this.play.onclick = () => this.#replay?.toggle();
  }

  // show opens the view at a turn. file is where it can be saved from, undefined when it was
  // opened from a file.
  show(turn, file) {
    this.#replay?.stop();
    const at = new Date(1000 * turn.begun).toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
    const where = place(turn.room, this.here) || t("this page");
    this.head.textContent = [where, t(turn.typed ? "typed" : "spoken"), at].join(" · ");
    this.body.replaceChildren(...sections(turn));
    if (file && turn.answered_in) this.body.firstElementChild.append(make("button", { type: "button", class: "pill", onclick: () => this.open(turn.answered_in) }, t("turn with the answer")));
    this.save.hidden = !file;
    if (file) Object.assign(this.save, { href: file, download: `tars-turn-${turn.id.slice(0, 8).replace(/\W/g, "")}.json` });
    this.#replay = new Replay(turn, this.body, this.play);
    if (!this.dialog.open) this.dialog.showModal();
    this.body.focus({ preventScroll: true }); // or its head would hide the verdict
    this.dialog.scrollTop = 0;
  }

  // fail says why there is no turn to show.
  fail(why) {
    this.#replay?.stop();
    this.head.textContent = "";
    this.save.hidden = this.play.hidden = true;
    this.body.replaceChildren(make("p", { class: "verdict" }, why));
    if (!this.dialog.open) this.dialog.showModal();
  }
}

// sections are the parts of the view that have something to show.
function sections(turn) {
  return [opening(turn), heard(turn), time(turn), answer(turn), made(turn), engines(turn), events(turn)].filter(Boolean);
}

function section(title, ...inside) {
  const all = inside.flat().filter(Boolean);
  return all.length ? make("section", {}, make("h3", {}, t(title)), ...all) : undefined;
}

function opening(turn) {
  const v = verdict(turn), said = turn.text || turn.speech?.text;
  const sure = turn.confidence === undefined ? "" : t("sure", { n: Math.round(100 * turn.confidence) });
  const line = (who, what, more) => !what ? undefined : make("p", { class: "said" }, make("span", { class: "who" }, who), make("q", {}, what), more && make("small", {}, more));
  return make("section", { class: `verdict tone-${v.tone}` }, make("h2", { id: "turn-verdict" }, v.head), ...v.why.map((w) => make("p", {}, w)),
    line(t(turn.outcome === "ignored" || turn.speech && !turn.text ? "was understood" : "you said"), said, sure), line(t(turn.reason === "joined" ? "said next" : "said into it"), turn.outcome === "interrupted" && turn.by));
}

// heard is the sound of an utterance, what its pauses were taken for, and its words as they
// came.
function heard(turn) {
  const s = turn.speech;
  if (!s?.levels?.length) return undefined;
  const key = make("ul", { class: "key", "aria-hidden": "true" }, ...["voice", "pause", "ended"].map((k) => make("li", { class: k }, words(turn, `key ${k}`))));
  const pauses = make("ul", { class: "facts" }, ...(s.pauses ?? []).map((p) => make("li", {}, ...pauseWords(turn, p))));
  const came = [...turn.partials.map((p) => [p.at - s.begun, p.text, ""]), ...(turn.text ? [[s.read ? s.read.to : 0, turn.text, t("final")]] : [])];
  const list = make("ol", { class: "words" }, ...came.map(([at, said, note]) => make("li", { class: note ? "final" : "" }, make("time", {}, t("after s", { s: at.toFixed(1) })), make("span", {}, said), note && make("small", {}, note))));
  return section("how it was heard", wave(s), key, pauses.childElementCount ? pauses : undefined, came.length > 0 && list);
}

// pauseWords are what a pause was taken for, and how far the words and the sound say so.
function pauseWords(turn, p) {
  const at = { at: p.from.toFixed(1), s: (p.to - p.from).toFixed(2), wait: (p.wait ?? 0).toFixed(2), over: Math.round(100 * (p.over ?? 0)), sound: Math.round(100 * (p.sound ?? 0)) };
  const longer = p.ended && p.to - p.from > (p.wait ?? 0) + .05, written = Math.abs((turn.speech.read?.to ?? -1) - p.to) < .1;
  const needed = p.over === undefined ? t("pause unknown", at) : [words(turn, "pause over", at), !longer ? t("pause wait", at) : written ? t("pause written", at) : ""].join(" ");
  const sound = p.sound === undefined || p.over === undefined ? "" : [t("pause sound", at), p.over < .5 && p.sound > .5 ? t("pause words") : ""].join(" ");
  return [[t(p.ended ? "pause ended" : "pause went on", { ...at, to: p.to.toFixed(1) }), needed].join(" "), sound && make("small", {}, sound)].filter(Boolean);
}

// time is a waterfall of the stages.
function time(turn) {
  const all = turn.stages;
  if (!all.length) return undefined;
  const begun = Math.min(...all.map((s) => s.from)), ended = Math.max(...all.map((s) => s.to)), whole = Math.max(.001, ended - begun);
  const rows = all.map((s) => {
    const bar = make("span", { class: `bar ${owner(s)}` });
    bar.style.left = `${100 * (s.from - begun) / whole}%`;
    bar.style.width = `max(3px, ${100 * (s.to - s.from) / whole}%)`;
    const note = s.name === "tool" ? toolLabel(s.note) : s.note;
    return make("li", {}, make("span", { class: "name" }, stageWords(turn, s), note ? make("small", {}, ` ${note}`) : undefined), make("span", { class: "track", "aria-hidden": "true" }, bar),
      make("span", { class: "took" }, t("took s", { s: (s.to - s.from).toFixed(2) })), make("span", { class: "aside" }, words(turn, `of ${s.of}`)));
  });
  const key = make("ul", { class: "key", "aria-hidden": "true" }, ...["person", "ours", "engine", "tool", "silence"].filter((o) => all.some((s) => owner(s) === o)).map((o) => make("li", { class: o }, words(turn, `of ${o}`))));
  const falls = make("ol", { class: "stages", "data-begun": begun, "data-ended": ended }, ...rows);
  return section("where the time went", turn.wait && share(turn), key, falls);
}

function owner(s) { return s.name === "pause" ? "silence" : s.of; }

// share is a bar of the wait for the first sound.
function share(turn) {
  const w = turn.wait, first = t(instead(turn) ? "turn first sound instead" : "turn first sound", seconds({ total: w.total }));
  const parts = [["silence", w.pause], ["engine", w.engines], ["ours", w.ours]];
  const bar = make("div", { class: "share", "aria-hidden": "true" }, ...parts.map(([of, s]) => {
    const e = make("span", { class: `bar ${of}` });
    e.style.flexGrow = 1000 * Math.max(0, s ?? 0); // below 1 in all they would not fill it
    return e;
  }));
  return make("div", {}, make("p", {}, t("turn waited", { first, ...seconds({ pause: w.pause, engines: w.engines, ours: w.ours }) })), bar);
}

// answer is what was heard of it, and what was not.
function answer(turn) {
  const lines = turn.spoken.map((s) => {
    const rest = s.state === "partly" && s.heard && s.text.startsWith(s.heard) ? s.text.slice(s.heard.length) : s.state === "partly" ? s.text : "";
    const said = s.state === "partly" ? [make("span", { class: "heard" }, rest === s.text ? s.heard ?? "" : s.text.slice(0, s.text.length - rest.length)), make("del", {}, rest)] : s.state === "unheard" ? [make("del", {}, s.text)] : [make("span", {}, s.text)];
    return make("li", { class: s.state }, make("span", { class: "line" }, ...said), make("small", {}, [t(`line ${s.state}`), s.aside ? t("line aside") : "", s.aside && afterWords(turn, s) ? t("line after", { s: afterWords(turn, s) }) : ""].filter(Boolean).join(", ")));
  });
  if (!lines.length && turn.reply) return section("the answer", make("p", { class: "said" }, turn.reply), make("p", { class: "hint" }, t("never spoken")));
  return section(instead(turn) ? "said instead" : "the answer", lines.length > 0 && make("ol", { class: "lines spoken" }, ...lines));
}

// made is what the answer was made of, where there was one.
function made(turn) {
  if (!turn.tools.length && (turn.reason === "joined" || instead(turn))) return undefined;
  const m = turn.made, memories = [...m?.memories ?? []].sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map((x) => {
    const meter = make("meter", { min: 0, max: 1, value: x.score ?? 0, "aria-label": t("certainty", { score: (x.score ?? 0).toFixed(2) }) });
    const about = [x.score === undefined || x.beside ? "" : t("certainty", { score: x.score.toFixed(2) }), x.role === "assistant" ? "TARS" : t("you"), x.beside ? t("stands beside") : "", x.superseded ? t("superseded") : ""];
    return make("li", {}, make("p", {}, x.text), x.beside ? undefined : meter, make("small", {}, about.filter(Boolean).join(" · ")));
  });
  const tools = turn.tools.map((x) => make("li", { class: x.error ? "failed" : "" }, make("p", {}, toolLabel(x.name)), make("small", { "aria-hidden": "true" }, t("arguments")), make("pre", { tabindex: 0, "aria-label": t("arguments") }, x.arguments ?? "{}"),
    make("small", { "aria-hidden": "true" }, t("result")), make("pre", { class: x.error ? "bad" : "", tabindex: 0, "aria-label": t("result") }, x.error ?? x.result ?? "")));
  const facts = m && [m.memory_asked && !memories.length ? m.memory_error ? t("memory failed", { error: m.memory_error }) : t("memory empty") : "", m.history ? t("history in prompt", { n: m.history }) : "", m.tools?.length && !tools.length ? t("tools offered", { tools: m.tools.map(toolLabel).join(", ") }) : ""].filter(Boolean);
  return section("what it was made of", memories.length > 0 && [make("h4", {}, t("memories in the prompt")), make("ol", { class: "lines memories" }, ...memories)], tools.length > 0 && [make("h4", {}, t("tools called")), make("ol", { class: "lines tools" }, ...tools)],
    facts?.length > 0 && make("ul", { class: "facts" }, ...facts.map((f) => make("li", {}, f))));
}

function engines(turn) {
  const rows = turn.engines.map((e) => make("li", {}, make("span", { class: "name" }, t(`service tars-${e.service}`)), make("span", {}, [e.engine, e.model && !e.engine?.includes(e.model) ? e.model : ""].filter(Boolean).join(" · ")),
    e.cloud ? make("small", { class: "bad" }, t("goes to cloud", { host: e.cloud })) : e.from ? make("small", {}, e.from) : undefined));
  return section("engines used", rows.length > 0 && make("ul", { class: "lines engines" }, ...rows));
}

function events(turn) {
  const rows = turn.events.map((e) => make("li", {}, make("time", {}, t("after s", { s: (e.at - turn.begun).toFixed(2) })), make("span", {}, eventWords(turn, e))));
  return section("what happened", rows.length > 0 && make("ol", { class: "words" }, ...rows));
}
