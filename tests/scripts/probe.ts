// Tries to break out of its permissions and prints the result of each attempt as JSON, when run with the flags of a
// scoped start. Its argument are the targets, as JSON.

import { breakOut } from "../support/breakout.ts";

// deno-lint-ignore no-console -- the test reads it
console.log(JSON.stringify(await breakOut(JSON.parse(Deno.args[0] ?? ""))));
