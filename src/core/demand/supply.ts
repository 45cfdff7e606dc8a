// Matches capacity with buckets, oldest jobs first, as a bipartite flow between buckets and classes of equal agents:
// costs grow with buckets × classes, never with jobs.

/** One bucket's side of the matching. */
export interface DemandNode {
  /** Waiting jobs. */
  readonly count: number;
  /** Indices of the classes that can take them. */
  readonly classes: readonly number[];
}

/** One class of equal agents. */
export interface SupplyNode {
  readonly count: number;
  /** Idle agents are used before coming ones. */
  readonly kind: "idle" | "coming";
}

/** How many of each bucket's jobs find an agent. */
export interface Matching {
  /** By bucket: jobs that an idle agent will take. */
  readonly idle: readonly number[];
  /** By bucket: jobs that a coming agent will take. */
  readonly coming: readonly number[];
  /** By class: needed agents. */
  readonly used: readonly number[];
}

/**
 * Serves as many jobs as possible, first with idle agents, then with coming ones; an earlier bucket never loses an
 * agent to a later one. Buckets are passed with the oldest job first.
 */
export function matchSupply(demand: readonly DemandNode[], supply: readonly SupplyNode[]): Matching {
  const flow = demand.map(() => new Map<number, number>());
  const holders = supply.map(() => new Set<number>());
  const left = supply.map((node) => node.count);
  const unmet = demand.map((node) => node.count);
  for (const kinds of [["idle"], ["idle", "coming"]]) {
    const usable = supply.map((node) => kinds.includes(node.kind));
    demand.forEach((_, bucket) => {
      while ((unmet[bucket] ?? 0) > 0) {
        const pushed = augment({ demand, flow, holders, left, usable, bucket, limit: unmet[bucket] ?? 0 });
        if (pushed === 0) break;
        unmet[bucket] = (unmet[bucket] ?? 0) - pushed;
      }
    });
  }
  const sum = (edges: Map<number, number>, kind: SupplyNode["kind"]): number =>
    [...edges].reduce((total, [index, units]) => total + (supply[index]?.kind === kind ? units : 0), 0);
  return {
    idle: flow.map((edges) => sum(edges, "idle")),
    coming: flow.map((edges) => sum(edges, "coming")),
    used: supply.map((node, index) => node.count - (left[index] ?? 0)),
  };
}

interface Search {
  readonly demand: readonly DemandNode[];
  readonly flow: readonly Map<number, number>[];
  /** By class: buckets that may have flow to it. */
  readonly holders: readonly Set<number>[];
  readonly left: number[];
  /** Classes to search; those reached by a failed search never lead to capacity again. */
  readonly usable: boolean[];
  readonly bucket: number;
  readonly limit: number;
}

/**
 * Finds an augmenting path from a bucket to free capacity, through other buckets that can move, and pushes as much flow
 * as possible along it.
 */
function augment(search: Search): number {
  const { demand, flow, holders, left, usable, bucket, limit } = search;
  const viaBucket = new Map<number, number>();
  const viaClass = new Map<number, number>([[bucket, -1]]);
  const queue = [bucket];
  for (const at of queue) {
    for (const index of demand[at]?.classes ?? []) {
      if (usable[index] !== true || viaBucket.has(index)) continue;
      viaBucket.set(index, at);
      if ((left[index] ?? 0) > 0) return push(search, { viaBucket, viaClass, end: index, limit });
      for (const other of holders[index] ?? []) {
        if (viaClass.has(other) || (flow[other]?.get(index) ?? 0) === 0) continue;
        viaClass.set(other, index);
        queue.push(other);
      }
    }
  }
  for (const index of viaBucket.keys()) usable[index] = false;
  return 0;
}

function push(
  { flow, holders, left }: Search,
  path: {
    readonly viaBucket: ReadonlyMap<number, number>;
    readonly viaClass: ReadonlyMap<number, number>;
    readonly end: number;
    readonly limit: number;
  },
): number {
  const steps: { bucket: number; from: number; to: number }[] = [];
  let units = Math.min(path.limit, left[path.end] ?? 0);
  for (let index = path.end; index !== -1;) {
    const bucket = path.viaBucket.get(index) ?? -1;
    const from = path.viaClass.get(bucket) ?? -1;
    steps.push({ bucket, from, to: index });
    if (from !== -1) units = Math.min(units, flow[bucket]?.get(from) ?? 0);
    index = from;
  }
  for (const { bucket, from, to } of steps) {
    const edges = flow[bucket];
    if (edges === undefined) continue;
    edges.set(to, (edges.get(to) ?? 0) + units);
    holders[to]?.add(bucket);
    if (from !== -1) edges.set(from, (edges.get(from) ?? 0) - units);
  }
  left[path.end] = (left[path.end] ?? 0) - units;
  return units;
}
