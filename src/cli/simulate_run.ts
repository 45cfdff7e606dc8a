// Runs `gocd-mesos simulate`: reads trace and configurations, replays, and shows the results.

import { loadPartially, requireKeys } from "../config/load.ts";
import type { Settings } from "../core/settings.ts";
import { counted, formatDuration } from "../core/words/phrases.ts";
import { messageOf, OperatorError } from "../errors.ts";
import { builtInTrace, builtInTraces, type Needs } from "../whatif/built_in.ts";
import { drawing } from "../whatif/drawing.ts";
import { policies } from "../whatif/policies/all.ts";
import { type Outcome, type Player, replay } from "../whatif/replay.ts";
import { heads, outcomeJson, reportJson, rowOf } from "../whatif/report.ts";
import { ownNeeds } from "../whatif/shapes.ts";
import { suggest, type Suggestion } from "../whatif/suggest.ts";
import type { Trace } from "../whatif/trace.ts";
import { parseTrace } from "../whatif/trace_reader.ts";
import type { Surroundings } from "../whatif/world.ts";
import { exampleText } from "./example_text.ts";
import { isScreen, layoutOf, writeJson } from "./instance.ts";
import type { CliIo } from "./io.ts";
import { printable, table } from "./table.ts";
import { UsageError } from "./usage.ts";

/** The request. */
export interface SimulateOptions {
  /** A file, the name of a built-in trace, or `all`. */
  readonly trace: string;
  readonly configs: readonly string[];
  readonly hasPeers: boolean;
  readonly isJson: boolean;
  /** The file to draw into. */
  readonly svg?: string;
  /** Search for settings that meet this. */
  readonly suggestP95Ms?: number;
  readonly surroundings: Surroundings;
}

/** Runs it. Throws OperatorErrors. */
export function runSimulate(options: SimulateOptions, io: CliIo): number {
  const configs = options.configs.length === 0
    ? [{ name: "recommended example", settings: settingsOf("framework.conf.example", io, () => exampleText) }]
    : options.configs.map((path) => ({ name: path, settings: settingsOf(path, io, io.readFile) }));
  const traces = tracesOf(options.trace, (configs[0]?.settings.profiles ?? []).map(ownNeeds), io);
  for (const trace of traces) simulate(trace, configs, options, io);
  return 0;
}

interface NamedSettings {
  readonly name: string;
  readonly settings: Settings;
}

/** Only what decisions depend on must be valid, and no secret is needed. */
function settingsOf(path: string, io: CliIo, read: (path: string) => string): Settings {
  const part = loadPartially(path, io.env, () => false, read);
  requireKeys(part, /^(|(go-agent|profiles|poller|scaling|mesos\.roles?)(\..*)?)$/);
  const { settings } = part.config;
  if (settings.profiles.length > 0) return settings;
  throw new UsageError(`${path} has no profile`, "set go-agent.docker-image, or profiles");
}

function tracesOf(name: string, needs: readonly Needs[], io: CliIo): readonly Trace[] {
  const names = name === "all" ? builtInTraces : [name];
  const made = names.flatMap((each) => builtInTrace(each, needs) ?? []);
  if (made.length > 0) return made;
  return [parseTrace(textOf(name, io), name)];
}

function textOf(path: string, io: CliIo): string {
  try {
    return io.readFile(path);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    throw new OperatorError(
      isMissing ? `there is no trace ${path}` : `${path} cannot be read: ${messageOf(error)}`,
      {
        code: "trace-unreadable",
        kind: "usage",
        hint: `name a file of \`gocd-mesos record\`, or one of ${builtInTraces.join(", ")}`,
        cause: error,
      },
    );
  }
}

function simulate(trace: Trace, configs: readonly NamedSettings[], options: SimulateOptions, io: CliIo): void {
  const { surroundings, suggestP95Ms, svg, isJson } = options;
  const [first] = configs;
  if (first === undefined) return;
  const play = (player: Player): Outcome => replay(trace, player, surroundings);
  const own = configs.map((each) => play({ kind: "core", ...each }));
  const found = suggestP95Ms === undefined ? undefined : search(trace, first, { ...options, suggestP95Ms }, io);
  const { settings } = first;
  const peers = options.hasPeers ? policies.map((policy) => play({ kind: "policy", policy, settings })) : [];
  const ours = [...own, ...(found === undefined ? [] : [{ ...found.outcome, name: `suggested for ${first.name}` }])];
  const outcomes = [...ours, ...peers];
  if (svg !== undefined) io.writeFile(svg, drawing(trace, ours), { mode: 0o644, existing: "replace" });
  if (isJson) {
    return writeJson({
      ...reportJson(trace, outcomes, surroundings),
      ...(found === undefined ? {} : { suggestion: suggestionJson(found) }),
    }, io);
  }
  io.out(printable(introduction(trace, surroundings)));
  io.out(table(heads, outcomes.map(rowOf), layoutOf(io).columns));
  for (const line of remarks(ours)) io.out(printable(line));
  if (found !== undefined) {
    for (const line of suggestionLines(found, suggestP95Ms ?? 0, first.name)) io.out(printable(line));
  }
  if (svg !== undefined) io.out(printable(`Drawn in ${svg}.`));
  if (options.trace === "all") io.out("");
}

function search(
  trace: Trace,
  { settings }: NamedSettings,
  { suggestP95Ms, surroundings }: SimulateOptions & { readonly suggestP95Ms: number },
  io: CliIo,
): Suggestion {
  const isShown = io.isErrTerminal && isScreen(io);
  return suggest({
    trace,
    settings,
    surroundings,
    p95MaxMs: suggestP95Ms,
    progress: (replays) => {
      if (isShown && replays % 10 === 0) io.err(`gocd-mesos: ${counted(replays, "replay")} so far`);
    },
  });
}

function introduction(trace: Trace, { hosts, cpus, memMb, bootMs }: Surroundings): string {
  const { name, jobs, lengthMs } = trace;
  return `${name}: ${counted(jobs.length, "job")} in ${formatDuration(lengthMs)}; ${counted(hosts, "host")} with ` +
    `${cpus} cpus and ${Math.round(memMb / 1_024)} GB; ${formatDuration(bootMs)} until an agent has registered`;
}

function remarks(outcomes: readonly Outcome[]): readonly string[] {
  const [first] = outcomes;
  const unserved = first?.unserved ?? 0;
  return [
    ...(unserved === 0 ? [] : [`No profile serves ${counted(unserved, "job")}: their waits are not counted.`]),
    ...outcomes.flatMap(({ name, unbuilt }) =>
      unbuilt === 0 ? [] : [`${name} left ${counted(unbuilt, "job")} unbuilt: they count as waiting until the end.`]
    ),
  ];
}

function suggestionLines(found: Suggestion, p95MaxMs: number, name: string): readonly string[] {
  const limit = formatDuration(p95MaxMs);
  const replays = counted(found.replays, "replay");
  if (found.changes.length === 0) {
    return [
      found.isWithin
        ? `Nothing cheaper than ${name} keeps 95 % of the waits within ${limit} (${replays}).`
        : `Nothing that was tried keeps 95 % of the waits within ${limit} (${replays}): see the limits and the boot time.`,
    ];
  }
  return [
    found.isWithin
      ? `The cheapest one that keeps 95 % of the waits within ${limit} (${replays}):`
      : `Nothing that was tried keeps 95 % of the waits within ${limit}; the closest (${replays}):`,
    ...found.changes.map(({ key, before, after }) => `  ${key} = ${after}    # was ${before}`),
  ];
}

function suggestionJson({ isWithin, changes, replays, outcome }: Suggestion): Readonly<Record<string, unknown>> {
  return { isWithin, changes, replays, outcome: outcomeJson(outcome) };
}
