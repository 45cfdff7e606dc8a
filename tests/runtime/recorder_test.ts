// What a run records in its history, and failures of the history, which stop nothing.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Note } from "../../src/core/note.ts";
import type { State } from "../../src/core/state.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { openHistory } from "../../src/history/history.ts";
import { openRecorder, Recorder } from "../../src/runtime/recorder.ts";
import { aRegistered, stateOf } from "../core/instance_fixtures.ts";
import { building, drive, gocdAgent, jobs } from "../support/core.ts";
import { aNote, beginMs, hour, limits, minute, second } from "../history/samples.ts";

const always = { fromMs: 0, toMs: Infinity };

/** A run whose clock is moved by the test, and what it received. */
interface Run {
  readonly recorder: Recorder;
  readonly told: Note[];
  /** Lets so much time pass, with a look each second, or at its end where it is long. */
  pass(ms: number, state?: State): Promise<void>;
}

function runOf(open: (clock: { nowMs(): number; sleep(): Promise<void> }) => Recorder): Run {
  let atMs = beginMs;
  const recorder = open({ nowMs: () => atMs, sleep: () => Promise.resolve() });
  const told: Note[] = [];
  return {
    recorder,
    told,
    pass: async (ms, state = quiet) => {
      for (const endMs = atMs + ms; atMs < endMs;) {
        atMs += second;
        recorder.look({ state, view: () => statusView(state, atMs), tell: (note) => void told.push(note) });
        // Pictures are packed between two looks.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    },
  };
}

const quiet = stateOf([]);
const busy = stateOf([aRegistered("t-1", "building"), aRegistered("t-2", "idle")]);
const inMemory = (): Run => runOf((clock) => new Recorder(openHistory(undefined, limits), clock));

function configIn(folder: string, more = ""): Config {
  const text = `gocd-mesos { mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = a
    state.path = "${folder}/state.db"\n${more} }`;
  return loadConfig("framework.conf", {}, () => text);
}

function inFolder(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-recorder-" });
    try {
      await body(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

Deno.test("a state that lasted a second counts proportionally in its sample of 15 seconds", async () => {
  const { recorder, pass } = inMemory();
  await pass(2 * second);
  await pass(second, stateOf([aRegistered("t-1", "building"), aRegistered("t-2", "building")]));
  await pass(second, stateOf([aRegistered("t-1", "idle")]));
  await pass(15 * second);
  await pass(15 * second);
  const figures = recorder.reader.samples(always, second).map(({ building, idle }) => [building, idle]);
  assertEquals(figures, [[0.14, 0.07], [0, 0]]);
  recorder.close();
});

Deno.test("samples are kept every 15 seconds, and pictures at most every minute and rarely without changes", async () => {
  const { recorder, pass } = inMemory();
  await pass(5 * minute);
  const { reader } = recorder;
  assertEquals(reader.samples(always, second).map(({ atMs }) => (atMs - beginMs) / second).slice(0, 4), [
    0,
    15,
    30,
    45,
  ]);
  const first = reader.snapshotAt(Infinity)?.atMs ?? 0;
  assertEquals(first, beginMs + second);
  await pass(16 * second, busy);
  assertEquals(reader.snapshotAt(Infinity)?.view.instances.length, 2);
  const changed = reader.snapshotAt(Infinity)?.atMs ?? 0;
  recorder.told();
  await pass(2 * minute, busy);
  const next = reader.snapshotAt(Infinity)?.atMs ?? 0;
  assert(next - changed >= minute && next - changed < 2 * minute);
  await pass(16 * minute, busy);
  assertEquals((reader.snapshotAt(Infinity)?.atMs ?? 0) - next >= 15 * minute, true);
  recorder.close();
});

Deno.test("the agent of a job is known during and after its build before it is stored", async () => {
  const { recorder, pass } = inMemory();
  const world = drive({ poller: { attempts: 0 } });
  world.subscribe();
  const [waiting] = jobs(1);
  const builder = gocdAgent("static", { ...building, buildLocator: waiting?.locator ?? "" });
  const askedFor = (part: string): unknown =>
    recorder.reader.namedJobs(part, always, 9).map(({ agent, isBuilding }) => [agent, isBuilding]);
  world.poll({ jobs: jobs(1), agents: [] });
  await pass(second, world.state);
  assertEquals(askedFor("j0"), []);
  world.poll({ jobs: [], agents: [builder] });
  await pass(second, world.state);
  assertEquals([askedFor("J0"), askedFor("other")], [[["static", true]], []]);
  assertEquals(recorder.reader.namedJobs("j0", { fromMs: 0, toMs: 1 }, 9), []);
  world.poll({ jobs: [], agents: [] });
  await pass(second, world.state);
  assertEquals(askedFor("j0"), [["static", undefined]]);
  recorder.close();
});

Deno.test("a build that appears in only one list is recorded", () => {
  const { recorder } = inMemory();
  const world = drive({ poller: { attempts: 0 } });
  world.subscribe();
  const [waiting] = jobs(1);
  const builder = gocdAgent("static", { ...building, buildLocator: waiting?.locator ?? "" });
  const before = recorder.reader.jobsRevision?.() ?? 0;
  for (const list of [{ jobs: jobs(1), agents: [] }, { jobs: [], agents: [builder] }, { jobs: [], agents: [] }]) {
    world.poll(list);
    recorder.stepped(world.state);
  }
  assertEquals(recorder.reader.namedJobs("j0", always, 9).map(({ agent }) => agent), ["static"]);
  assert((recorder.reader.jobsRevision?.() ?? 0) > before);
  recorder.close();
});

/** The moments of all pictures, seconds after the beginning. */
function picturesOf({ recorder: { reader } }: Run): readonly number[] {
  const times: number[] = [];
  for (let at = reader.snapshotAt(Infinity)?.atMs; at !== undefined; at = reader.snapshotAt(at - 1)?.atMs) {
    times.unshift((at - beginMs) / second);
  }
  return times;
}

Deno.test("a picture is kept immediately after a decision, and at most every 15 seconds", async () => {
  const run = inMemory();
  await run.pass(30 * second, busy);
  for (const text of ["one", "two", "three"]) {
    run.recorder.told(aNote(beginMs, text));
    await run.pass(5 * second, busy);
  }
  await run.pass(45 * second, busy);
  assertEquals(picturesOf(run), [1, 31, 46]);
  run.recorder.close();
});

Deno.test("large pictures are kept less often", async () => {
  const run = inMemory();
  const many = stateOf(Array.from({ length: 8_000 }, (_, index) => aRegistered(`t-${index}`, "idle")));
  await run.pass(second, many);
  for (let round = 0; round < 6; round++) {
    run.recorder.told(aNote(beginMs, "again"));
    await run.pass(15 * second, many);
  }
  assertEquals(picturesOf(run), [1, 41, 81]);
  run.recorder.close();
});

Deno.test("the first picture is kept after the first successful poll or after a minute", async () => {
  const { lastPollMs, ...unpolled } = { lastPollMs: beginMs, ...quiet.server };
  const starting = { ...quiet, startedMs: beginMs, server: unpolled };
  const soon = inMemory();
  await soon.pass(10 * second, starting);
  await soon.pass(20 * second, { ...starting, server: { ...unpolled, lastPollMs } });
  const never = inMemory();
  await never.pass(80 * second, starting);
  assertEquals([picturesOf(soon), picturesOf(never)], [[11], [60]]);
  for (const { recorder } of [soon, never]) recorder.close();
});

Deno.test("waiting jobs are unknown between a failed and the next successful poll, and both changes are kept as pictures", async () => {
  const run = inMemory();
  const { recorder, pass } = run;
  const server = { ...quiet.server, lastPollMs: beginMs };
  const known = { ...quiet, server };
  const problem = { kind: "unreachable", code: "gocd-unreachable", message: "refused", hint: "start it" } as const;
  await pass(20 * second, known);
  await pass(70 * second, { ...known, server: { ...server, readFailure: { problem, sinceMs: 0, count: 1 } } });
  await pass(70 * second, { ...known, server: { ...server, lastPollMs: beginMs + 90 * second } });
  const jobs = recorder.reader.samples(always, second).map(({ needsAgent }) => needsAgent);
  assertEquals(jobs, [0, 0, ...Array.from({ length: 4 }, () => undefined), 0, 0, 0, 0]);
  assertEquals(picturesOf(run), [1, 61, 121]);
  recorder.close();
});

Deno.test("agent-hours, ended agents and notes are recorded", async () => {
  const { recorder, pass } = inMemory();
  recorder.told(aNote(beginMs, "first"));
  await pass(minute, busy);
  const { reader } = recorder;
  const [hours] = reader.hours(always);
  assertEquals([hours?.hourMs, hours?.profile], [beginMs, "default"]);
  assert((hours?.spentMs.busy ?? 0) >= 45 * second && hours?.spentMs.busy === hours?.spentMs.idle);
  await pass(20 * second, quiet);
  assertEquals(reader.ended(always, 9).map(({ taskId, end }) => [taskId, end]), [["t-1", "unseen"], ["t-2", "unseen"]]);
  assertEquals(reader.notes(always, { max: 9 }).map(({ text }) => text), ["first"]);
  recorder.close();
});

inFolder("a run continues the agents' lives of the previous run", async (folder) => {
  const path = `${folder}/history.db`;
  const started = (): Run => runOf((clock) => new Recorder(openHistory(path, limits), clock));
  const first = started();
  await first.pass(10 * second, busy);
  first.recorder.close();
  const next = started();
  await next.pass(minute, quiet);
  assertEquals(next.recorder.reader.ended(always, 9).map(({ spentMs }) => spentMs.idle + spentMs.busy), [
    9 * second,
    9 * second,
  ]);
  next.recorder.close();
});

inFolder("the history is stored next to the state by default, without a note", async (folder) => {
  const run = runOf((clock) => opened(openRecorder(configIn(folder), clock)));
  assertEquals(run.recorder.reader.place, { kind: "file", path: `${Deno.realPathSync(folder)}/state.db-history` });
  await run.pass(minute, busy);
  run.recorder.close();
  assertEquals([run.told, openRecorder(configIn(folder, "history.keep = 0"), neverClock)], [[], undefined]);
});

const neverClock = { nowMs: () => beginMs, sleep: () => Promise.resolve() };

function opened(recorder: Recorder | undefined): Recorder {
  if (recorder === undefined) throw new TypeError("there is a history to be");
  return recorder;
}

inFolder(
  "if the history file cannot be opened, a note reports it once and the history is kept in memory",
  async (folder) => {
    Deno.writeTextFileSync(`${folder}/state.db-history`, "nothing of ours".repeat(100));
    const { recorder, told, pass } = runOf((clock) => opened(openRecorder(configIn(folder), clock)));
    await pass(2 * minute, busy);
    assertEquals([told.map(({ kind }) => kind), recorder.reader.place], [["history-in-memory"], { kind: "memory" }]);
    assert(recorder.reader.samples(always, second).length > 5);
    recorder.close();
  },
);

Deno.test("with a state in ZooKeeper the history is kept in memory, and a note names history.path", async () => {
  const config: Config = { ...configIn("/x"), state: { kind: "zookeeper", servers: [], path: "/gocd-mesos" } };
  const { recorder, told, pass } = runOf((clock) => opened(openRecorder(config, clock)));
  await pass(second);
  assertEquals([told.length, told[0]?.kind], [1, "history-in-memory"]);
  assertStringIncludes(JSON.stringify(told), "history.path");
  recorder.close();
});

Deno.test("an error in the observed data is reported once, and not thrown", () => {
  const { recorder, told } = inMemory();
  const fail = (): never => {
    throw new TypeError("x is undefined");
  };
  for (let round = 0; round < 3; round++) {
    recorder.look({ state: quiet, view: fail, tell: (note) => void told.push(note) });
  }
  const broken = {
    ...quiet,
    get demand(): never {
      return fail();
    },
  };
  recorder.look({ state: broken as never, view: fail, tell: (note) => void told.push(note) });
  assertEquals(told.map(({ kind }) => kind), ["history-failed"]);
  assertStringIncludes(JSON.stringify(told), "x is undefined");
  recorder.close();
});

Deno.test("a failing history and its recovery are each reported once, and missed data is written afterwards", async () => {
  const history = openHistory(undefined, limits);
  let isFull = false;
  const { write } = history;
  const failing = Object.assign(history, {
    write: (batch: Parameters<typeof write>[0]): void => {
      if (isFull) history.limit({ ...limits, bytesMax: 1 });
      write(isFull ? { ...batch, snapshots: [{ atMs: 0, version: "", gzip: new Uint8Array(200_000) }] } : batch);
    },
  });
  const { recorder, told, pass } = runOf((clock) => new Recorder(failing, clock));
  await pass(minute, busy);
  isFull = true;
  recorder.told(aNote(beginMs, "kept later"));
  await pass(hour / 4, busy);
  assertEquals(told.map(({ kind }) => kind), ["history-failed"]);
  isFull = false;
  history.limit(limits);
  await pass(minute, busy);
  assertEquals(told.map(({ kind }) => kind), ["history-failed", "history-works"]);
  assertEquals(recorder.reader.notes(always, { max: 9 }).map(({ text }) => text), ["kept later"]);
  const meanwhile = { fromMs: beginMs + minute, toMs: beginMs + 16 * minute };
  assertEquals(recorder.reader.samples(meanwhile, minute).length, 15);
  const [hours] = recorder.reader.hours(always);
  assert((hours?.spentMs.busy ?? 0) > 16 * minute);
  recorder.close();
});
