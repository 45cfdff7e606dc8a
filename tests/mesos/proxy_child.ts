// One subscription with the master named in the arguments and one acknowledgement, reported in one line. A separate
// process, because Deno reads the proxy variables when it starts.

import { MesosError } from "../../src/mesos/api.ts";
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
  line = error instanceof MesosError ? `${error.message} (${error.hint})` : String(error);
}
scheduler.close();
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
