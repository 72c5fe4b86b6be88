// Every fault that can be injected, with figures to begin from.

export const FAULTS = {
  "clock-step": { label: "Clock step", figures: { seconds: 90 } },
  "stopped-oscillator": { label: "Oscillator stops for a time", figures: { seconds: 120 } },
  "rate-jump": { label: "Rate jump", figures: { ppm: 50 } },
  "temperature-shock": { label: "Temperature shock", figures: { temperature_c: 70, seconds: 3600 } },
  "brown-out": { label: "Brown-out", figures: { after_writes: 0, times: 1 } },
  "bit-flip": { label: "Bit flip", choices: { area: ["seed", "counter", "pin", "pin-failures", "starts"] }, figures: { byte: 4, bit: 0 } },
  "stuck-button": { label: "Button stuck" },
  "bouncing-button": { label: "Button bounces" },
  "dead-segments": { label: "Dead segment", segment: true, figures: { cell: 0 }, choices: { segment: [..."abcdefg"] } },
  "flat-battery": { label: "Flat battery" },
  "tamper": { label: "Case opened" },
};

export function drawFigures(place, kind) {
  const { figures = {}, choices = {} } = FAULTS[kind];
  place.replaceChildren();
  for (const [name, options] of Object.entries(choices)) {
    const select = document.createElement("select");
    select.append(...options.map((option) => new Option(option)));
    place.append(labelled(name, select));
  }
  for (const [name, figure] of Object.entries(figures)) {
    const input = document.createElement("input");
    Object.assign(input, { type: "number", step: "any", value: figure, required: true });
    place.append(labelled(name, input));
  }
}

export function readFault(form) {
  const kind = form.elements.kind.value;
  const { figures = {}, choices = {}, segment } = FAULTS[kind];
  const fault = { kind };
  for (const name of Object.keys(choices)) fault[name] = form.elements[name].value;
  for (const name of Object.keys(figures)) fault[name] = Number(form.elements[name].value);
  return segment ? { kind, segments: [[fault.cell, fault.segment]] } : fault;
}

function labelled(name, control) {
  control.name = name;
  const label = document.createElement("label");
  label.append(`${name.replaceAll("_", " ")} `, control);
  return label;
}
