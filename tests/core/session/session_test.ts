// The session with the master: subscription, reconciliation, errors, failed calls. Inverse offers are in
// maintenance_test.ts.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { FrameworkErrorKind } from "../../../src/core/event.ts";
import {
  drive,
  type Driver,
  jobs,
  kinds,
  minute,
  offer,
  only,
  reconciled,
  second,
  subscribedEvent,
  theOne,
  withIdleAgent,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

/** A driver with two instances that run, on two hosts. */
function withTwo(): Driver {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  const small = { cpus: 1, mem: 1_024 };
  world.offers(offer("h1", small), offer("h2", small));
  for (const [taskId, { mesosAgentId }] of world.state.instances) {
    world.status(taskId, "TASK_RUNNING", { mesosAgentId });
  }
  world.taken();
  return world;
}

const asked = (world: Driver): string[] =>
  only(world.taken(), "reconcile-tasks").map((each) =>
    each.tasks.length === 0
      ? "all"
      : each.tasks.map(({ taskId, mesosAgentId }) => `${taskId} ${mesosAgentId}`).join(", ")
  );

Deno.test("the first SUBSCRIBED stores the framework id before anything else", () => {
  const world = drive();
  const frame = world.subscribe();
  assertEquals(frame.records, [
    { kind: "framework", framework: { frameworkId: "f-1", lineage: "abc123", nextTaskNumber: 1 } },
  ]);
  assertEquals(world.subscribe().records, []);
});

Deno.test("after each SUBSCRIBED every living task is reconciled with its agent id, repeatedly until there is a status", () => {
  const world = withTwo();
  world.subscribe();
  const one = "gocd-abc123-default-1 a-h1";
  const two = "gocd-abc123-default-2 a-h2";
  assertEquals(asked(world), [`${one}, ${two}`]);
  world.status("gocd-abc123-default-2", "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h2" });
  world.wait(14 * second);
  assertEquals(asked(world), []);
  world.wait(second);
  assertEquals(asked(world), [one]);
  world.wait(29 * second);
  assertEquals(asked(world), []);
  world.wait(second);
  assertEquals(asked(world), [one]);
  world.status("gocd-abc123-default-1", "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h1" });
  world.wait(5 * minute);
  assertEquals(asked(world), []);
});

Deno.test("requests about one task become less frequent, at most five minutes apart", () => {
  const world = withTwo();
  world.subscribe();
  world.status("gocd-abc123-default-2", "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h2" });
  world.taken();
  const times: number[] = [];
  const startMs = world.atMs;
  for (let at = 0; at < 40 * 60; at++) {
    world.wait(second);
    if (asked(world).some((each) => each !== "all")) times.push((world.atMs - startMs) / second);
  }
  assertEquals(times.slice(0, 8), [15, 45, 105, 225, 465, 765, 1065, 1365]);
});

Deno.test("everything is reconciled every ten minutes", () => {
  const world = drive();
  world.subscribe();
  world.taken();
  world.wait(30 * minute);
  assertEquals(asked(world), ["all", "all", "all"]);
});

Deno.test("a thousand tasks are reconciled in several calls", () => {
  const world = drive({ scaling: { maxAgents: 1_200 } });
  world.subscribe();
  world.poll({ jobs: jobs(1_200) });
  world.offers(...Array.from({ length: 12 }, (_, index) => offer(`h${index}`, { cpus: 100, mem: 110_000 })));
  world.taken();
  world.subscribe();
  assertEquals(only(world.taken(), "reconcile-tasks").map((each) => each.tasks.length), [500, 500, 200]);
});

Deno.test("the tasks of a lost Mesos agent are reconciled, and only those", () => {
  const world = withTwo();
  world.send({ kind: "mesos-agent-failed", mesosAgentId: "a-h2" });
  world.wait(second);
  assertEquals(asked(world), ["gocd-abc123-default-2 a-h2"]);
  world.send({ kind: "executor-failed", mesosAgentId: "a-h1", executorId: "gocd-abc123-default-1" });
  world.send({ kind: "executor-failed", mesosAgentId: "a-h1", executorId: "somebody-elses" });
  world.wait(second);
  assertEquals(asked(world), ["gocd-abc123-default-2 a-h2, gocd-abc123-default-1 a-h1"]);
});

const errors: readonly (readonly [FrameworkErrorKind, boolean, string, readonly string[]])[] = [
  ["failed-over", true, "superseded", ["step-down"]],
  ["unauthorized", true, "connecting", ["end-session"]],
  ["bad-framework-info", false, "connecting", ["end-session"]],
  ["other", false, "connecting", ["end-session"]],
  ["removed", false, "connecting", ["end-session"]],
  ["removed", true, "ended", ["end-session"]],
];
for (const [error, hasAgents, session, effects] of errors) {
  Deno.test(`ERROR ${error} ${hasAgents ? "with" : "without"} agents leads to ${session}`, () => {
    const world = hasAgents ? withIdleAgent().world : drive();
    if (!hasAgents) world.subscribe();
    world.taken();
    const frame = world.send({ kind: "framework-error", error, message: "because" });
    assertEquals([world.state.session.kind, kinds(frame.effects)], [session, effects]);
    const { frameworkId, ended } = world.state.framework;
    assertEquals(frameworkId, error === "removed" && !hasAgents ? undefined : "f-1");
    assertEquals(ended, session === "ended" ? "because" : undefined);
    if (session === "superseded" || session === "ended") {
      world.send({ kind: "disconnected", reason: "cut" });
      assertEquals(world.state.session.kind, session);
    }
  });
}

Deno.test("properties of a framework that Mesos never changes are reported by their key, other refusals point to the configuration", () => {
  const told: readonly (readonly [string, RegExp])[] = [
    ["Changing framework's principal is not allowed.", /set mesos\.principal back, or run `gocd-mesos teardown`/],
    ["Updating 'FrameworkInfo.user' is unsupported; attempted to update", /set mesos\.user back/],
    ["User 'root' is not allowed to run frameworks without --root_submissions set", /^check the keys under mesos/],
  ];
  for (const [message, hint] of told) {
    const world = drive();
    world.subscribe();
    world.send({ kind: "framework-error", error: "bad-framework-info", message });
    assertMatch(world.noted().at(-1)?.hint ?? "", hint);
  }
});

Deno.test("a decline of unknown fate is sent once more at the next tick, not in the same step, and not to a new master", () => {
  const world = drive();
  world.subscribe();
  world.offers(offer("h1"));
  const call = theOne(world.taken(), "decline-offers");
  const frame = world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "timeout" });
  assertEquals(frame.effects, []);
  world.wait(second);
  assertEquals(theOne(world.taken(), "decline-offers").offerIds, call.offerIds);
  world.wait(second);
  world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "timeout" });
  world.subscribe();
  world.wait(second);
  assertEquals(only(world.taken(), "decline-offers"), []);
});

Deno.test("a SUPPRESS or REVIVE that fails is repeated every 5 s, not faster", () => {
  for (const count of [0, 1]) {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: jobs(count) });
    world.wait(6 * second);
    world.taken();
    world.subscribe();
    let calls = 0;
    for (let at = 0; at < 61; at++) {
      for (const effect of world.taken()) {
        if (effect.kind !== "suppress-offers" && effect.kind !== "revive-offers") continue;
        calls++;
        world.send({ kind: "mesos-call-failed", call: effect, outcome: "refused", message: "503" });
      }
      world.wait(second);
    }
    assertEquals([calls >= 9, calls <= 13], [true, true], `${calls} calls`);
  }
});

Deno.test("other calls that fail are only reported", () => {
  const { world, taskId } = withIdleAgent();
  const before = world.instance(taskId);
  for (const kind of ["kill-task", "acknowledge-status"] as const) {
    const call = kind === "kill-task"
      ? { kind, taskId, mesosAgentId: "a-h1", graceMs: 1 }
      : { kind, taskId, mesosAgentId: "a-h1", uuid: "u" };
    const frame = world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "timeout" });
    assertEquals([frame.effects, frame.notes.map((note) => note.code)], [[], ["mesos-call-failed"]]);
  }
  assertEquals(world.instance(taskId), before);
});

Deno.test("a rescinded offer changes nothing", () => {
  const { world } = withIdleAgent();
  const before = world.state;
  assertEquals(world.send({ kind: "offer-rescinded", offerId: "o-1" }).effects, []);
  assertEquals(world.send({ kind: "inverse-offer-rescinded", offerId: "i-1" }).effects, []);
  assertEquals(world.state, before);
});

Deno.test("SUBSCRIBED is reported with the master, the framework, and the number of reconciled agents", () => {
  const world = withTwo();
  world.noted();
  world.send({ ...subscribedEvent });
  const text = world.noted().find((note) => note.code === "subscribed")?.text ?? "";
  assertStringIncludes(text, "master mesos:5050 (Mesos 1.11.0) as framework f-1; asking for our 2 agents");
});

Deno.test("lost responses to one kind of call are one line, however their messages differ", () => {
  const world = drive();
  world.subscribe();
  world.noted();
  for (const message of ["given up", "was not sent", "timed out"]) {
    world.send({
      kind: "mesos-call-failed",
      call: { kind: "suppress-offers", roles: ["*"] },
      outcome: "unknown",
      message,
    });
  }
  const notes = world.noted().filter((note) => note.code === "mesos-call-failed");
  assertEquals(new Set(notes.map((note) => `${note.onceKey} ${note.text}`)).size, 1);
});

for (
  const [masterVersion, roles, want] of [
    ["1.11.0", ["ci"], undefined],
    ["1.2.0", ["ci", "web"], undefined],
    ["2.0.0", ["ci"], undefined],
    ["1.1.3", ["*"], undefined],
    ["1.1.3", ["ci"], "role ci gets the offers of role *, without reserved resources"],
    [undefined, ["ci", "web"], "role ci gets the offers of role *, without reserved resources, and web gets none"],
  ] as const
) {
  Deno.test(`Mesos ${masterVersion ?? "1.0, which does not say so,"} and roles ${roles}: ${want ?? "nothing is reported"}`, () => {
    const world = drive({ profiles: roles.map((role) => aProfile({ name: `of-${role}`, role })) });
    world.send({
      kind: "subscribed",
      frameworkId: "f-1",
      master: "mesos:5050",
      ...(masterVersion === undefined ? {} : { masterVersion }),
    });
    const told = world.noted().find(({ code }) => code === "roles-ignored")?.text;
    if (want === undefined) assertEquals(told, undefined);
    else assertStringIncludes(told ?? "", want);
  });
}
