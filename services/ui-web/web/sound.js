// Sound is which microphone and loudspeaker this browser uses, how loud it is, and whether
// the two work.

import { object, text } from "./message.js";
import { make, request } from "./parts.js";
import { lang, t } from "./text.js";

const LOUD = 0.02;   // peak of a microphone that hears a voice; a quiet room is below 0.005
const RECORDS = 4000; // milliseconds of a check
const RATE = 16000;  // samples per second, of ear-worklet.js

export class Sound {
  // room is that of the page; line tells the server which voice is chosen
  constructor($, ear, speaker, line, room) {
    Object.assign(this, { mic: $("sound-mic"), out: $("sound-out"), volume: $("sound-volume"), percent: $("sound-percent"), status: $("sound-status"), meter: $("sound-meter"), voice: $("sound-voice"), voices: $("sound-voices"), ear, speaker, line, room });
    ear.device = localStorage.getItem("tars.mic") ?? "";
    speaker.sink(localStorage.getItem("tars.out") ?? "");
    this.volume.value = localStorage.getItem("tars.volume") ?? 100;
    this.#turn();
    this.volume.oninput = () => this.#turn();
    this.mic.onchange = () => this.#choose("mic", this.mic.value);
    this.out.onchange = () => this.#choose("out", this.out.value);
    this.voice.value = localStorage.getItem("tars.voice") ?? "";
    this.voice.onchange = () => { localStorage.setItem("tars.voice", this.voice.value.trim()); this.#speakWith(); };
    $("sound-check").onclick = (e) => this.check(e.currentTarget, this.meter, this.status, true);
    $("sound-say").onclick = () => this.say(this.status);
    $("sound-out-row").hidden = !("setSinkId" in AudioContext.prototype);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.look());
    this.look();
  }

  // look lists what there is. Browsers give names only to a page that was given a microphone.
  async look() {
    const all = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
    const fill = (select, kind, chosen) => {
      const known = all.filter((d) => d.kind === kind && d.deviceId && d.deviceId !== "default");
      select.replaceChildren(make("option", { value: "" }, t("usual device")), ...known.map((d, i) => make("option", { value: d.deviceId }, d.label || t("device n", { n: i + 1 }))));
      select.value = known.some((d) => d.deviceId === chosen) ? chosen : "";
    };
    fill(this.mic, "audioinput", this.ear.device);
    fill(this.out, "audiooutput", this.speaker.out);
  }

  // linked tells a server that came back which voice is chosen.
  linked(open) { if (open && this.voice.value) this.#speakWith(); }

  #speakWith() { this.line.tell({ voice: this.voice.value.trim() }); }

  // known takes the voices that are installed, to choose from. Others have names, too.
  known(report) {
    const installed = (Array.isArray(report?.parts) ? report.parts : []).map((p) => text(object(p)?.id)).filter((id, i) => id?.startsWith("tts:") && report.parts[i].state === "installed");
    this.voices.replaceChildren(...installed.map((id) => make("option", { value: id.slice(4) })));
  }

  #turn() {
    this.speaker.turn(this.volume.value / 100);
    this.percent.textContent = `${this.volume.value} %`;
    localStorage.setItem("tars.volume", this.volume.value);
  }

  async #choose(what, id) {
    localStorage.setItem(`tars.${what}`, id);
    this.status.textContent = "";
    if (what === "out") {
      if (!await this.speaker.sink(id)) this.status.textContent = t("no such loudspeaker");
      return;
    }
    this.ear.device = id;
    if (this.ear.listening) { // with the other one
      await this.ear.stop();
      await this.ear.start();
    }
  }

  // say has the voice say a sentence to this page.
  async say(status, words = t("hear me")) {
    status.textContent = "";
    const r = await request("/api/speak", { id: this.room.replace(/^web-/, ""), text: words, lang }, t("no server"));
    if (r.error) status.textContent = r.error;
    return !r.error;
  }

  // check listens for a while, shows how loud it is, and plays what was heard. It resolves
  // to whether somebody was heard. Nothing of it leaves the browser.
  async check(button, meter, status, play) {
    let stream, ctx;
    button.disabled = true;
    status.textContent = t("say something");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { deviceId: this.ear.device ? { ideal: this.ear.device } : undefined } });
      ctx = new AudioContext();
      await ctx.audioWorklet.addModule("ear-worklet.js");
      const chunks = [], node = new AudioWorkletNode(ctx, "ear", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      let loudest = 0;
      node.port.onmessage = ({ data: { pcm, peak } }) => {
        chunks.push(new Int16Array(pcm));
        loudest = Math.max(loudest, peak);
        meter.value = Math.min(1, Math.sqrt(peak));
        if (loudest > LOUD) status.textContent = t("I hear you");
      };
      new MediaStreamAudioSourceNode(ctx, { mediaStream: stream }).connect(node);
      await ctx.resume();
      await new Promise((over) => setTimeout(over, RECORDS));
      node.port.onmessage = null; // what a busy browser hands over late is not part of the check
      const heard = loudest > LOUD;
      status.textContent = t(!heard ? "I hear nothing" : play ? "that was you" : "I hear you");
      if (heard && play) for (const pcm of chunks) this.speaker.play({ utt_id: "check", rate: RATE }, pcm);
      this.look(); // now the names are known
      return heard;
    } catch (e) {
      status.textContent = t(!navigator.mediaDevices ? "mic insecure" : { NotAllowedError: "mic refused", NotFoundError: "mic missing", NotReadableError: "mic busy" }[e.name] ?? "mic failed", { error: e.message });
      return false;
    } finally {
      stream?.getTracks().forEach((track) => track.stop());
      ctx?.close();
      meter.value = 0;
      button.disabled = false;
    }
  }
}
