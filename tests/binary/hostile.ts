// The sandbox around a program that tries to break out of it. At the end it prints which permissions the main thread
// still has.

import { supervise } from "../../src/sandbox/supervisor.ts";

const program = new URL("./hostile_program.ts", import.meta.url);
const code = await supervise({ args: Deno.args, build: {}, program });
const kinds = ["net", "read", "write", "env", "sys", "run", "ffi", "import"] as const;
const held = kinds.filter((name) =>
  Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
);
// deno-lint-ignore no-console -- the test reads it
console.log(`held: ${held.join(" ")}`);
Deno.exit(code);
