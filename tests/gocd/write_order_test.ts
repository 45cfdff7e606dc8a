// Changes of the same agent take effect in the order in which they were requested, however many requests each one needs.

import { assertEquals } from "@std/assert";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { createPerformer } from "../../src/runtime/perform.ts";
import { Observations } from "../../src/runtime/observations.ts";
import { connection, fakeGocd } from "./fake_gocd.ts";

Deno.test("an agent that is enabled after it was disabled in a list with a missing one ends up enabled", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  const performer = createPerformer({
    gocd: createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 }),
    session: () => undefined,
    readStderr: undefined,
    post: () => {},
    signal: new AbortController().signal,
    observations: new Observations(),
    nowMs: () => 0,
    stepDown: () => {},
    endSession: () => {},
    leave: () => {},
    exit: () => {},
    fail: (error) => {
      throw error;
    },
  });
  const agents = [{ taskId: "t-x", uuid: "x" }, { taskId: "t-a", uuid: "a" }];
  performer.perform({ kind: "disable-gocd-agents", agents });
  performer.perform({ kind: "enable-gocd-agent", taskId: "t-a", uuid: "a" });
  await performer.settled();
  assertEquals(fake.agents.map(({ config }) => config), ["Enabled"]);
});
