// Fuzz targets of framework.conf: its text and the value of every key. Valid configurations: tests/config.

import { assert, assertEquals } from "@std/assert";
import { mastersText, serverUrlText } from "../../src/net/addresses.ts";
import fc from "../support/properties.ts";
import { ConfigError, type ConfigProblem } from "../../src/config/config_error.ts";
import type { Config } from "../../src/config/config.ts";
import { keys, type KeySpec } from "../../src/config/keys.ts";
import { load, withKeys } from "../config/support.ts";
import { anyJson, anyWord, bait, damagedText, fuzz } from "./support.ts";

const example = Deno.readTextFileSync(new URL("../../framework.conf.example", import.meta.url));
const everyKey = withKeys(
  keys.filter(({ path }) => !/^(mesos-master|go-server\.|mesos\.(role|token|secret|ca))|file/.test(path))
    .map(({ path, example }) => `${path} = ${example}`).join("\n"),
);
/** Names of the environment, some with secrets in them. */
const env = { GOCD_PASSWORD: bait, MESOS_SECRET: bait, HOME: "/home" };

/** The configuration, or its problems; anything else is a fault, and so is a message with the bait or without end. */
function problemsIn(text: string): Config | readonly ConfigProblem[] {
  try {
    return load(text, { env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = text.split(/\r\n|\r|\n/).length;
    for (const { file, line, message, hint, key } of error.problems) {
      assertEquals(file, "/conf/framework.conf");
      assert(line === undefined || (line >= 1 && line <= lines), `line ${line} of ${lines}`);
      assert(message !== "" && hint !== "" && message.length < 500 && hint.length < 500, message);
      assert(!`${message} ${hint} ${key}`.includes(bait), `${key}: ${message} (${hint})`);
    }
    return error.problems;
  }
}

function isConfig(read: Config | readonly ConfigProblem[]): read is Config {
  return !Array.isArray(read);
}

function checkConfig({ settings, gocd, mesos, http }: Config): void {
  assert(
    URL.canParse(serverUrlText(gocd.url)) && mastersText(mesos.masters) !== "" && mesos.roles.length > 0 &&
      settings.profiles.length > 0,
  );
  const { maxCpuShare = 1, cpuHoursPerDay = 1, ...scaling } = settings.scaling;
  assert(maxCpuShare > 0 && maxCpuShare <= 1 && cpuHoursPerDay > 0 && Number.isFinite(cpuHoursPerDay));
  const amounts = [
    ...Object.values(settings.poller),
    ...Object.values(scaling),
    ...settings.profiles.flatMap(({ mesosResources }) => Object.values(mesosResources)),
    http.listen?.port ?? 0,
  ].filter((value) => typeof value === "number");
  assert(amounts.every((value) => Number.isSafeInteger(value) && value >= 0), amounts.join());
  assert(!JSON.stringify({ settings: { ...settings, profiles: [] }, gocd, mesos, http }).includes(bait));
}

Deno.test("a damaged configuration is a valid one or problems with file and line", () => {
  const text = fc.oneof(
    damagedText([everyKey, example], ["{", "}"]),
    damagedText([everyKey, example], ["[", "]"]),
    damagedText([withKeys(`go-server { user-name = u, password = "${bait}" }`)], ["{", "}"]),
    anyWord,
  );
  fc.assert(
    fc.property(text, (text) => {
      const read = problemsIn(text);
      if (isConfig(read)) checkConfig(read);
    }),
    fuzz(400),
  );
});

/** A value of HOCON as it would be written. */
const anyValue: fc.Arbitrary<string> = fc.oneof(
  anyWord.map((word) => JSON.stringify(word)),
  anyJson.map((value) => JSON.stringify(value) ?? "null").filter((text) => text.length < 2_000),
  fc.constantFrom(
    "0",
    "-1",
    "1e9",
    "99999999999999",
    "0.0000001",
    "1 parsec",
    "-5 seconds",
    "1e9 weeks",
    "999 TB",
    "[[]]",
    "{}",
    '"*"',
    "[*]",
  ),
  // A secret of the environment in a key that is none is shown: nobody can tell it from a typing error.
  fc.constantFrom(...keys.map(({ example }) => example).filter((example) => !example.startsWith("${?"))),
);

/** Keys that say something about this one: itself, its section, its twin, and those that it must fit. */
function isAbout(problem: ConfigProblem, { path }: KeySpec, key: string): boolean {
  const [section] = path.split(".");
  return problem.code === "config-conflict" || [key, path].includes(problem.key) || problem.key.startsWith(`${key}.`) ||
    problem.key.startsWith(`${section}`) ||
    problem.key.startsWith("profiles.");
}

/** A value that counts as absent: then the key is missing, or its default is used. */
function isBlank(value: string): boolean {
  try {
    const read: unknown = JSON.parse(value);
    return read === null || (typeof read === "string" ? read.trim() === "" : JSON.stringify(read) === "{}");
  } catch {
    return value.trim() === "";
  }
}

for (const place of ["the framework", "a profile"] as const) {
  Deno.test(`any value of any key is valid or a problem with key, file and line, in ${place}`, () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), anyValue, (spec, value) => {
        const key = place === "the framework" ? spec.path : `profiles.p.${spec.path.replace(/^go-agent\./, "")}`;
        const text = withKeys(`# above\n${key} = ${value}`);
        const line = text.split("\n").findLastIndex((line) => line.startsWith(`${key} = `)) + 1;
        const read = problemsIn(text);
        if (isConfig(read)) return checkConfig(read);
        // Then the key is missing, which is told at its section, or at the one written before.
        const isUnset = isBlank(value);
        const isSyntax = read[0]?.code === "config-syntax" && read[0].line === line;
        assert(isSyntax || read.some((problem) => isAbout(problem, spec, key)), JSON.stringify(read));
        for (const problem of read.filter((problem) => problem.key === key && problem.code !== "config-missing-key")) {
          assert(problem.line === undefined || problem.line === line || isUnset, `${problem.line} is not ${line}`);
        }
        assert(
          isUnset || read.some((problem) => problem.line === line || problem.line === undefined),
          JSON.stringify(read),
        );
      }),
      fuzz(1_500),
    );
  });
}

const secretKeys = keys.filter(({ type }) => type === "secret").map(({ path }) => path);
const addressKeys = [
  "mesos-master",
  "state.path",
  "go-server.url",
  "go-server.agent-url",
  "go-server.host",
  "http.advertise",
  "http.listen",
  "mesos.allowed-hosts",
  "go-agent.uris",
];
const inAddress = fc.tuple(
  fc.constantFrom("", "zk://", "http://", "https://", "zk:/", "ZK://", "ftp://", "http:/"),
  fc.constantFrom(`u:${bait}@`, `${bait}@`, `:${bait}@`, `u:${bait}@@`),
  fc.constantFrom("", "h", "h:99999", "h:2181/mesos", "h/go?x#y", "h ost", "h,:", "[::1", "\u0000"),
).map((parts) => parts.join(""));
const writing = fc.constantFrom(
  (value: string) => JSON.stringify(value),
  (value: string) => JSON.stringify([value]),
  (value: string) => JSON.stringify({ x: value }),
  (value: string) => `[[${JSON.stringify(value)}]]`,
  (value: string) => `${JSON.stringify(value)} [1]`,
  (value: string) => value,
  (value: string) => `"${value}`,
  (value: string) => `"""${value}`,
  (value: string) => `${value} *`,
  (value: string) => `\${${value}}`.replace(bait, "GOCD_PASSWORD"),
);

Deno.test("no problem contains a secret, in any key and form", () => {
  const field = fc.oneof(
    fc.tuple(fc.constantFrom(...secretKeys), fc.constant(bait)),
    fc.tuple(fc.constantFrom(...addressKeys), inAddress),
    fc.tuple(fc.constantFrom("go-agent.env", "go-agent.env.A", "profiles.p.env.A"), fc.constant(bait)),
  );
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 3 }), writing, (fields, write) => {
      const read = problemsIn(withKeys(fields.map(([key, value]) => `${key} = ${write(value)}`).join("\n")));
      if (!isConfig(read)) return;
      assert(!read.warnings.join().includes(bait), read.warnings.join());
    }),
    fuzz(1_500),
  );
});

const bombs: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ["a repeated list", `a = [${"1,".repeat(9_000)}1]\nb = ${"${a}".repeat(50_000)}`, /list grows too long/],
  ["a repeated text", `a = "${"x".repeat(9_000)}"\nb = ${"${a}".repeat(50_000)}`, /text grows too long/],
  [
    "a repeatedly merged object",
    `a { ${Array.from({ length: 8_000 }, (_, index) => `k${index}=1`).join(",")} }\nb = \${a}${"{}".repeat(60_000)}`,
    /grows without limit/,
  ],
  [
    "values that expand exponentially",
    Array.from({ length: 40 }, (_, index) => `a${index} = \${a${index + 1}} \${a${index + 1}}`).join("\n") +
    "\na40 = x",
    /too long|grows without limit/,
  ],
  ["a hundred thousand escapes", `a = "${"\\n".repeat(100_000)}"`, /backslashes/],
  ["a quoted text of 200 kB", `a = "${"x".repeat(200_000)}"`, /too long/],
  ["endless braces", `a = ${"{a=".repeat(60_000)}`, /nested deeper/],
  ["endless brackets", `a = ${"[".repeat(200_000)}`, /nested deeper/],
  ["endless plus signs", `a = ${"1e+1".repeat(60_000)}`, /needs double quotes/],
  ["more than the maximum size", "#".repeat(300_000), /more than 262144 characters/],
];
for (const [name, text, message] of bombs) {
  Deno.test(`a configuration with ${name} is refused by a limit`, () => {
    const read = problemsIn(`${text}\n${withKeys("")}`);
    assert(!isConfig(read) && message.test(read[0]?.message ?? ""), JSON.stringify(read).slice(0, 300));
  });
}

Deno.test("all unknown keys of a configuration with twenty thousand are reported", () => {
  const read = problemsIn(withKeys(Array.from({ length: 20_000 }, (_, index) => `k${index} = 1`).join("\n")));
  assert(!isConfig(read) && read.length === 20_000);
});
