// Outbox keeps what was typed until the server says that it took it. A text that went into
// a dead line, or was typed without one, is sent again on the next; the server knows it
// again by its id.

const ANSWER = 6000;         // milliseconds for the server to take a text
const SPOKEN = String(navigator.language ?? "").slice(0, 2).toLowerCase(); // of what is typed, unless UI_LANG says so
const KEPT = 5 * 60 * 1000;  // milliseconds a text waits for a line; later it would surprise

export class Outbox {
  #texts = new Map(); // by id: {text, timer, until}

  // on: sent(id), waits(id), taken(id), lost(id)
  constructor(line, on) {
    this.line = line;
    this.on = on;
  }

  add(id, text) {
    this.#texts.set(id, { text, until: Date.now() + KEPT });
    this.#send(id);
  }

  // linked sends what waits, or waits with what is not known to have arrived.
  linked() { for (const id of [...this.#texts.keys()]) this.#send(id); }

  taken(id) { if (this.#forget(id)) this.on.taken(id); }

  lost(id) { if (this.#forget(id)) this.on.lost(id); }

  #send(id) {
    const one = this.#texts.get(id);
    clearTimeout(one.timer);
    const left = one.until - Date.now();
    if (left <= 0) return this.lost(id);
    const sent = this.line.tell({ say: one.text, id, lang: SPOKEN });
    one.timer = setTimeout(() => this.lost(id), sent ? ANSWER : left);
    if (sent) this.on.sent(id);
    else this.on.waits(id);
  }

  #forget(id) {
    clearTimeout(this.#texts.get(id)?.timer);
    return this.#texts.delete(id);
  }
}
