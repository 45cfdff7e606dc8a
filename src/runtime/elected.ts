// One of several instances that share a state in ZooKeeper: stands by until elected, leads until it no longer is, and
// stands by again. Loaded only for state = "zk://…".

import type { Config, StateConfig } from "../config/config.ts";
import type { Event, OperatorEvent } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import { allRuns } from "../core/session/operator.ts";
import { statusView } from "../core/view/status_view.ts";
import { initialState } from "../core/step.ts";
import type { LeadershipView, NoteView, StatusView } from "../core/view/view.ts";
import { freshState } from "../store/record_codec.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store_error.ts";
import { type Candidate, type Leadership, openCandidate } from "../store/zookeeper_election.ts";
import { openLeaderStore } from "../store/zookeeper_store.ts";
import type { QueueDepths } from "../web/metrics.ts";
import { CallCounts } from "./call_counts.ts";
import { createFramework, type Framework, type FrameworkEnd, tornDownNote } from "./framework.ts";
import { leasedGocd, leasedMesos } from "./leased_ports.ts";
import { electionOptions, newLineage } from "./ports.ts";
import type { Program, ProgramPorts } from "./program.ts";

/** Before the next try to take part in the election. */
const retryMs = 1_000;
/** Notes kept from earlier times of leading and standing by. */
const historyMax = 200;
/** Commands that wait for the first election at most. */
const commandsMax = 100;

/** A configuration whose state lies in ZooKeeper. */
export type ElectedConfig = Config & { readonly state: Extract<StateConfig, { readonly kind: "zookeeper" }> };

/** Makes an instance; it takes part in the election while it runs. */
export function createElected(config: ElectedConfig, ports: ProgramPorts): Program {
  return new Elected(config, ports);
}

/** Another term follows, or the program ends. */
type TermEnd = FrameworkEnd | { readonly kind: "stand-by" };

/** A class, because it goes through terms. */
class Elected implements Program {
  readonly #ports: ProgramPorts;
  readonly #state: ElectedConfig["state"];
  readonly #startedMs: number;
  readonly #noCalls = new CallCounts();
  /** Posted before there was a core. */
  readonly #commands: Event[] = [];
  #config: Config;
  #framework: Framework | undefined;
  #leadership: LeadershipView;
  #history: NoteView[] = [];
  readonly #counts = new Map<string, number>();

  constructor(config: ElectedConfig, ports: ProgramPorts) {
    this.#config = config;
    this.#state = config.state;
    this.#ports = ports;
    this.#startedMs = ports.clock.nowMs();
    this.#leadership = { role: "standby", sinceMs: this.#startedMs };
  }

  view(): StatusView {
    const leadership = this.#leadership;
    const engine = this.#framework?.engine;
    if (engine !== undefined) {
      const view = { ...engine.view(), startedMs: this.#startedMs, leadership };
      return engine.state.controls.tornDown === true ? tornDownView(view) : view;
    }
    const fresh = initialState(freshState(""), this.#config.settings, this.#startedMs);
    return { ...statusView(fresh, this.#ports.clock.nowMs()), leadership };
  }

  notes(): readonly NoteView[] {
    return [...this.#history, ...this.#framework?.engine.history ?? []].slice(-historyMax);
  }

  noteCounts(): ReadonlyMap<string, number> {
    const counts = new Map(this.#counts);
    addCounts(counts, this.#framework?.engine.noteCounts ?? new Map());
    return counts;
  }

  calls(): CallCounts {
    return this.#framework?.calls ?? this.#noCalls;
  }

  queues(): QueueDepths {
    return this.#framework?.queues() ?? { events: { now: 0, max: 0 }, calls: { now: 0, max: 0 } };
  }

  refusal(): ReturnType<Program["refusal"]> {
    if (this.#framework !== undefined) return undefined;
    const { leader } = this.#leadership;
    return {
      message: `this instance stands by; ${leader === undefined ? "no instance is known to lead" : `${leader} leads`}`,
      hint: "run the command on the machine of the instance that leads, or send it to its page (http.admin-token)",
    };
  }

  async command(event: OperatorEvent): ReturnType<Program["command"]> {
    return this.#framework === undefined ? this.refusal() : await this.#framework.ask(event);
  }

  reload(config: Config): void {
    this.#config = config;
    this.#framework?.reload(config);
  }

  post(event: Event): void {
    if (this.#framework !== undefined) this.#framework.post(event);
    else if (this.#commands.length < commandsMax) this.#commands.push(event);
  }

  tell(note: Note): void {
    if (this.#framework !== undefined) return this.#framework.tell(note);
    const atMs = this.#ports.clock.nowMs();
    addCounts(this.#counts, new Map([[note.code, 1]]));
    this.#history.push({ atMs, level: note.level, code: note.code, text: note.text });
    this.#ports.tell(note, atMs);
  }

  async run(signal: AbortSignal): Promise<FrameworkEnd> {
    while (!signal.aborted) {
      const end = await this.#term(signal);
      if (end.kind !== "stand-by") return end;
      await this.#ports.clock.sleep(retryMs, signal);
    }
    return { kind: "stopped" };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** One time of standing by and, after it, of leading. */
  async #term(signal: AbortSignal): Promise<TermEnd> {
    let candidate: Candidate | undefined;
    try {
      candidate = await openCandidate(electionOptions(this.#config, this.#state), signal);
      const leadership = await candidate.lead(signal, (leader) => this.#standBy(leader));
      return await this.#lead(leadership, candidate, signal);
    } catch (error) {
      if (signal.aborted) return { kind: "stopped" };
      if (!isPassing(error)) throw error;
      this.#endLeading();
      this.tell({
        level: "warning",
        code: "election-interrupted",
        text: `${error.message}; this instance stands by and takes part in the election again`,
        hint: error.hint,
        fields: {},
        onceKey: error.message,
      });
      return { kind: "stand-by" };
    } finally {
      this.#endLeading();
      // The next one is free to lead as soon as this is done.
      await candidate?.close();
    }
  }

  async #lead(leadership: Leadership, candidate: Candidate, signal: AbortSignal): Promise<TermEnd> {
    const config = this.#config;
    const { isHeld, heldForMs } = leadership;
    const lease = { isHeld, heldForMs, sleep: this.#ports.clock.sleep };
    const store = openLeaderStore(leadership, { newLineage, close: () => candidate.close() });
    const framework = await createFramework(config, {
      ...this.#ports,
      isShared: true,
      store,
      gocd: leasedGocd(this.#ports.gocd, lease),
      mesos: leasedMesos(this.#ports.mesos, lease),
    });
    if (config !== this.#config) framework.reload(this.#config);
    this.#framework = framework;
    this.#setLeadership({ role: "leader" });
    this.tell({ level: "info", code: "leading", text: "this instance leads", fields: {} });
    for (const command of this.#commands.splice(0)) framework.post(command);
    const end = await framework.run(AbortSignal.any([signal, leadership.lost]));
    if (end.kind === "torn-down") await forgetTeardownIfAlone(leadership, store);
    // Mesos tells a leader that has been followed by another of its own, too; then nobody else has our framework.
    const isOver = end.kind === "superseded" ? !await isConfirmed(leadership) : end.kind === "stopped";
    if (signal.aborted || !isOver) return end;
    leadership.lost.throwIfAborted();
    return { kind: "stand-by" };
  }

  #standBy(leader: string | undefined): void {
    const { role, leader: before } = this.#leadership;
    if (role === "standby" && leader === before) return;
    this.#setLeadership({ role: "standby", ...(leader === undefined ? {} : { leader }) });
    if (leader === undefined) return;
    this.tell({ level: "info", code: "standing-by", text: `standing by: ${leader} leads`, fields: { leader } });
  }

  #setLeadership(next: Omit<LeadershipView, "sinceMs">): void {
    this.#leadership = { ...next, sinceMs: this.#ports.clock.nowMs() };
  }

  /** What the core has told stays to be read. */
  #endLeading(): void {
    const framework = this.#framework;
    if (framework === undefined) return;
    this.#framework = undefined;
    this.#history = [...this.#history, ...framework.engine.history].slice(-historyMax);
    addCounts(this.#counts, framework.engine.noteCounts);
    this.#setLeadership({ role: "standby" });
  }
}

/** The picture of an instance that leads and waits for the operator. */
function tornDownView(view: StatusView): StatusView {
  const { text: message, hint = "" } = tornDownNote;
  const others = view.problems.filter(({ code }) => code !== "mesos-connecting");
  return { ...view, tornDown: true, problems: [{ code: tornDownNote.code, message, hint }, ...others] };
}

/** What another term may mend. */
function isPassing(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.code === "state-unreachable" || error.code === "state-lock-lost");
}

/** Whether ZooKeeper says now that we lead. */
async function isConfirmed(leadership: Leadership): Promise<boolean> {
  try {
    await leadership.transaction([]);
    return true;
  } catch (error) {
    if (isPassing(error)) return false;
    throw error;
  }
}

/**
 * Those that stand by must not register a new framework in the same second. Where there are none, the next start is an act
 * of the operator, as it is for a state in a file.
 */
async function forgetTeardownIfAlone(leadership: Leadership, store: Store): Promise<void> {
  try {
    if (await leadership.isAlone()) await store.commit([{ kind: "controls", controls: allRuns }]);
  } catch (error) {
    // It stays as it is: the next one that leads waits for `resume`.
    if (!isPassing(error)) throw error;
  }
}

function addCounts(counts: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [code, count] of more) counts.set(code, (counts.get(code) ?? 0) + count);
}
