// Garbage by seed: arbitrary texts and bytes, and damaged valid ones. FUZZ_RUNS=100000 sets the runs of each target,
// PROPERTY_SEED=fresh a new seed; a failure prints seed and path, to be set in FUZZ_SEED and FUZZ_PATH.

import fc, { anyCharacter } from "../support/properties.ts";

/** What each target is run with; `runs` is how often where nobody says otherwise. */
export function fuzz<Input>(runs: number): fc.Parameters<Input> {
  const [asked, seed, path] = ["FUZZ_RUNS", "FUZZ_SEED", "FUZZ_PATH"].map((name) => Deno.env.get(name));
  return {
    numRuns: asked === undefined ? runs : Number(asked),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}

/** A secret that must not turn up in any message. */
export const bait = "hunter2-bait";

/** Pieces that parsers trip over. */
const words: readonly string[] = [
  "\u0000",
  "\u001b[2J",
  "\n",
  "\r",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\ud800",
  "\u{1f4a9}",
  "null",
  "true",
  "NaN",
  "Infinity",
  "-0",
  "-1",
  "1e309",
  "9007199254740993",
  "18446744073709551616",
  "0x10",
  "1".repeat(400),
  "{}",
  "[]",
  '""',
  '{"toString":1,"valueOf":1}',
  "__proto__",
  "constructor",
  "toString",
  "%",
  "%00",
  "%2f",
  "%ff",
  "../..",
  "&lt;",
  "&amp;lol;",
  "<",
  "]]>",
  "<!--",
  "<html>",
  "${",
  '"""',
  "//",
  "@",
];

/** A word of a hostile mind, or any text. */
export const anyWord: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...words),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: anyCharacter, maxLength: 10 }),
);

/** Any value of JSON, among them the odd and the large. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    8.64e15 + 1,
    [],
    {},
    { toString: 1, valueOf: 1 },
    [[[[]]]],
  ),
  anyWord,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(20, 500).map((depth) => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`) as unknown),
);

interface Damage {
  readonly kind: "cut" | "drop" | "repeat" | "swap" | "insert" | "flip" | "nest";
  readonly from: number;
  readonly length: number;
  readonly word: string;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom<Damage["kind"][]>("cut", "drop", "repeat", "swap", "insert", "flip", "nest"),
  from: fc.nat(9_999),
  length: fc.nat(9_999),
  word: anyWord,
});

/** A text that was valid before it was cut, repeated, mixed up, nested, or had something put into it. */
export function damagedText(
  valid: readonly string[],
  nest: readonly [open: string, close: string] = ["[", "]"],
): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...valid), fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([text, damages]) => damages.reduce((rest, one) => damaged(rest, one, nest), text));
}

function damaged(text: string, { kind, from, length, word }: Damage, [open, close]: readonly [string, string]): string {
  const start = from % (text.length + 1);
  const end = start + length % 40;
  const [before, part, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  switch (kind) {
    case "cut":
      return before;
    case "drop":
      return before + after;
    case "repeat":
      return before + part.repeat(1 + length % 50) + after;
    case "swap":
      return after + part + before;
    case "insert":
      return before + word + part + after;
    case "flip": {
      const code = part.codePointAt(0) ?? 0;
      return before + String.fromCodePoint(code ^ (1 << (length % 7))) + part.slice(1) + after;
    }
    case "nest": {
      const depth = [3, 40, 5_000][length % 3] ?? 3;
      return before + open.repeat(depth) + part + close.repeat(depth) + after;
    }
    default:
      return kind satisfies never;
  }
}

/** Bytes that were valid before some were flipped, cut away, repeated or put between. */
export function damagedBytes(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const damage = fc.record({
    kind: fc.constantFrom("cut", "drop", "repeat", "flip", "insert"),
    from: fc.nat(99_999),
    length: fc.nat(99),
    bytes: fc.uint8Array({ maxLength: 12 }),
  });
  return fc.tuple(fc.constantFrom(...valid), fc.array(damage, { minLength: 1, maxLength: 5 })).map(([whole, damages]) =>
    damages.reduce((rest, { kind, from, length, bytes }): Uint8Array<ArrayBuffer> => {
      const start = from % (rest.length + 1);
      const [before, part, after] = [
        rest.slice(0, start),
        rest.slice(start, start + length),
        rest.slice(start + length),
      ];
      switch (kind) {
        case "cut":
          return before;
        case "drop":
          return joined(before, after);
        case "repeat":
          return joined(before, part, part, part, after);
        case "flip":
          return joined(before, part.map((byte, index) => byte ^ (bytes[index] ?? 0)), after);
        default:
          return joined(before, bytes, part, after);
      }
    }, new Uint8Array(whole))
  );
}

/** Bytes one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One value of a JSON tree replaced, removed, or doubled, somewhere. */
export function damagedJson(valid: readonly unknown[]): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.nat(9_999), kind: fc.constantFrom("replace", "remove", "double"), value: anyJson });
  return fc.tuple(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 3 })).map(([tree, changes]) =>
    changes.reduce((rest, { at, kind, value }) => {
      const copy: unknown = structuredClone(rest);
      const places = placesIn(copy);
      const place = places[at % Math.max(1, places.length)];
      if (place === undefined) return value;
      const { holder, key } = place;
      if (Array.isArray(holder)) {
        if (kind === "remove") holder.splice(Number(key), 1);
        else if (kind === "double") holder.push(structuredClone(holder[Number(key)]));
        else holder[Number(key)] = value;
      } else if (kind === "remove") {
        delete holder[key];
      } else {
        Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
      }
      return copy;
    }, tree)
  );
}

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
}

/** Places looked at in one tree at most: damage may have nested it deeply. */
const placesMax = 2_000;

function placesIn(tree: unknown): readonly Place[] {
  const places: Place[] = [];
  const open: unknown[] = [tree];
  for (let value = open.pop(); value !== undefined && places.length < placesMax; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const holder = value as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      open.push(holder[key] ?? null);
    }
  }
  return places;
}
