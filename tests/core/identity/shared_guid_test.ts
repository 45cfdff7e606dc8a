// A guid baked into an image: two running agents, one record. It is reported once, and nothing is killed or deleted
// because of it.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../../src/core/event.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { readHealthMessages } from "../../../src/gocd/health.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  second,
  serverInfo,
} from "../../support/core.ts";

/** What GoCD says while it refuses one of two agents with one guid. */
function duplicate(refused: string, served: string): readonly Finding[] {
  const at = (hostname: string): string => `[Agent located at [${hostname}, 172.17.0.2, /go]]`;
  const message = `${at(refused)} has duplicate unique identifier which conflicts with ${at(served)}`;
  const body = [{ message, detail: "Please check the agent installation.", level: "WARNING", time: "" }];
  return readHealthMessages(JSON.stringify(body), "the health messages");
}

/** Two instances of one image; the first has registered. `addresses` are those of their containers. */
function twins(addresses: readonly [string, string]): {
  readonly world: Driver;
  readonly first: string;
  readonly other: string;
} {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [first = "", other = ""] = world.state.instances.keys();
  world.status(first, "TASK_RUNNING", { ipAddresses: [addresses[0]] });
  world.status(other, "TASK_RUNNING", { ipAddresses: [addresses[1]] });
  world.wait(10 * second);
  world.read(gocdAgent(first, { ipAddress: addresses[0] }));
  world.taken();
  world.noted();
  return { world, first, other };
}

function poll(world: Driver, findings: readonly Finding[], ...agents: readonly GocdAgent[]): void {
  world.send({ kind: "gocd-polled", server: serverInfo, jobs: [], agents, findings });
}

const evidence = [
  ["GoCD names both", ["172.17.0.2", "172.17.0.2"], true],
  ["the record shows the other's address", ["172.17.0.2", "172.17.0.3"], false],
] as const;
for (const [name, addresses, isSaid] of evidence) {
  Deno.test(`two agents with one guid are reported once and neither is killed, if ${name}`, () => {
    const { world, first, other } = twins(addresses);
    const shown = gocdAgent(first, { ...building, ipAddress: addresses[1] });
    for (let looks = 0; looks < 90; looks++) {
      world.wait(10 * second);
      poll(world, isSaid && looks < 3 ? duplicate(first, other) : [], shown);
      world.wait(second);
    }
    assertEquals(only(world.taken(), "kill-task"), []);
    const notes = world.noted().filter(({ code }) => code === "agent-guid-shared");
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0]?.text ?? "", `${first} and ${other} share the guid`);
    assertStringIncludes(notes[0]?.hint ?? "", "config/guid.txt");
    assertEquals([world.instance(first).state, world.instance(other).state], ["registered", "starting"]);
  });
}

Deno.test("the record of the one that is gone becomes that of the other, and is not disabled", () => {
  const { world, first, other } = twins(["172.17.0.2", "172.17.0.3"]);
  const shown = gocdAgent(first, { ipAddress: "172.17.0.3" });
  for (let looks = 0; looks < 4; looks++) {
    world.wait(10 * second);
    poll(world, [], shown);
  }
  world.status(first, "TASK_FAILED");
  for (let looks = 0; looks < 12; looks++) {
    world.wait(10 * second);
    world.read(shown);
  }
  const instance = world.instance(other);
  assertEquals(instance.state === "registered" ? instance.uuid : "", `uuid-${first}`);
  assertEquals(only(world.taken(), "disable-gocd-agents"), []);
  world.wait(15 * minute, 10 * second);
  world.read(shown);
  assertEquals(world.state.instances.has(first), false);
});

Deno.test("once the shared record is deleted, the one that has none is stopped as one that never registered", () => {
  const { world, first, other } = twins(["172.17.0.2", "172.17.0.3"]);
  world.wait(10 * second);
  world.read(gocdAgent(first, { ipAddress: "172.17.0.3" }));
  for (let looks = 0; looks < 70; looks++) {
    world.wait(10 * second);
    world.read();
    world.wait(second);
  }
  assertEquals(world.instance(other).state, "killing");
});

Deno.test("agents whose addresses do not differ, or of other profiles' images, are not taken for one", () => {
  const { world, first, other } = twins(["172.17.0.2", "172.17.0.2"]);
  for (let looks = 0; looks < 70; looks++) {
    world.wait(10 * second);
    world.read(gocdAgent(first, { ...building, ipAddress: "172.17.0.2" }));
    world.wait(second);
  }
  assertEquals(world.instance(other).state, "killing");
});

Deno.test("a record stays shared even if a list lacks it and GoCD no longer reports it", () => {
  const { world, first, other } = twins(["172.17.0.2", "172.17.0.2"]);
  const shown = gocdAgent(first, { ...building, ipAddress: "172.17.0.2" });
  poll(world, duplicate(first, other), shown);
  for (let looks = 0; looks < 90; looks++) {
    world.wait(10 * second);
    poll(world, [], ...(looks > 40 && looks % 10 === 0 ? [] : [shown]));
    world.wait(second);
  }
  assertEquals(only(world.taken(), "kill-task"), []);
  assertEquals(world.instance(other).state, "starting");
});

Deno.test("a restart does not undo that an agent may be building under another's record, although GoCD no longer reports it", () => {
  const { world: before, first, other } = twins(["172.17.0.2", "172.17.0.2"]);
  const shown = gocdAgent(first, { ...building, ipAddress: "172.17.0.2" });
  poll(before, duplicate(first, other), shown);
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  for (let looks = 0; looks < 120; looks++) {
    world.wait(10 * second);
    // At first some lists lack the record.
    world.read(...(looks < 40 ? [] : [shown]));
    world.wait(second);
  }
  assertEquals(only(world.taken(), "kill-task"), []);
  assertEquals(world.instance(other).state, "starting");
});
