// A registered agent that is marked surplus (registered wrongly, or sick) and is always busy: if the operator or a
// maintenance window wants it gone, it takes no further job.

import { assertEquals } from "@std/assert";
import type { OperatorEvent } from "../../../src/core/event.ts";
import { retireAgents } from "../../../src/core/life/scale_in.ts";
import { inverseOffersReceived } from "../../../src/core/session/maintenance.ts";
import { executeCommand } from "../../../src/core/session/operator.ts";
import { minute, zeroMs } from "../../support/core.ts";
import { aRegistered, draftAt } from "../instance_fixtures.ts";
import type { Draft } from "../../../src/core/draft.ts";

function phaseAfter(act: (draft: Draft) => void): string | undefined {
  const draft = draftAt(zeroMs + minute, [aRegistered("t", "building", { retire: "surplus" })]);
  act(draft);
  retireAgents(draft, "poll");
  return draft.instance("t")?.state;
}

const commands: readonly OperatorEvent[] = [
  { kind: "agent-drain-requested", taskId: "t" },
  { kind: "profile-drain-requested", profile: "default" },
];
for (const command of commands) {
  Deno.test(`a busy surplus agent is disabled after a ${command.kind}`, () => {
    assertEquals(phaseAfter((draft) => executeCommand(draft, command)), "draining");
  });
}

Deno.test("a busy surplus agent is disabled when its host is to be maintained", () => {
  const unavailability = { startMs: zeroMs + 2 * minute };
  assertEquals(
    phaseAfter((draft) => inverseOffersReceived(draft, [{ id: "i", mesosAgentId: "s-t", unavailability }])),
    "draining",
  );
  assertEquals(phaseAfter(() => {}), "registered");
});
