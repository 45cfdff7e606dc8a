// The program in a sandbox, as the executable for every configuration runs it. Needs `--unstable-worker-options`.

import { takeBuild } from "./src/cli/build.ts";
import { supervise } from "./src/sandbox/supervisor.ts";

if (import.meta.main) {
  const program = new URL("./src/sandbox/program.ts", import.meta.url);
  Deno.exit(await supervise({ ...takeBuild(Deno.args), program }));
}
