// How far the story of a demo is: which wave comes when, whether all is built, whether all is drained. Not here: the jobs
// (sim/demo/scenario.ts), what is shown (display.ts). Asked a few times a second by run.ts.

import type { Event } from "../../core/event.ts";
import type { JobVerdict } from "../../core/demand/verdict.ts";
import type { StatusView } from "../../core/view/view.ts";
import type { DemoFacts } from "../../sim/demo/facts.ts";
import { demoLaterWave, type DemoWave, demoWaves } from "../../sim/demo/scenario.ts";
import type { DemoJob } from "../../sim/demo/scenario.ts";
import { seededRandom } from "../../sim/random.ts";
import type { DemoOutcome } from "./summary.ts";
import { plural, secondsText } from "./text.ts";

/** How a demo has ended. */
export type DemoEnd = DemoOutcome["end"];

/** What a director works with. */
export interface DirectorOptions {
  /** Where waves are scheduled. */
  readonly cluster: { schedule(jobs: readonly DemoJob[]): void };
  /** What is frozen before the end. */
  readonly framework: { post(event: Event): void };
  /** What is told of waves. */
  readonly display: { story(text: string, atMs: number): void };
  /** Of the length of each build. */
  readonly seed: number;
  /** End when all is drained. */
  readonly mustDrain: boolean;
  /** Where it must drain, it has failed after so long. */
  readonly limitMs: number;
  /** Ms since the epoch. */
  readonly startedMs: number;
}

/** One look at everything. */
export interface DemoLook {
  /** Ms since the epoch. */
  readonly atMs: number;
  /** What the servers have counted. */
  readonly facts: DemoFacts;
  /** What the scheduler knows. */
  readonly view: StatusView;
}

/** The director of one demo. */
export interface Director {
  /** Lets the story go on; says when it is over. */
  look(look: DemoLook): DemoEnd | undefined;
  /** What goes on, in a few words. */
  phase(atMs: number): string;
  /** The last verdicts of the scheduler before the end. */
  readonly verdicts: readonly JobVerdict[];
}

/** Between two small waves of a demo that stays. */
const laterWaveMs = 60_000;

/** Makes a director. */
export function createDirector(options: DirectorOptions): Director {
  const random = seededRandom(options.seed + 1);
  const waves = demoWaves(random);
  let connectedMs: number | undefined;
  let played = 0;
  let later = 0;
  let nextLaterMs = Infinity;
  let title = "";
  let isBuilt = false;
  let isDrained = false;
  let isFrozen = false;
  let verdicts: readonly JobVerdict[] = [];

  const release = (wave: Pick<DemoWave, "title" | "jobs">, name: string, atMs: number): void => {
    title = `${name}: ${wave.title}`;
    isDrained = false;
    options.cluster.schedule(wave.jobs);
    options.display.story(`${name}, ${plural(wave.jobs.length, "job")}: ${wave.title}`, atMs);
  };
  const goOn = (atMs: number): void => {
    const wave = waves[played];
    if (wave !== undefined && connectedMs !== undefined && atMs - connectedMs >= wave.afterMs) {
      played++;
      release(wave, `wave ${played} of ${waves.length}`, atMs);
      if (played === waves.length) nextLaterMs = atMs + laterWaveMs;
    }
    if (options.mustDrain || atMs < nextLaterMs) return;
    later++;
    nextLaterMs = atMs + laterWaveMs;
    release(demoLaterWave(later, random), `small wave ${later}`, atMs);
  };
  const wasDrained = (atMs: number): void => {
    if (isDrained) return;
    isDrained = true;
    options.display.story(
      `all is built and drained after ${secondsText(atMs - options.startedMs)}` +
        (options.mustDrain ? "" : "; small waves go on coming until Ctrl-C"),
      atMs,
    );
  };

  return {
    look: ({ atMs, facts, view }) => {
      if (view.mesos.session === "subscribed" && view.gocd.lastPollMs !== undefined) connectedMs ??= atMs;
      goOn(atMs);
      // Frozen launching would be all that the verdicts speak of.
      if (!isFrozen) verdicts = view.jobs;
      isBuilt = played === waves.length && isAllBuilt(facts);
      const isSettled = isBuilt && isAllGone(facts, view);
      if (isSettled) wasDrained(atMs);
      if (!options.mustDrain) return undefined;
      if (atMs - options.startedMs >= options.limitMs) return { kind: "timeout", limitMs: options.limitMs };
      if (!isSettled) return undefined;
      if (isFrozen && view.frozen) return { kind: "drained" };
      // The image that cannot be pulled is tried again now and then: no try may begin while we stop.
      isFrozen = true;
      options.framework.post({ kind: "launching-frozen" });
      return undefined;
    },
    phase: (atMs) => {
      if (connectedMs === undefined) return "connecting";
      if (played === 0) return "connected; the first jobs come soon";
      if (!isDrained) return isBuilt ? "all is built; idle agents are drained" : title;
      return options.mustDrain
        ? "all is built and drained"
        : `all is built and drained; the next small wave comes in ${
          secondsText(Math.max(0, Math.ceil((nextLaterMs - atMs) / 1000)) * 1000)
        }`;
    },
    get verdicts(): readonly JobVerdict[] {
      return verdicts;
    },
  };
}

function isAllBuilt(facts: DemoFacts): boolean {
  return facts.jobs.every((job) => job.fate !== "built" || job.builtMs !== undefined);
}

function isAllGone(facts: DemoFacts, view: StatusView): boolean {
  return facts.tasksLeft.length === 0 && facts.gocdAgentsLeft.length === 0 &&
    view.instances.every((instance) => instance.state === "gone");
}
