// Stream is what the server tells while somebody looks: server-sent events.

import { object } from "./message.js";

export class Stream {
  #source;

  // on: by the name of an event, what is done with its data; state(running)
  constructor(on, state = () => {}) { Object.assign(this, { on, state }); }

  get open() { return !!this.#source; }

  start(path) {
    this.stop();
    const source = new EventSource(path);
    this.#source = source;
    source.onopen = () => this.state(true);
    source.onerror = () => this.state(false); // it comes back by itself, unless the server refused it
    for (const [event, take] of Object.entries(this.on)) {
      source.addEventListener(event, ({ data }) => {
        const v = parse(data);
        if (v !== undefined) take(v);
      });
    }
  }

  stop() {
    this.#source?.close();
    this.#source = undefined;
  }
}

// parse returns the object, list or number that text holds.
function parse(text) {
  try {
    const v = JSON.parse(text);
    return object(v) ?? (Array.isArray(v) || typeof v === "number" ? v : undefined);
  } catch {
    return undefined;
  }
}
