// Ear is the microphone of this page.

// ?raw=1 hands over what the microphone hears as it is, for tests that compare.
const tidy = !new URLSearchParams(location.search).has("raw");

export class Ear {
  #ctx; #stream; #starting = false;

  sent = 0; // chunks

  // line takes the chunks; on: changed(), level(0 to 1), trouble(text)
  constructor(line, on) {
    this.line = line;
    this.on = on;
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
    if (!navigator.mediaDevices?.getUserMedia) {
      this.on.trouble("The browser allows a microphone on secure pages only. Open this one as http://127.0.0.1 on the machine it runs on, or through HTTPS.");
      return;
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: tidy, noiseSuppression: tidy, autoGainControl: tidy },
      });
      this.#ctx = new AudioContext();
      await this.#ctx.audioWorklet.addModule("ear-worklet.js");
    } catch (e) {
      await this.stop();
      this.on.trouble(reason(e));
      return;
    }
    for (const t of this.#stream.getTracks()) t.onended = () => this.stop();
    const ear = new AudioWorkletNode(this.#ctx, "ear", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    this.line.tell({ mic: true });
    ear.port.onmessage = ({ data }) => {
      if (!this.listening) return;
      if (this.line.send(data.pcm)) this.sent++;
      this.on.level(Math.min(1, data.peak * 1.6));
    };
    new MediaStreamAudioSourceNode(this.#ctx, { mediaStream: this.#stream }).connect(ear);
    this.on.changed();
  }

  async stop() {
    const was = this.listening;
    this.#stream?.getTracks().forEach((t) => t.stop());
    this.#stream = undefined;
    if (was) {
      this.line.send(new ArrayBuffer(0)); // the end of the stream
      this.line.tell({ mic: false });
    }
    this.on.level(0);
    this.on.changed();
    const ctx = this.#ctx;
    this.#ctx = undefined;
    await ctx?.close();
  }

  // again tells a server that came back that the microphone is on.
  again() {
    if (this.listening) this.line.tell({ mic: true });
  }
}

function reason(e) {
  switch (e.name) {
    case "NotAllowedError": return "The browser does not let this page use the microphone. Allow it in the settings of this site.";
    case "NotFoundError": return "There is no microphone.";
    case "NotReadableError": return "The microphone is in use by another program.";
  }
  return `The microphone does not work: ${e.message}`;
}
