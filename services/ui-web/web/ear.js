// Ear is the microphone of this page.

import { t } from "./text.js";

// ?raw=1 hands over what the microphone hears as it is, for tests that compare.
const tidy = !new URLSearchParams(location.search).has("raw");

const CHUNK = 40;    // milliseconds of one chunk
const AT_ONCE = 2;   // chunks sent for each that is recorded: the server takes twice real time
const HELD = 10000;  // milliseconds after which what could not be sent is of no use

export class Ear {
  #ctx; #ready; #stream; #source; #starting = false;
  #held = [];    // chunks to be sent, {pcm, at}
  #passed = [];  // chunks that were sent and may have gone into a dead line, {pcm, at, question}
  #ending;       // timer that sends the rest after the microphone was switched off

  sent = 0; // chunks
  device = ""; // id of the microphone; empty: the browser's choice

  // line takes the chunks; on: changed(), level(0 to 1), trouble(text)
  constructor(line, on) {
    this.line = line;
    this.on = on;
    this.#prepare().catch(() => {}); // it is tried again when the microphone is switched on
  }

  // prepare loads what turns the microphone into chunks, while there is a connection: it
  // may be switched on without one.
  #prepare() {
    this.#ready ??= (async () => {
      this.#ctx ??= new AudioContext();
      await this.#ctx.audioWorklet.addModule("ear-worklet.js");
    })();
    this.#ready.catch(() => { this.#ready = undefined; });
    return this.#ready;
  }

  get listening() { return !!this.#stream; }

  async toggle() {
    if (this.#starting) return;
    this.#starting = true;
    try {
      await (this.listening ? this.stop() : this.start());
    } finally {
      this.#starting = false;
    }
  }

  async start() {
    clearInterval(this.#ending);
    if (!navigator.mediaDevices?.getUserMedia) {
      this.on.trouble(t("mic insecure"));
      return;
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { deviceId: this.device ? { ideal: this.device } : undefined, channelCount: 1, echoCancellation: tidy, noiseSuppression: tidy, autoGainControl: tidy },
      });
      await this.#prepare();
      await this.#ctx.resume();
    } catch (e) {
      await this.stop();
      this.on.trouble(reason(e));
      return;
    }
    for (const track of this.#stream.getTracks()) track.onended = () => this.stop();
    const ear = new AudioWorkletNode(this.#ctx, "ear", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    this.line.tell({ mic: true });
    ear.port.onmessage = ({ data }) => {
      if (!this.listening) return;
      this.#held.push({ pcm: data.pcm, at: Date.now() });
      this.#pump(AT_ONCE);
      this.on.level(Math.min(1, data.peak * 1.6));
    };
    this.#source = new MediaStreamAudioSourceNode(this.#ctx, { mediaStream: this.#stream });
    this.#source.connect(ear);
    this.on.changed();
  }

  async stop() {
    const was = this.listening;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = undefined;
    if (was) this.#end();
    this.on.level(0);
    this.on.changed();
    this.#source?.disconnect();
    this.#source = undefined;
    await this.#ctx?.suspend();
  }

  // linked tells a server that came back that the microphone is on, and sends what it
  // did not get.
  linked(open) {
    if (open) {
      if (this.listening || this.#held.length) this.line.tell({ mic: true });
      return;
    }
    this.#held = [...this.#passed, ...this.#held];
    this.#passed = [];
  }

  // confirmed forgets what has arrived before the answer to a question.
  confirmed(question) { this.#passed = this.#passed.filter((c) => c.question > question); }

  // pump sends at most n chunks, the oldest first.
  #pump(n) {
    const old = Date.now() - HELD;
    while (this.#held[0]?.at < old) this.#held.shift();
    while (this.#passed[0]?.at < old) this.#passed.shift();
    for (; n > 0 && this.#held.length && this.line.send(this.#held[0].pcm); n--) {
      this.#passed.push({ ...this.#held.shift(), question: this.line.question });
      this.sent++;
    }
  }

  // end sends what is left, and then that nothing follows.
  #end() {
    const end = () => {
      this.#pump(AT_ONCE);
      if (this.#held.length) return;
      clearInterval(this.#ending);
      this.line.send(new ArrayBuffer(0)); // the end of the stream
      this.line.tell({ mic: false });
    };
    clearInterval(this.#ending);
    this.#ending = setInterval(end, CHUNK);
    end();
  }
}

function reason(e) {
  switch (e.name) {
    case "NotAllowedError": return t("mic refused");
    case "NotFoundError": return t("mic missing");
    case "NotReadableError": return t("mic busy");
  }
  return t("mic failed", { error: e.message });
}
