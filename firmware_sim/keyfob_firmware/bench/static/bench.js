// The page: all fobs, drawn anew every second, and the bench's time.

import { call, keepKey, Refusal } from "./calls.js";
import { Card, onSubmit, provision } from "./card.js";

const EVERY_MS = 1000;
const cards = new Map();
const $ = (id) => document.getElementById(id);
let drawing = null;

async function draw() {
  const [time, fobs] = await Promise.all([call("GET", "time"), call("GET", "fobs")]);
  $("key").hidden = true;
  $("now").textContent = `${new Date(time.now * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  $("mode").setAttribute("aria-pressed", String(time.mode === "standing"));
  $("none").hidden = fobs.length > 0;
  const serials = new Set(fobs.map(({ serial }) => serial));
  for (const [serial, card] of cards) {
    if (serials.has(serial)) continue;
    card.element.remove();
    cards.delete(serial);
  }
  for (const fob of fobs) {
    if (!cards.has(fob.serial)) {
      const card = new Card($("card"), fob.serial, guarded);
      cards.set(fob.serial, card);
      $("fobs").append(card.element);
    }
    await cards.get(fob.serial).draw(fob);
  }
}

// one drawing at a time; whoever asks during one gets another after it
function redraw() {
  drawing = (drawing ?? Promise.resolve()).then(draw);
  return drawing.catch(tell);
}

async function guarded(action) {
  $("trouble").hidden = true;
  try {
    await action();
  } catch (error) {
    tell(error);
  }
  drawing = drawing?.catch(() => {}) ?? null;
  await redraw();
}

function tell(error) {
  drawing = null;
  if (error instanceof Refusal && error.status === 401) $("key").hidden = false;
  $("trouble").textContent = error instanceof Refusal ? error.message : `The bench does not answer: ${error.message}`;
  $("trouble").hidden = false;
}

async function make(form) {
  const fields = form.elements;
  const wanted = { temperature: fields.temperature.value };
  for (const name of ["drift_ppm", "offset_s", "age_days"]) wanted[name] = Number(fields[name].value);
  for (const name of ["serial", "pin"]) if (fields[name].value) wanted[name] = fields[name].value;
  const [image] = fields.image.files;
  if (!image && fields.uri.value.trim()) wanted.uri = fields.uri.value.trim();
  const { serial } = await call("POST", "fobs", wanted);
  if (image) await provision(serial, form);
  form.reset();
}

$("mode").addEventListener("click", () => {
  const mode = $("mode").getAttribute("aria-pressed") === "true" ? "running" : "standing";
  guarded(() => call("PUT", "time", { mode }));
});
for (const button of document.querySelectorAll("[data-seconds]")) {
  button.addEventListener("click", () => guarded(() => call("POST", "time/advance", { seconds: Number(button.dataset.seconds) })));
}
onSubmit($("make"), (form) => guarded(() => make(form)));
onSubmit($("key"), (form) => guarded(async () => {
  keepKey(form.elements.key.value.trim());
  form.reset();
}));

async function live() {
  if (!document.hidden && $("key").hidden) await redraw();
  setTimeout(live, EVERY_MS);
}
live();
