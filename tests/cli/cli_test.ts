// The command line: commands, help, invalid arguments, exit codes and the format of errors.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { reportError, runCli } from "../../src/cli/cli.ts";
import { commands } from "../../src/cli/commands.ts";
import { loadConfig } from "../../src/config/load.ts";
import { exitCodes, OperatorError } from "../../src/errors.ts";
import { version } from "../../src/version.ts";
import { assertRefused, confFolder, fakeTerminal, runLine } from "./support.ts";

const goodConf = `gocd-mesos {
  mesos-master = "127.0.0.1:1"
  go-server { host = "127.0.0.1", port = 1 }
  go-agent.docker-image = "agent:1"
}
`;

const refused: readonly (readonly [line: string, message: RegExp, act: RegExp])[] = [
  ["chekc FILE", /there is no command "chekc"/, /gocd-mesos check FILE/],
  ["strat FILE", /there is no command "strat"/, /gocd-mesos start FILE/],
  ["plna --json FILE", /there is no command "plna"/, /gocd-mesos plan --json FILE/],
  ["frobnicate FILE", /there is no command "frobnicate"/, /gocd-mesos --help/],
  ["run FILE", /there is no command "run"/, /gocd-mesos start FILE/],
  ["chek", /neither a command nor a file "chek"/, /gocd-mesos check framework\.conf/],
  ["dashboards datadog", /nothing named "datadog" to print/, /possible names: alerts, grafana/],
  ["verison", /neither a command nor a file "verison"/, /gocd-mesos version/],
  ["ps", /neither a command nor a file "ps"/, /gocd-mesos agents framework\.conf/],
  ["FILE check", /the command comes before the file/, /gocd-mesos check FILE/],
  ["FILE FILE", /"start" takes one configuration file, not 2/, /remove the others/],
  ["nowhere.conf", /nowhere\.conf: .*does not exist/, /give the path/],
  ["drain nowhere.conf", /nowhere\.conf: .*does not exist/, /give the path/],
  [".", /cannot read the configuration/, /give the path/],
  ["--frob", /there is no option --frob/, /--help/],
  ["--json plan FILE", /the command comes before its options/, /gocd-mesos plan … --json/],
  ["check", /"check" needs one configuration file/, /check --help/],
  ["check FILE FILE", /"check" takes one configuration file, not 2/, /check --help/],
  ["check --frob FILE", /"check" has no option --frob/, /check --help/],
  ["plan --jsn FILE", /"plan" has no option --jsn/, /did you mean --json/],
  ["plan -j FILE", /"plan" has no option -j/, /plan --help/],
  ["version now", /"version" takes no arguments, not 1/, /version --help/],
  ["why FILE", /"why" needs a configuration file and a job/, /why --help/],
  ["why FILE a b", /"why" takes a configuration file and a job, not 3/, /why --help/],
  ["freeze --profile", /--profile needs a value/, /freeze --help/],
  ["freeze --profile= FILE", /--profile needs a value/, /freeze --help/],
  ["freeze --profile FILE", /"freeze" needs one configuration file/, /--profile has taken "FILE"/],
  ["freeze --profile a --profile b FILE", /--profile is given 2 times/, /once for each/],
  ["freeze --profile nobody FILE", /there is no profile "nobody"/, /name one of: default/],
  ["state", /"state" needs an action and a configuration file/, /state --help/],
  ["state show", /"state" needs an action and a configuration file/, /state --help/],
  ["state shwo FILE", /"state" has no action "shwo"/, /gocd-mesos state show FILE/],
  ["state frobnicate FILE", /"state" has no action "frobnicate"/, /show, check, export/],
  ["state show FILE more", /"state show" takes one configuration file/, /state --help/],
  ["state constructor FILE", /"state" has no action "constructor"/, /show, check, export/],
  ["help chekc", /there is no command, key or topic "chekc"/, /gocd-mesos help check/],
  ["help check plan", /"help" takes one command or topic, not 2/, /--help/],
  ["toString", /toString: .*does not exist/, /give the path/],
];

for (const [line, message, act] of refused) {
  Deno.test(`an invalid command line is refused in one line: gocd-mesos ${line}`, async () => {
    const folder = confFolder(goodConf);
    try {
      const written = await runLine(line.split(" ").map((word) => word === "FILE" ? folder.conf : word));
      assertRefused(written, exitCodes.usage, message);
      assertMatch(written.err.replaceAll(folder.conf, "FILE").split("\n")[1] ?? "", act);
      assertEquals(written.out, "");
    } finally {
      folder.remove();
    }
  });
}

Deno.test("the help goes to standard error without arguments, and to standard output with --help", async () => {
  const bare = await runLine([]);
  const asked = await runLine(["--help"]);
  assertEquals([bare.code, asked.code], [2, 0]);
  assertEquals([bare.out, asked.err], ["", ""]);
  assertEquals(bare.err, asked.out);
  assertEquals((await runLine(["-h"])).out, asked.out);
  assertEquals((await runLine(["help"])).out, asked.out);
  for (const { name } of commands) assertMatch(asked.out, new RegExp(`^  ${name} `, "m"));
});

for (const command of commands) {
  Deno.test(`${command.name} --help shows usage and examples`, async () => {
    const { code, out, err } = await runLine([command.name, "--help"]);
    assertEquals([code, err], [0, ""]);
    assertStringIncludes(out, `Usage: gocd-mesos ${command.name === "start" ? "[start]" : command.name}`);
    assertMatch(out, /^Examples?:\n {2}gocd-mesos/m);
    for (const option of [...command.booleans, ...command.strings]) assertStringIncludes(out, `--${option}`);
    assert(out.split("\n").every((line) => line.length <= 125), "a line is too long for a terminal");
    assertEquals((await runLine([command.name, "-h"])).out, out);
    assertEquals((await runLine(["help", command.name])).out, out);
    assertEquals((await runLine([command.name, "some.conf", "--help", "more"])).out, out);
  });
}

Deno.test("version, --version and -V print the version", async () => {
  for (const word of ["version", "--version", "-V"]) {
    const { code, out } = await runLine([word]);
    assertEquals(code, 0);
    assertStringIncludes(out, `gocd-mesos ${version} (Deno ${Deno.version.deno}`);
  }
});

Deno.test("the first file of the README loads, serves jobs with any resources, and launches after the first poll", () => {
  const readme = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  const [file = ""] = /^ +gocd-mesos \{\n(?:.*\n)*?^ {7}\}$/m.exec(readme) ?? [];
  const env = { GOCD_PASSWORD: "secret", GOCD_AGENT_KEY: "key" };
  const { settings, warnings } = loadConfig("framework.conf", env, () => file);
  assertEquals(warnings, []);
  assertEquals(settings.profiles.map(({ gocdResources }) => gocdResources), ["*"]);
  assertEquals([settings.poller.attempts, settings.poller.maxIntervalMs], [0, 10_000]);
});

Deno.test("example-config prints exactly the file next to the README", async () => {
  const { code, out, err } = await runLine(["example-config"]);
  assertEquals([code, err], [0, ""]);
  const file = Deno.readTextFileSync(new URL("../../framework.conf.example", import.meta.url));
  assertEquals(out, file, "run scripts/embed_assets.ts");
});

for (const [name, file] of [["alerts", "alerts.yaml"], ["grafana", "grafana.json"]] as const) {
  Deno.test(`dashboards ${name} prints docs/run/${file}`, async () => {
    const { code, out, err } = await runLine(["dashboards", name]);
    assertEquals([code, err], [0, ""]);
    assertEquals(out, Deno.readTextFileSync(new URL(`../../docs/run/${file}`, import.meta.url)));
  });
}

for (
  const [error, act] of [
    [new Deno.errors.PermissionDenied("no"), /to do: let the user that runs gocd-mesos read it/],
    [new Deno.errors.NotCapable("no"), /to do: compile or start the program again with this file/],
    [new Deno.errors.NotFound("no"), /to do: .*gocd-mesos example-config/],
  ] as const
) {
  Deno.test(`a configuration that cannot be read (${error.name}) is reported with a hint`, async () => {
    const { io, written } = fakeTerminal();
    const readFile = (): string => {
      throw error;
    };
    const told = written(await runCli(["check", "framework.conf"], { ...io, readFile }));
    assertEquals(told.code, exitCodes.usage);
    assertMatch(told.out, act);
  });
}

Deno.test("an argument that is a number is read as the name of a file", async () => {
  assertRefused(await runLine(["plan", "0123"]), 2, /0123: cannot read/);
});

/** Which log a start writes: JSON if the file sets it, or leaves it open and there is no terminal. */
const logs = [
  { format: "json", isErrTerminal: true, isJson: true },
  { format: "text", isErrTerminal: false, isJson: false },
  { format: "auto", isErrTerminal: true, isJson: false },
  { format: "auto", isErrTerminal: false, isJson: true },
] as const;

/** What `gocd-mesos start` writes to standard error, with its code. */
async function startEnd(
  conf: string,
  isErrTerminal: boolean,
): Promise<{ readonly code: number; readonly err: string }> {
  const terminal = fakeTerminal();
  const { code, err, out } = terminal.written(await runCli(["start", conf], { ...terminal.io, isErrTerminal }));
  assertEquals(out, "");
  return { code, err };
}

for (const { format, isErrTerminal, isJson } of logs) {
  const where = `log.format = ${format} ${isErrTerminal ? "on" : "without"} a terminal`;

  Deno.test(`${where}: errors of the file are reported ${isJson ? "as JSON" : "as text"}`, async () => {
    const { path, conf, remove } = confFolder(`gocd-mesos { log.format = ${format}, htp = 1 }`);
    try {
      const { code, err } = await startEnd(conf, isErrTerminal);
      assertEquals(code, 2);
      const [first = "", ...more] = err.trimEnd().split("\n").map((line) => line.replaceAll(path, ""));
      assert(more.length > 0, "one line for each problem");
      if (!isJson) return assertMatch(first, /^gocd-mesos: \/framework\.conf:1: htp: there is no such key/);
      const { time: _, ...entry } = JSON.parse(first);
      assertEquals(entry, {
        level: "error",
        code: "config-unknown-key",
        message: "/framework.conf:1: htp: there is no such key",
        hint: "did you mean http?",
        fields: {},
      });
    } finally {
      remove();
    }
  });

  Deno.test(`${where}: an error that ends the start is reported ${isJson ? "as JSON" : "as text"}`, async () => {
    const folder = confFolder(
      goodConf.replace("gocd-mesos {", `gocd-mesos {\n  log.format = ${format}\n  state.path = .`),
    );
    try {
      const { code, err } = await startEnd(folder.conf, isErrTerminal);
      assertEquals(code, exitCodes.state, err);
      const last = err.trimEnd().split("\n").at(-1) ?? "";
      if (!isJson) return assertMatch(last, /^ {2}to do: \S/);
      const entry = JSON.parse(last);
      assertEquals([entry.level, entry.code, typeof entry.hint], ["error", "state-path-unusable", "string"]);
      assertMatch(entry.message, /folder/);
      assertEquals(err.includes("gocd-mesos: "), false, err);
    } finally {
      folder.remove();
    }
  });
}

Deno.test("if the file cannot be read, errors are text on a terminal and JSON elsewhere", async () => {
  for (const [text, wanted] of [["gocd-mesos {", "config-syntax"], [undefined, "config-file-missing"]] as const) {
    const { conf, remove } = confFolder(text ?? "");
    try {
      if (text === undefined) Deno.removeSync(conf);
      assertEquals(JSON.parse((await startEnd(conf, false)).err).code, wanted);
      assertMatch((await startEnd(conf, true)).err, /^gocd-mesos: .*\n {2}to do: /);
    } finally {
      remove();
    }
  }
});

Deno.test("the help lists the exit code of every kind of error", async () => {
  const { out } = await runLine(["--help"]);
  for (const code of Object.values(exitCodes)) assertMatch(out, new RegExp(`(^|\\s)${code}  \\S`, "m"));
});

for (const [kind, code] of Object.entries(exitCodes)) {
  Deno.test(`an error of kind ${kind} has the exit code ${code}`, () => {
    const terminal = fakeTerminal();
    const error = new OperatorError("it failed", { code: "x", kind: kind as keyof typeof exitCodes, hint: "mend it" });
    assertEquals(reportError(error, terminal.io), code);
    assertEquals(terminal.written(code).err, "gocd-mesos: it failed\n  to do: mend it\n");
  });
}

Deno.test("an internal error is reported in one line with its source positions and without a stack trace", () => {
  const terminal = fakeTerminal();
  const error = new TypeError("x is not\na function");
  error.stack =
    `TypeError: x is not\n    at plan (file:///somewhere/src/core/demand/plan.ts:12:5)\n    at file:///somewhere/main.ts:6:1`;
  const written = terminal.written(reportError(error, terminal.io));
  assertRefused(
    written,
    1,
    /internal error: TypeError: x is not a function \(at src\/core\/demand\/plan\.ts:12, main\.ts:6\)/,
  );
});

Deno.test("a reader that closes its pipe is not an error", async () => {
  const terminal = fakeTerminal();
  const { runCli } = await import("../../src/cli/cli.ts");
  const code = await runCli(["version"], {
    ...terminal.io,
    out: () => {
      throw new Deno.errors.BrokenPipe("gone");
    },
  });
  assertEquals([code, terminal.written(code).err], [0, ""]);
});

Deno.test("output to a full disk is reported as such, not as a bug", async () => {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'exec "$0" run -A --quiet --no-prompt "$1" version >/dev/full', Deno.execPath(), main],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const err = new TextDecoder().decode(stderr);
  assertEquals(code, exitCodes.usage, err);
  assertMatch(
    err,
    /^gocd-mesos: cannot write to standard output: No space left on device.*\n {2}to do: free some space/,
  );
});
