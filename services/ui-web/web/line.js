// Line is the WebSocket to the server, which comes back by itself.

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
    s.onmessage = (e) => typeof e.data === "string" ? this.on.text(JSON.parse(e.data)) : this.on.speech(...split(e.data));
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

// split takes a binary frame apart: length of the header, header, samples.
function split(data) {
  const n = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, n)));
  return [header, new Int16Array(data.slice(4 + n))];
}

// A refused socket does not say why. When it is the token, ask for it.
async function askedForToken() {
  const r = await fetch("/", { method: "HEAD" }).catch(() => null);
  if (r?.status === 401) location.reload();
}
