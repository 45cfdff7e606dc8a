// Matches capacity with buckets, oldest jobs first, as a bipartite flow between buckets and classes of equal agents:
// costs grow with buckets × classes, never with jobs.

/** One class of equal agents. */
export interface SupplyNode {
  readonly count: number;
  /** Idle agents are used before coming ones. */
  readonly kind: "idle" | "coming";
}

/** One bucket's side of the matching. */
export interface DemandNode {
  /** Waiting jobs. */
  readonly count: number;
  /** The classes that can take them. */
  readonly classes: readonly SupplyNode[];
}

/** How many of a bucket's jobs find an agent. */
export interface Served<Demand> {
  readonly demand: Demand;
  /** Jobs that an idle agent will take. */
  readonly idle: number;
  /** Jobs that a coming agent will take. */
  readonly coming: number;
}

/** How many jobs find an agent. */
export interface Matching<Demand> {
  /** By bucket. */
  readonly served: readonly Served<Demand>[];
  /** By class: needed agents. */
  readonly used: readonly number[];
}

/**
 * Serves as many jobs as possible, first with idle agents, then with coming ones; an earlier bucket never loses an
 * agent to a later one. Buckets are passed with the oldest job first.
 */
export function matchSupply<Demand extends DemandNode>(
  demand: readonly Demand[],
  supply: readonly SupplyNode[],
): Matching<Demand> {
  const known = new Map<SupplyNode, AgentClass>();
  const classOf = (node: SupplyNode): AgentClass => {
    const found = known.get(node) ?? newClass(node);
    known.set(node, found);
    return found;
  };
  const classes = supply.map(classOf);
  const buckets = demand.map((each) => ({
    demand: each,
    classes: each.classes.map(classOf),
    unmet: each.count,
    idle: 0,
    coming: 0,
  }));
  for (const kinds of [["idle"], ["idle", "coming"]]) {
    for (const each of classes) each.isUsable = kinds.includes(each.kind);
    for (const bucket of buckets) {
      while (bucket.unmet > 0) {
        const pushed = augment(bucket);
        if (pushed === 0) break;
        bucket.unmet -= pushed;
      }
    }
  }
  for (const { kind, holders } of classes) holders.forEach((units, bucket) => bucket[kind] += units);
  return { served: buckets, used: classes.map(({ count, left }) => count - left) };
}

interface BucketFlow {
  readonly classes: readonly AgentClass[];
  unmet: number;
  idle: number;
  coming: number;
}

interface AgentClass extends SupplyNode {
  left: number;
  /** Whether it is searched; one that was reached by a failed search never leads to capacity again. */
  isUsable: boolean;
  /** The flow to it. */
  readonly holders: Map<BucketFlow, number>;
}

function newClass({ count, kind }: SupplyNode): AgentClass {
  return { count, kind, left: count, isUsable: false, holders: new Map() };
}

/** A bucket that a search has reached. */
interface Reached {
  readonly bucket: BucketFlow;
  /** How, unless the search started there: it holds units of a class that the bucket before it can use. */
  readonly via?: { readonly before: Reached; readonly held: AgentClass; readonly units: number };
}

/**
 * Finds an augmenting path from a bucket to free capacity, through other buckets that can move, and pushes as much flow
 * as possible along it.
 */
function augment(bucket: BucketFlow): number {
  const buckets = new Set([bucket]);
  const classes = new Set<AgentClass>();
  const queue: Reached[] = [{ bucket }];
  for (const before of queue) {
    for (const held of before.bucket.classes) {
      if (!held.isUsable || classes.has(held)) continue;
      classes.add(held);
      if (held.left > 0) return push(before, held, bucket.unmet);
      for (const [other, units] of held.holders) {
        if (units === 0 || buckets.has(other)) continue;
        buckets.add(other);
        queue.push({ bucket: other, via: { before, held, units } });
      }
    }
  }
  for (const each of classes) each.isUsable = false;
  return 0;
}

/** From the last bucket of a path to a class that has units left. */
function push(last: Reached, end: AgentClass, limit: number): number {
  let units = Math.min(limit, end.left);
  for (let { via } = last; via !== undefined; { via } = via.before) units = Math.min(units, via.units);
  end.left -= units;
  let to = end;
  let { bucket, via } = last;
  for (; via !== undefined; { bucket, via } = via.before) {
    take(to, bucket, units);
    to = via.held;
    take(to, bucket, -units);
  }
  take(to, bucket, units);
  return units;
}

function take({ holders }: AgentClass, bucket: BucketFlow, units: number): void {
  holders.set(bucket, (holders.get(bucket) ?? 0) + units);
}
