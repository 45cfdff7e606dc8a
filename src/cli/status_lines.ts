// The summary of the running instance as terminal lines. It is requested in status.ts.

import { counted, formatDuration, numberText, timeText } from "../core/words/phrases.ts";
import type { ServerHealth } from "../core/view/view.ts";
import type { StatusSummary } from "../web/api/documents.ts";
import { type Cell, cutText, layCells, type Layout, layRows, paint, safeText, type Style, wrapText } from "./text.ts";
import { nextAct } from "./report.ts";

/** All of it; each line is safe to print and at most as wide as the layout. */
export function statusLines(status: StatusSummary, layout: Layout): string[] {
  const isStandby = status.leadership?.role === "standby";
  return [
    ...headLines(status, layout),
    ...isStandby ? [] : jobLines(status, layout),
    ...isStandby ? [] : agentLines(status, layout),
    ...problemLines(status, layout),
  ];
}

function headLines(status: StatusSummary, layout: Layout): string[] {
  const { version, mesos, atMs, startedMs, sandbox } = status;
  const title = `gocd-mesos ${version}, framework ${mesos.frameworkName}`;
  const about = `, running for ${formatDuration(atMs - startedMs)}, sandbox ${sandbox}`;
  const row = (name: string, cells: readonly Cell[]): string =>
    layCells([{ text: `  ${name.padEnd(8)}` }, ...cells], layout);
  return [
    layCells([{ text: title, style: "bold" }, { text: about }], layout),
    "",
    ...healthRows(status).map((cells, index) => row(index === 0 ? "health" : "", cells)),
    row("GoCD", gocdCells(status)),
    row("Mesos", mesosCells(status)),
    row("mode", [modeCell(status)]),
    ...leaderCells(status).map((cell) => row("leader", [cell])),
  ];
}

function healthRows({ health: { isHealthy, reasons } }: StatusSummary): readonly (readonly Cell[])[] {
  const word = !isHealthy ? "unhealthy" : reasons.length > 0 ? "degraded" : "healthy";
  const style: Style = !isHealthy ? "bad" : reasons.length > 0 ? "warn" : "good";
  const [first, ...rest] = reasons;
  return [
    [{ text: word, style }, { text: first === undefined ? "" : `: ${first}` }],
    ...rest.map((reason) => [{ text: reason }]),
  ];
}

const healthStyles: Readonly<Record<ServerHealth["state"], Style>> = {
  unknown: "dim",
  fine: "good",
  failing: "warn",
  down: "bad",
};

function healthCells({ state, sinceMs }: ServerHealth, atMs: number): readonly Cell[] {
  return [{ text: state, style: healthStyles[state] }, { text: ` for ${formatDuration(atMs - sinceMs)}` }];
}

function gocdCells({ gocd, atMs }: StatusSummary): readonly Cell[] {
  const parts = [
    gocd.version === undefined ? "" : `version ${gocd.version}`,
    gocd.lastPollMs === undefined ? "not polled yet" : `polled ${formatDuration(atMs - gocd.lastPollMs)} ago`,
    gocd.maintenance === "on" ? "in maintenance mode" : "",
    gocd.stale ? "its data is too old to act on" : "",
  ].filter((part) => part !== "");
  return [...healthCells(gocd.health, atMs), { text: `; ${parts.join(", ")}` }];
}

function mesosCells({ mesos, atMs }: StatusSummary): readonly Cell[] {
  const { session, master, masterVersion, reason } = mesos;
  const where = master === undefined ? "" : ` to ${master}`;
  const version = masterVersion === undefined ? "" : ` (Mesos ${masterVersion})`;
  const text = session === "subscribed"
    ? `; subscribed${where}${version}`
    : `; ${session}${reason === undefined ? "" : `: ${reason}`}`;
  return [...healthCells(mesos.health, atMs), { text }];
}

function modeCell({ mode, frozen, tornDown }: StatusSummary): Cell {
  const words = [mode, ...frozen ? ["frozen"] : [], ...tornDown ? ["torn down"] : []];
  return { text: words.join(", "), style: words.length === 1 && mode === "run" ? "plain" : "warn" };
}

function leaderCells({ leadership, atMs }: StatusSummary): readonly Cell[] {
  if (leadership === undefined) return [];
  const forText = `for ${formatDuration(atMs - leadership.sinceMs)}`;
  if (leadership.role === "leader") return [{ text: `this instance leads ${forText}` }];
  const who = leadership.leader === undefined ? "no leader is known" : `${leadership.leader} leads`;
  return [{ text: `this instance is on standby ${forText}; ${who}`, style: "warn" }];
}

function jobLines({ jobs, atMs }: StatusSummary, layout: Layout): string[] {
  const lines = ["", heading(counted(jobs.waiting, "job waits", "jobs wait"), layout)];
  const rows = jobs.verdicts.filter((each) => each.jobs > 0).map(({ verdict, jobs: count, oldest }): Cell[] => [
    { text: verdict, style: verdict === "unserved" ? "warn" : "plain" },
    { text: String(count) },
    { text: oldest === undefined ? "" : formatDuration(atMs - oldest.firstSeenMs) },
    { text: oldest?.locator ?? "" },
    { text: oldest?.reason ?? "" },
  ]);
  return rows.length === 0 ? lines : [
    ...lines,
    ...layRows(
      [
        { title: "VERDICT", max: 16 },
        { title: "JOBS", max: 8, align: "right" },
        { title: "OLDEST", max: 10, align: "right" },
        { title: "THE OLDEST JOB", max: 48 },
        { title: "WHY IT WAITS", max: 0, fromColumns: 90 },
      ],
      rows,
      layout,
    ),
  ];
}

/** `7 agents: 4 building, 2 idle`, without those that are gone. */
function agentsText({ agents }: Pick<StatusSummary, "agents">): string {
  const counts = Object.entries(agents).filter(([state, count]) => state !== "gone" && count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const states = counts.map(([state, count]) => `${numberText(count)} ${state}`).join(", ");
  return `${counted(total, "agent")}${total === 0 ? "" : `: ${states}`}`;
}

function agentLines(status: StatusSummary, layout: Layout): string[] {
  const { limits, usedLimits, avoidedHosts, gocdAgents } = status;
  const known = Object.values(gocdAgents).reduce((sum, count) => sum + count, 0);
  const cells = limits.map(({ profile, agents, maxAgents }): Cell => ({
    text: `${profile ?? "all profiles"} ${agents} of ${maxAgents}`,
    style: agents >= maxAgents ? "warn" : "plain",
  }));
  for (const { key, used, limit, unit } of usedLimits) {
    cells.push({ text: `${key} ${used} of ${limit} ${unit}`, style: used >= limit ? "warn" : "plain" });
  }
  const separated = cells.flatMap((cell, index) => index === 0 ? [cell] : [{ text: ", " }, cell]);
  return [
    "",
    heading(agentsText(status), layout),
    layCells([{ text: "  limits  " }, ...separated], layout),
    layCells([{ text: `  GoCD    ${counted(known, "agent")} on the server` }], layout),
    ...hostLines(avoidedHosts, layout),
  ];
}

/** Avoided hosts that are named; `agents` and the page have them all. */
const hostsMax = 5;

function hostLines(avoided: StatusSummary["avoidedHosts"], layout: Layout): string[] {
  const lines = avoided.slice(0, hostsMax).flatMap(({ host, untilMs, reason }) =>
    wrapped(
      `${host} is used again at ${timeText(untilMs)}: avoided ${reason}`,
      "  hosts   ",
      layout,
    )
      .map((line) => paint(line, "warn", layout.hasColour))
  );
  const more = avoided.length - hostsMax;
  return more <= 0 ? lines : [...lines, layCells([{ text: `  hosts   ${more} more are avoided` }], layout)];
}

function problemLines({ problems, atMs }: StatusSummary, layout: Layout): string[] {
  if (problems.length === 0) return ["", "no problems"];
  return [
    "",
    heading(counted(problems.length, "problem"), layout),
    ...problems.flatMap(({ message, hint, sinceMs }) => [
      ...wrapped(sinceMs === undefined ? message : `${message} (for ${formatDuration(atMs - sinceMs)})`, "! ", layout)
        .map((line) => paint(line, "bad", layout.hasColour)),
      ...hint === "" ? [] : wrapped(nextAct(hint), "  ", layout),
    ]),
  ];
}

/** Lines of whole words after a mark, the following ones indented. */
function wrapped(text: string, mark: string, { columns }: Layout): string[] {
  return wrapText(safeText(text), columns - mark.length).map((line, index) =>
    `${index === 0 ? mark : " ".repeat(mark.length)}${line}`
  );
}

function heading(text: string, { columns, hasColour }: Layout): string {
  return paint(cutText(safeText(text), columns), "head", hasColour);
}

/** The summary in one line that changes only when something has happened, for output that is not a terminal. */
export function statusLine({ mode, frozen, leadership, gocd, mesos, jobs, agents, problems }: StatusSummary): string {
  const verdicts = jobs.verdicts.filter((each) => each.jobs > 0).map((each) => `${each.jobs} ${each.verdict}`);
  return [
    leadership?.role === "standby" ? "standby" : frozen ? `${mode}, frozen` : mode,
    `GoCD ${gocd.health.state}, Mesos ${mesos.health.state}`,
    `${counted(jobs.waiting, "job waits", "jobs wait")}${verdicts.length === 0 ? "" : `: ${verdicts.join(", ")}`}`,
    agentsText({ agents }),
    problems.length === 0
      ? "no problems"
      : `${counted(problems.length, "problem")}: ${[...new Set(problems.map(({ code }) => code))].join(", ")}`,
  ].join("; ");
}
