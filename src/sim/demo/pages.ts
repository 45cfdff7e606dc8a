// HTML pages for the demo's two servers, as targets of the links on the status page. Requests that are not for a page
// (GET, Accept: text/html), and paths without a page, are handled by the models.

import { timeText } from "../../core/words/phrases.ts";
import type { HttpListener, Listen } from "../http/listen.ts";
import type { SimGocd } from "../gocd/sim_gocd.ts";
import type { SimMesos } from "../mesos/sim_mesos.ts";
import type { DemoJobFact } from "./facts.ts";

/** The page at a path of a server; absent: there is none. */
export type PageAt = (path: string) => string | undefined;

/** Listens like `listen`, but serves pages first. */
export function withPages(listen: Listen, pageAt: PageAt): Listen {
  return (address, serve): HttpListener =>
    listen(address, (request) => {
      const isForPeople = request.method === "GET" && (request.headers.get("accept") ?? "").includes("text/html");
      const page = isForPeople ? pageAt(new URL(request.url).pathname) : undefined;
      if (page === undefined) return serve(request);
      return Promise.resolve(new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } }));
    });
}

const aboutGocd = "This is the GoCD server of <code>gocd-mesos demo</code>. It is simulated: it answers the API that " +
  "gocd-mesos uses as a real server does, and has these pages only, where a real one has its own.";
const aboutMesos =
  "This is the Mesos master of <code>gocd-mesos demo</code>. It is simulated: it answers the API that " +
  "gocd-mesos uses as a real master does, and has this page only, where a real one has its web interface.";

/** The data for the pages of the GoCD server. */
interface GocdFacts {
  readonly gocd: SimGocd;
  readonly jobs: readonly Readonly<DemoJobFact>[];
}

/** The pages of the GoCD server: all jobs, one job, one agent. */
export function gocdPages(gocd: SimGocd, jobsNow: () => readonly Readonly<DemoJobFact>[]): PageAt {
  const root = gocd.contextPath;
  return (path) => {
    const facts = { gocd, jobs: jobsNow() };
    if (path === "/" || path === root || path === `${root}/` || path === `${root}/pipelines`) return overview(facts);
    const locator = after(path, `${root}/tab/build/detail/`);
    if (locator !== undefined) return jobPage(facts, locator);
    const uuid = after(path, `${root}/agents/`)?.replace(/\/job_run_history$/, "");
    return uuid === undefined ? undefined : agentPage(facts, uuid);
  };
}

function overview(facts: GocdFacts): string {
  const { gocd, jobs } = facts;
  const rows = jobs.toReversed().map((job) => [jobLink(facts, job), stateOf(facts, job), escaped(job.builder ?? "")]);
  const agents = gocd.agents().map(({ uuid, hostname, configState, runtime }) => [
    link(`${gocd.contextPath}/agents/${uuid}/job_run_history`, hostname),
    configState,
    runtime,
  ]);
  return page("Simulated GoCD server", aboutGocd, [
    section("Jobs", ["Job", "State", "Agent"], rows),
    section("Agents", ["Hostname", "Config state", "State"], agents),
  ]);
}

function jobPage(facts: GocdFacts, locator: string): string {
  const { gocd, jobs } = facts;
  const job = jobs.find((each) => each.locator === locator);
  if (job === undefined) return page("No such job", aboutGocd, ["<p>The demo has no job of this name.</p>"]);
  const active = gocd.jobs().find((each) => each.locator === locator);
  const needs = active === undefined ? [] : [
    ["Resources", escaped(active.gocdResources.join(", ")) || "none"],
    ["Environment", escaped(gocd.environmentOf(active.pipeline) ?? "none")],
  ];
  return page(`Job ${escaped(locator)}`, aboutGocd, [
    section("", ["", ""], [
      ["State", stateOf(facts, job)],
      ["Agent", escaped(job.builder ?? "none yet")],
      ["Scheduled", timeText(job.scheduledMs)],
      ...(job.assignedMs === undefined ? [] : [["Assigned", timeText(job.assignedMs)]]),
      ...(job.builtMs === undefined ? [] : [["Completed", timeText(job.builtMs)]]),
      ...needs,
    ]),
  ]);
}

function agentPage(facts: GocdFacts, uuid: string): string {
  const agent = facts.gocd.agents().find((each) => each.uuid === uuid);
  if (agent === undefined) {
    return page("No such agent", aboutGocd, [
      "<p>No agent has this UUID: its record was deleted, or never existed.</p>",
    ]);
  }
  const rows = facts.jobs.filter(({ builder }) => builder === agent.hostname).toReversed()
    .map((job) => [jobLink(facts, job), stateOf(facts, job)]);
  return page(`Agent ${escaped(agent.hostname)}`, aboutGocd, [
    section("", ["", ""], [
      ["State", `${agent.configState}, ${agent.runtime}`],
      ["Resources", escaped(agent.gocdResources.join(", ")) || "none"],
      ["Environments", escaped(agent.environments.join(", ")) || "none"],
    ]),
    section("Jobs that it has run", ["Job", "State"], rows),
  ]);
}

function jobLink({ gocd }: GocdFacts, { locator }: Readonly<DemoJobFact>): string {
  const path = locator.split("/").map(encodeURIComponent).join("/");
  return link(`${gocd.contextPath}/tab/build/detail/${path}`, locator);
}

function stateOf({ gocd }: GocdFacts, { locator, builtMs }: Readonly<DemoJobFact>): string {
  return builtMs !== undefined ? "Completed" : gocd.jobs().find((job) => job.locator === locator)?.state ?? "Ended";
}

/**
 * The page of the master. The web interface of a real one has agents and sandboxes behind `#`: here those are anchors.
 */
export function mesosPage(mesos: SimMesos): PageAt {
  return (path) => {
    if (path !== "/") return undefined;
    const { mesosAgents, tasks } = mesos.view();
    const agents = mesosAgents.map(({ id, hostname, standing }) => {
      const mark = `/agents/${id}`;
      const rows = tasks.filter(({ mesosAgentId }) => mesosAgentId === id).map(({ taskId, frameworkId, state }) => [
        `<span id="${escaped(`${mark}/frameworks/${frameworkId}/executors/${taskId}`)}">${escaped(taskId)}</span>`,
        escaped(state),
      ]);
      const title = `<span id="${escaped(mark)}">${escaped(hostname)}</span> <small>${standing}</small>`;
      return section(title, ["Task", "State"], rows);
    });
    const note =
      "<p>Tasks that have ended are soon removed from this list, and simulated containers have no sandbox.</p>";
    return page("Simulated Mesos master", aboutMesos, [...agents, note]);
  };
}

/** The rest of a path after a prefix, decoded. */
function after(path: string, beginning: string): string | undefined {
  if (!path.startsWith(beginning)) return undefined;
  try {
    return decodeURIComponent(path.slice(beginning.length));
  } catch {
    return undefined;
  }
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.some((each) => each !== "") ? `<tr>${heads.map((each) => `<th>${each}</th>`).join("")}</tr>` : "";
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n");
  const list = rows.length === 0 ? "<p>none</p>" : `<table>${head}${body}</table>`;
  return `${title === "" ? "" : `<h2>${title}</h2>`}${list}`;
}

function page(title: string, about: string, parts: readonly string[]): string {
  return `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – gocd-mesos demo</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
td, th { text-align: start; padding: 0 1.5rem 0 0; vertical-align: top; }
:target { outline: 2px solid; outline-offset: 2px; }
</style>
<h1>${title}</h1>
<p>${about}</p>
${parts.join("\n")}
</html>
`;
}

function link(href: string, text: string): string {
  return `<a href="${escaped(href)}">${escaped(text)}</a>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
