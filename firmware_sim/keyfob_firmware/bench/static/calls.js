// The calls to the bench. A key, where one is needed, is kept for this tab alone.

const KEY = "keyfob-bench-key";

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function keepKey(key) {
  sessionStorage.setItem(KEY, key);
}

export async function call(method, path, body) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? body.type || "image/png" : "application/json";
  const response = await fetch(`v1/${path}`, { method, headers, body: isFile || body === undefined ? body : JSON.stringify(body) });
  const type = response.headers.get("Content-Type") ?? "";
  const answer = response.status === 204 ? null : type.includes("json") ? await response.json() : await response.text();
  if (!response.ok) throw new Refusal(response.status, answer?.detail ?? `the bench answered ${response.status}`);
  return answer;
}

export const fobPath = (serial, rest = "") => `fobs/${encodeURIComponent(serial)}${rest}`;
