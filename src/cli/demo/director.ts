// The progress of the demo: which wave is next, whether everything is built, whether everything is drained.

import type { JobView, StatusView } from "../../core/view/view.ts";
import { counted } from "../../core/words/phrases.ts";
import type { Framework } from "../../runtime/framework.ts";
import type { DemoFacts } from "../../sim/demo/facts.ts";
import { demoLaterWave, type DemoWave, demoWaves } from "../../sim/demo/scenario.ts";
import type { DemoJob } from "../../sim/demo/scenario.ts";
import { seededRandom } from "../../sim/random.ts";
import type { DemoOutcome } from "./summary.ts";
import { secondsText } from "../text.ts";

/** How a demo has ended. */
export type DemoEnd = DemoOutcome["end"];

/** What a director works with. */
interface DirectorOptions {
  /** Where waves are scheduled. */
  readonly cluster: { schedule(jobs: readonly DemoJob[]): void };
  /** What is frozen before the end. */
  readonly framework: Pick<Framework, "command">;
  /** Called at each wave. */
  readonly display: { story(text: string, atMs: number): void };
  /** For the duration of each build. */
  readonly seed: number;
  /** End once everything is drained. */
  readonly mustDrain: boolean;
  /** If it must drain, it fails after this long. */
  readonly limitMs: number;
  /** Ms since the epoch. */
  readonly startedMs: number;
}

/** An observation of everything. */
export interface DemoLook {
  /** Ms since the epoch. */
  readonly atMs: number;
  /** What the servers have counted. */
  readonly facts: DemoFacts;
  /** The status view of the scheduler. */
  readonly view: StatusView;
}

/** Between two small waves of a demo that keeps running. */
const laterWaveMs = 60_000;

/** The director of one demo. */
export class Director {
  readonly #options: DirectorOptions;
  readonly #random: () => number;
  readonly #waves: readonly DemoWave[];
  #connectedMs: number | undefined;
  #played = 0;
  #later = 0;
  #nextLaterMs = Infinity;
  #title = "";
  #isBuilt = false;
  #isDrained = false;
  #isFrozen = false;
  #verdicts: readonly JobView[] = [];

  /** One that has not started. */
  constructor(options: DirectorOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed + 1);
    this.#waves = demoWaves(this.#random);
  }

  /** The last verdicts of the scheduler before the end. */
  get verdicts(): readonly JobView[] {
    return this.#verdicts;
  }

  /** Advances the demo, and reports when it is over. */
  look({ atMs, facts, view }: DemoLook): DemoEnd | undefined {
    const { mustDrain, startedMs, limitMs, framework } = this.#options;
    if (view.mesos.session === "subscribed" && view.gocd.lastPollMs !== undefined) this.#connectedMs ??= atMs;
    this.#goOn(atMs);
    // Otherwise every verdict would only mention the freeze.
    if (!this.#isFrozen) this.#verdicts = view.jobs;
    this.#isBuilt = this.#played === this.#waves.length && isAllBuilt(facts);
    const isSettled = this.#isBuilt && isAllGone(facts, view);
    if (isSettled) this.#wasDrained(atMs);
    if (!mustDrain) return undefined;
    if (atMs - startedMs >= limitMs) return { kind: "timeout", limitMs };
    if (!isSettled) return undefined;
    if (this.#isFrozen && view.frozen) return { kind: "drained" };
    // The image that cannot be pulled is retried from time to time; no attempt may start while the demo stops.
    this.#isFrozen = true;
    void framework.command({ kind: "launching-frozen" });
    return undefined;
  }

  /** The current phase, in a few words. */
  phase(atMs: number): string {
    if (this.#connectedMs === undefined) return "connecting";
    if (this.#played === 0) return "connected; the first jobs are coming soon";
    if (!this.#isDrained) return this.#isBuilt ? "everything is built; idle agents are being drained" : this.#title;
    if (this.#options.mustDrain) return "everything is built and drained";
    const inMs = Math.max(0, Math.ceil((this.#nextLaterMs - atMs) / 1000)) * 1000;
    return `everything is built and drained; the next small wave comes in ${secondsText(inMs)}`;
  }

  #goOn(atMs: number): void {
    const wave = this.#waves[this.#played];
    if (wave !== undefined && this.#connectedMs !== undefined && atMs - this.#connectedMs >= wave.afterMs) {
      this.#played++;
      this.#release(wave, `wave ${this.#played} of ${this.#waves.length}`, atMs);
      if (this.#played === this.#waves.length) this.#nextLaterMs = atMs + laterWaveMs;
    }
    if (this.#options.mustDrain || atMs < this.#nextLaterMs) return;
    this.#later++;
    this.#nextLaterMs = atMs + laterWaveMs;
    this.#release(demoLaterWave(this.#later, this.#random), `small wave ${this.#later}`, atMs);
  }

  #release(wave: Pick<DemoWave, "title" | "jobs">, name: string, atMs: number): void {
    const { cluster, display } = this.#options;
    this.#title = `${name}: ${wave.title}`;
    this.#isDrained = false;
    cluster.schedule(wave.jobs);
    display.story(`${name}, ${counted(wave.jobs.length, "job")}: ${wave.title}`, atMs);
  }

  #wasDrained(atMs: number): void {
    const { display, startedMs, mustDrain } = this.#options;
    if (this.#isDrained) return;
    this.#isDrained = true;
    const more = mustDrain ? "" : "; small waves keep coming until Ctrl-C";
    display.story(`everything is built and drained after ${secondsText(atMs - startedMs)}${more}`, atMs);
  }
}

function isAllBuilt(facts: DemoFacts): boolean {
  return facts.jobs.every((job) => job.fate !== "built" || job.builtMs !== undefined);
}

function isAllGone(facts: DemoFacts, view: StatusView): boolean {
  return facts.tasksLeft.length === 0 && facts.gocdAgentsLeft.length === 0 &&
    view.instances.every((instance) => instance.state === "gone");
}
