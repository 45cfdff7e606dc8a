// The program. Hands its arguments to src/cli/ and ends with the exit code that comes back.

import { takeBuild } from "./src/cli/build.ts";
import { runCli } from "./src/cli/cli.ts";
import { processIo } from "./src/cli/io.ts";

if (import.meta.main) {
  const { build, args } = takeBuild(Deno.args);
  Deno.exit(await runCli(args, { ...processIo((code) => Deno.exit(code)), build }));
}
