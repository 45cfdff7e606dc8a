// An agent without a recognizable name, at the address of another container of ours, does not hold back the KILL of
// this one.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { building, drive, type Driver, gocdAgent, jobs, minute, offer, second, watch } from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";

type Network = AgentProfile["container"]["network"];
const overlay: Network = { mode: "USER", name: "build-net" };

/** Two instances whose containers run at these addresses, and the ids of their tasks. */
function twoAt(network: Network, ...addresses: readonly (string | undefined)[]): { world: Driver; ids: string[] } {
  const profile = aProfile({ gocdResources: ["linux"], container: { ...plainContainer, network } });
  const world = drive({ profiles: [profile] });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"), offer("h2"));
  const ids = [...world.state.instances.keys()];
  ids.forEach((id, index) => {
    const address = addresses[index];
    world.status(id, "TASK_RUNNING", address === undefined ? {} : { ipAddresses: [address] });
  });
  return { world, ids };
}

/** With more resources than our containers are launched with. */
const builds = (ipAddress: string): GocdAgent =>
  gocdAgent("unknown-host-3", { ...building, ipAddress, gocdResources: ["linux", "java"] });

/**
 * What becomes of the first one, whose agent never comes, beside a nameless agent that builds and is never taken for
 * ours.
 */
function fate(network: Network, own: string | undefined, shown: string): string {
  const { world, ids: [dumb = "", other = ""] } = twoAt(network, own, "10.9.0.8");
  watch(world, 5 * minute, builds(shown));
  world.status(other, "TASK_FAILED");
  watch(world, 6 * minute, builds(shown));
  return world.instance(dumb).state;
}

Deno.test("an agent at the address of another container of ours holds no KILL, even if that one ended unnoticed", () => {
  assertEquals(fate(overlay, "10.9.0.7", "10.9.0.8"), "killing");
});

Deno.test("it does if its address belongs to no other container, or that of the container itself is unknown or shared", () => {
  assertEquals(fate(overlay, "10.9.0.7", "10.9.0.9"), "starting");
  assertEquals(fate(overlay, undefined, "10.9.0.8"), "starting");
  assertEquals(fate(overlay, "10.9.0.8", "10.9.0.8"), "starting");
  assertEquals(fate({ mode: "BRIDGE" }, "10.9.0.7", "10.9.0.8"), "starting");
});

Deno.test("a container that had ended before the agent appeared is not where it runs", () => {
  const { world, ids: [dumb = "", other = ""] } = twoAt(overlay, "10.9.0.7", "10.9.0.8");
  world.status(other, "TASK_FAILED");
  world.wait(second);
  watch(world, 11 * minute, builds("10.9.0.8"));
  assertEquals(world.instance(dumb).state, "starting");
});

Deno.test("a new record may show the address of its connection, and proves nothing for ten seconds", () => {
  const { world, ids: [dumb = ""] } = twoAt(overlay, "10.9.0.7", "10.9.0.8");
  const look = (at: Driver, times: number, ...agents: readonly GocdAgent[]): void => {
    for (let n = 0; n < times; n++) {
      at.wait(second);
      at.read(...agents);
    }
  };
  let seconds = 0;
  for (; world.instance(dumb).state === "starting"; seconds++) look(world, 1);
  const later = twoAt(overlay, "10.9.0.7", "10.9.0.8");
  const state = (): string => later.world.instance(later.ids[0] ?? "").state;
  look(later.world, seconds - 5);
  look(later.world, 10, builds("10.9.0.8"));
  assertEquals(state(), "starting");
  look(later.world, 60, builds("10.9.0.8"));
  assertEquals(state(), "killing");
});
