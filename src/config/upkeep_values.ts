// Reads numbers of idle agents: `min-idle` and `headroom`, of a profile and of its schedules.

import { minIdleEnvironments, noEnvironment } from "../core/demand/environments.ts";
import { isPattern, namesOf } from "../core/demand/patterns.ts";
import { environmentNameProblem } from "../core/words/names.ts";
import type { AgentProfile, Headroom } from "../core/settings.ts";
import type { Conf } from "./hocon_values.ts";
import { addProblem, type Found, type Reader, textOf } from "./reader.ts";
import { type Parsed, parseInteger, quote } from "./values.ts";

/** Maximum number of idle agents. */
const agentsMax = 100_000;

/** How many idle agents are always kept, all environments together. */
export function idleTotal({ minIdle, minIdleOf }: Pick<AgentProfile, "minIdle" | "minIdleOf">): number {
  return minIdleOf === undefined ? minIdle : Object.values(minIdleOf).reduce((sum, count) => sum + count, 0);
}

/** What stands for no environment where environments are keys. */
const noneWord = "none";

/** A number of idle agents, or one for each environment. */
export function minIdleIn(reader: Reader, { key, conf }: Found): Pick<AgentProfile, "minIdle" | "minIdleOf"> {
  if (conf.kind !== "object") return { minIdle: countIn(reader, { key, conf }) ?? 0 };
  const counts = [...conf.fields].flatMap(([name, each]) => {
    const count = countOf(reader, name, { key: `${key}.${name}`, conf: each });
    return count === undefined ? [] : [[name === noneWord ? noEnvironment : name, count] as const];
  });
  return { minIdle: 0, minIdleOf: Object.fromEntries(counts) };
}

function countOf(reader: Reader, name: string, found: Found): number | undefined {
  const problem = environmentNameProblem(name);
  if (problem === undefined) return countIn(reader, found);
  const message = `${quote(name)} is not a valid name on the GoCD server: ${problem}`;
  const hint = `write the name of an environment, or ${noneWord} for agents in no environment`;
  addProblem(reader, found, { code: "config-bad-value", message, hint });
  return undefined;
}

function countIn(reader: Reader, found: Found): number | undefined {
  const text = textOf(reader, found);
  if (text === undefined) return undefined;
  const parsed = parseInteger(text);
  if (parsed.ok && parsed.value >= 0 && parsed.value <= agentsMax) return parsed.value;
  const message = parsed.ok ? `${parsed.value} is not from 0 to ${agentsMax}` : parsed.message;
  addProblem(reader, found, { code: "config-bad-value", message, hint: "write a whole number such as 2" });
  return undefined;
}

/** A headroom: `2`, `25%`. */
export function headroomIn(reader: Reader, found: Found): Headroom | undefined {
  const text = textOf(reader, found);
  if (text === undefined) return undefined;
  const parsed = parseHeadroom(text);
  if (parsed.ok) return parsed.value;
  addProblem(reader, found, { code: "config-bad-value", message: parsed.message, hint: parsed.hint });
  return undefined;
}

/** More than this many idle agents for each busy one is a mistake. */
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
  const isCount = agents.ok && agents.value >= 0 && agents.value <= agentsMax;
  if (isCount) return { ok: true, value: { kind: "count", agents: agents.value } };
  return { ok: false, message: `${quote(text)} is neither a number of agents nor a share`, hint };
}

/** What could never be kept is a mistake. */
export function checkIdle(
  reader: Reader,
  found: { readonly key: string; readonly conf?: Conf },
  profile: Pick<AgentProfile, "maxAgents" | "environments" | "minIdle" | "minIdleOf">,
): void {
  const { maxAgents, environments } = profile;
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
