// Calls to /api/v1 with the session cookie; errors carry the contract's code, message and fields.
import { gettext } from "./text.js";

export class ApiError extends Error {
  constructor(status, body) {
    super(body.message || gettext("服务器没有回答"));
    this.status = status;
    this.code = body.code || "";
    this.fields = body.fields || {};
    this.traceId = body.trace_id || "";
    this.details = body;
  }
}

export function csrf() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie ? cookie[1] : document.querySelector('meta[name="csrf"]').content;
}

async function answer(response) {
  const text = await response.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = { error: { message: gettext("服务器的回答不是数据") } };
  }
  if (!response.ok) throw new ApiError(response.status, body.error || body);
  return body;
}

export async function get(path, options = {}) {
  return answer(await fetch(path, { headers: { Accept: "application/json" }, ...options }));
}

export function post(path, body, headers = {}) {
  return send("POST", path, body, headers);
}

export async function send(method, path, body = {}, headers = {}) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      "X-CSRFToken": csrf(),
      ...(isForm ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    body: isForm ? body : JSON.stringify(body),
  });
  return answer(response);
}

/** A fragment of HTML from one of our pages; null where the session has ended. */
export async function fragment(path, options = {}) {
  const response = await fetch(path, { headers: { "HX-Request": "true" }, ...options });
  if (response.redirected && new URL(response.url).pathname === "/login/") {
    location.reload();
    return null;
  }
  if (!response.ok) throw new ApiError(response.status, { trace_id: response.headers.get("X-Trace-Id") });
  return response.text();
}

/** Where the drawer of a case comes from. */
export const drawerAddress = (number) => `/queue/drawer/${encodeURIComponent(number)}`;

/** The words for an error, with the trace id a person can read out on the phone. */
export function explain(error) {
  if (!(error instanceof ApiError)) return gettext("网络不通，内容已保留，请稍后重试");
  const trace = error.traceId ? ` (${error.traceId})` : "";
  return error.message + trace;
}
