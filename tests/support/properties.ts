// fast-check for all tests: the same inputs in each run. PROPERTY_SEED=5 uses others, PROPERTY_SEED=fresh new ones each
// time; a failure prints its seed, which should become a test.

import fc from "fast-check";

const variable = "PROPERTY_SEED";
const isReadable = Deno.permissions.querySync({ name: "env", variable }).state === "granted";
const asked = isReadable ? Deno.env.get(variable) ?? "2026" : "2026";
if (asked !== "fresh") fc.configureGlobal({ seed: Number(asked) });

export { fc as default };

const codePointMax = 0x10ffff;
const [halfFrom, halves] = [0xd800, 0x800];

/**
 * Any character except lone surrogates, for `fc.string({ unit: anyCharacter })`. fast-check's own unit "binary" first
 * creates a map of all 1.1 million, which takes more than a second.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(
  fc.nat(0x7f),
  fc.nat(codePointMax - halves).map((rank) => rank < halfFrom ? rank : rank + halves),
).map((codePoint) => String.fromCodePoint(codePoint));
