// Right after a restart of the GoCD server an agent that shows Idle may have a job whose assignment it never received.
// The server reschedules it when the agent asks for work, but not if it is Disabled by then (GoCD
// ScheduleService.rescheduleAbandonedBuildIfNecessary); without another agent in contact it hangs.

import { assertEquals } from "@std/assert";
import type { StoredState } from "../../../src/core/record.ts";
import {
  drive,
  type Driver,
  gocdAgent,
  linux,
  minute,
  only,
  problem,
  second,
  withIdleAgent,
} from "../../support/core.ts";

const failed = problem({ kind: "unreachable" });

/** How long it takes until the agent is disabled, s, if each list shows it Enabled and idle. */
function disabledAfter(world: Driver, taskId: string, failsBetween = false): number {
  const fromMs = world.atMs;
  world.taken();
  for (;;) {
    world.poll({ agents: [gocdAgent(taskId)] });
    if (only(world.taken(), "disable-gocd-agents").length > 0) return (world.atMs - fromMs) / second;
    world.wait(10 * second);
    if (failsBetween) world.send({ kind: "gocd-poll-failed", problem: failed });
    if (failsBetween) world.wait(10 * second);
    if (world.atMs - fromMs > 30 * minute) return Infinity;
  }
}

/** An agent that has been idle for five minutes, with another configuration of its profile from now on. */
function changed(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.wait(5 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  const { settings } = world.state;
  const profiles = settings.profiles.map((each) => ({ ...each, hash: "99999999" }));
  world.send({ kind: "gocd-poll-failed", problem: failed });
  world.wait(10 * second);
  world.send({ kind: "settings-changed", settings: { ...settings, profiles } });
  return { world, taskId };
}

Deno.test("an idle agent whose profile has changed stays for twenty seconds after failed reads", () => {
  const { world, taskId } = changed();
  assertEquals(disabledAfter(world, taskId), 20);
});

Deno.test("it does not stay for ever if every other read fails", () => {
  const { world, taskId } = changed();
  assertEquals(disabledAfter(world, taskId, true), 120);
});

Deno.test("the same after a restart of this program, which may have been that of the whole machine", () => {
  const { world, taskId } = withIdleAgent();
  const stored: StoredState = {
    framework: world.state.framework,
    controls: world.state.controls,
    instances: [...world.state.instances.values()],
  };
  const again = drive({ stored, profiles: [{ ...linux, hash: "99999999" }] });
  again.subscribe();
  again.wait(second);
  assertEquals(disabledAfter(again, taskId), 20);
});

Deno.test("an old idle agent stays for twenty seconds after failed reads", () => {
  const { world, taskId } = withIdleAgent({ profiles: [{ ...linux, maxLifetimeMs: 5 * minute }] });
  world.wait(5 * minute, minute);
  world.send({ kind: "gocd-poll-failed", problem: failed });
  world.wait(10 * second);
  assertEquals(disabledAfter(world, taskId), 20);
});
