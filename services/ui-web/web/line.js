// Line is the WebSocket to the server, which comes back by itself. A socket may be dead
// without having been closed: the phone slept, the router forgot the connection. So the
// page asks the server again and again whether it is there.

import { object } from "./message.js";

const LEAST = 500, MOST = 8000; // milliseconds between two attempts
const LOOK = 500;    // milliseconds between two looks at the line
const ASK = 1500;    // milliseconds between two questions to the server
const SILENCE = 2500; // milliseconds without an answer after which the line is dead: with ASK and LOOK less than 5 s
const WOKEN = 900;   // milliseconds for the answer after the page woke: with a new line less than 2 s
const OPENING = 5000; // milliseconds an attempt may take

export class Line {
  #socket; #wait = LEAST; #timer; #failed = 0;
  #began = 0;      // the attempt
  #asked = 0;      // number of the last question
  #askedAt = 0;    // when it was put
  #answerBy = 0;   // when the line is dead without an answer; 0: no question is open
  #looked = performance.now();

  opened = 0; // times

  // on: text({topic, payload, room}), speech(header, Int16Array), state(open),
  // confirmed(question): what was sent before it has arrived
  constructor(id, on) {
    this.id = id;
    this.on = on;
    for (const woken of ["online", "pageshow", "focus"]) addEventListener(woken, () => this.#woke());
    for (const woken of ["visibilitychange", "resume"]) document.addEventListener(woken, () => document.hidden || this.#woke());
    setInterval(() => this.#look(), LOOK);
    this.#connect();
  }

  get open() { return this.#socket?.readyState === WebSocket.OPEN; }

  // question is the number of the question that confirms what is sent now.
  get question() { return this.#asked + 1; }

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
    this.#began = performance.now();
    this.#answerBy = 0;
    s.binaryType = "arraybuffer";
    s.onopen = () => { this.#wait = LEAST; this.#failed = 0; this.opened++; this.on.state(true); };
    s.onmessage = (e) => {
      if (this.#answerBy) this.#answerBy = Math.max(this.#answerBy, performance.now() + SILENCE); // whatever comes is a sign of life
      if (typeof e.data === "string") {
        const frame = parse(e.data);
        if (Number.isInteger(frame?.pong)) this.#answered(frame.pong);
        else if (frame) this.on.text(frame);
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

  // replace gives up a socket without waiting for it to close, which a dead one does
  // after minutes, and takes a new one.
  #replace() {
    const s = this.#socket, was = this.open;
    s.onopen = s.onmessage = s.onclose = null;
    s.close();
    this.#connect();
    if (was) this.on.state(false);
  }

  #ask(patience) {
    this.#askedAt = performance.now();
    this.#answerBy = this.#askedAt + patience;
    this.tell({ ping: ++this.#asked });
  }

  #answered(question) {
    if (question === this.#asked) this.#answerBy = 0;
    this.on.confirmed(question);
  }

  #look() {
    const now = performance.now(), paused = now - this.#looked > LOOK + ASK;
    this.#looked = now;
    if (paused) return this.#woke(); // timers stood still, so that an answer may wait unread
    if (this.#socket.readyState === WebSocket.CONNECTING && now - this.#began > OPENING) return this.#replace();
    if (!this.open) return;
    if (this.#answerBy && now > this.#answerBy) return this.#replace();
    if (!this.#answerBy && now - this.#askedAt >= ASK) this.#ask(SILENCE);
  }

  // woke looks at once whether there is still a line.
  #woke() {
    const now = performance.now();
    this.#looked = now;
    switch (this.#socket.readyState) {
      case WebSocket.OPEN:
        this.#ask(WOKEN);
        setTimeout(() => this.#look(), WOKEN + 50);
        break;
      case WebSocket.CONNECTING:
        if (now - this.#began > WOKEN) this.#replace();
        break;
      default:
        this.#wait = LEAST;
        this.#replace();
    }
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
