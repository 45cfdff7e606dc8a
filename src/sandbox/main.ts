// The program in a sandbox, as the executable for every configuration runs it. Needs the unstable `worker-options`,
// which deno.json and scripts/compile.ts enable.

import { takeBuild } from "../cli/build.ts";
import { writeToStderr } from "../log/stderr.ts";
import { supervise } from "./supervisor.ts";

/**
 * Whether deno.json is in use, or the file that scripts/compile.ts uses instead: it names the packages. Without it Deno
 * would end the process at the first Worker, with a line about itself.
 */
function isConfigured(): boolean {
  try {
    import.meta.resolve("valibot");
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  if (!isConfigured()) {
    writeToStderr(
      "gocd-mesos: Deno runs it without deno.json, which names its packages and turns worker-options on\n" +
        "  to do: omit --no-config and --config, or build the executable: `deno task compile`",
    );
    Deno.exit(2);
  }
  const program = new URL("./program.ts", import.meta.url);
  Deno.exit(await supervise({ ...takeBuild(Deno.args), program }));
}
