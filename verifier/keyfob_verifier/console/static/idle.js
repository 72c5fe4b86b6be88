// Tells a minute ahead that the session ends, and then leaves the page, which may show what not everybody should see.

const WARNING_S = 60;

export function watchIdleness(body) {
  const idle_s = Number(body.dataset.idleS);
  if (!idle_s) return;
  const warning = document.getElementById("idle");
  setTimeout(() => { warning.hidden = false; }, (idle_s - WARNING_S) * 1000);
  setTimeout(() => { location.assign(body.dataset.signIn); }, idle_s * 1000);
}
