// Talk is how a person begins to speak and stops what is spoken: a button or the space bar,
// held or tapped, Escape, and a screen that stays on meanwhile.

const HELD = 400; // milliseconds after which a press is a hold, and its release ends it

export class Talk {
  #held;  // {since, opened, key}; undefined: nothing is pressed
  #lock;

  // busy reports whether there is something to stop; stop() stops it
  constructor(ear, button, text, { busy, stop }) {
    Object.assign(this, { ear, button, text, busy, stop });
    button.onpointerdown = (e) => { if (e.button === 0) this.#press(); };
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => this.#release(true));
    button.onclick = (e) => { if (e.detail === 0) ear.toggle(); }; // by a screen reader or Enter
    button.oncontextmenu = (e) => e.preventDefault(); // a long press on a phone
    addEventListener("keydown", (e) => this.#down(e));
    addEventListener("keyup", (e) => this.#up(e));
    addEventListener("blur", () => this.#release(false));
    document.addEventListener("visibilitychange", () => this.awake(this.wanted));
  }

  // talks reports whether a key event means the button: the space bar where it would do
  // nothing else, or would only begin a text with a space.
  #talks(e) {
    const at = document.activeElement;
    return e.code === "Space" && !e.ctrlKey && !e.altKey && !e.metaKey && !document.querySelector("dialog[open]") &&
      (!at || at === document.body || at === this.button || at === this.text && !this.text.value);
  }

  #down(e) {
    if (e.key === "Escape" && !e.defaultPrevented && this.busy()) this.stop();
    if (!this.#held && !this.#talks(e)) return;
    if (e.code !== "Space") return;
    e.preventDefault();
    if (!e.repeat) this.#press("Space", document.activeElement === this.button);
  }

  #up(e) {
    if (e.code !== "Space" || this.#held?.key !== "Space") return;
    e.preventDefault();
    this.#release(this.#held.tap);
  }

  // press switches the microphone on, or off where it was on. tap: a short press leaves it on.
  async #press(key = "", tap = true) {
    if (this.#held) return;
    const held = { since: performance.now(), key, tap, opened: !this.ear.listening };
    this.#held = held;
    if (!held.opened) return; // it is switched off when it is let go
    await this.ear.toggle();
    if (held.ended && this.ear.listening) this.ear.toggle(); // let go before the browser gave the microphone
  }

  // release ends a hold; with tap a short press is a switch.
  #release(tap) {
    const held = this.#held;
    this.#held = undefined;
    if (!held) return;
    const short = performance.now() - held.since < HELD;
    if (held.opened ? short && tap : !tap) return;
    held.ended = true;
    if (this.ear.listening) this.ear.toggle();
  }

  // awake keeps the screen on while somebody talks, where the browser can.
  async awake(wanted) {
    this.wanted = wanted;
    if (!wanted || document.hidden) {
      this.#lock?.release().catch(() => {});
      this.#lock = undefined;
      return;
    }
    if (this.#lock && !this.#lock.released || this.asking) return;
    this.asking = true;
    this.#lock = await navigator.wakeLock?.request("screen").catch(() => undefined); // the battery is low, or the browser says no
    this.asking = false;
    if (!this.wanted) this.awake(false);
  }
}
