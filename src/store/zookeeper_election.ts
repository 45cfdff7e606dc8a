// The election of a leader among several instances, and how long this one certainly leads.
//
//   PATH/election/candidate-ID-0000000007   ephemeral, one per instance; the lowest number leads
//   PATH/leader                             who leads; its version is the epoch, raised by each new leader
//
// Each write of a leader checks in its transaction that the epoch is its own and its candidate znode exists, so
// ZooKeeper itself refuses writes of a former leader.

import { type Confirmation, confirmEveryMs, heldForMs, inOrder, isSessionOver } from "./election_rules.ts";
import { serversText } from "../net/addresses.ts";
import { StoreError } from "./store_error.ts";
import { lockLost, openStateSession, type StateZookeeperOptions, type ZookeeperClock } from "./zookeeper_state.ts";
import type { OperationResult, TransactionEnd, ZookeeperOperation, ZookeeperSession } from "../zookeeper/session.ts";

/** Where the instances meet. */
export interface ElectionOptions extends StateZookeeperOptions {
  /** The name of this instance for the others. */
  readonly name: string;
  /** Never reused, `[a-z0-9]`. */
  readonly id: string;
}

/** An instance that takes part. */
export interface Candidate {
  /**
   * Waits until this instance leads. `onLeader` is called with the current leader. Throws {@linkcode StoreError}
   * `state-lock-lost` or `state-unreachable` when the session ends first, and the signal's reason when it is aborted.
   */
  lead(signal: AbortSignal, onLeader?: (name: string | undefined) => void): Promise<Leadership>;
  /** Becomes the leader immediately, or returns the name of the current one. */
  tryToLead(): Promise<Leadership | { readonly leader: string }>;
  /** Leaves the election; the next one can lead when this returns, if ZooKeeper responds. */
  close(): Promise<void>;
}

/** The time of one leader. */
export interface Leadership {
  /** Base of all znodes; empty for the root. */
  readonly base: string;
  /** For reading; after winning, a read returns everything that was ever stored. */
  readonly session: ZookeeperSession;
  /**
   * This instance is certain to lead at this moment: ZooKeeper confirmed it so recently that no other instance can lead
   * yet, regardless of the process and the network since then.
   */
  isHeld(): boolean;
  /** How long that will be true without another confirmation, by the clock alone, ms; 0 or less: it is over. */
  heldForMs(): number;
  /** Aborted when this instance no longer leads, with a {@linkcode StoreError}. */
  readonly lost: AbortSignal;
  /** Whether no other instance is on standby at this moment. Throws {@linkcode StoreError}. */
  isAlone(): Promise<boolean>;
  /**
   * A transaction that only a leader may perform. Throws {@linkcode StoreError} `state-lock-lost`, `state-unreachable`.
   */
  transaction(operations: readonly ZookeeperOperation[]): Promise<TransactionEnd>;
}

/** How often to retry if the leader znode was removed in between. */
const electionTriesMax = 100;

/** Joins the election. Throws {@linkcode StoreError} `state-unreachable` or `state-unwritable`. */
export async function openCandidate(options: ElectionOptions, signal: AbortSignal): Promise<Candidate> {
  const session = await openStateSession(options, signal);
  const base = options.path === "/" ? "" : options.path.replace(/\/+$/, "");
  const place: Place = { options, session, base, clock: options.clock };
  try {
    // If our own part exists, the path above is not checked, because we may have no access to it.
    const above = base === "" || await session.data(base) !== undefined ? [] : ancestors(base);
    const parts = ["election", "leader", "state", "journal"].map((name) => `${base}/${name}`);
    for (const path of [...above, ...parts]) await ensure(session, path);
    await join(place);
  } catch (error) {
    await session.close();
    throw error;
  }
  return {
    lead: (signal, onLeader) => lead(place, signal, onLeader ?? (() => {})),
    tryToLead: () => tryToLead(place),
    close: () => session.close(),
  };
}

interface Place {
  readonly options: ElectionOptions;
  readonly session: ZookeeperSession;
  readonly base: string;
  readonly clock: ZookeeperClock;
}

function ancestors(base: string): readonly string[] {
  const parts = base.split("/").slice(1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

async function ensure(session: ZookeeperSession, path: string): Promise<void> {
  if (await session.data(path) === undefined) await session.transaction([{ kind: "create", path, text: "" }]);
}

function candidatePrefix({ options }: Place): string {
  return `candidate-${options.id}-`;
}

async function join(place: Place): Promise<void> {
  const path = `${place.base}/election/${candidatePrefix(place)}`;
  const end = await place.session.transaction([
    { kind: "create", path, text: place.options.name, mode: "ephemeral-sequential" },
  ]);
  if (end.kind === "refused") throw lost(place, `${place.base}/election has been removed`);
}

/** Candidates in the order of their numbers, which end their names. */
async function candidates({ session, base }: Place, onChange?: () => void): Promise<readonly string[]> {
  return inOrder(await session.children(`${base}/election`, onChange) ?? []);
}

async function lead(
  place: Place,
  signal: AbortSignal,
  onLeader: (name: string | undefined) => void,
): Promise<Leadership> {
  const { session, clock } = place;
  let isChanged = Promise.withResolvers<void>();
  const onChange = (): void => isChanged.resolve();
  const waker = AbortSignal.any([signal, session.lost]);
  while (true) {
    signal.throwIfAborted();
    session.lost.throwIfAborted();
    isChanged = Promise.withResolvers<void>();
    const attempt = session.isConnected() ? await unlessUnreachable(() => tryToLead(place, onChange)) : undefined;
    if (attempt !== undefined && "lost" in attempt) return attempt;
    onLeader(attempt?.leader);
    // Periodically read again despite watches, to detect a silent server.
    const pause = new AbortController();
    const pauseMs = confirmEveryMs(session.timeoutMs());
    await Promise.race([isChanged.promise, clock.sleep(pauseMs, AbortSignal.any([waker, pause.signal]))]);
    pause.abort();
  }
}

/** The session stays alive while it searches for another server. */
async function unlessUnreachable<Result>(act: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StoreError && error.code === "state-unreachable") return undefined;
    throw error;
  }
}

async function tryToLead(place: Place, onChange?: () => void): Promise<Leadership | { readonly leader: string }> {
  const { session, base, options, clock } = place;
  for (let tries = 0; tries < electionTriesMax; tries++) {
    const names = await candidates(place, onChange);
    const own = names.find((name) => name.startsWith(candidatePrefix(place)));
    if (own === undefined) throw lost(place, "our candidate has been removed");
    const first = names[0];
    if (first !== own) {
      const leader = await session.data(`${base}/election/${first}`);
      if (leader === undefined) continue;
      return { leader: leader.text };
    }
    const before = await session.data(`${base}/leader`);
    if (before === undefined) throw lost(place, `${base}/leader has been removed`);
    const candidate = `${base}/election/${own}`;
    const askedMs = clock.elapsedMs();
    const end = await session.transaction([
      { kind: "check", path: candidate },
      { kind: "set", path: `${base}/leader`, text: options.name, version: before.version },
    ]);
    const epoch = end.kind === "done" ? epochOf(end.results) : undefined;
    if (epoch !== undefined) return leadershipOf(place, { candidate, epoch, askedMs });
  }
  throw lost(place, "the election does not end");
}

function epochOf(results: readonly OperationResult[]): number | undefined {
  return results[1]?.version;
}

interface Won {
  readonly candidate: string;
  readonly epoch: number;
  /** When ZooKeeper was asked for the confirmation that we lead; it held then or later. */
  readonly askedMs: number;
}

function leadershipOf(place: Place, won: Won): Leadership {
  const { session, base, clock } = place;
  const ended = new AbortController();
  let confirmedMs = won.askedMs;
  const end = (error: StoreError): void => {
    ended.abort(error);
    session.abandon(error);
  };
  session.lost.addEventListener("abort", () => ended.abort(session.lost.reason), { once: true });
  const transaction = async (operations: readonly ZookeeperOperation[]): Promise<TransactionEnd> => {
    ended.signal.throwIfAborted();
    const fence: readonly ZookeeperOperation[] = [
      { kind: "check", path: `${base}/leader`, version: won.epoch },
      { kind: "check", path: won.candidate },
    ];
    const askedMs = clock.elapsedMs();
    const answer = await session.transaction([...fence, ...operations]);
    if (answer.kind === "refused" && answer.at < fence.length) {
      end(lost(place, "another instance leads"));
      ended.signal.throwIfAborted();
    }
    confirmedMs = Math.max(confirmedMs, askedMs);
    if (answer.kind === "refused") return { ...answer, at: answer.at - fence.length };
    return { kind: "done", results: answer.results.slice(fence.length) };
  };
  const confirmation = (): Confirmation => ({ askedMs: confirmedMs, timeoutMs: session.timeoutMs() });
  const leftMs = (): number => ended.signal.aborted ? 0 : heldForMs(confirmation(), clock.elapsedMs());
  const leadership: Leadership = {
    base,
    session,
    isHeld: () => session.isConnected() && leftMs() > 0,
    heldForMs: leftMs,
    lost: ended.signal,
    isAlone: async () => (await candidates(place)).length <= 1,
    transaction,
  };
  void confirm(leadership, {
    clock,
    isOver: () => isSessionOver(confirmation(), clock.elapsedMs()),
    expire: () => end(lost(place, "not confirmed within the session's time")),
  });
  return leadership;
}

interface Confirming {
  readonly clock: ZookeeperClock;
  readonly isOver: () => boolean;
  readonly expire: () => void;
}

/**
 * Periodically lets ZooKeeper confirm the leader, with a transaction, not a read: a server that is cut off from its
 * majority still answers reads after the majority has expired the session.
 */
async function confirm({ session, lost, transaction }: Leadership, confirming: Confirming): Promise<void> {
  while (!lost.aborted) {
    await confirming.clock.sleep(confirmEveryMs(session.timeoutMs()), lost);
    if (lost.aborted) return;
    try {
      if (session.isConnected()) await transaction([]);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    if (confirming.isOver()) confirming.expire();
  }
}

function lost({ options, base }: Place, what: string): StoreError {
  return lockLost(`ZooKeeper ${serversText(options.servers)}${base}: ${what}`);
}
