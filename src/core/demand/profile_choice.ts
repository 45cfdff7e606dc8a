// Selects the profile that serves a bucket: one for its pipeline group before those for all, then the one with the
// fewest additional resources, then the one with the highest priority, then the first. Uses an index of names, so that
// thousands of profiles cost little.

import type { ResourceCase } from "../gocd_records.ts";
import type { AgentProfile } from "../settings.ts";
import { foldEnvironment, foldResource, type Requirement } from "./matching.ts";
import { isPattern, patternTest } from "./patterns.ts";
import { groupTest, unknownGroup } from "./pipeline_groups.ts";

/** Whether a profile serves a requirement, and what it lacks otherwise. */
export type ProfileMatch =
  | { readonly kind: "serves" }
  | {
    readonly kind: "lacks";
    readonly missingResources: readonly string[];
    readonly lacksEnvironment: boolean;
    /** It is for other pipeline groups. */
    readonly lacksGroup?: true;
  };

/** Why a profile was selected, and the runner-up. */
export type ChosenBy =
  /** `others`: number of additional resources of the runner-up; absent: it takes any resources. */
  | { readonly kind: "surplus"; readonly surplus: number; readonly over: string; readonly others?: number }
  /** It is for this pipeline group, the runner-up for all. */
  | { readonly kind: "pipeline-group"; readonly over: string }
  | { readonly kind: "priority"; readonly priority: number; readonly over: string; readonly others: number }
  | { readonly kind: "order"; readonly over: string };

/** The profile that serves a requirement, or the nearest miss. */
export type ProfileChoice =
  /** `by` absent: no other profile serves it. */
  | { readonly kind: "serves"; readonly profile: AgentProfile; readonly by?: ChosenBy }
  /** `isElsewhere`: another profile has what this one lacks, but not everything else. */
  | {
    readonly kind: "lacks";
    readonly profile: AgentProfile;
    readonly match: ProfileMatch & { kind: "lacks" };
    readonly isElsewhere: boolean;
  }
  | { readonly kind: "no-profiles" };

/** Selects among the profiles of one configuration. */
export interface ProfileChooser {
  /** The profile for a requirement of jobs of a pipeline group; absent: regardless of groups. */
  choose(requirement: Requirement, pipelineGroup?: string): ProfileChoice;
}

/** A profile in normalized spelling. */
interface Entry {
  readonly profile: AgentProfile;
  readonly position: number;
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly ((name: string) => boolean)[];
  readonly isCatchAll: boolean;
  /** Number of names and patterns: the maximum number of its resources. */
  readonly size: number;
  /** During a search: how many of the required resources it has. */
  found: number;
  /** Whether it is for a pipeline group, if it is not for all. */
  readonly isForGroup?: (group: string) => boolean;
}

interface Index {
  readonly entries: readonly Entry[];
  readonly rule: ResourceCase;
  /** Profiles without patterns, by each of their names, best first. */
  readonly byName: ReadonlyMap<string, readonly Entry[]>;
  /** All profiles without patterns, best first. */
  readonly plain: readonly Entry[];
  readonly patterned: readonly Entry[];
  readonly catchAlls: readonly Entry[];
  /** By environment: 1 for each profile that serves it. */
  readonly masks: Map<string, Uint8Array>;
  /** By pipeline group: the relation of each profile to it. */
  readonly groupMasks: Map<string, Uint8Array>;
  /** Whether some profile is not for all groups. */
  readonly hasGroups: boolean;
}

/** The relation of a profile to a pipeline group. */
const forOthers = 0;
const forAll = 1;
const forThis = 2;

/** A missing environment counts more than one missing resource and less than two. */
const environmentDistance = 1.5;
/** A missing pipeline group counts less than both. */
const groupDistance = 0.75;

/** Prepares the selection among these profiles. */
export function profileChooser(profiles: readonly AgentProfile[], rule: ResourceCase): ProfileChooser {
  const index = indexOf(profiles, rule);
  return {
    choose: (requirement, group) => {
      const chosen = best(index, requirement, group);
      // GoCD ignores groups: an agent of any profile could take the job, and one agent too many is better than none.
      const known = group === unknownGroup ? undefined : group;
      return chosen ?? (known === group ? undefined : best(index, requirement, known)) ??
        nearest(index, requirement, known) ??
        { kind: "no-profiles" };
    },
  };
}

/** Whether instances of a profile can take jobs with a requirement, and if not, what is missing. */
export function matchProfile(profile: AgentProfile, requirement: Requirement, rule: ResourceCase): ProfileMatch {
  const entry = entryOf(profile, 0, rule);
  const missingResources = requirement.gocdResources.filter((name) => !has(entry, name));
  const lacksEnvironment = !servesEnvironment(profile, requirement.environment);
  if (lacksEnvironment || missingResources.length > 0) return { kind: "lacks", missingResources, lacksEnvironment };
  return { kind: "serves" };
}

/** Indexes are cached for the lifetime of their list of profiles. */
const kept = new WeakMap<readonly AgentProfile[], Map<ResourceCase, Index>>();

function indexOf(profiles: readonly AgentProfile[], rule: ResourceCase): Index {
  const byRule = kept.get(profiles) ?? new Map<ResourceCase, Index>();
  kept.set(profiles, byRule);
  const index = byRule.get(rule) ?? newIndex(profiles, rule);
  byRule.set(rule, index);
  return { ...index, masks: new Map(), groupMasks: new Map() };
}

function newIndex(profiles: readonly AgentProfile[], rule: ResourceCase): Index {
  const entries = profiles.map((profile, position) => entryOf(profile, position, rule));
  const plain = entries.filter(({ isCatchAll, patterns }) => !isCatchAll && patterns.length === 0).sort(bySize);
  const byName = new Map<string, Entry[]>();
  for (const entry of plain) {
    for (const name of entry.names) {
      const list = byName.get(name);
      if (list === undefined) byName.set(name, [entry]);
      else list.push(entry);
    }
  }
  return {
    entries,
    rule,
    byName,
    plain,
    patterned: entries.filter(({ patterns }) => patterns.length > 0),
    catchAlls: entries.filter(({ isCatchAll }) => isCatchAll).sort(bySize),
    masks: new Map(),
    groupMasks: new Map(),
    hasGroups: profiles.some(({ pipelineGroups }) => pipelineGroups !== undefined),
  };
}

function entryOf(profile: AgentProfile, position: number, rule: ResourceCase): Entry {
  const { pipelineGroups } = profile;
  const groups = pipelineGroups === undefined ? {} : { isForGroup: groupTest(pipelineGroups) };
  if (profile.gocdResources === "*") {
    return { profile, position, names: new Set(), patterns: [], isCatchAll: true, size: 0, found: 0, ...groups };
  }
  const folded = profile.gocdResources.map((name) => foldResource(name, rule));
  const names = new Set(folded.filter((name) => !isPattern(name)));
  const patterns = folded.filter(isPattern).map(patternTest);
  return {
    profile,
    position,
    names,
    patterns,
    isCatchAll: false,
    size: names.size + patterns.length,
    found: 0,
    ...groups,
  };
}

function bySize(a: Entry, b: Entry): number {
  return a.size - b.size || byRank(a, b);
}

function byRank(a: Entry, b: Entry): number {
  return (b.profile.priority ?? 0) - (a.profile.priority ?? 0) || a.position - b.position;
}

function has({ names, patterns, isCatchAll }: Entry, name: string): boolean {
  return isCatchAll || names.has(name) || patterns.some((test) => test(name));
}

/** Number of additional resources of a profile that names its own; a pattern counts as one. */
function surplusOf(entry: Entry, { gocdResources }: Requirement): number {
  return entry.size - gocdResources.filter((name) => entry.names.has(name)).length;
}

function servesEnvironment({ environments }: AgentProfile, environment: string): boolean {
  if (environments === "*") return true;
  if (environment === "") return environments.length === 0;
  return environments.some((each) => {
    const folded = foldEnvironment(each);
    return isPattern(folded) ? patternTest(folded)(environment) : folded === environment;
  });
}

/** Whether each profile serves an environment. */
function maskOf({ masks, entries }: Index, environment: string): Uint8Array {
  const known = masks.get(environment);
  if (known !== undefined) return known;
  const mask = new Uint8Array(entries.length);
  for (const { profile, position } of entries) mask[position] = servesEnvironment(profile, environment) ? 1 : 0;
  masks.set(environment, mask);
  return mask;
}

/** The relation of each profile to a pipeline group. */
function groupMaskOf({ groupMasks, hasGroups, entries }: Index, group: string | undefined): Uint8Array | undefined {
  if (group === undefined || !hasGroups) return undefined;
  const known = groupMasks.get(group);
  if (known !== undefined) return known;
  const mask = Uint8Array.from(
    entries,
    ({ isForGroup }) => isForGroup === undefined ? forAll : isForGroup(group) ? forThis : forOthers,
  );
  groupMasks.set(group, mask);
  return mask;
}

/** The two best profiles: the selected one and the runner-up. */
function best(index: Index, requirement: Requirement, group: string | undefined): ProfileChoice | undefined {
  const mask = groupMaskOf(index, group);
  if (mask === undefined) return choiceOf(twoBest(index, requirement, () => true));
  const of = (part: number): Found[] => twoBest(index, requirement, ({ position }) => mask[position] === part);
  const own = of(forThis);
  return choiceOf([...own, ...of(forAll)], own.length);
}

/** `own`: how many of them are for the pipeline group; the others are for all. */
function choiceOf([first, second]: readonly Found[], own?: number): ProfileChoice | undefined {
  if (first === undefined) return undefined;
  const { profile } = first.entry;
  if (second === undefined) return { kind: "serves", profile };
  const over = second.entry.profile.name;
  return { kind: "serves", profile, by: own === 1 ? { kind: "pipeline-group", over } : chosenBy(first, second) };
}

/** The two best of these, and possibly more. */
function twoBest(index: Index, requirement: Requirement, isOpen: (entry: Entry) => boolean): Found[] {
  const { gocdResources } = requirement;
  const mask = maskOf(index, requirement.environment);
  const serves = (entry: Entry): boolean =>
    mask[entry.position] === 1 && isOpen(entry) && gocdResources.every((name) => has(entry, name));
  // The common profiles of the lists are in the same order in each, by size: the first two are the best.
  const found = [...firstTwo(shortestList(index, gocdResources), serves), ...index.patterned.filter(serves)]
    .map((entry) => ({ entry, surplus: surplusOf(entry, requirement) }))
    .sort((a, b) => a.surplus - b.surplus || byRank(a.entry, b.entry));
  // A profile for any resources comes after all that name theirs.
  found.push(...firstTwo(index.catchAlls, serves).map((entry) => ({ entry, surplus: Infinity })));
  return found;
}

/** One of the lists that contain all profiles without patterns that have these names. */
function shortestList({ byName, plain }: Index, names: readonly string[]): readonly Entry[] {
  const lists = names.map((name) => byName.get(name) ?? []);
  return lists.reduce<readonly Entry[]>((a, b) => b.length < a.length ? b : a, plain);
}

function firstTwo(entries: readonly Entry[], isFit: (entry: Entry) => boolean): Entry[] {
  const found: Entry[] = [];
  for (const entry of entries) {
    if (!isFit(entry)) continue;
    if (found.push(entry) === 2) break;
  }
  return found;
}

interface Found {
  readonly entry: Entry;
  readonly surplus: number;
}

function chosenBy({ entry: { profile }, surplus }: Found, second: Found): ChosenBy {
  const over = second.entry.profile.name;
  if (surplus < second.surplus) {
    return { kind: "surplus", surplus, over, ...(second.surplus === Infinity ? {} : { others: second.surplus }) };
  }
  const priority = profile.priority ?? 0;
  const others = second.entry.profile.priority ?? 0;
  return priority > others ? { kind: "priority", priority, over, others } : { kind: "order", over };
}

/** The profile that lacks the least; the first of equal ones. */
function nearest(index: Index, requirement: Requirement, group: string | undefined): ProfileChoice | undefined {
  const { gocdResources } = requirement;
  const mask = maskOf(index, requirement.environment);
  const groups = groupMaskOf(index, group);
  for (const entry of index.entries) entry.found = entry.isCatchAll ? gocdResources.length : 0;
  for (const name of gocdResources) {
    for (const entry of index.byName.get(name) ?? []) entry.found++;
    for (const entry of index.patterned) {
      if (has(entry, name)) entry.found++;
    }
  }
  let least = Infinity;
  let next: Entry | undefined;
  for (const entry of index.entries) {
    const distance = gocdResources.length - entry.found + (mask[entry.position] === 1 ? 0 : environmentDistance) +
      (groups?.[entry.position] === forOthers ? groupDistance : 0);
    if (distance >= least) continue;
    least = distance;
    next = entry;
  }
  if (next === undefined) return undefined;
  const { profile, position } = next;
  const match = lackOf(matchProfile(profile, requirement, index.rule), groups?.[position] === forOthers);
  return { kind: "lacks", profile, match, isElsewhere: isAnyWith(index, match.missingResources) };
}

/** What a profile lacks that does not serve the requirement, possibly only because of its groups. */
function lackOf(match: ProfileMatch, lacksGroup: boolean): ProfileMatch & { readonly kind: "lacks" } {
  const lacks = match.kind === "lacks" ? match : lacksNothing;
  return lacksGroup ? { ...lacks, lacksGroup } : lacks;
}

const lacksNothing = { kind: "lacks", missingResources: [], lacksEnvironment: false } as const;

/** Whether some profile has all of these, regardless of environments. */
function isAnyWith(index: Index, gocdResources: readonly string[]): boolean {
  const hasAll = (entry: Entry): boolean => gocdResources.every((name) => has(entry, name));
  return [index.catchAlls, shortestList(index, gocdResources), index.patterned].some((list) => list.some(hasAll));
}
