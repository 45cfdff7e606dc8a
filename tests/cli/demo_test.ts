// `gocd-mesos demo` on virtual time, with its simulated servers.

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { demoCommand } from "../../src/cli/demo.ts";
import { type DemoOptions, runDemo } from "../../src/cli/demo/run.ts";
import type { CliIo } from "../../src/cli/io.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createPortProbe } from "../../src/mesos/port_probe.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { OperatorError } from "../../src/errors.ts";
import { type DemoCluster, startDemoCluster } from "../../src/sim/demo/cluster.ts";
import { virtualTime } from "../support/test_time.ts";
import { virtualNetwork } from "../support/virtual_network.ts";

/** A process that only writes down. */
interface TestIo extends CliIo {
  readonly lines: string[];
  readonly drawn: string[];
  readonly signals: Map<string, () => void>;
  readonly exits: number[];
}

function testIo(terminal?: { readonly columns: number; readonly rows: number }): TestIo {
  const lines: string[] = [];
  const drawn: string[] = [];
  const exits: number[] = [];
  const signals = new Map<string, () => void>();
  return {
    lines,
    drawn,
    signals,
    exits,
    out: (line) => void lines.push(line),
    draw: (text) => void drawn.push(text),
    err: (line) => void lines.push(line),
    isTerminal: terminal !== undefined,
    isErrTerminal: false,
    hasHungUp: () => false,
    size: () => terminal ?? { columns: 100, rows: 40 },
    env: {},
    readFile: (path) => {
      throw new Deno.errors.NotFound(path);
    },
    onSignal: (signal, handler) => {
      signals.set(signal, handler);
      return () => void signals.delete(signal);
    },
    exitNow: (code) => void exits.push(code),
    ask: () => undefined,
    askSecret: () => undefined,
    isInTerminal: false,
    writeFile: () => {},
    machine: realClock,
  };
}

/** Nothing may be left open: these are off by default since Deno 2.8. */
const strict = { sanitizeOps: true, sanitizeResources: true } as const;

const plain: DemoOptions = { gocdVersion: "26.1.0", seed: 1, mustDrain: true, isPlain: true, listen: "off" };

/** Runs a demo on virtual time; gives what the models counted before they were closed. */
async function demo(options: Partial<DemoOptions>, io: TestIo): Promise<{ code: number; models: Models }> {
  let cluster: DemoCluster | undefined;
  const time = virtualTime();
  const { clock, setTimer, deadline } = time;
  const { listen, fetch, begin } = virtualNetwork(time, 5);
  const portProbe = createPortProbe({ setTimer, nowMs: clock.nowMs, begin, isDirect: () => true });
  const code = await time.during(runDemo({ ...plain, ...options }, io, {
    clock: { ...clock, setTimer, deadline, fetch, portProbe },
    startCluster: (wanted) => cluster = startDemoCluster({ ...wanted, listen }),
  }));
  if (cluster === undefined) throw new Error("the demo started no cluster");
  return { code, models: cluster.models };
}

type Models = DemoCluster["models"];

function matched(lines: readonly string[], pattern: RegExp): RegExpExecArray {
  const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
  if (match === undefined) throw new Error(`no line like ${pattern} in:\n${lines.join("\n")}`);
  return match;
}

function count(lines: readonly string[], part: string): number {
  return lines.filter((line) => line.includes(part)).length;
}

for (const gocdVersion of ["26.1.0", "19.8.0", "15.2.0"]) {
  Deno.test(
    `the demo against GoCD ${gocdVersion} ends with all jobs built and all agents gone, and its counts equal those of the servers`,
    strict,
    async () => {
      const io = testIo();
      const { code, models: { gocd, mesos } } = await demo({ gocdVersion }, io);
      const text = io.lines.join("\n");
      assertEquals(code, 0, text);

      assertEquals(gocd.tally.buildsKilled, []);
      assertEquals(gocd.tally.deletedWithWork, []);
      assertEquals(gocd.jobs().map((job) => job.pipeline), ["desktop", "firmware"]);
      assertEquals(gocd.agents().map((each) => each.hostname).filter((name) => name.startsWith("gocd-")), []);
      assertEquals(mesos.view().mesosAgents.flatMap((each) => each.containers), []);
      assertEquals(mesos.counters.doubleLaunches, 0);
      // The only launches that failed are those of the image that is not there.
      const launched = Object.keys(mesos.counters.launches);
      const failed = launched.filter((taskId) => taskId.includes("-arm-"));

      const jobs = matched(io.lines, /^ {2}jobs +(\d+) of (\d+) built; (\d+) scheduled/);
      assertEquals(Number(jobs[1]), gocd.tally.buildsCompleted);
      assertEquals(Number(jobs[2]), gocd.tally.buildsCompleted);
      assertEquals(Number(jobs[3]), gocd.tally.buildsCompleted + gocd.jobs().length);
      const agents = matched(io.lines, /^ {2}agents +(\d+) launched, (\d+) ran, (\d+) stopped/);
      assertEquals(agents.slice(1, 4).map(Number), [
        launched.length,
        launched.length - failed.length,
        launched.length - failed.length,
      ]);
      assertEquals(Number(matched(io.lines, /^ {2}failed launches +(\d+)/)[1]), failed.length);
      assert(failed.length > 0);
      assertEquals(matched(io.lines, /^ {2}builds killed +(\d+)/)[1], "0");
      const pending = matched(io.lines, /^ {2}Pending +(\d+) of ours enabled/);
      // No agent of 15.2 can be put into an environment by the API, so there they bring the right key.
      const staging = launched.filter((taskId) => taskId.includes("-staging-")).length;
      assertEquals(Number(pending[1]), gocdVersion === "15.2.0" ? 0 : staging);
      assertEquals(gocd.tally.pendingRegistrations - gocd.tally.ghosts, Number(pending[1]) + 1, "and a stranger's");

      // The log shows the same events, one line per decision.
      assertEquals(count(io.lines, " agent-launched: "), launched.length);
      assertEquals(count(io.lines, " was built by "), gocd.tally.buildsCompleted);
      assertEquals(count(io.lines, " agent-stopped: "), launched.length - failed.length);
      assert(io.lines.length < 400, "no flood");
      const errors = io.lines.filter((line) => line.includes(" ERROR ") && !line.includes("pull access denied"));
      assertEquals(errors, [], "nothing is wrong but the image");
      assertStringIncludes(text, "no profile has resource windows");
      assertStringIncludes(text, "pull access denied");
      assertStringIncludes(io.lines[io.lines.length - 1] ?? "", "PASS: ");
      assert(text.includes("limit reached: profiles.linux.max-agents = 3"), text);
      assertEquals(text.includes("demo-password"), false);
    },
  );
}

Deno.test(
  "the demo prints the path of a configuration for other commands, and removes the file afterwards",
  strict,
  async () => {
    const io = testIo();
    const found: { path: string; state?: Config["state"]; mode: number | null }[] = [];
    const { out } = io;
    const watching: TestIo = {
      ...io,
      out: (line) => {
        const [, path] = /gocd-mesos status (\S+)$/.exec(line) ?? [];
        if (path !== undefined) {
          const { state } = loadConfig(path, {}, Deno.readTextFileSync);
          found.push({ path, state, mode: Deno.statSync(path).mode });
        }
        out(line);
      },
    };
    await demo({}, watching);
    const [{ path, state, mode } = { path: "", mode: null }, ...more] = found;
    assertEquals([more.length, (mode ?? 0) & 0o777], [0, 0o600]);
    assertEquals(state, { kind: "sqlite", path: path.replace("framework.conf", "gocd-mesos.db") });
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  },
);

Deno.test(
  "on a terminal of 80 columns the demo redraws a table that fits, and restores the terminal at the end",
  strict,
  async () => {
    const io = testIo({ columns: 80, rows: 30 });
    const { code } = await demo({ isPlain: false }, io);
    assertEquals(code, 0, io.lines.join("\n"));
    const [first = "", ...pictures] = io.drawn;
    assertEquals(first.startsWith("\x1b[?1049h"), true);
    assertEquals(pictures.pop()?.endsWith("\x1b[?1049l"), true);
    assert(pictures.length > 20);
    for (const picture of pictures) {
      // deno-lint-ignore no-control-regex
      const lines = picture.replaceAll(/\x1b\[[?0-9;]*[a-zA-Z]/g, "").split("\r\n");
      assert(lines.length <= 30, picture);
      for (const line of lines) assert([...line].length <= 79, line);
    }
    // Besides the frames, only the summary is written.
    assertStringIncludes(io.lines[0] ?? "", "summary after ");
    for (const line of io.lines) assert(line.length <= 80, line);
  },
);

Deno.test("on a dumb terminal the demo prints plain lines", strict, async () => {
  const io = { ...testIo({ columns: 80, rows: 30 }), env: { TERM: "dumb" } };
  assertEquals((await demo({ isPlain: false }, io)).code, 0, io.lines.join("\n"));
  assertEquals(io.drawn, []);
  assertEquals(io.lines.filter((line) => line.includes("\x1b")), []);
  assert(count(io.lines, " was built by ") > 0);
});

Deno.test(
  "after Ctrl-Z the demo restores the terminal, continues with log lines, and prints that a second Ctrl-Z suspends it",
  strict,
  async () => {
    const io = testIo({ columns: 80, rows: 30 });
    let drawnThen = 0;
    const suspending: TestIo = {
      ...io,
      draw: (text) => {
        io.draw(text);
        if (io.drawn.length === 5) {
          io.signals.get("SIGTSTP")?.();
          drawnThen = io.drawn.length;
        }
      },
    };
    assertEquals((await demo({ isPlain: false }, suspending)).code, 0, io.lines.join("\n"));
    assertEquals(io.drawn.length, drawnThen);
    assertEquals(io.drawn.at(-1)?.includes("\x1b[?1049l"), true);
    assert(io.lines[0]?.includes("Ctrl-Z again suspends"), io.lines[0]);
    assert(count(io.lines, " was built by ") > 0);
  },
);

Deno.test(
  "the demo prints the URL of its status page with a range of 15 minutes",
  strict,
  async () => {
    const io = testIo();
    await demo({ listen: "127.0.0.1:0" }, io);
    matched(io.lines, /status page on http:\/\/127\.0\.0\.1:\d+\/\?range=15min$/);
  },
);

Deno.test("Ctrl-C ends a demo without --exit with a summary and exit code 0", strict, async () => {
  const io = testIo();
  const out = io.out;
  const interrupting: TestIo = {
    ...io,
    out: (line) => {
      out(line);
      if (line.includes(" was built by ")) io.signals.get("SIGINT")?.();
    },
  };
  const { code, models } = await demo({ mustDrain: false }, interrupting);
  assertEquals(code, 0);
  assertStringIncludes(io.lines[io.lines.length - 1] ?? "", "next start");
  matched(io.lines, /^PASS so far: no build was killed; stopped by you with .* alive/);
  assertEquals(models.gocd.tally.buildsKilled, []);
  assertEquals(io.signals.size, 0);
});

Deno.test(
  "Ctrl-C before all agents are gone fails demo --exit, and a second Ctrl-C exits immediately",
  strict,
  async () => {
    const io = testIo();
    const out = io.out;
    const interrupting: TestIo = {
      ...io,
      out: (line) => {
        out(line);
        if (!line.includes(" agent-launched: ")) return;
        io.signals.get("SIGINT")?.();
        io.signals.get("SIGINT")?.();
      },
    };
    const { code } = await demo({}, interrupting);
    assertEquals(code, 1);
    assert(io.exits.length > 0);
    assertStringIncludes(io.lines.join("\n"), "FAIL: interrupted before all was drained");
  },
);

Deno.test("a demo without --exit schedules small waves of jobs after all agents are gone", strict, async () => {
  const io = testIo();
  const out = io.out;
  let later = 0;
  const interrupting: TestIo = {
    ...io,
    out: (line) => {
      out(line);
      if (line.includes(" small wave ") && ++later === 2) io.signals.get("SIGINT")?.();
    },
  };
  const { code } = await demo({ mustDrain: false }, interrupting);
  assertEquals(code, 0, io.lines.join("\n"));
  assertEquals(later, 2);
  assertEquals(count(io.lines, "everything is built and drained"), 2);
});

for (
  const [flags, part] of [
    [{ "gocd-version": "14.1.0" }, "--gocd-version 14.1.0 cannot be simulated"],
    [{ "gocd-version": "newest" }, "--gocd-version newest cannot be simulated"],
    [{ "seed": "-1" }, "--seed -1 is not a whole number"],
    [{ "listen": "nowhere:at:all" }, "http.listen"],
  ] as const
) {
  Deno.test(`demo refuses ${JSON.stringify(flags)} with a message and a hint`, strict, async () => {
    const io = testIo();
    const error = await assertRejects(() => demoCommand.run({ operands: [], flags }, io), OperatorError, part);
    assertEquals(error.kind, "usage");
    assert(error.hint !== "");
  });
}

Deno.test(
  "demo --print-config prints a valid configuration with the four profiles of the demo",
  strict,
  async () => {
    const { loadConfig } = await import("../../src/config/load.ts");
    const io = testIo();
    assertEquals(await demoCommand.run({ operands: [], flags: { "print-config": true } }, io), 0);
    const text = io.lines.join("\n");
    const config = loadConfig("/demo/framework.conf", {}, () => text);
    assertEquals(config.settings.profiles.map((profile) => profile.name), ["linux", "jvm", "staging", "arm"]);
    // True of any GoCD server on loopback.
    assertEquals(config.warnings.filter((warning) => !warning.startsWith("agents get the URL http://127.0.0.1")), []);
  },
);

for (
  const [rights, part] of [
    [["--allow-net=127.0.0.1:1"], "the demo needs 127.0.0.1, which this program was not allowed to reach"],
    [["--allow-net=127.0.0.1"], "the demo cannot make a temporary folder"],
  ] as const
) {
  Deno.test(`with only ${rights} the demo reports the missing permission and a hint`, strict, async () => {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--allow-read",
        "--allow-env",
        ...rights,
        main,
        "demo",
        "--exit",
      ],
    }).output();
    const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
    assert(code === 2 || code === 6, text);
    assertStringIncludes(text, part);
    assertStringIncludes(text, "to do: ");
    assertEquals(text.includes("    at "), false);
  });
}
