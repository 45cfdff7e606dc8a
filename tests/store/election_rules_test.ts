// The rules of election and lease. With all faults: tests/world/election_test.ts.

import { assertEquals } from "@std/assert";
import { confirmEveryMs, heldForMs, inOrder, isSessionOver } from "../../src/store/election_rules.ts";

const confirmation = { askedMs: 1_000, timeoutMs: 30_000 };

for (
  const [nowMs, heldMs, isOver] of [
    [1_000, 20_000, false],
    [20_999, 1, false],
    [21_000, 0, false],
    [31_000, -10_000, false],
    [31_001, -10_001, true],
  ] as const
) {
  Deno.test(`${nowMs - 1_000} ms after the request an instance may act for ${heldMs} ms, and its session is ${isOver ? "" : "not "}over`, () => {
    assertEquals(heldForMs(confirmation, nowMs), heldMs);
    assertEquals(isSessionOver(confirmation, nowMs), isOver);
  });
}

Deno.test("four confirmations fit into the time that an instance may act", () => {
  for (const timeoutMs of [4_000, 30_000]) {
    assertEquals(Math.floor(heldForMs({ askedMs: 0, timeoutMs }, 0) / confirmEveryMs(timeoutMs)), 4);
  }
});

Deno.test("candidates are ordered by their numbers, and other znodes are ignored", () => {
  assertEquals(
    inOrder(["candidate-zz-0000000002", "other-0000000001", "candidate-aa-0000000010", "candidate-mm-0000000003"]),
    ["candidate-zz-0000000002", "candidate-mm-0000000003", "candidate-aa-0000000010"],
  );
});
