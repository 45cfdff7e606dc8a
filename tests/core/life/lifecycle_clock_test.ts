// The clocks that end a phase, to the millisecond, and what each waits for. Stories: lifecycle_test.ts, doubt_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, KillCause } from "../../../src/core/instance.ts";
import { watchClocks } from "../../../src/core/life/lifecycle_clock.ts";
import type { State } from "../../../src/core/state.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import { finished, gocdAgent, minute, second, serverInfo, type Told, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const hour = 60 * minute;

interface Circumstances {
  readonly agents?: readonly GocdAgent[];
  /** How old the last list is. */
  readonly listAgeMs?: number;
  readonly maintenance?: "on" | "off";
  /** How long the session has lasted. */
  readonly sessionMs?: number;
  readonly session?: State["session"]["kind"];
  readonly server?: Partial<State["server"]>;
}

/** The frame of the clocks at a moment, with a list that has just come, of a server that was at work all the time. */
function at(instance: AgentInstance, atMs: number, circumstances: Circumstances = {}): Told {
  const {
    agents = [],
    listAgeMs = 0,
    maintenance = "off",
    sessionMs = atMs - zeroMs,
    session = "subscribed",
    server = {},
  } = circumstances;
  const state = stateOf([instance]);
  const readMs = atMs - listAgeMs;
  const draft = new Draft(
    {
      ...state,
      session: { ...state.session, kind: session, sinceMs: atMs - sessionMs },
      server: {
        ...state.server,
        info: { ...serverInfo, maintenance },
        lastPollMs: readMs,
        agents,
        reading: { requestedMs: readMs, readMs, tookMs: [0] },
        ...(maintenance === "on" ? {} : { serving: watchedFrom(zeroMs) }),
        ...server,
      },
    },
    atMs,
    0.5,
  );
  watchClocks(draft);
  return finished(draft);
}

/** The cause of the kill, if it is one, of an instance `t`. */
function killed(frame: Told): string {
  const now = frame.state.instances.get("t");
  if (now?.state === "gone") return `gone: ${now.cause}`;
  return now?.state === "killing" ? now.cause : "";
}

const launching = anInstance("t", { state: "launching" });
const pulling = anInstance("t", { state: "starting" });
const running = anInstance("t", { state: "starting", runningSinceMs: zeroMs });
const pending = anInstance("t", { state: "starting", runningSinceMs: zeroMs, pendingUuid: "u" });

for (
  const [name, instance, cause, faults] of [
    ["of which Mesos says nothing", launching, "launch-timeout", 0],
    ["whose container does not run", pulling, "launch-timeout", 1],
    ["that does not register", running, "register-timeout", 1],
    ["that stays Pending", pending, "pending-stuck", 1],
  ] as const
) {
  Deno.test(`an agent ${name} is ended after exactly ten minutes, which counts ${faults} failures`, () => {
    assertEquals(killed(at(instance, zeroMs + 10 * minute - 1)), "");
    const frame = at(instance, zeroMs + 10 * minute);
    assertEquals([killed(frame), frame.state.breakers.profiles.size], [cause, faults]);
    assertEquals(frame.effects.map(({ kind }) => kind), ["kill-task"]);
  });

  Deno.test(`an agent ${name} is not ended without a session, nor on a list older than three seconds`, () => {
    const late = zeroMs + 20 * minute;
    for (const session of ["connecting", "superseded", "ended"] as const) {
      assertEquals(killed(at(instance, late, { session })), "");
    }
    assertEquals(killed(at(instance, late, { listAgeMs: 3 * second + 1 })), "");
    assertEquals(killed(at(instance, late, { listAgeMs: 3 * second })), cause);
  });

  Deno.test(`an agent ${name} is not ended while the list shows its name`, () => {
    const late = zeroMs + 20 * minute;
    assertEquals(killed(at(instance, late, { agents: [gocdAgent("t")] })), "");
    assertEquals(killed(at(instance, late, { agents: [gocdAgent("t", { configState: "Pending" })] })), cause);
  });
}

Deno.test("Mesos has half the launch-timeout after SUBSCRIBED to report a launch", () => {
  const late = zeroMs + 20 * minute;
  assertEquals(killed(at(launching, late, { sessionMs: 5 * minute - 1 })), "");
  assertEquals(killed(at(launching, late, { sessionMs: 5 * minute })), "launch-timeout");
});

Deno.test("in maintenance mode no agent is ended for not registering", () => {
  const late = zeroMs + 20 * minute;
  assertEquals([killed(at(running, late, { maintenance: "on" })), killed(at(running, late))], ["", "register-timeout"]);
});

Deno.test("a Pending agent is not ended while its enabling is on its way", () => {
  const late = zeroMs + 20 * minute;
  const asked = (agoMs: number): string =>
    killed(at(pending, late, { server: { lastRequestMs: new Map([["u", late - agoMs]]) } }));
  assertEquals([asked(30 * second - 1), asked(30 * second)], ["", "pending-stuck"]);
  const enabling = (agoMs: number): string =>
    killed(at(pending, late, { server: { enableRequestedMs: new Map([["u", late - agoMs]]) } }));
  assertEquals([enabling(10 * minute - 1), enabling(10 * minute)], ["", "pending-stuck"]);
});

Deno.test("why an agent is ended is reported with the clock that ran out", () => {
  const text = (instance: AgentInstance): string | undefined =>
    at(instance, zeroMs + 10 * minute).notes.find(({ code }) => code === "agent-killing")?.text;
  assertEquals(text(launching), "stopping t: Mesos has not reported on it for 10 min");
  assertEquals(
    text(pulling),
    "stopping t: its container was not running 10 min after the launch (scaling.launch-timeout)",
  );
  assertEquals(text(running), "stopping t: it did not register with the GoCD server within 10 min (register-timeout)");
  assertEquals(text(pending), "stopping t: it stayed Pending on the GoCD server for 10 min and could not be enabled");
});

Deno.test("an unreachable agent is cancelled after a day, of which this program has waited an hour itself", () => {
  const unreachable = anInstance("t", { state: "unreachable", uuid: "u", sinceMs: zeroMs });
  assertEquals(killed(at(unreachable, zeroMs + 24 * hour - 1)), "");
  const frame = at(unreachable, zeroMs + 24 * hour);
  assertEquals(killed(frame), "gone: lost");
  const gone = frame.state.instances.get("t");
  assertEquals(gone?.state === "gone" ? gone.message : "", "unreachable for 24 h");
  const early = anInstance("t", { state: "unreachable", sinceMs: zeroMs - 24 * hour });
  assertEquals([killed(at(early, zeroMs + hour - 1)), killed(at(early, zeroMs + hour))], ["", "gone: lost"]);
});

Deno.test("what is registered, draining or gone has no clock here", () => {
  const others = [
    aRegistered("t", "idle"),
    anInstance("t", { state: "draining", uuid: "u", reason: "idle", step: { kind: "finishing" } }),
    anInstance("t", { state: "gone", cause: "lost", message: "" }),
  ];
  for (const instance of others) {
    const frame = at(instance, zeroMs + 48 * hour);
    assertEquals([frame.state.instances.get("t"), frame.effects, frame.notes], [instance, [], []]);
  }
});

/** An instance that is killed since zeroMs, with a KILL sent at a time. */
const killing = (cause: KillCause, lastKillMs?: number): AgentInstance =>
  anInstance("t", { state: "killing", cause }, lastKillMs === undefined ? {} : { lastKillMs });
const sent = (instance: AgentInstance, atMs: number, circumstances: Circumstances = {}): boolean => {
  const frame = at(instance, atMs, circumstances);
  const isSent = frame.effects.some(({ kind }) => kind === "kill-task");
  if (isSent) assertEquals(frame.state.instances.get("t")?.lastKillMs, atMs);
  return isSent;
};

Deno.test("KILL is sent again after ten seconds, from a minute on after another minute", () => {
  const first = killing("drained", zeroMs + second);
  assertEquals([sent(first, zeroMs + 11 * second - 1), sent(first, zeroMs + 11 * second)], [false, true]);
  const fast = killing("drained", zeroMs + 49 * second);
  assertEquals([sent(fast, zeroMs + minute - 1), sent(fast, zeroMs + minute)], [true, false]);
  const slow = killing("drained", zeroMs + minute);
  assertEquals([sent(slow, zeroMs + 2 * minute - 1), sent(slow, zeroMs + 2 * minute)], [false, true]);
  assertEquals(sent(slow, zeroMs + 2 * minute, { session: "connecting" }), false);
});

Deno.test("the first KILL of an instance is stored, the times of later ones are not", () => {
  const stored = (instance: AgentInstance): number => at(instance, zeroMs + 5 * minute).records.length;
  assertEquals([stored(killing("drained")), stored(killing("drained", zeroMs + minute))], [1, 0]);
});

Deno.test("a task that Mesos kills gets a KILL from us after ten minutes", () => {
  const instance = killing("by-mesos");
  assertEquals([sent(instance, zeroMs + 10 * minute - 1), sent(instance, zeroMs + 10 * minute)], [false, true]);
});

Deno.test("a minute of killing, and ten that Mesos has, count only while this program watched: another's clock may be ahead", () => {
  const ahead = { sinceMs: zeroMs - 10 * minute };
  const own = { ...killing("drain-timeout", zeroMs + second), ...ahead };
  assertEquals([sent(own, zeroMs + 11 * second - 1), sent(own, zeroMs + 11 * second)], [false, true]);
  const byMesos = { ...killing("by-mesos"), ...ahead };
  assertEquals([sent(byMesos, zeroMs + 10 * minute - 1), sent(byMesos, zeroMs + 10 * minute)], [false, true]);
});

Deno.test("each KILL waits for a fresh list, unless the operator or Mesos requests it despite builds", () => {
  const late = zeroMs + minute;
  const old = { listAgeMs: 4 * second };
  const waiting = ["drained", "register-timeout", "launch-timeout", "pending-stuck", "record-deleted"] as const;
  for (const cause of waiting) {
    for (const instance of [killing(cause), killing(cause, zeroMs), killing(cause, zeroMs + 1)]) {
      assertEquals([sent(instance, late + 1, old), sent(instance, late + 1)], [false, true], cause);
    }
  }
  for (const cause of ["drain-timeout", "teardown"] as const) assertEquals(sent(killing(cause), late, old), true);
  assertEquals(sent(killing("by-mesos"), zeroMs + 10 * minute, old), true);
});
