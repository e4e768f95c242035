// Ear turns what the microphone gives, at the rate of the machine, into chunks
// of 16-bit samples at 16 kHz. Between samples it interpolates by a windowed
// sinc that lets nothing above 8 kHz fold back.

const OUT = 16000;  // samples per second
const CHUNK = 640;  // samples of one message, 40 ms
const REACH = 16;   // output samples the filter reaches to each side
const PHASES = 160; // between two input samples; exact for 48 and 44.1 kHz

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.step = sampleRate / OUT;
    this.half = Math.ceil(REACH * Math.max(1, this.step));
    this.kernels = Array.from({ length: PHASES }, (_, p) => this.kernel(p / PHASES));
    this.input = new Float32Array(8 * this.half + 4096);
    this.filled = this.half; // silence before the first sample
    this.at = this.half;     // of the next output sample in input
    this.chunk = new Int16Array(CHUNK);
    this.used = 0;
    this.peak = 0;
  }

  kernel(offset) {
    const cut = 0.47 * Math.min(1, 1 / this.step); // of the input rate
    const taps = new Float32Array(2 * this.half);
    let sum = 0;
    for (let i = 0; i < taps.length; i++) {
      const t = i - this.half + 1 - offset;
      const x = 2 * Math.PI * cut * t;
      const w = Math.abs(t) >= this.half ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * t / this.half) + 0.08 * Math.cos(2 * Math.PI * t / this.half);
      sum += taps[i] = (x === 0 ? 1 : Math.sin(x) / x) * w;
    }
    return taps.map((v) => v / sum);
  }

  process([[samples]]) {
    if (!samples) return true;
    this.input.set(samples, this.filled);
    this.filled += samples.length;
    while (Math.floor(this.at) + this.half < this.filled - 1) {
      this.emit(this.sample());
      this.at += this.step;
    }
    const done = Math.floor(this.at) - this.half;
    if (done > 0) {
      this.input.copyWithin(0, done, this.filled);
      this.filled -= done;
      this.at -= done;
    }
    return true;
  }

  sample() {
    let whole = Math.floor(this.at), phase = Math.round((this.at - whole) * PHASES);
    if (phase === PHASES) { phase = 0; whole++; }
    const taps = this.kernels[phase], from = whole - this.half + 1;
    let sum = 0;
    for (let i = 0; i < taps.length; i++) sum += taps[i] * this.input[from + i];
    return sum;
  }

  emit(v) {
    this.peak = Math.max(this.peak, Math.abs(v));
    this.chunk[this.used++] = Math.max(-32768, Math.min(32767, Math.round(v * 32768)));
    if (this.used < CHUNK) return;
    this.port.postMessage({ pcm: this.chunk.buffer, peak: this.peak }, [this.chunk.buffer]);
    this.chunk = new Int16Array(CHUNK);
    this.used = this.peak = 0;
  }
}

registerProcessor("ear", Ear);
