// One fob on the page.

import { call, fobPath } from "./calls.js";
import { FAULTS, drawFigures, readFault } from "./faults.js";

const LONG_MS = 1500;
const SOON_MS = 300;

export class Card {
  #serial;
  #shown = "";
  #guarded;

  // `guarded` runs what a button does, tells of trouble, and draws anew
  constructor(template, serial, guarded) {
    this.#serial = serial;
    this.#guarded = guarded;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.serial = serial;
    this.#find("h2").textContent = serial;
    this.#listen();
  }

  async draw(fob) {
    this.#find(".holder").textContent = [fob.credential?.issuer, fob.credential?.account].filter(Boolean).join(": ") || "no seed yet";
    this.#find(".keypad").hidden = !fob.keypad;
    this.#find(".provision").hidden = fob.credential !== null;
    const words = fob.display.description.replace(/, \d of 6 parts of the bar/, "");
    if (this.#find(".words").textContent !== words) this.#find(".words").textContent = words;
    this.#drawFacts(fob);
    const slider = this.#find(".drift input");
    if (document.activeElement !== slider) slider.value = fob.clock_rate_ppm;
    this.#find(".drift output").textContent = `${(Math.round(fob.clock_rate_ppm * 100) / 100 + 0).toFixed(2)} ppm`;
    if (this.#find(".trace").open) await this.#drawTrace();
    await this.#drawGlass(fob.display);
  }

  async #drawGlass({ cells, bar, icons }) {
    const shown = JSON.stringify([cells, bar, icons]);
    if (shown === this.#shown) return;
    const svg = await call("GET", this.#path("/display.svg"));
    const drawn = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    this.#find(".glass").replaceChildren(document.importNode(drawn, true));
    this.#shown = shown;
  }

  #drawFacts(fob) {
    const facts = {
      State: fob.state,
      Clock: `${fob.clock_offset_s >= 0 ? "+" : "−"}${Math.abs(fob.clock_offset_s).toFixed(2)} s`,
      Battery: `${fob.battery_v.toFixed(2)} V, ${fob.battery_percent.toFixed(0)} %`,
      Temperature: `${fob.temperature_c.toFixed(1)} °C`,
      Age: `${fob.age_days.toFixed(0)} days`,
      Button: `${fob.button}, pressed ${fob.presses} times`,
    };
    const parts = Object.entries(facts).flatMap(([name, fact]) => [made("dt", name), made("dd", fact)]);
    this.#find(".facts").replaceChildren(...parts);
  }

  async #drawTrace() {
    const events = await call("GET", this.#path("/events"));
    const lines = events.reverse().map(({ at, event, before, after }) =>
      made("li", `${new Date(at * 1000).toISOString().slice(0, 19)}Z  ${event}: ${before === after ? before : `${before} → ${after}`}`));
    this.#find(".trace ol").replaceChildren(...lines);
  }

  #listen() {
    this.#listenToButton();
    const post = (rest, body) => this.#guarded(() => call("POST", this.#path(rest), body));
    const kinds = this.#find(".fault select");
    kinds.append(...Object.entries(FAULTS).map(([kind, { label }]) => new Option(label, kind)));
    kinds.addEventListener("change", () => drawFigures(this.#find(".figures"), kinds.value));
    drawFigures(this.#find(".figures"), kinds.value);
    onSubmit(this.#find(".fault"), (form) => post("/faults", readFault(form)));
    onSubmit(this.#find(".keypad"), async (form) => {
      const keys = form.elements.keys.value;
      form.reset();
      await post("/keypad", { keys, enter: true });
    });
    onSubmit(this.#find(".provision"), (form) => this.#guarded(() => provision(this.#serial, form)));
    this.#click(".clear", () => post("/keypad", { clear: true }));
    this.#click(".battery", () => post("/battery"));
    this.#click(".diagnose", () => post("/reports"));
    this.#click(".reset", () => confirm(`Have ${this.#serial} forget its seed and PIN?`) && post("/reset"));
    this.#click(".remove", () => confirm(`Remove ${this.#serial} for good?`) && this.#guarded(() => call("DELETE", this.#path())));
    for (const button of this.element.querySelectorAll("[data-days]")) {
      button.addEventListener("click", () => post("/age", { days: Number(button.dataset.days) }));
    }
    this.#find(".drift input").addEventListener("change", ({ target }) =>
      this.#guarded(() => call("PUT", this.#path("/oscillator"), { drift_ppm: Number(target.value) })));
    this.#find(".trace").addEventListener("toggle", () => this.#guarded(() => this.#drawTrace()));
  }

  // short or long, by pointer or by key; a screen reader's click alone is a short press
  #listenToButton() {
    const button = this.#find(".press");
    let since = null;
    let released = -SOON_MS;
    const down = () => {
      since ??= performance.now();
      button.classList.add("down");
    };
    const up = () => {
      if (since === null) return;
      const held_s = Math.max((performance.now() - since) / 1000, 0.15);
      since = null;
      released = performance.now();
      button.classList.remove("down");
      this.#guarded(() => call("POST", this.#path("/press"), { held_s: Math.min(held_s, 60) }));
    };
    const isKey = ({ key }) => key === " " || key === "Enter";
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      down();
    });
    button.addEventListener("pointerup", up);
    button.addEventListener("pointercancel", up);
    button.addEventListener("keydown", (event) => isKey(event) && down());
    button.addEventListener("keyup", (event) => isKey(event) && up());
    button.addEventListener("blur", up);
    button.addEventListener("click", ({ detail }) => {
      const followsKey = since !== null || performance.now() - released < SOON_MS;
      if (detail === 0 && !followsKey) this.#guarded(() => call("POST", this.#path("/press"), {}));
    });
    button.setAttribute("aria-description", `Hold for ${LONG_MS / 1000} seconds for a long press`);
  }

  #click(selector, action) {
    this.#find(selector).addEventListener("click", action);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  #path(rest = "") {
    return fobPath(this.#serial, rest);
  }
}

export function onSubmit(form, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    action(form);
  });
}

// gives a fob what a form names: the picture if there is one, else the URI
export async function provision(serial, form) {
  const [image] = form.elements.image.files;
  const uri = form.elements.uri.value.trim();
  if (image) await call("POST", fobPath(serial, "/scan"), image);
  else if (uri) await call("POST", fobPath(serial, "/provision"), { uri });
  form.reset();
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
