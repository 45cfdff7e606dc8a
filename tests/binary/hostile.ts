// The sandbox around a program that tries to break out of it.

import { supervise } from "../../src/sandbox/supervisor.ts";

Deno.exit(
  await supervise({ args: Deno.args, build: {}, program: new URL("./hostile_program.ts", import.meta.url) }),
);
