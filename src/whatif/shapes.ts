// What jobs require and agents offer in a replay: jobs with the same requirements form one class.

import {
  canTake,
  capabilityFor,
  capabilityKey,
  foldEnvironment,
  foldResource,
  type Requirement,
} from "../core/demand/matching.ts";
import { namesOf } from "../core/demand/patterns.ts";
import { unknownGroup } from "../core/demand/pipeline_groups.ts";
import { profileChooser } from "../core/demand/profile_choice.ts";
import type { AgentProfile } from "../core/settings.ts";
import type { TraceJob } from "./trace.ts";

/** How current servers compare names. */
const resourceCase = "insensitive";

/** Jobs with the same requirements. */
export interface JobClass {
  readonly index: number;
  readonly resources: readonly string[];
  readonly environment?: string;
  /** The group of their pipelines; absent: unknown. */
  readonly group?: string;
  readonly requirement: Requirement;
  /** The profile that serves it; absent: none does. */
  readonly profile?: AgentProfile;
}

/** What an agent registers with. */
export interface Registration {
  readonly gocdResources: readonly string[];
  readonly environment?: string;
}

/** The classes of the jobs of a trace, with the profiles that serve them. */
export class JobClasses {
  readonly all: readonly JobClass[];
  readonly #byKey = new Map<string, JobClass>();
  readonly #takes = new Map<string, ReadonlySet<number>>();

  /** Groups the jobs. */
  constructor(jobs: readonly TraceJob[], profiles: readonly AgentProfile[]) {
    const all: JobClass[] = [];
    const chooser = profileChooser(profiles, resourceCase);
    for (const job of jobs) {
      const key = keyOf(job);
      if (this.#byKey.has(key)) continue;
      const { resources, environment, group } = job;
      const requirement = {
        environment: foldEnvironment(environment),
        gocdResources: resources.map((name) => foldResource(name, resourceCase)),
      };
      const choice = chooser.choose(requirement, group ?? unknownGroup);
      const made: JobClass = {
        index: all.length,
        resources,
        ...(environment === undefined ? {} : { environment }),
        ...(group === undefined ? {} : { group }),
        requirement,
        ...(choice.kind === "serves" ? { profile: choice.profile } : {}),
      };
      all.push(made);
      this.#byKey.set(key, made);
    }
    this.all = all;
  }

  /** The class of a job of the trace. */
  of(job: TraceJob): JobClass {
    const found = this.#byKey.get(keyOf(job));
    if (found === undefined) throw new RangeError("a job of another trace");
    return found;
  }

  /** Indexes of the classes that an agent can take. */
  takenBy(registration: Registration): ReadonlySet<number> {
    const capability = capabilityFor(registration, resourceCase);
    const key = capabilityKey(capability);
    const found = this.#takes.get(key) ??
      new Set(this.all.filter((each) => canTake(capability, each.requirement)).map(({ index }) => index));
    this.#takes.set(key, found);
    return found;
  }
}

/** What a profile offers to every job: its names without patterns. */
export function ownNeeds({ gocdResources, environments }: AgentProfile): Pick<TraceJob, "resources" | "environment"> {
  const [environment] = namesOf(environments);
  return { resources: namesOf(gocdResources), ...(environment === undefined ? {} : { environment }) };
}

/** What an agent of a profile registers with: its names, and if it has patterns, also the names that a job requires. */
export function registrationFor(profile: AgentProfile, wanted: JobClass | undefined): Registration {
  const own = ownNeeds(profile);
  const isFixed = own.resources.length === profile.gocdResources.length;
  const environment = wanted === undefined ? own.environment : wanted.environment;
  return {
    gocdResources: isFixed ? own.resources : [...new Set([...own.resources, ...wanted?.resources ?? []])],
    ...(environment === undefined ? {} : { environment }),
  };
}

function keyOf({ resources, environment = "", group = unknownGroup }: TraceJob): string {
  return `${environment}\n${group}\n${resources.join("\n")}`;
}
