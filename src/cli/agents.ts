// `gocd-mesos agents`: the agents of the running instance.

import type { PartialConfig } from "../config/load.ts";
import type { InstanceView } from "../core/view/view.ts";
import { tellingPart } from "../core/words/causes.ts";
import { counted, describeNeed, formatDuration } from "../core/words/phrases.ts";
import { instanceStates } from "../web/api/schemas.ts";
import { type Command, type CommandArguments, oneFile } from "./command.ts";
import { type Cell, type Layout, layRows, type Style } from "./text.ts";
import { askInstance, layoutOf, writeJson, writeLines } from "./instance.ts";
import { loadNeeded, warnOfFlaws } from "./load.ts";
import { UsageError } from "./usage.ts";

/** The command. */
export const agentsCommand: Command = {
  name: "agents",
  summary: "the agents of the running instance: state, host, what each waits for",
  help: `Usage: gocd-mesos agents [--state STATE] [--profile NAME] [--all] [--json] path/to/framework.conf

Asks the instance that runs on this machine, and prints each agent that it has launched: its Mesos task, which is also
its hostname in GoCD; its state and since when; its profile; its host; what it can build; what it waits for.

Options:
  --state STATE     only agents in this state: ${instanceStates.slice(0, 5).join(", ")},
                    ${instanceStates.slice(5).join(", ")}
  --profile NAME    only agents of this profile
  --all             also those that are gone, whose records on the GoCD server are still there
  --json            one JSON object, with all agents that match

Exit codes:
  0  it has answered      2  invalid usage      3  no instance runs, or it does not answer      4  it is on standby

Examples:
  gocd-mesos agents framework.conf
  gocd-mesos agents --state idle framework.conf
  gocd-mesos agents --json framework.conf | jq -r '.agents[].host' | sort | uniq -c`,
  booleans: ["all", "json"],
  strings: ["state", "profile"],
  operands: oneFile,
  run: async ({ operands: [path = ""], flags }, io) => {
    const query = queryOf(flags);
    const part = loadNeeded(path, io);
    warnOfFlaws(part, io);
    const { atMs, agents } = await readAgents(part, query);
    const wantsGone = flags["all"] === true || query.get("state") === "gone";
    const shown = wantsGone ? agents : agents.filter(({ state }) => state !== "gone");
    if (flags["json"] === true) {
      writeJson({ atMs, agents: shown }, io);
      return 0;
    }
    const layout = layoutOf(io);
    writeLines(agentLines(shown, { atMs, gone: agents.length - shown.length }, layout), layout, io);
    return 0;
  },
};

function queryOf({ state, profile }: CommandArguments["flags"]): URLSearchParams {
  const query = new URLSearchParams({ limit: "10000" });
  if (typeof state === "string") {
    if (!instanceStates.some((each) => each === state)) {
      throw new UsageError(`there is no state "${state}"`, `states are: ${instanceStates.join(", ")}`);
    }
    query.set("state", state);
  }
  if (typeof profile === "string") query.set("profile", profile);
  return query;
}

interface AgentsPage {
  readonly atMs: number;
  readonly agents: readonly InstanceView[];
  readonly next?: string;
}

/** No cluster has more than a million agents. */
const pagesMax = 100;

async function readAgents(part: PartialConfig, query: URLSearchParams): Promise<AgentsPage> {
  let page = await askInstance(part, `agents?${query}`) as AgentsPage;
  const agents = [...page.agents];
  for (let pages = 1; page.next !== undefined && pages < pagesMax; pages++) {
    page = await askInstance(part, page.next.replace(/^\/api\/v1\//, "")) as AgentsPage;
    agents.push(...page.agents);
  }
  return { atMs: page.atMs, agents };
}

const styles: Readonly<Partial<Record<InstanceView["state"], Style>>> = {
  idle: "good",
  building: "busy",
  unreachable: "bad",
  unsure: "warn",
  gone: "dim",
};

function agentLines(
  agents: readonly InstanceView[],
  { atMs, gone }: { readonly atMs: number; readonly gone: number },
  layout: Layout,
): string[] {
  const rows = agents.map((each): Cell[] => [
    { text: each.taskId },
    { text: each.state, style: styles[each.state] ?? "plain" },
    { text: formatDuration(atMs - each.sinceMs) },
    { text: each.profile },
    { text: each.host },
    { text: describeNeed(each.gocdResources, each.environment) },
    { text: each.buildLocator === undefined ? tellingPart(each.detail) : `builds ${each.buildLocator}` },
  ]);
  const others = gone === 0 ? "" : `, and ${gone} gone (--all)`;
  return [
    `${counted(agents.length, "agent")}${others}`,
    ...rows.length === 0 ? [] : layRows(
      [
        // Task ids are at most 63 characters, hostnames rarely more.
        { title: "TASK", max: 63 },
        { title: "STATE", max: 12 },
        { title: "FOR", max: 10, align: "right" },
        { title: "PROFILE", max: 24 },
        { title: "HOST", max: 40 },
        { title: "CAN BUILD", max: 40, fromColumns: 120 },
        { title: "DETAIL", max: 0, fromColumns: 100 },
      ],
      rows,
      layout,
    ),
  ];
}
