// The program in a sandbox, as the executable for every configuration runs it. Needs `--unstable-worker-options`.

import { takeBuild } from "../cli/build.ts";
import { supervise } from "./supervisor.ts";

if (import.meta.main) {
  const program = new URL("./program.ts", import.meta.url);
  Deno.exit(await supervise({ ...takeBuild(Deno.args), program }));
}
