// Sheet is the dialog with the views beside the conversation, a tab for each.

export class Sheet {
  #tabs; #shown = {}; #left = {};

  // shown: by the name of a tab, what is done when it comes into sight; left: when it goes
  constructor(dialog, shown, left = {}) {
    this.dialog = dialog;
    this.#shown = shown;
    this.#left = left;
    dialog.addEventListener("close", () => this.#left[this.name]?.());
    this.#tabs = [...dialog.querySelectorAll("[role=tab]")];
    for (const tab of this.#tabs) {
      tab.onclick = () => this.show(tab.dataset.tab);
      tab.onkeydown = (e) => this.#move(e, tab);
    }
    dialog.onclick = (e) => { if (e.target === dialog) dialog.close(); };
    this.#select(this.#tabs[0].dataset.tab);
  }

  // open shows the sheet at a tab, by default the one shown last.
  open(name = this.name) {
    if (!this.dialog.open) this.dialog.showModal();
    this.show(name);
    this.#tab(name).focus();
  }

  show(name) {
    if (name !== this.name) this.#left[this.name]?.();
    this.#select(name);
    this.#shown[name]?.();
  }

  #tab(name) { return this.#tabs.find((t) => t.dataset.tab === name); }

  #select(name) {
    this.name = name;
    for (const tab of this.#tabs) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
      if (on) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  #move(e, tab) {
    const at = this.#tabs.indexOf(tab), all = this.#tabs.length;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + all, Home: 0, End: all - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = this.#tabs[to % all];
    next.focus();
    this.show(next.dataset.tab);
  }
}
