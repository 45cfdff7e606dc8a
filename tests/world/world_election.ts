// Instances that share a state in ZooKeeper, on virtual time, with the production rules (store/election_rules.ts),
// while connections, processes and clocks fail: two never act at the same time, and in the end one leads.

import { confirmEveryMs, heldForMs, inOrder, isSessionOver } from "../../src/store/election_rules.ts";
import { type VirtualTimers, virtualTimers } from "../../src/sim/timers.ts";
import { seededRandom } from "../../src/sim/random.ts";
import { type Dice, dice } from "./scenario_dice.ts";
import { createSimZookeeper, type SimZookeeper } from "./sim_zookeeper.ts";
import { demand, Violation } from "./violation.ts";

/** A planted bug; each must be caught. */
export type ElectionBug =
  /** Acts as long as it has not learned that another one leads. */
  | "act-without-lease"
  /** Uses the time of the response instead of that of the request. */
  | "lease-from-answer"
  /** Its clock stops while the process is stopped. */
  | "clock-stops"
  /** Writes without checking the epoch. */
  | "write-unfenced";

/** All bugs. */
export const electionBugs: readonly ElectionBug[] = [
  "act-without-lease",
  "lease-from-answer",
  "clock-stops",
  "write-unfenced",
];

/** The result of a run. */
export interface ElectionOutcome {
  readonly seed: number;
  /** The broken law and the details; absent: none. */
  readonly violation?: string;
  /** How often an instance became the leader. */
  readonly leads: number;
  /** Number of actions stored and performed by leaders. */
  readonly launches: number;
}

interface World {
  readonly rng: Dice;
  readonly agenda: VirtualTimers;
  readonly zookeeper: SimZookeeper;
  readonly timeoutMs: number;
  readonly bug: ElectionBug | undefined;
  readonly launched: Set<number>;
  nowMs: number;
  leads: number;
  /** Maximum latency of a message, ms. */
  networkDelayMsMax: number;
  /** Maximum age of a read, ms. */
  readAgeMs: number;
}

interface Instance {
  readonly name: string;
  /** Offset of its clock from true time. */
  readonly rate: number;
  /** True time; the instance is stopped until then. */
  stoppedUntilMs: number;
  /** True time for which it has been stopped so far. */
  stoppedMs: number;
  /** True time; messages to and from it are lost until then. */
  cutUntilMs: number;
  /** Incremented with each session: callbacks of an earlier one are ignored. */
  term: number;
  session: number;
  candidate: string;
  leading: { readonly epoch: number; askedMs: number; next: number } | undefined;
  /** Counts its attempts to become leader: the response to an earlier one is ignored. */
  tries: number;
}

/** A number that is being stored, until the response has arrived or is no longer awaited. */
interface Order {
  readonly number: number;
  isGivenUp: boolean;
}

const activeMs = 300_000;
const calmMs = 120_000;
const retryMs = 1_000;

/** Runs one seed. */
export function playElection(seed: number, bug?: ElectionBug): ElectionOutcome {
  const rng = dice(seededRandom(seed));
  const world: World = {
    rng,
    agenda: virtualTimers(),
    zookeeper: createSimZookeeper(),
    timeoutMs: rng.pick([4_000, 10_000, 30_000]),
    bug,
    launched: new Set(),
    nowMs: 0,
    leads: 0,
    networkDelayMsMax: rng.pick([5, 100, 1_000]),
    readAgeMs: 0,
  };
  const rest = (): Omit<ElectionOutcome, "violation"> => ({ seed, leads: world.leads, launches: world.launched.size });
  try {
    run(world);
    return rest();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { ...rest(), violation: `after ${(world.nowMs / 1_000).toFixed(1)} s: ${error.message}` };
  }
}

function run(world: World): void {
  const { rng, agenda } = world;
  const instances = Array.from({ length: rng.between(2, 3) }, (_, index): Instance => ({
    name: `i${index}`,
    rate: rng.pick([1, 1, 0.9 + rng.random() * 0.2]),
    stoppedUntilMs: 0,
    stoppedMs: 0,
    cutUntilMs: 0,
    term: 0,
    session: 0,
    candidate: "",
    leading: undefined,
    tries: 0,
  }));
  for (const instance of instances) begin(world, instance);
  for (let count = rng.between(1, 25); count > 0; count--) {
    agenda.plan(rng.between(0, activeMs), () => fault(world, rng.pick(instances)));
  }
  runUntil(world, activeMs + world.timeoutMs);
  world.networkDelayMsMax = 5;
  world.readAgeMs = 0;
  const before = world.launched.size;
  runUntil(world, activeMs + world.timeoutMs + calmMs);
  demand(world.launched.size > before, "liveness", () => "nobody leads although nothing is wrong any more");
}

function runUntil(world: World, endMs: number): void {
  while ((world.agenda.nextMs() ?? Infinity) <= endMs) {
    world.nowMs = Math.max(world.nowMs, world.agenda.nextMs() ?? 0);
    world.zookeeper.advance(world.nowMs);
    world.agenda.take(world.nowMs)?.run();
  }
  world.nowMs = endMs;
}

function fault(world: World, instance: Instance): void {
  const { rng, timeoutMs } = world;
  const forMs = rng.pick([rng.between(10, timeoutMs), rng.between(timeoutMs, 3 * timeoutMs)]);
  switch (rng.between(0, 4)) {
    case 0:
      instance.cutUntilMs = Math.max(instance.cutUntilMs, world.nowMs + forMs);
      return;
    case 1:
      // SIGSTOP, or a suspended machine.
      instance.stoppedMs += Math.max(0, world.nowMs + forMs - Math.max(world.nowMs, instance.stoppedUntilMs));
      instance.stoppedUntilMs = Math.max(instance.stoppedUntilMs, world.nowMs + forMs);
      return;
    case 2:
      // Killed: its next process is another candidate, in addition to the session of the dead one.
      instance.term++;
      instance.leading = undefined;
      return after(world, forMs, () => begin(world, instance));
    case 3:
      world.networkDelayMsMax = rng.pick([5, 1_000, timeoutMs / 2]);
      return after(world, forMs, () => world.networkDelayMsMax = 100);
    default:
      world.readAgeMs = rng.between(0, 2 * timeoutMs);
      return after(world, forMs, () => world.readAgeMs = 0);
  }
}

function after(world: World, delayMs: number, act: () => void): void {
  world.agenda.plan(world.nowMs + delayMs, act);
}

/** The clock of the instance. */
function elapsedMs({ nowMs, bug }: World, { rate, stoppedMs }: Instance): number {
  return (bug === "clock-stops" ? nowMs - stoppedMs : nowMs) * rate;
}

/** Runs after this long by the clock of the instance, once its process is running, unless its term is over. */
function later(world: World, instance: Instance, delayMs: number, act: () => void): void {
  const { term } = instance;
  const due = (): void => {
    if (instance.term !== term) return;
    if (world.nowMs < instance.stoppedUntilMs) return after(world, instance.stoppedUntilMs - world.nowMs, due);
    act();
  };
  after(world, delayMs / instance.rate, due);
}

/** Sends a request to ZooKeeper; either direction may be slow or lose the message. */
function ask<Answer>(
  world: World,
  instance: Instance,
  there: (isOpen: boolean) => Answer | undefined,
  back: (answer: Answer) => void,
): void {
  const isCut = (): boolean => world.nowMs < instance.cutUntilMs;
  const { session } = instance;
  if (isCut()) return;
  after(world, world.rng.between(1, world.networkDelayMsMax), () => {
    if (isCut()) return;
    // A late transaction is processed although its session has expired, unlike in a real server: the fence must reject
    // it.
    const answer = there(world.zookeeper.hear(session, world.nowMs));
    if (answer === undefined) return;
    later(world, instance, world.rng.between(1, world.networkDelayMsMax), () => {
      if (!isCut()) back(answer);
    });
  });
}

function begin(world: World, instance: Instance): void {
  instance.term++;
  instance.leading = undefined;
  if (world.nowMs < instance.cutUntilMs) return later(world, instance, retryMs, () => begin(world, instance));
  Object.assign(instance, world.zookeeper.join(instance.name, world.timeoutMs, world.nowMs));
  standBy(world, instance, elapsedMs(world, instance));
}

/** Periodically checks who leads; `heardMs`: the time of its last request that got a response. */
function standBy(world: World, instance: Instance, heardMs: number): void {
  const { zookeeper, timeoutMs } = world;
  let askedMs = heardMs;
  const look = (): void => {
    if (instance.leading !== undefined) return;
    const nowMs = elapsedMs(world, instance);
    if (isSessionOver({ askedMs, timeoutMs }, nowMs)) return begin(world, instance);
    ask(
      world,
      instance,
      (isOpen) => isOpen ? zookeeper.read(world.readAgeMs, world.nowMs) : undefined,
      ({ names, epoch }) => {
        askedMs = Math.max(askedMs, nowMs);
        const order = inOrder(names);
        if (instance.leading === undefined && order[0] === instance.candidate) tryToLead(world, instance, epoch);
      },
    );
    later(world, instance, confirmEveryMs(timeoutMs), look);
  };
  look();
}

function tryToLead(world: World, instance: Instance, epochBefore: number): void {
  const { zookeeper } = world;
  const { candidate } = instance;
  const askedMs = elapsedMs(world, instance);
  const tries = ++instance.tries;
  const there = (): { epoch: number; next: number } | undefined => {
    const epoch = zookeeper.lead(candidate, epochBefore);
    // After winning, a read returns everything that was ever stored.
    return epoch === undefined ? undefined : { epoch, next: Math.max(0, ...zookeeper.stored.keys()) + 1 };
  };
  ask(world, instance, there, (won) => {
    if (instance.tries !== tries) return;
    world.leads++;
    instance.leading = { ...won, askedMs: world.bug === "lease-from-answer" ? elapsedMs(world, instance) : askedMs };
    confirm(world, instance);
    work(world, instance);
  });
}

function confirm(world: World, instance: Instance): void {
  const { timeoutMs } = world;
  const { leading } = instance;
  if (leading === undefined) return;
  if (isSessionOver({ askedMs: leading.askedMs, timeoutMs }, elapsedMs(world, instance))) return begin(world, instance);
  transact(world, instance, undefined);
  later(world, instance, confirmEveryMs(timeoutMs), () => confirm(world, instance));
}

function transact(world: World, instance: Instance, order: Order | undefined): void {
  const { zookeeper, bug } = world;
  const { leading, candidate } = instance;
  if (leading === undefined) return;
  const askedMs = elapsedMs(world, instance);
  const there = (): boolean => {
    const { epoch } = leading;
    const isUnfenced = bug === "write-unfenced" && order !== undefined;
    if (isUnfenced) zookeeper.storeUnfenced(epoch, order.number);
    const isDone = isUnfenced || zookeeper.transact({ candidate, epoch }, order?.number);
    demand(
      !isDone || epoch === zookeeper.epoch,
      "fence",
      () => `a write of epoch ${epoch} is taken in ${zookeeper.epoch}`,
    );
    return isDone;
  };
  ask(world, instance, there, (isDone) => {
    if (instance.leading !== leading) return;
    if (!isDone) return begin(world, instance);
    leading.askedMs = Math.max(leading.askedMs, bug === "lease-from-answer" ? elapsedMs(world, instance) : askedMs);
    if (order === undefined || order.isGivenUp) return;
    order.isGivenUp = true;
    leading.next = order.number + 1;
    launch(world, instance, order.number);
    later(world, instance, world.rng.between(20, 800), () => work(world, instance));
  });
}

/** Stores one number after another, each before it is launched. A number whose result is unknown is stored again. */
function work(world: World, instance: Instance): void {
  const { leading } = instance;
  if (leading === undefined) return;
  const order: Order = { number: leading.next, isGivenUp: false };
  if (mayAct(world, instance)) transact(world, instance, order);
  later(world, instance, world.timeoutMs / 2, () => {
    if (order.isGivenUp) return;
    order.isGivenUp = true;
    work(world, instance);
  });
}

function mayAct(world: World, instance: Instance): boolean {
  const { timeoutMs, bug } = world;
  const askedMs = instance.leading?.askedMs ?? -Infinity;
  return bug === "act-without-lease" || heldForMs({ askedMs, timeoutMs }, elapsedMs(world, instance)) > 0;
}

function launch(world: World, instance: Instance, number: number): void {
  const { zookeeper, launched } = world;
  if (!mayAct(world, instance)) return;
  demand(
    instance.leading?.epoch === zookeeper.epoch,
    "two-leaders",
    () => `${instance.name} of epoch ${instance.leading?.epoch} acts in epoch ${zookeeper.epoch}`,
  );
  demand(!launched.has(number), "launched-once", () => `${number} is launched a second time, by ${instance.name}`);
  demand(
    zookeeper.stored.get(number) === instance.leading?.epoch,
    "save-before-act",
    () => `${number} is launched, but stored by another leader or not at all`,
  );
  launched.add(number);
}
