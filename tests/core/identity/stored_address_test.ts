// The address of a container, stored by an earlier run: what it proves of an agent that has another name.

import { assertEquals } from "@std/assert";
import { building, drive, gocdAgent, jobs, minute, offer, second, watch } from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";

const overlay = aProfile({
  gocdResources: ["linux"],
  container: { ...plainContainer, network: { mode: "USER", name: "build-net" } },
});

for (
  const [word, isTold, isSubscribed] of [
    ["TASK_RUNNING", true, true],
    ["TASK_UNREACHABLE", false, true],
    [undefined, false, true],
    [undefined, false, false],
  ] as const
) {
  const said = `of which Mesos says ${word ?? "nothing"}${isSubscribed ? "" : " because it is not there"}`;
  Deno.test(`after a restart an agent ${isTold ? "is" : "is not"} identified by a stored address ${said}`, () => {
    const before = drive({ profiles: [overlay] });
    before.subscribe();
    before.poll({ jobs: jobs(1) });
    before.offers(offer("h1"));
    const [taskId = ""] = before.state.instances.keys();
    before.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
    const { framework, controls, instances } = before.state;
    const world = drive({ profiles: [overlay], stored: { framework, controls, instances: [...instances.values()] } });
    // Its container may have ended since, or never have been in this state of the store.
    const nameless = gocdAgent("unknown-host-3", { ...building, ipAddress: "10.9.0.7" });
    if (isSubscribed) world.subscribe();
    world.poll({ agents: [nameless] });
    world.wait(second);
    if (word !== undefined) world.status(taskId, word, { ipAddresses: ["10.9.0.7"] });
    watch(world, 2 * minute, nameless);
    const instance = world.instance(taskId);
    assertEquals("uuid" in instance ? instance.uuid : undefined, isTold ? "uuid-unknown-host-3" : undefined);
    const acts = new Set<string>(["kill-task", "enable-gocd-agent", "disable-gocd-agents", "delete-gocd-agents"]);
    assertEquals(world.taken().filter(({ kind }) => acts.has(kind)), []);
  });
}
