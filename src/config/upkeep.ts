// Reads what a profile says of the upkeep of its agents: how fresh, how many are kept ready, who goes first.

import { minIdleEnvironments, noEnvironment } from "../core/demand/environments.ts";
import { isPattern, namesOf } from "../core/demand/patterns.ts";
import { environmentNameProblem } from "../core/words/names.ts";
import type { AgentProfile, Headroom } from "../core/settings.ts";
import type { Conf } from "./hocon_values.ts";
import { addProblem, durationMsAt, find, integerAt, type Reader, specOf, textAt, textOf } from "./reader.ts";
import { type Parsed, parseInteger, quote } from "./values.ts";

/** The fields of a profile that are read here. */
export type Upkeep = Pick<AgentProfile, "minIdle" | "minIdleOf" | "headroom" | "maxJobs" | "maxLifetimeMs">;

/** The policies of upkeep of a profile whose keys begin with `prefix`. */
export function readUpkeep(
  reader: Reader,
  prefix: string,
  profile: Pick<AgentProfile, "maxAgents" | "environments">,
): Upkeep {
  const idle = readMinIdle(reader, `${prefix}.min-idle`);
  const headroom = readHeadroom(reader, `${prefix}.headroom`);
  const maxJobs = integerAt(reader, `${prefix}.max-jobs`);
  const maxLifetimeMs = durationMsAt(reader, `${prefix}.max-lifetime`);
  checkIdle(reader, `${prefix}.min-idle`, { ...profile, ...idle });
  return {
    ...idle,
    ...(headroom === undefined ? {} : { headroom }),
    ...(maxJobs === undefined ? {} : { maxJobs }),
    ...(maxLifetimeMs === undefined ? {} : { maxLifetimeMs }),
  };
}

/** How many idle agents are always kept, all environments together. */
export function idleTotal({ minIdle, minIdleOf }: Pick<AgentProfile, "minIdle" | "minIdleOf">): number {
  return minIdleOf === undefined ? minIdle : Object.values(minIdleOf).reduce((sum, count) => sum + count, 0);
}

/** What stands for no environment where environments are keys. */
const noneWord = "none";

function readMinIdle(reader: Reader, key: string): Pick<AgentProfile, "minIdle" | "minIdleOf"> {
  const conf = find(reader, key)?.conf;
  if (conf?.kind !== "object") return { minIdle: integerAt(reader, key) ?? 0 };
  const counts = [...conf.fields].flatMap(([name, each]) => {
    const count = countOf(reader, `${key}.${name}`, each);
    return count === undefined ? [] : [[name === noneWord ? noEnvironment : name, count] as const];
  });
  return { minIdle: 0, minIdleOf: Object.fromEntries(counts) };
}

function countOf(reader: Reader, key: string, conf: Conf): number | undefined {
  const at = { key, conf };
  const name = key.slice(key.lastIndexOf("min-idle.") + "min-idle.".length);
  const problem = environmentNameProblem(name);
  if (problem !== undefined) {
    const message = `${quote(name)} is not a valid name on the GoCD server: ${problem}`;
    const hint = "write the name of an environment, or none for agents in no environment";
    addProblem(reader, at, { code: "config-bad-value", message, hint });
    return undefined;
  }
  const text = textOf(reader, at);
  const parsed = text === undefined ? undefined : parseInteger(text);
  const { min = 0, max = Infinity } = specOf(key.slice(0, key.lastIndexOf("min-idle") + "min-idle".length));
  if (parsed?.ok === true && parsed.value >= min && parsed.value <= max) return parsed.value;
  if (text === undefined) return undefined;
  const message = parsed?.ok === false ? parsed.message : `${text} is not from ${min} to ${max}`;
  addProblem(reader, at, { code: "config-bad-value", message, hint: "write a whole number such as 2" });
  return undefined;
}

function readHeadroom(reader: Reader, key: string): Headroom | undefined {
  const found = find(reader, key);
  const text = textAt(reader, key);
  if (found === undefined || text === undefined) return undefined;
  const parsed = parseHeadroom(text);
  if (parsed.ok) return parsed.value;
  addProblem(reader, found, { code: "config-bad-value", message: parsed.message, hint: parsed.hint });
  return undefined;
}

/** More than so many idle agents for each busy one is a slip of the pen. */
const percentMax = 1_000;

/** `2`, or a share of the busy agents: `25%`. */
function parseHeadroom(text: string): Parsed<Headroom> {
  const hint = 'write a whole number such as 2, or a share of the busy agents such as "25%"';
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1];
  if (share !== undefined) {
    const percent = Number(share);
    if (percent <= percentMax) return { ok: true, value: { kind: "share", percent } };
    return { ok: false, message: `${share}% is more than ${percentMax}%`, hint };
  }
  const agents = parseInteger(text);
  const isCount = agents.ok && agents.value >= 0 && agents.value <= 100_000;
  if (isCount) return { ok: true, value: { kind: "count", agents: agents.value } };
  return { ok: false, message: `${quote(text)} is neither a number of agents nor a share`, hint };
}

/** What could never be kept is a mistake. */
function checkIdle(
  reader: Reader,
  key: string,
  profile: Pick<AgentProfile, "maxAgents" | "environments" | "minIdle" | "minIdleOf">,
): void {
  const { maxAgents, environments } = profile;
  const found = find(reader, key) ?? { key };
  const idle = idleTotal(profile);
  if (maxAgents !== undefined && idle > maxAgents) {
    const message = `${idle} idle agents are more than max-agents, ${maxAgents}`;
    addProblem(reader, found, { code: "config-conflict", message, hint: "raise max-agents or lower min-idle" });
  }
  if (environments === "*") return;
  if (profile.minIdle > 0 && environments.length > 0 && namesOf(environments).length === 0) {
    const message = "idle agents need one environment by its name, and environments has only patterns";
    addProblem(reader, found, { code: "config-conflict", message, hint: "add a name to environments, in front" });
  }
  if (profile.minIdleOf === undefined || environments.some(isPattern)) return;
  const served = environments.length === 0 ? [noEnvironment] : environments.map((each) => each.toLowerCase());
  for (const { environment = noEnvironment } of minIdleEnvironments(profile)) {
    if (served.includes(environment.toLowerCase())) continue;
    const where = environment === noEnvironment ? "pipelines without an environment" : `environment ${environment}`;
    const hint = environments.length === 0
      ? `write min-idle { ${noneWord} = 1 }, or add the environment to environments`
      : `write one of ${environments.join(", ")}, or add it to environments`;
    addProblem(reader, found, { code: "config-conflict", message: `the profile does not serve ${where}`, hint });
  }
}
