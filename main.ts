// The program. Hands its arguments to src/cli/ and ends with the exit code that comes back. The only Deno.exit.

import { runCli } from "./src/cli/cli.ts";
import { processIo } from "./src/cli/io.ts";

if (import.meta.main) Deno.exit(await runCli(Deno.args, processIo((code) => Deno.exit(code))));
