// Line is the WebSocket to the server, which comes back by itself.

import { object } from "./message.js";

const LEAST = 500, MOST = 8000; // milliseconds between two attempts

export class Line {
  #socket; #wait = LEAST; #timer; #failed = 0;

  // on: text({topic, payload, room}), speech(header, Int16Array), state(open)
  constructor(id, on) {
    this.id = id;
    this.on = on;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    this.#connect();
  }

  get open() { return this.#socket?.readyState === WebSocket.OPEN; }

  // send reports whether there was a line; binary data is skipped when it jams.
  send(data) {
    if (!this.open) return false;
    if (typeof data === "string") this.#socket.send(data);
    else if (this.#socket.bufferedAmount < 64 * 1024) this.#socket.send(data);
    else return false;
    return true;
  }

  tell(command) { return this.send(JSON.stringify(command)); }

  #connect() {
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const s = new WebSocket(`${scheme}://${location.host}/ws?id=${this.id}`);
    this.#socket = s;
    s.binaryType = "arraybuffer";
    s.onopen = () => { this.#wait = LEAST; this.#failed = 0; this.on.state(true); };
    s.onmessage = (e) => {
      if (typeof e.data === "string") {
        const frame = parse(e.data);
        if (frame) this.on.text(frame);
        return;
      }
      const speech = split(e.data);
      if (speech) this.on.speech(...speech);
    };
    s.onclose = () => {
      this.on.state(false);
      if (++this.#failed % 3 === 0) askedForToken();
      this.#timer = setTimeout(() => this.#connect(), this.#wait * (0.75 + Math.random() / 2));
      this.#wait = Math.min(2 * this.#wait, MOST);
    };
  }

  #hurry() {
    if (this.#socket.readyState === WebSocket.CLOSED) this.#connect();
  }
}

// parse returns the object that text holds, or undefined.
function parse(text) {
  try {
    return object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

// split takes a binary frame apart: length of the header, header, samples. It
// returns undefined when it is no such frame.
function split(data) {
  if (data.byteLength < 4) return undefined;
  const n = new DataView(data).getUint32(0, true);
  if (n > data.byteLength - 4) return undefined;
  const header = parse(new TextDecoder().decode(new Uint8Array(data, 4, n)));
  const samples = Math.floor((data.byteLength - 4 - n) / 2);
  return header && [header, new Int16Array(data.slice(4 + n, 4 + n + 2 * samples))];
}

// A refused socket does not say why. When it is the token, ask for it.
async function askedForToken() {
  const r = await fetch("/", { method: "HEAD" }).catch(() => null);
  if (r?.status === 401) location.reload();
}
