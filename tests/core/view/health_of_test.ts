// What the program is fit for, as a picture shows it: the answers of /health and its three parts.

import { assertEquals } from "@std/assert";
import { healthOf } from "../../../src/core/view/health.ts";
import type { Health, ServerHealth, StatusView } from "../../../src/core/view/view.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { drive, minute, second } from "../../support/core.ts";

const nowMs = 100 * minute;
const problem = { code: "x", message: "no answer", hint: "look" };
const fine: ServerHealth = { state: "fine", sinceMs: 0 };
const unknown: ServerHealth = { state: "unknown", sinceMs: 0 };
const failing: ServerHealth = { state: "failing", sinceMs: nowMs - 12 * second, problem };
const down: ServerHealth = { state: "down", sinceMs: nowMs - 6 * minute, problem };

interface Seen extends Partial<Pick<StatusView, "movedMs" | "leadership" | "tornDown">> {
  readonly gocd?: ServerHealth;
  readonly mesos?: ServerHealth;
  readonly isPolled?: boolean;
}

function health({ gocd = fine, mesos = fine, isPolled = true, ...more }: Seen): Health {
  const view = statusView(drive().state, nowMs);
  const { lastPollMs: _, ...server } = view.gocd;
  return healthOf({
    ...view,
    gocd: { ...server, health: gocd, ...(isPolled ? { lastPollMs: nowMs - minute } : {}) },
    mesos: { ...view.mesos, health: mesos },
    ...more,
  });
}

/** `healthy, live, ready, leader`, with the reasons of what is not. */
function words({ isHealthy, reasons, live, ready, leader }: Health): readonly string[] {
  const word = (name: string, check: Health["live"]): string =>
    check.isSo ? name : `not ${name}: ${check.reasons.join("; ")}`;
  return [
    `${isHealthy ? "healthy" : "unhealthy"}${reasons.length === 0 ? "" : `: ${reasons.join("; ")}`}`,
    word("live", live),
    word("ready", ready),
    word("leader", leader),
  ];
}

const gocdFails = "GoCD has been failing for 12 s: no answer";
const gocdDown = "GoCD has been failing for 6 min: no answer";
const mesosFails = "Mesos has been failing for 12 s: no answer";
const neverPolled = "the GoCD server has not been polled successfully yet";
const neverSubscribed = "not subscribed to a Mesos master yet";
const standby = (leader?: string, forMs = second): Pick<Seen, "leadership"> => ({
  leadership: { role: "standby", sinceMs: nowMs - forMs, ...(leader === undefined ? {} : { leader }) },
});
const leaderless = "on standby, and no leader is known: is ZooKeeper (state.path) reachable?";

const cases: Readonly<Record<string, readonly [Seen, ...string[]]>> = {
  "both servers are fine": [{}, "healthy", "live", "ready", "leader"],
  "GoCD fails, and was polled before": [{ gocd: failing }, `healthy: ${gocdFails}`, "live", "ready", "leader"],
  "GoCD is down": [{ gocd: down }, `unhealthy: ${gocdDown}`, "live", `not ready: ${gocdDown}`, "leader"],
  "GoCD was never polled, and fails": [
    { gocd: failing, isPolled: false },
    `healthy: ${gocdFails}`,
    "live",
    `not ready: ${gocdFails}`,
    "leader",
  ],
  "GoCD was never polled": [
    { gocd: unknown, isPolled: false },
    "healthy",
    "live",
    `not ready: ${neverPolled}`,
    "leader",
  ],
  "Mesos fails": [{ mesos: failing }, `healthy: ${mesosFails}`, "live", `not ready: ${mesosFails}`, "leader"],
  "Mesos is down": [
    { mesos: down },
    "unhealthy: Mesos has been failing for 6 min: no answer",
    "live",
    "not ready: Mesos has been failing for 6 min: no answer",
    "leader",
  ],
  "Mesos has not answered yet": [{ mesos: unknown }, "healthy", "live", `not ready: ${neverSubscribed}`, "leader"],
  "both fail": [
    { gocd: failing, mesos: failing },
    `healthy: ${gocdFails}; ${mesosFails}`,
    "live",
    `not ready: ${mesosFails}`,
    "leader",
  ],
  "the framework was torn down": [
    { mesos: unknown, tornDown: true },
    "healthy",
    "live",
    "not ready: torn down: no framework is registered until gocd-mesos resume",
    "leader",
  ],
  "the loop has stood still for a minute": [{ movedMs: nowMs - minute }, "healthy", "live", "ready", "leader"],
  "the loop stands still for longer": [
    { movedMs: nowMs - minute - 1 },
    "unhealthy: the scheduler has not handled an event for 60 s",
    "not live: the scheduler has not handled an event for 60 s",
    "not ready: the scheduler has not handled an event for 60 s",
    "leader",
  ],
  "another instance leads": [
    standby("one:8090", 20 * minute),
    "healthy",
    "live",
    "not ready: on standby: one:8090 leads",
    "not leader: on standby: one:8090 leads",
  ],
  "nobody has led for five minutes": [
    standby(undefined, 5 * minute),
    "healthy",
    "live",
    "not ready: on standby: no leader is known",
    "not leader: on standby: no leader is known",
  ],
  "nobody leads for longer": [
    standby(undefined, 5 * minute + 1),
    `unhealthy: ${leaderless}`,
    "live",
    "not ready: on standby: no leader is known",
    "not leader: on standby: no leader is known",
  ],
  "this instance leads": [
    { leadership: { role: "leader", sinceMs: 0 } },
    "healthy",
    "live",
    "ready",
    "leader",
  ],
};

for (const [name, [seen, ...expected]] of Object.entries(cases)) {
  Deno.test(`health is reported part by part if ${name}`, () => {
    assertEquals(words(health(seen)), expected);
  });
}
