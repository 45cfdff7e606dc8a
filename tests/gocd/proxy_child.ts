// One poll of the server named in the arguments, reported in one line. A separate process, because Deno reads the proxy
// variables when it starts.

import { GocdError } from "../../src/gocd/api.ts";
import { serverAt } from "../support/addresses.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";

const [url = "", caFile] = Deno.args;
const api = createHttpGocdApi({
  url: serverAt(url),
  credentials: { kind: "none" },
  caCerts: caFile === undefined ? [] : [Deno.readTextFileSync(caFile)],
  insecure: false,
  timeoutMs: 10_000,
}, { nowMs: () => 0 });
let line: string;
try {
  const { jobs } = await api.poll(new AbortController().signal);
  line = `${jobs.length} job`;
} catch (error) {
  if (!(error instanceof GocdError)) throw error;
  line = `${error.problem.code}: ${error.message} (${error.problem.hint})`;
}
api.close();
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
