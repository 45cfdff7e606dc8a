// Webhook messages across a restart of the program: nothing is sent twice, ends are reported, and undelivered messages
// are delivered.

import { assertEquals } from "@std/assert";
import type { Finding } from "../../src/core/event.ts";
import type { Note } from "../../src/core/note.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { type Notifier, startNotifier } from "../../src/runtime/notifier.ts";
import { openToldFile, type ToldFile, toldPaths } from "../../src/runtime/told_file.ts";
import { loadKeys } from "../config/support.ts";
import { drive, minute } from "../support/core.ts";
import { virtualTime } from "../support/test_time.ts";

const config = loadKeys('notify.webhooks.a.url = "http://h/a"');
const failing: Finding = { code: "profile-failing", message: "fails", hint: "look", profile: "linux" };

interface Runs {
  readonly told: string[];
  readonly notes: Note[];
  /** What the picture shows, and what the receiver answers, from now on. */
  shown: readonly Finding[];
  status: number;
  start(): Notifier;
  pass(ms: number): Promise<void>;
  stop(notifier: Notifier): Promise<void>;
}

/** The runs of one program, one after another, with one memory. */
function runsWith(memory: ToldFile): Runs {
  const time = virtualTime();
  const base = statusView(drive().state, time.clock.nowMs());
  const runs: Runs = {
    told: [],
    notes: [],
    shown: [],
    status: 200,
    start: () =>
      startNotifier(config, {
        machine: {
          ...time.clock,
          fetch: (_url, init) => {
            const { state, key } = JSON.parse(String(init?.body));
            if (runs.status === 200) runs.told.push(`${state} ${key}`);
            return Promise.resolve(new Response(null, { status: runs.status }));
          },
          deadline: time.deadline,
        },
        random: () => 0.5,
        view: () => ({ ...base, problems: runs.shown, atMs: time.clock.nowMs() }),
        tell: (note) => void runs.notes.push(note),
        memory: () => memory,
      }),
    pass: time.pass,
    stop: (notifier) => time.during(notifier.close()),
  };
  return runs;
}

function inMemory(): ToldFile {
  let kept: string | undefined;
  return { load: () => kept, save: (text) => void (kept = text) };
}

Deno.test("a problem that lasts across a restart is reported once, and its end by the next run", async () => {
  const runs = runsWith(inMemory());
  const first = runs.start();
  runs.shown = [failing];
  await runs.pass(5 * minute);
  await runs.stop(first);
  const second = runs.start();
  await runs.pass(5 * minute);
  assertEquals(runs.told, ["began breaker/linux"]);
  runs.shown = [];
  await runs.pass(10 * minute);
  assertEquals(runs.told, ["began breaker/linux", "ended breaker/linux"]);
  await runs.stop(second);
});

Deno.test("the end of a problem that ended while the program was down is reported by the next run", async () => {
  const runs = runsWith(inMemory());
  const first = runs.start();
  runs.shown = [failing];
  await runs.pass(5 * minute);
  await runs.stop(first);
  runs.shown = [];
  const second = runs.start();
  await runs.pass(10 * minute);
  assertEquals(runs.told, ["began breaker/linux", "ended breaker/linux"]);
  await runs.stop(second);
});

Deno.test("a message not delivered before the end of the program is delivered once by the next run", async () => {
  const runs = runsWith(inMemory());
  runs.status = 503;
  const first = runs.start();
  runs.shown = [failing];
  await runs.pass(5 * minute);
  await runs.stop(first);
  runs.status = 200;
  const second = runs.start();
  await runs.pass(10 * minute);
  assertEquals(runs.told, ["began breaker/linux"]);
  await runs.stop(second);
});

Deno.test("an error of the file is reported once, and messages are still sent", async () => {
  const runs = runsWith({ load: () => undefined, save: () => "the disk is full" });
  const notifier = runs.start();
  runs.shown = [failing];
  await runs.pass(5 * minute);
  assertEquals(runs.told, ["began breaker/linux"]);
  assertEquals(runs.notes.map(({ kind, onceKey }) => [kind, onceKey])[0], ["told-not-kept", "the disk is full"]);
  await runs.stop(notifier);
});

Deno.test("the file is next to the state with mode 600, and absent without webhooks or with zk://", () => {
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-told-" });
  try {
    const paths = toldPaths(loadKeys(`state.path = "${folder}/s.db", notify.webhooks.a.url = "http://h/a"`));
    assertEquals(paths?.[0], `${folder}/s.db-told`);
    const file = openToldFile(paths ?? ["", ""]);
    assertEquals([file.load(), file.save("one"), file.save("two"), file.load()], [
      undefined,
      undefined,
      undefined,
      "two",
    ]);
    assertEquals((Deno.statSync(`${folder}/s.db-told`).mode ?? 0) & 0o777, 0o600);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["s.db-told"]);
    assertEquals(typeof openToldFile([`${folder}/no/a`, `${folder}/no/b`]).save("x"), "string");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  assertEquals(toldPaths(loadKeys(`state.path = "s.db"`)), undefined);
  assertEquals(toldPaths(loadKeys('state.path = "zk://h:2181/x", notify.webhooks.a.url = "http://h/a"')), undefined);
});
