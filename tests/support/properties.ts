// fast-check as all tests use it: the same inputs in each run. PROPERTY_SEED=5 takes others, PROPERTY_SEED=fresh new ones
// each time; a failure prints its seed, which becomes a test of its own.

import fc from "fast-check";

const asked = Deno.env.get("PROPERTY_SEED") ?? "2026";
if (asked !== "fresh") fc.configureGlobal({ seed: Number(asked) });

export { fc as default };
