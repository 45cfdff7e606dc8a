// A build that goes on for the share of others is not ended when somebody else wants its agent gone, too: from then on
// it has the whole drain-timeout.

import { assertEquals } from "@std/assert";
import type { OperatorEvent } from "../../../src/core/event.ts";
import type { Draining } from "../../../src/core/instance.ts";
import { advanceDrain } from "../../../src/core/life/drain.ts";
import { executeCommand } from "../../../src/core/session/operator.ts";
import { inverseOffersReceived } from "../../../src/core/session/maintenance.ts";
import { building, gocdAgent, minute, someSettings, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";
import type { Draft } from "../../../src/core/draft.ts";

const drainTimeoutMs = 60 * minute;
const settings = someSettings({ profiles: [aProfile({ gocdResources: ["linux"], drainTimeoutMs })] });
const nowMs = zeroMs + 300 * minute;

/** Its phase on the next list after `act`, and the one after the drain-timeout. */
function phases(act: (draft: Draft) => void): readonly (string | undefined)[] {
  const instance = anInstance("t", {
    state: "draining",
    uuid: "uuid-t",
    reason: "fair-share",
    step: { kind: "finishing" },
  }) as Draining;
  const before = draftAt(nowMs, [instance], { disabledSinceMs: new Map([["uuid-t", zeroMs]]) }, { settings });
  act(before);
  const { controls, server, instances } = before.state;
  const after = (atMs: number, disabledMs: number): string | undefined => {
    const disabledSinceMs = new Map([["uuid-t", server.disabledSinceMs.get("uuid-t") ?? disabledMs]]);
    const draft = draftAt(atMs, [...instances.values()], { disabledSinceMs }, { settings, controls });
    advanceDrain(draft, draft.instance("t") as Draining, gocdAgent("t", { ...building, configState: "Disabled" }));
    return draft.instance("t")?.state;
  };
  return [after(nowMs, nowMs), after(nowMs + drainTimeoutMs, nowMs)];
}

const commands: readonly OperatorEvent[] = [
  { kind: "drain-requested" },
  { kind: "teardown-requested", mode: "drain" } as OperatorEvent,
  { kind: "agent-drain-requested", taskId: "t" },
  { kind: "profile-drain-requested", profile: "default" },
];
for (const command of commands) {
  Deno.test(`a build that goes on for the share of others has the whole drain-timeout from a ${command.kind} on`, () => {
    assertEquals(phases((draft) => executeCommand(draft, command)), ["draining", "killing"]);
  });
}

Deno.test("a build that goes on for the share of others has the whole drain-timeout from a maintenance request on", () => {
  const asked = phases((draft) =>
    inverseOffersReceived(draft, [{ id: "i", mesosAgentId: "s-t", unavailability: { startMs: nowMs + minute } }])
  );
  assertEquals(asked, ["draining", "killing"]);
  assertEquals(phases(() => {}), ["draining", "draining"], "nobody wants it gone");
});
