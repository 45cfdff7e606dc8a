// One of several instances that share a state in ZooKeeper: it is on standby until elected, leads until it loses the
// election, and is on standby again. Loaded only for state = "zk://…".

import type { Config } from "../config/config.ts";
import type { StateConfig } from "../config/state.ts";
import type { OperatorEvent } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import { allRuns } from "../core/session/operator.ts";
import { statusView } from "../core/view/status_view.ts";
import { initialState } from "../core/step.ts";
import type { HistoryReader } from "../core/view/history.ts";
import type { Picture } from "../core/view/picture.ts";
import type { LeadershipView } from "../core/view/view.ts";
import { freshState } from "../store/record_codec.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store_error.ts";
import { type Candidate, type Leadership, openCandidate } from "../store/zookeeper_election.ts";
import { openLeaderStore } from "../store/zookeeper_store.ts";
import { createFramework, type Framework, type FrameworkEnd, type Refusal } from "./framework.ts";
import { leasedGocd, leasedMesos } from "./leased_ports.ts";
import { Observations } from "./observations.ts";
import { instanceOptions, newLineage } from "./ports.ts";
import type { Program, ProgramPorts } from "./program.ts";

/** Pause before the next attempt to join the election. */
const retryMs = 1_000;

/** A configuration whose state is in ZooKeeper. */
export type ElectedConfig = Config & { readonly state: Extract<StateConfig, { readonly kind: "zookeeper" }> };

/** Creates an instance; it takes part in the election while it runs. */
export function createElected(config: ElectedConfig, ports: ProgramPorts): Program {
  return new Elected(config, ports);
}

/** Another term follows, or the program ends. */
type TermEnd = FrameworkEnd | { readonly kind: "stand-by" };

/** A class, because it has several terms. */
class Elected implements Program {
  readonly history?: HistoryReader;
  readonly #ports: ProgramPorts;
  readonly #state: ElectedConfig["state"];
  readonly #startedMs: number;
  /** Of all terms. */
  readonly #observations: Observations;
  /** For the first core. */
  #commands: readonly OperatorEvent[] = [];
  #config: Config;
  #framework: Framework | undefined;
  #leadership: LeadershipView;

  constructor(config: ElectedConfig, ports: ProgramPorts) {
    this.#config = config;
    this.#state = config.state;
    this.#ports = ports;
    this.#observations = new Observations(ports.recorder);
    if (ports.recorder !== undefined) this.history = ports.recorder.reader;
    this.#startedMs = ports.clock.nowMs();
    this.#leadership = { role: "standby", sinceMs: this.#startedMs };
  }

  picture(): Picture {
    const leadership = this.#leadership;
    const leading = this.#framework?.picture();
    if (leading !== undefined) return { ...leading, view: { ...leading.view, startedMs: this.#startedMs, leadership } };
    const nowMs = this.#ports.clock.nowMs();
    // A standby sends no requests to the servers: nothing is known about them, and nothing is wrong.
    const view = statusView(initialState(freshState(""), this.#config.settings, nowMs), nowMs);
    return this.#observations.picture({ ...view, startedMs: this.#startedMs, problems: [], leadership });
  }

  async command(event: OperatorEvent): Promise<Refusal | undefined> {
    if (this.#framework !== undefined) return await this.#framework.command(event);
    const { leader } = this.#leadership;
    return {
      code: "standby",
      message: `this instance is on standby; ${leader === undefined ? "no leader is known" : `${leader} leads`}`,
      hint: "run the command on the machine of the leader, or send it to its page (http.admin-token)",
    };
  }

  reload(config: Config): void {
    this.#config = config;
    this.#framework?.reload(config);
  }

  tell(note: Note): void {
    if (this.#framework !== undefined) return this.#framework.tell(note);
    const atMs = this.#ports.clock.nowMs();
    this.#observations.told(note, atMs);
    this.#ports.tell(note, atMs);
  }

  async run(signal: AbortSignal, commands: readonly OperatorEvent[] = []): Promise<FrameworkEnd> {
    this.#commands = commands;
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

  /** One term: standby, then leading. */
  async #term(signal: AbortSignal): Promise<TermEnd> {
    let candidate: Candidate | undefined;
    try {
      candidate = await openCandidate({ ...this.#state, ...instanceOptions(this.#config) }, signal);
      const leadership = await candidate.lead(signal, (leader) => this.#standBy(leader));
      return await this.#lead(leadership, candidate, signal);
    } catch (error) {
      if (signal.aborted) return { kind: "stopped" };
      if (!isPassing(error)) throw error;
      this.#endLeading();
      const { message, hint } = error;
      this.tell({ kind: "election-interrupted", message, hint, onceKey: message });
      return { kind: "stand-by" };
    } finally {
      this.#endLeading();
      // The next instance may lead as soon as this is done.
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
    }, this.#observations);
    if (config !== this.#config) framework.reload(this.#config);
    this.#framework = framework;
    this.#setLeadership({ role: "leader" });
    this.tell({ kind: "leading" });
    const commands = this.#commands;
    this.#commands = [];
    const end = await framework.run(AbortSignal.any([signal, leadership.lost]), commands);
    if (end.kind === "torn-down") await forgetTeardownIfAlone(leadership, store);
    // Mesos also reports a leader as superseded by another subscription of its own; then no other instance has our
    // framework.
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
    this.tell({ kind: "standing-by", leader });
  }

  #setLeadership(next: Omit<LeadershipView, "sinceMs">): void {
    this.#leadership = { ...next, sinceMs: this.#ports.clock.nowMs() };
  }

  #endLeading(): void {
    if (this.#framework === undefined) return;
    this.#framework = undefined;
    this.#setLeadership({ role: "standby" });
  }
}

/** Errors that another term may fix. */
function isPassing(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.code === "state-unreachable" || error.code === "state-lock-lost");
}

/** Whether ZooKeeper currently confirms that we lead. */
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
 * Standbys must not register a new framework in the same second. If there are none, the next start is up to the
 * operator, as for a state in a file.
 */
async function forgetTeardownIfAlone(leadership: Leadership, store: Store): Promise<void> {
  try {
    if (await leadership.isAlone()) await store.commit([{ kind: "controls", controls: allRuns }]);
  } catch (error) {
    // It stays as it is: the next leader waits for `resume`.
    if (!isPassing(error)) throw error;
  }
}
