// The world of a replay: jobs that arrive, and containers that start, register, build and end, in virtual time. It is
// the same for the core and for every policy. It is much simpler than sim/, and does not check its callers.

import { seededRandom } from "../sim/random.ts";
import { virtualTimers } from "../sim/timers.ts";
import type { AgentProfile } from "../core/settings.ts";
import { type JobClass, JobClasses, type Registration } from "./shapes.ts";
import type { Trace, TraceJob } from "./trace.ts";

/** The parameters shared by all compared policies. */
export interface Surroundings {
  /** Hosts of the cluster. */
  readonly hosts: number;
  /** The size of each: processors, and memory in MB. */
  readonly cpus: number;
  readonly memMb: number;
  /** From the launch of a container until its agent has registered: the mean, from which each differs by up to 10 %. */
  readonly bootMs: number;
  readonly seed: number;
}

/** A job in the world. */
export interface Job {
  readonly index: number;
  readonly atMs: number;
  readonly buildMs: number;
  readonly class: JobClass;
  /** When its agent started it. */
  beganMs: number | undefined;
}

/** A container with its agent. */
export interface Container {
  readonly id: string;
  readonly profile: AgentProfile;
  readonly registration: Registration;
  readonly host: number;
  /** Ends after one job. */
  readonly isSingleUse: boolean;
  phase: "booting" | "idle" | "building" | "ended";
  /** When it entered this phase. */
  sinceMs: number;
  /** If disabled, it gets no work. */
  isEnabled: boolean;
  /** The job that it builds, or is about to fetch. */
  job: Job | undefined;
  /** Number of changes so far, for callers that cache a view of it. */
  changes: number;
}

/** Agent time, ms. */
export interface AgentTime {
  booting: number;
  idle: number;
  building: number;
}

/** A running container, and when its agent next asks for work; undefined: it has no reason to. */
interface Live extends Container {
  readonly takes: ReadonlySet<number>;
  askMs: number | undefined;
  /** The time up to which its agent time is counted. */
  countedMs: number;
}

/** The part of `bootMs` from ACCEPT to a running container. */
const startMs = 3_000;
/**
 * How long the server takes to find work for an agent that asks; it is fetched with the next request (GoCD
 * WorkAssignments).
 */
const assignMs = 150;
/** An idle agent asks at growing intervals (GoCD 23.1 and later: 1 s, half as long again each time, at most 10 s). */
const askFirstMs = 1_000;
const askGrowth = 1.5;
const askMaxMs = 10_000;

/** A class, because it is the one place where the state of the world changes. */
export class World {
  readonly classes: JobClasses;
  readonly surroundings: Surroundings;
  readonly jobs: readonly Job[];
  readonly agentTime: AgentTime = { booting: 0, idle: 0, building: 0 };
  /** Number of launched containers. */
  launches = 0;
  /** Number of builds that were lost with their agent. */
  killedBuilds = 0;
  nowMs = 0;
  readonly #trace: Trace;
  readonly #timers = virtualTimers();
  readonly #random: () => number;
  /** Waiting jobs by class, oldest first. */
  readonly #waiting: Job[][];
  readonly #live = new Map<string, Live>();
  readonly #free: { cpusMilli: number; memMbMilli: number }[];
  #unbuilt = 0;
  #down = false;

  /** A world at the beginning of a trace, which these profiles serve. */
  constructor(trace: Trace, profiles: readonly AgentProfile[], surroundings: Surroundings) {
    this.#trace = trace;
    this.surroundings = surroundings;
    this.classes = new JobClasses(trace.jobs, profiles);
    this.#waiting = this.classes.all.map(() => []);
    this.#random = seededRandom(surroundings.seed);
    this.#free = Array.from({ length: surroundings.hosts }, () => ({
      cpusMilli: surroundings.cpus * 1_000,
      memMbMilli: surroundings.memMb * 1_000,
    }));
    this.jobs = trace.jobs.map((job, index) => this.#expect(job, index));
    for (const { atMs, forMs } of trace.outages) {
      this.plan(atMs, () => void (this.#down = true));
      this.plan(atMs + forMs, () => {
        this.#down = false;
        this.#dispatch();
      });
    }
  }

  /** When the trace began, ms since the epoch. */
  get epochMs(): number {
    return this.#trace.startMs;
  }

  /** Whether the GoCD server is down. */
  get isDown(): boolean {
    return this.#down;
  }

  /** The running containers. */
  get containers(): Iterable<Container> {
    return this.#live.values();
  }

  /** The running containers of a profile. */
  containersOf({ name }: Pick<AgentProfile, "name">): readonly Container[] {
    return [...this.#live.values()].filter(({ profile }) => profile.name === name);
  }

  /** The number of running containers. */
  get liveCount(): number {
    return this.#live.size;
  }

  /** Whether the trace is over, and every job that a profile serves is built. */
  get isDone(): boolean {
    return this.#unbuilt === 0 && this.nowMs >= this.#trace.lengthMs;
  }

  /** Waiting jobs of one class, oldest first. */
  waitingOf({ index }: JobClass): readonly Job[] {
    return this.#waiting[index] ?? [];
  }

  /** All waiting jobs, oldest first, as the feed lists them. */
  waiting(): readonly Job[] {
    const busy = this.#waiting.filter((jobs) => jobs.length > 0);
    if (busy.length === 1) return busy[0] ?? [];
    return busy.flat().sort((a, b) => a.index - b.index);
  }

  /** What is free on a host, in thousandths. */
  freeOn(host: number): { readonly cpusMilli: number; readonly memMbMilli: number } {
    return this.#free[host] ?? { cpusMilli: 0, memMbMilli: 0 };
  }

  /** A number in [0, 1). */
  random(): number {
    return this.#random();
  }

  /** Plans an action. */
  plan(atMs: number, act: () => void): void {
    this.#timers.plan(Math.max(atMs, this.nowMs), act);
  }

  /** Advances time to `untilMs`. */
  run(untilMs: number): void {
    for (let due = this.#timers.take(untilMs); due !== undefined; due = this.#timers.take(untilMs)) {
      this.nowMs = due.atMs;
      due.run();
    }
    this.nowMs = untilMs;
    for (const container of this.#live.values()) this.#count(container);
  }

  /** A host with room for an agent of a profile, if there is one. */
  hostFor({ mesosResources: { cpusMilli, memMbMilli } }: AgentProfile): number | undefined {
    const host = this.#free.findIndex((free) => free.cpusMilli >= cpusMilli && free.memMbMilli >= memMbMilli);
    return host < 0 ? undefined : host;
  }

  /** Launches a container on a host that has room for it; calls `started` once it runs. */
  launch(
    container: Pick<Container, "profile" | "registration" | "host"> & Partial<Pick<Container, "id" | "isSingleUse">>,
    started: () => void = () => {},
  ): Container {
    const { profile: { mesosResources }, registration } = container;
    this.launches++;
    this.#take(container.host, mesosResources, 1);
    const made: Live = {
      id: `agent-${this.launches}`,
      isSingleUse: false,
      ...container,
      takes: this.classes.takenBy(registration),
      phase: "booting",
      sinceMs: this.nowMs,
      isEnabled: true,
      job: undefined,
      changes: 0,
      askMs: undefined,
      countedMs: this.nowMs,
    };
    this.#live.set(made.id, made);
    const bootMs = Math.max(startMs, this.surroundings.bootMs * (0.9 + 0.2 * this.#random()));
    const isNever = this.#random() < this.#trace.neverRegister;
    this.plan(this.nowMs + startMs, () => made.phase === "ended" ? undefined : started());
    if (!isNever) this.plan(this.nowMs + Math.round(bootMs), () => this.#register(made));
    return made;
  }

  /** Ends a container immediately. Its build is lost, and the job waits again. */
  end(container: Container): void {
    const live = this.#live.get(container.id);
    if (live === undefined) return;
    const { job } = live;
    this.#enter(live, "ended");
    this.#live.delete(live.id);
    this.#take(live.host, live.profile.mesosResources, -1);
    if (job !== undefined) {
      this.killedBuilds++;
      live.job = undefined;
      job.beganMs = undefined;
      const queue = this.#waiting[job.class.index] ?? [];
      queue.push(job);
      queue.sort((a, b) => a.index - b.index);
    }
    this.#dispatch();
  }

  /** Enables or disables an agent. */
  enable(container: Container, isEnabled: boolean): void {
    const live = this.#live.get(container.id);
    if (live === undefined || live.isEnabled === isEnabled) return;
    live.isEnabled = isEnabled;
    live.changes++;
    live.askMs = undefined;
    this.#dispatch();
  }

  #expect({ atMs, buildMs, ...needs }: TraceJob, index: number): Job {
    const job: Job = { index, atMs, buildMs, class: this.classes.of({ atMs, buildMs, ...needs }), beganMs: undefined };
    if (job.class.profile !== undefined) this.#unbuilt++;
    this.plan(atMs, () => {
      this.#waiting[job.class.index]?.push(job);
      this.#findAgent(job.class);
    });
    return job;
  }

  #take(host: number, { cpusMilli, memMbMilli }: AgentProfile["mesosResources"], times: 1 | -1): void {
    const free = this.#free[host];
    if (free === undefined) throw new RangeError(`no host ${host}`);
    free.cpusMilli -= times * cpusMilli;
    free.memMbMilli -= times * memMbMilli;
  }

  #enter(container: Live, phase: Container["phase"]): void {
    this.#count(container);
    container.phase = phase;
    container.sinceMs = this.nowMs;
    container.changes++;
    container.askMs = undefined;
  }

  #count(container: Live): void {
    if (container.phase !== "ended") this.agentTime[container.phase] += this.nowMs - container.countedMs;
    container.countedMs = this.nowMs;
  }

  /** Runs an action now, or as soon as the server is back. */
  #whenUp(container: Live, act: () => void): void {
    if (container.phase === "ended") return;
    if (!this.#down) return act();
    this.plan(this.nowMs + 1_000 + Math.floor(4_000 * this.#random()), () => this.#whenUp(container, act));
  }

  #register(container: Live): void {
    this.#whenUp(container, () => {
      this.#enter(container, "idle");
      this.#planAsk(container);
    });
  }

  /** Plans its next request for work, if a job waits that it can take. */
  #planAsk(container: Live): void {
    const { phase, isEnabled, askMs, takes } = container;
    if (phase !== "idle" || !isEnabled || askMs !== undefined || this.#down) return;
    if (this.#oldestFor(takes) === undefined) return;
    const { atMs, thenMs } = nextAsk(container.sinceMs, this.nowMs);
    container.askMs = atMs;
    this.plan(atMs + assignMs, () => {
      if (container.askMs === atMs) this.#give(container, thenMs);
    });
  }

  #give(container: Live, fetchMs: number): void {
    container.askMs = undefined;
    const job = this.#down ? undefined : this.#oldestFor(container.takes);
    if (job === undefined) return;
    this.#waiting[job.class.index]?.shift();
    this.#enter(container, "building");
    container.job = job;
    this.plan(fetchMs, () => {
      if (container.job !== job) return;
      this.#whenUp(container, () => {
        job.beganMs = this.nowMs;
        this.plan(this.nowMs + job.buildMs, () => this.#finish(container, job));
      });
    });
  }

  #finish(container: Live, job: Job): void {
    if (container.job !== job) return;
    this.#whenUp(container, () => {
      container.job = undefined;
      if (job.class.profile !== undefined) this.#unbuilt--;
      if (container.isSingleUse) return this.end(container);
      this.#enter(container, "idle");
      this.#planAsk(container);
    });
  }

  #oldestFor(takes: ReadonlySet<number>): Job | undefined {
    let oldest: Job | undefined;
    for (const index of takes) {
      const first = this.#waiting[index]?.[0];
      if (first !== undefined && (oldest === undefined || first.index < oldest.index)) oldest = first;
    }
    return oldest;
  }

  /** The first agent to ask gets the job: of the idle agents without a planned request, the one that asks next. */
  #findAgent({ index }: JobClass): void {
    if (this.#down) return;
    let first: { readonly container: Live; readonly atMs: number } | undefined;
    for (const container of this.#live.values()) {
      const { phase, isEnabled, askMs, takes, sinceMs } = container;
      if (phase !== "idle" || !isEnabled || askMs !== undefined || !takes.has(index)) continue;
      const { atMs } = nextAsk(sinceMs, this.nowMs);
      if (first === undefined || atMs < first.atMs) first = { container, atMs };
    }
    if (first !== undefined) this.#planAsk(first.container);
  }

  #dispatch(): void {
    for (const container of this.#live.values()) this.#planAsk(container);
  }
}

/** When an agent that has been idle since `idleSinceMs` next asks after `nowMs`, and when after that. */
export function nextAsk(idleSinceMs: number, nowMs: number): { readonly atMs: number; readonly thenMs: number } {
  let delayMs = askFirstMs;
  let atMs = idleSinceMs + delayMs;
  while (atMs <= nowMs) {
    delayMs = longer(delayMs);
    const turns = delayMs === askMaxMs ? Math.max(1, Math.ceil((nowMs + 1 - atMs) / delayMs)) : 1;
    atMs += turns * delayMs;
  }
  return { atMs, thenMs: atMs + longer(delayMs) };
}

function longer(delayMs: number): number {
  return Math.min(askMaxMs, Math.round(delayMs * askGrowth));
}
