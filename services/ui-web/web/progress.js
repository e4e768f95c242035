// Progress knows which answers to this page are under way, so that they can be
// stopped.

const TAIL = 3000;   // milliseconds a written answer may take to be spoken
const MOST = 45000;  // milliseconds without a sign of life
const MAX_ANSWERS = 64; // at once; the oldest is taken to be over

export class Progress {
  #answers = new Map(); // by id: {told, seen, what}
  #ended = new Set();   // ids of the last ones that are over

  constructor(changed) {
    this.changed = changed;
    setInterval(() => this.#sweep(), 1000);
  }

  get ids() { return [...this.#answers.keys()]; }

  // begin also notes that an answer goes on.
  begin(id) {
    if (!id) return;
    this.#answers.set(id, { told: false, ...this.#answers.get(id), what: undefined, seen: Date.now() });
    if (this.#answers.size > MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value);
    this.changed();
  }

  // works notes what is done for an answer while there is nothing to say of it.
  works(id, what) {
    if (this.#ended.has(id)) return; // it comes late
    this.begin(id);
    this.#answers.get(id).what = what;
    this.changed();
  }

  get doing() { return [...this.#answers.values()].map((a) => a.what).filter(Boolean).at(-1); }

  told(id) {
    const a = this.#answers.get(id);
    if (a) Object.assign(a, { told: true, seen: Date.now() });
  }

  seen(id) {
    const a = this.#answers.get(id);
    if (a) a.seen = Date.now();
  }

  over(id) {
    this.#ended.add(id);
    if (this.#ended.size > MAX_ANSWERS) this.#ended.delete(this.#ended.values().next().value);
    if (this.#answers.delete(id)) this.changed();
  }

  #sweep() {
    for (const [id, a] of this.#answers) {
      if (Date.now() - a.seen > (a.told ? TAIL : MOST)) this.over(id);
    }
  }
}
