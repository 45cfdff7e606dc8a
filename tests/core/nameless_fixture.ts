// An agent that only the address of its container identifies.

import { assertEquals } from "@std/assert";
import { drive, type Driver, gocdAgent, jobs, offer, second, watch } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

const base = aProfile({ gocdResources: ["linux"] });

/** A profile whose containers have addresses of their own. */
export const overlay = { ...base, container: { ...base.container, network: { mode: "USER", name: "n" } as const } };

/** The address of the container. */
export const ipAddress = "10.9.0.7";

/** The record of its agent when it is idle. */
export const nameless = gocdAgent("unknown-host-3", { ipAddress });

/** One running container, whose agent has not registered yet. */
export function withContainer(): { readonly world: Driver; readonly taskId: string } {
  const world = drive({ profiles: [overlay] });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING", { ipAddresses: [ipAddress] });
  return { world, taskId };
}

/** The same with its agent, which is idle. */
export function withNameless(): { readonly world: Driver; readonly taskId: string; uuid(): string | undefined } {
  const { world, taskId } = withContainer();
  watch(world, 11 * second, nameless);
  assertEquals(world.instance(taskId).state, "registered");
  world.taken();
  const uuid = (): string | undefined => {
    const instance = world.instance(taskId);
    return "uuid" in instance ? instance.uuid : undefined;
  };
  return { world, taskId, uuid };
}
