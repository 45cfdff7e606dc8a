// Commands end with a clear message when the GoCD server hangs at a request or is too slow overall.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { TimeLimitError, withinLimit } from "../../src/cli/time_limit.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { connection, fakeGocd } from "../gocd/fake_gocd.ts";
import { startCluster } from "../support/cluster.ts";
import { assertRefused, confFolder, runLine } from "./support.ts";

const limit = { who: "the GoCD server", limitMs: 200, hint: "check why GoCD is slow, or raise go-server.timeout" };

for (const path of ["/api/version", "scheduled.xml", "/api/agents"]) {
  Deno.test(`plan, why and check report a timeout if the server hangs at ${path}`, async () => {
    const cluster = startCluster({ speed: 1 });
    const folder = confFolder(cluster.configText("go-server.timeout = 1 second"));
    try {
      cluster.gocd.inject({ kind: "slow", delayMs: 600_000 }, 100, path);
      const hangs = /no complete response within 1 s/;
      const [plan, why, check] = await Promise.all([
        runLine(["plan", folder.conf]),
        runLine(["why", folder.conf, "unit"]),
        runLine(["check", folder.conf]),
      ]);
      assertRefused(plan, 3, hangs);
      assertRefused(why, 3, hangs);
      assertEquals(check.code, 3);
      assert(hangs.test(check.out), check.out);
      assertStringIncludes(check.out, "to do: check why GoCD is slow, or raise go-server.timeout");
    } finally {
      folder.remove();
      await cluster.close();
    }
  });
}

Deno.test("a poll that exceeds the total time limit is cancelled with a message and a hint", async () => {
  const fake = fakeGocd("26.1.0");
  const never: typeof fetch = async (input, init) => {
    if (!String(input).includes("agents")) return await fake.fetch(input, init);
    return await new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  };
  const api = createHttpGocdApi(connection, { fetch: never, nowMs: () => 0 });
  const error = await assertRejects(() => withinLimit(limit, (signal) => api.poll(signal)), TimeLimitError);
  assertEquals([error.message, error.kind, error.hint], [
    "the GoCD server did not answer all requests within 0 s",
    "unreachable",
    "check why GoCD is slow, or raise go-server.timeout",
  ]);
});

Deno.test("an error before the time limit is reported unchanged", async () => {
  await assertRejects(
    () => withinLimit({ ...limit, limitMs: 60_000 }, () => Promise.reject(new Error("own"))),
    Error,
    "own",
  );
});
