// The response to a command, and its log line.

import { assertEquals } from "@std/assert";
import type { OperatorEvent } from "../../../src/core/event.ts";
import type { ControlsRecord } from "../../../src/core/record.ts";
import { acceptedText, commandText, switchesText } from "../../../src/core/words/commands.ts";
import { someSettings } from "../../support/core.ts";

const run: ControlsRecord = { mode: "run", frozen: false, frozenProfiles: [] };
const accepted = (command: OperatorEvent, before: Partial<ControlsRecord> = {}): string =>
  acceptedText(command, { ...run, ...before });

Deno.test("the effect of a freeze and of a resume is reported", () => {
  assertEquals(accepted({ kind: "launching-frozen" }), "launching is frozen");
  assertEquals(accepted({ kind: "launching-frozen", profile: "gpu" }), "launching is frozen for profile gpu");
  assertEquals(accepted({ kind: "launching-resumed" }), "launching resumes");
  assertEquals(accepted({ kind: "launching-resumed", profile: "gpu" }), "launching resumes for profile gpu");
});

Deno.test("a resume reports what it cancels, or what still holds the profile back", () => {
  assertEquals(accepted({ kind: "launching-resumed" }, { mode: "drain" }), "launching resumes; the drain is cancelled");
  assertEquals(
    accepted({ kind: "launching-resumed" }, { mode: "teardown" }),
    "launching resumes; the teardown is cancelled",
  );
  assertEquals(
    accepted({ kind: "launching-resumed" }, { mode: "teardown", tornDown: true }),
    "launching resumes; a new framework is registered, as the last one was torn down",
  );
  const beside = "until a resume without a profile";
  assertEquals(
    accepted({ kind: "launching-resumed", profile: "gpu" }, { frozen: true }),
    `launching resumes for profile gpu, but nothing is launched: all launching is frozen ${beside}`,
  );
  assertEquals(
    accepted({ kind: "launching-resumed", profile: "gpu" }, { mode: "drain" }),
    `launching resumes for profile gpu, but nothing is launched: the drain continues ${beside}`,
  );
});

Deno.test("a drain reports that it cancels a teardown; a teardown reports how it ends", () => {
  const text = "draining: nothing is launched, each agent is removed once idle";
  assertEquals(accepted({ kind: "drain-requested" }), text);
  assertEquals(accepted({ kind: "drain-requested" }, { mode: "teardown" }), `${text}; the teardown is cancelled`);
  assertEquals(
    accepted({ kind: "teardown-requested", mode: "now" }),
    "tearing down now: every agent is stopped",
  );
  assertEquals(
    accepted({ kind: "teardown-requested", mode: "drain" }),
    "tearing down: the framework is removed once every agent is drained",
  );
});

Deno.test("a resume that retries failed launches says so; what is reported elsewhere is not repeated here", () => {
  const command = { kind: "launching-resumed" } as const;
  assertEquals(
    commandText({ kind: "switched", command, before: run, isRetried: true }),
    "launching resumes; what has failed is retried at once",
  );
  const settings = { kind: "settings-changed", settings: someSettings() } as const;
  const silent = [settings, { kind: "loss-accepted" }, { kind: "shutdown-started" }] as const;
  for (const each of silent) {
    assertEquals(commandText({ kind: "switched", command: each, before: run, isRetried: false }), "");
  }
  assertEquals(
    accepted({ kind: "loss-accepted" }),
    "vanished agents are treated as lost: launching and draining resume",
  );
  assertEquals(
    commandText({ kind: "already-torn-down" }),
    "there is no framework to tear down: it was torn down before",
  );
});

Deno.test("the switches that are set are reported one by one", () => {
  assertEquals(switchesText(run), "");
  assertEquals(switchesText({ ...run, mode: "drain" }), "draining, nothing is launched");
  assertEquals(
    switchesText({ mode: "teardown", frozen: true, frozenProfiles: ["a", "b"] }),
    "tearing down, the framework is removed once every agent is drained; all launching is frozen; " +
      "launching of a, b is frozen",
  );
});
