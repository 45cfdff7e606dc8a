// One subscription with the master named in the arguments and one acknowledgement, told in one line. Run by proxy_test.ts as
// a process of its own, because Deno reads the variables of proxies when it starts.

import { createHttpScheduler } from "../../src/mesos/http_scheduler.ts";
import { connectionTo, identity } from "../support/scripted_master.ts";

const scheduler = createHttpScheduler({
  connection: connectionTo(Deno.args[0] ?? ""),
  environmentOf: () => ({}),
  nowMs: Date.now,
});
const { signal } = new AbortController();
let line: string;
try {
  const session = await scheduler.subscribe(identity, "f1", signal);
  await session.send({ kind: "acknowledge-status", taskId: "t1", mesosAgentId: "a1", uuid: "AAAA" }, signal);
  line = `acknowledged at ${session.master}`;
} catch (error) {
  line = String(error);
}
scheduler.close();
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
