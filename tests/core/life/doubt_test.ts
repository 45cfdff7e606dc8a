// Mesos has lost agents that the GoCD server is in contact with: nothing is cancelled or deleted only because of the
// master, and what comes back without its record is stopped.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  confirmDeletes,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  lostContact,
  minute,
  missing,
  offer,
  only,
  pending,
  reconciled,
  second,
  theOne,
  withIdleAgent,
} from "../../support/core.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };

/** Agents that have registered and build, on hosts with room for three each. */
function withMany(count: number): { readonly world: Driver; readonly ids: readonly string[] } {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(count) });
  world.wait(6 * second);
  world.offers(...Array.from({ length: 10 }, (_, index) => offer(`h${index}`)));
  const ids = [...world.state.instances.keys()];
  for (const id of ids) world.status(id, "TASK_RUNNING", { mesosAgentId: world.instance(id).mesosAgentId });
  world.read(...ids.map((id) => gocdAgent(id, building)));
  world.taken();
  return { world, ids };
}

/** The master's own word, as it answers a question. */
function master(world: Driver, taskId: string, word: string): void {
  world.status(taskId, word, { ...reconciled, mesosAgentId: world.instance(taskId).mesosAgentId });
}

/** What has been asked of the GoCD server for records, and of Mesos for tasks. */
function acts(world: Driver): string[] {
  return kinds(world.taken()).filter((kind) => /able-gocd|delete-gocd|kill/.test(kind));
}

const lostWords = ["TASK_UNKNOWN", "TASK_LOST", "TASK_GONE", "TASK_GONE_BY_OPERATOR"] as const;

for (const word of lostWords) {
  Deno.test(`${word} from the master, while the GoCD server is in contact with the agent, does not prove that it is gone`, () => {
    for (const shown of [{}, building, disabled, { ...disabled, ...building }]) {
      const { world, taskId } = withIdleAgent();
      world.read(gocdAgent(taskId, shown));
      world.taken();
      master(world, taskId, word);
      assertEquals(world.instance(taskId).state, "unreachable");
      world.wait(10 * minute, 10 * second);
      world.read(gocdAgent(taskId, shown));
      assertEquals([world.instance(taskId).state, acts(world)], ["unreachable", []]);
    }
  });

  Deno.test(`${word} from the Mesos agent is proof: it has seen the container end`, () => {
    const { world, taskId } = withIdleAgent();
    world.status(taskId, word);
    assertEquals(world.instance(taskId).state, "gone");
  });

  Deno.test(`${word} of an agent without contact to the GoCD server is its end`, () => {
    for (const shown of [[lostContact], [missing], [{ ...pending, agentState: "Idle" }], []]) {
      const { world, taskId } = withIdleAgent();
      world.read(...shown.map((changes) => gocdAgent(taskId, changes)));
      master(world, taskId, word);
      const gone = world.instance(taskId);
      assertEquals(gone.state === "gone" ? gone.cause : gone.state, "lost");
    }
  });
}

Deno.test("an agent in doubt is replaced immediately, counts towards no limit, and its jobs wait no second time", () => {
  const { world, taskId } = withIdleAgent({ scaling: { maxAgents: 1 } });
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, building)] });
  master(world, taskId, "TASK_UNKNOWN");
  world.wait(second);
  assertEquals(world.verdict("j0").verdict, "needs-agent");
  world.wait(6 * second);
  world.offers(offer("h2"));
  assertEquals(theOne(world.taken(), "accept-offers").launches.length, 1);
});

Deno.test("an agent in doubt is reconciled until Mesos reports it again, and continues where it was", () => {
  const { world, taskId } = withIdleAgent();
  world.subscribe();
  master(world, taskId, "TASK_UNKNOWN");
  world.taken();
  world.wait(70 * second);
  assertEquals(only(world.taken(), "reconcile-tasks").map(({ tasks }) => tasks.map((task) => task.taskId)), [
    [taskId],
    [taskId],
    [taskId],
  ]);
  const told = world.noted().filter(({ code }) => code === "agent-doubted");
  assertEquals(told.length, 1);
  master(world, taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId));
  const back = world.instance(taskId);
  assertEquals(back.state === "registered" ? back.activity.kind : back.state, "idle");
  assertEquals(acts(world), []);
});

for (
  const [what, changes, isOver] of [
    ["has lost contact with", [lostContact], true],
    ["lacks in a list", [], false],
    ["takes as Pending", [pending], true],
    ["has not heard since its start", [missing], false],
    ["still hears", [{}], false],
  ] as const
) {
  Deno.test(`an agent in doubt that the GoCD server ${what} is ${isOver ? "lost" : "still in doubt"}`, () => {
    const { world, taskId } = withIdleAgent();
    master(world, taskId, "TASK_UNKNOWN");
    world.wait(2 * minute, 10 * second);
    world.read(...changes.map((each) => gocdAgent(taskId, each)));
    assertEquals(world.instance(taskId).state, isOver ? "gone" : "unreachable");
    if (!isOver) return;
    assertStringIncludes(world.noted().find(({ code }) => code === "agent-lost")?.text ?? "", taskId);
  });
}

Deno.test("after a restart, with no list yet, an agent that had registered is in doubt and not gone", () => {
  const { world: before, taskId } = withIdleAgent();
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  master(world, taskId, "TASK_UNKNOWN");
  assertEquals(world.instance(taskId).state, "unreachable");
  world.poll({ agents: [] });
  assertEquals(world.instance(taskId).state, "gone");
});

Deno.test("an unreachable agent that Mesos then forgets is in doubt; one that becomes unreachable stays so for a day", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  master(world, taskId, "TASK_UNKNOWN");
  world.wait(6 * minute, 10 * second);
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  world.wait(20 * minute, 10 * second);
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "unreachable");
});

Deno.test("after a quarter of an hour in doubt an agent is taken out of service as in a drain: idle twice, then deleted", () => {
  const { world, taskId } = withIdleAgent();
  master(world, taskId, "TASK_GONE_BY_OPERATOR");
  world.wait(15 * minute, 10 * second);
  world.read(gocdAgent(taskId));
  world.read(gocdAgent(taskId));
  assertEquals([world.instance(taskId).state, acts(world)], ["gone", ["disable-gocd-agents"]]);
  world.skip(30 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(acts(world), [], "it may have been given work in the moment of the DISABLE");
  world.skip(10 * second);
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  world.skip(10 * second);
  world.read(gocdAgent(taskId, disabled));
  world.skip(19 * second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(acts(world), []);
  world.skip(second);
  world.read(gocdAgent(taskId, disabled));
  assertEquals(acts(world), ["delete-gocd-agents"]);
});

/** An agent that was lost and silent, whose record we have had deleted or not, and that is on no list any more. */
function lost(isDeleted: boolean): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.read(gocdAgent(taskId, lostContact));
  master(world, taskId, "TASK_LOST");
  assertEquals(world.instance(taskId).state, "gone");
  world.skip(2 * minute);
  world.read(gocdAgent(taskId, { ...lostContact, configState: isDeleted ? "Disabled" : "Enabled" }));
  assertEquals(kinds(confirmDeletes(world)).includes("delete-gocd-agents"), isDeleted);
  world.skip(10 * second);
  world.poll();
  return { world, taskId };
}

Deno.test("an agent that comes back after we deleted its record is found at once, and stopped", () => {
  const { world, taskId } = lost(true);
  master(world, taskId, "TASK_RUNNING");
  world.taken();
  for (let look = 0; look < 2; look++) {
    world.wait(10 * second);
    assertEquals(kinds(world.taken()).includes("read-gocd-agents"), true, "it is looked for every ten seconds");
    world.read();
  }
  const killing = world.instance(taskId);
  assertEquals(killing.state === "killing" ? killing.cause : killing.state, "record-deleted");
  assertEquals(theOne(world.taken(), "kill-task").taskId, taskId);
});

Deno.test("an agent that comes back just after its DELETE was confirmed is stopped after twenty seconds without a record", () => {
  const { world, taskId } = lost(true);
  world.read(gocdAgent(taskId, { ...lostContact, configState: "Disabled" }));
  master(world, taskId, "TASK_RUNNING");
  world.taken();
  world.skip(19 * second);
  world.read();
  assertEquals([world.instance(taskId).state, acts(world)], ["registered", []]);
  world.skip(second);
  world.read();
  assertEquals([world.instance(taskId).state, acts(world)], ["killing", ["kill-task"]]);
});

Deno.test("an agent that comes back without a record that we have not deleted waits for it as any other", () => {
  const { world, taskId } = lost(false);
  master(world, taskId, "TASK_RUNNING");
  world.wait(5 * minute, 10 * second);
  world.read();
  assertEquals([world.instance(taskId).state, acts(world)], ["registered", []]);
});

Deno.test("an agent that comes back with its record, or under another one, is kept", () => {
  for (const record of [{}, building, { uuid: "anew", ...building }]) {
    const { world, taskId } = lost(true);
    master(world, taskId, "TASK_RUNNING");
    world.skip(30 * second);
    world.read(gocdAgent(taskId, record));
    world.skip(30 * second);
    world.read(gocdAgent(taskId, record));
    const kept = world.instance(taskId);
    assertEquals(kept.state === "registered" ? kept.uuid : kept.state, record.uuid ?? `uuid-${taskId}`);
    assertEquals(only(world.taken(), "kill-task"), []);
  }
});

Deno.test("an agent that was lost before it registered, and registers after all, is in doubt again", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = [...world.state.instances.keys()];
  world.status(taskId, "TASK_RUNNING");
  master(world, taskId, "TASK_UNKNOWN");
  assertEquals(world.instance(taskId).state, "gone");
  world.read(gocdAgent(taskId));
  assertEquals([world.instance(taskId).state, acts(world)], ["unreachable", []]);
  world.wait(14 * minute, 10 * second);
  world.read(gocdAgent(taskId));
  assertEquals(acts(world), []);
  master(world, taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId));
  assertEquals(world.instance(taskId).state, "registered");
});

/** A launch that was dropped, as its ACCEPT had arrived twice and the other copy was good. */
function dropped(): { readonly world: Driver; readonly taskId: string } {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = [...world.state.instances.keys()];
  world.status(taskId, "TASK_DROPPED", { uuid: "", reason: "REASON_INVALID_OFFERS" });
  assertEquals(world.instance(taskId).state, "gone");
  world.taken();
  return { world, taskId };
}

Deno.test("an agent whose launch was dropped, and that registers after all, is in doubt", () => {
  const { world, taskId } = dropped();
  world.wait(5 * minute, 10 * second);
  world.read(gocdAgent(taskId));
  assertEquals([world.instance(taskId).state, acts(world)], ["unreachable", []]);
});

Deno.test("a restored state that calls a launch dropped deletes no record of an agent in contact, however old it is", () => {
  const { world: before, taskId } = dropped();
  const { framework, controls, instances } = before.state;
  const old = [...instances.values()].map((each) => ({ ...each, sinceMs: each.sinceMs - 60 * minute }));
  const world = drive({ stored: { framework, controls, instances: old } });
  world.subscribe();
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals([world.instance(taskId).state, acts(world)], ["unreachable", []]);
  world.wait(16 * minute, 10 * second);
  for (let n = 0; n < 3; n++) world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals([world.instance(taskId).state, acts(world)], ["gone", ["disable-gocd-agents"]]);
});

Deno.test("a master with an empty registry: five idle agents are left alone, and serve again when it reports them", () => {
  const { world, ids } = withMany(5);
  const idle = ids.map((id) => gocdAgent(id));
  world.read(...idle);
  world.send({ kind: "disconnected", reason: "cut" });
  world.subscribe();
  for (const id of ids) master(world, id, "TASK_UNKNOWN");
  for (let at = 0; at < 7; at++) {
    world.wait(10 * second);
    world.poll({ agents: idle });
  }
  assertEquals(acts(world), []);
  for (const id of ids) master(world, id, "TASK_RUNNING");
  world.poll({ jobs: jobs(5), agents: idle });
  for (let job = 0; job < 5; job++) assertEquals(world.verdict(`j${job}`).verdict, "will-be-taken");
  assertEquals(acts(world), []);
});

Deno.test("TASK_UNKNOWN from another cluster for all 30 agents at once does not count as their end", () => {
  const { world, ids } = withMany(30);
  world.send({ kind: "disconnected", reason: "configuration" });
  world.subscribe();
  for (const id of ids) master(world, id, "TASK_UNKNOWN");
  assertEquals(ids.filter((id) => world.instance(id).state !== "unreachable"), []);
});
