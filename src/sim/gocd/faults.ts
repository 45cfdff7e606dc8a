// Faults of the simulated GoCD server that affect the next requests.

import { answer, jsonText, pathOf, type SimRequest, type SimResponse } from "./http_message.ts";
import { backupAnswer, startingAnswer } from "./unavailable.ts";
import type { GocdWorld, ListSnapshot } from "./state.ts";

/** The kind of fault. */
export type SimFaultKind =
  /** The connection is refused; nothing happens on the server. */
  | { readonly kind: "refused" }
  /** 503 "GoCD server is starting". */
  | { readonly kind: "starting" }
  /** 503 because of a running backup. */
  | { readonly kind: "backup" }
  /** Any status with a JSON message, such as 500 or 504; `retryAfter` sets the header. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** A proxy's login page instead of the response: HTML with 200, or a redirect to one. */
  | { readonly kind: "login-page"; readonly style: "html-200" | "redirect-302" }
  /** The response is truncated but looks complete; the request took effect. */
  | { readonly kind: "truncated" }
  /** The connection breaks in the middle of the response; the request took effect. */
  | { readonly kind: "cut" }
  /** The connection breaks before the response; the request took effect. */
  | { readonly kind: "no-answer" }
  /** The response is delayed; the request took effect immediately. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Feed and agents list show the state at the time when the fault was armed. */
  | { readonly kind: "stale" };

/** An armed fault. */
export interface SimFault {
  /** The kind of fault. */
  readonly what: SimFaultKind;
  /** Number of remaining requests that it affects. */
  requests: number;
  /** Only paths that contain this text. */
  readonly pathContains?: string;
  /** For `stale`. */
  readonly snapshot?: ListSnapshot;
}

/** Arms a fault for the next `requests` requests (to paths containing `pathContains`). */
export function armFault(world: GocdWorld, what: SimFaultKind, requests: number, pathContains?: string): void {
  const snapshot = what.kind !== "stale" ? undefined : {
    agents: [...world.agents.values()].map((gocdAgent) => ({ ...gocdAgent })),
    jobs: [...world.jobs.values()].map((job) => ({ ...job })),
  };
  world.faults.push({
    what,
    requests,
    ...(pathContains === undefined ? {} : { pathContains }),
    ...(snapshot === undefined ? {} : { snapshot }),
  });
}

/** The fault for this request; its remaining count is decremented. */
export function takeFault(world: GocdWorld, request: SimRequest): SimFault | undefined {
  const fault = world.faults.find((candidate) =>
    candidate.pathContains === undefined || request.path.includes(candidate.pathContains)
  );
  if (fault === undefined) return undefined;
  fault.requests--;
  if (fault.requests <= 0) world.faults = world.faults.filter((candidate) => candidate !== fault);
  return fault;
}

/** The response that a fault gives instead of the server; undefined if the server responds. */
export function answerInstead(what: SimFaultKind, request: SimRequest): SimResponse | undefined {
  switch (what.kind) {
    case "refused":
      return { ...answer(0, "", ""), connection: "refused" };
    case "starting":
      return startingAnswer(request);
    case "backup":
      return backupAnswer(request);
    case "status": {
      const headers: Record<string, string> = what.retryAfter === undefined ? {} : { "retry-after": what.retryAfter };
      return answer(what.status, "application/json", jsonText({ message: `status ${what.status}` }), headers);
    }
    case "login-page":
      return loginPage(what.style, request);
    case "truncated":
    case "cut":
    case "no-answer":
    case "slow":
    case "stale":
      return undefined;
    default:
      return what satisfies never;
  }
}

function loginPage(style: "html-200" | "redirect-302", request: SimRequest): SimResponse {
  if (style === "redirect-302") {
    return answer(302, "", "", { location: `/go/auth/login?return=${encodeURIComponent(pathOf(request))}` });
  }
  const body = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method="post" action="/login">' +
    '<input name="user"><input name="password" type="password"></form></body></html>';
  return answer(200, "text/html;charset=utf-8", body);
}

/** Applies a fault to the response of the server. */
export function spoilAnswer(what: SimFaultKind, response: SimResponse): SimResponse {
  switch (what.kind) {
    case "truncated":
      return { ...response, body: response.body.slice(0, Math.floor(response.body.length / 2)) };
    case "cut":
      return { ...response, body: response.body.slice(0, Math.floor(response.body.length / 2)), connection: "cut" };
    case "no-answer":
      return { ...answer(0, "", ""), connection: "cut" };
    case "slow":
      return { ...response, delayMs: what.delayMs };
    case "refused":
    case "starting":
    case "backup":
    case "status":
    case "login-page":
    case "stale":
      return response;
    default:
      return what satisfies never;
  }
}
