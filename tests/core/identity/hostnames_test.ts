// Whose a record on the GoCD server is, by what it is called, and what proves it.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { isCalled, isNamed, underOwnNames } from "../../../src/core/identity/hostnames.ts";
import { uuidOf } from "../../../src/core/life/phase.ts";
import {
  building,
  dockerNameOf,
  drive,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  pending,
  second,
  watch,
  withRunning,
} from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";
import { anInstance, stateOf } from "../instance_fixtures.ts";

const dockerName = "0123456789ab";
const running = anInstance("t", { state: "starting", runningSinceMs: 0 }, { needsProof: true, dockerName });

/** The name that counts, and what proves it. */
function seen(instance: typeof running, gocdAgentSeen: GocdAgent): string {
  const [{ hostname, proof = "-" } = gocdAgentSeen] = underOwnNames(stateOf([instance]), [gocdAgentSeen]);
  return `${hostname} ${proof}`;
}

Deno.test("Docker's name for a container is proof, also in front of a domain, and in capitals", () => {
  for (const hostname of [dockerName, `${dockerName}.ci.example.com`, dockerName.toUpperCase()]) {
    assertEquals(seen(running, gocdAgent(hostname, pending)), "t given");
    assertEquals(seen(running, gocdAgent(hostname)), "t given");
    assertEquals(isCalled(running, hostname), true);
  }
  assertEquals(seen(running, gocdAgent("0123456789ac", pending)), "0123456789ac -");
  assertEquals(isCalled(running, "0123456789ac"), false);
});

Deno.test("a Pending record with a task id lacks proof, but an enabled one, or one that is being enabled, is as it is called", () => {
  assertEquals(seen(running, gocdAgent("t", pending)), "t missing");
  assertEquals(seen(running, gocdAgent("t.ci.example.com", pending)), "t.ci.example.com missing");
  assertEquals(seen(running, gocdAgent("t")), "t -");
  const asked = { ...running, pendingUuid: "uuid-t" };
  assertEquals(seen(asked, gocdAgent("t", pending)), "t -");
  assertEquals(seen(asked, gocdAgent("t", { ...pending, uuid: "another" })), "t missing");
});

Deno.test("of an instance that an earlier version launched the task id counts, of an adopted one it does not", () => {
  const old = anInstance("t", { state: "starting", runningSinceMs: 0 });
  assertEquals(seen(old, gocdAgent("t", pending)), "t -");
  assertEquals(seen({ ...old, adopted: true }, gocdAgent("t", pending)), "t missing");
});

Deno.test("a record is named as a task if it has that name, not merely claims it", () => {
  const named = (hostname: string, changes: Partial<GocdAgent> = {}): boolean =>
    isNamed(gocdAgent(hostname, changes), "t");
  assertEquals([named("t"), named("T.example.com"), named("x"), named("tt")], [true, true, false, false]);
  assertEquals([named("t", { proof: "given" }), named("t", { proof: "missing" })], [true, false]);
});

Deno.test("an enabled agent of an image that ignores our variables is recognized by Docker's name for its container", () => {
  const { world, taskId } = withRunning();
  watch(world, 15 * minute, gocdAgent(dockerNameOf(taskId), building));
  assertEquals([world.instance(taskId).state, only(world.taken(), "kill-task").length], ["registered", 0]);
});

Deno.test("a stranger's claim that vanishes from the list holds no KILL up: it was never the agent", () => {
  const { world, taskId } = withRunning();
  watch(world, 9 * minute, gocdAgent(taskId, pending));
  watch(world, 2 * minute);
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("a stranger's claim does not hide the agent that its address proves", () => {
  const container = { ...plainContainer, network: { mode: "USER", name: "build-net" } } as const;
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], container })] });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  const claim = gocdAgent(taskId, { ...pending, uuid: "stranger" });
  watch(world, minute, claim, gocdAgent("unknown-host-3", { ipAddress: "10.9.0.7" }));
  assertEquals(uuidOf(world.instance(taskId)), "uuid-unknown-host-3");
});

Deno.test("an earlier record of an instance is named as its task, unless it is Pending", () => {
  const instance = { ...running, formerUuids: ["uuid-host-2"] };
  assertEquals(seen(instance, gocdAgent("host-2", { configState: "Disabled" })), "t -");
  assertEquals(seen(instance, gocdAgent("host-2", pending)), "host-2 -");
  assertEquals(seen(instance, gocdAgent("host-3")), "host-3 -");
});
