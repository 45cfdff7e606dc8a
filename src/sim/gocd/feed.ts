// The feed of scheduled jobs on its old and its new path (GoCD JobPlanXmlViewModel, FeedsApiControllerV1).

import { type Caller, isAdmin, mayView, refusal } from "./access.ts";
import { accessTexts } from "./access.ts";
import { environmentOf } from "./assignment.ts";
import { acceptOf, answer, baseUrl, containerPage, type SimRequest, type SimResponse } from "./http_message.ts";
import { scheduledJobs } from "./work.ts";
import type { GocdWorld, SimJob } from "./state.ts";
import type { SimFault } from "./faults.ts";

/** GET of `/api/jobs/scheduled.xml` (15.2 to 20.8; administrators only, any Accept). */
export function oldFeedAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  fault: SimFault | undefined,
): SimResponse {
  if (world.rules.oldFeed === "gone") return containerPage(404, "Not Found");
  if (!isAdmin(caller)) return refusal(world, request, 403, accessTexts.notAllowed);
  if (world.rules.oldFeed === "admin-404") return containerPage(404, "Not Found");
  const base = baseUrl(world, request);
  const writeJob = (job: SimJob): string =>
    jobElement(world, job, { id: true, links: [`<link rel="self" href="${base}/tab/build/detail/${job.locator}"/>`] });
  return answer(200, "application/xml; charset=utf-8", feedXml(listed(world, caller, fault).map(writeJob), "\n\n"));
}

/** GET of `/api/feed/jobs/scheduled.xml` (20.1 and later; any user; no versioned Accept). */
export function newFeedAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  fault: SimFault | undefined,
): SimResponse {
  const accept = acceptOf(request);
  const type = feedType(accept);
  if (!world.rules.newFeed || type === undefined) return containerPage(404, "Not Found");
  const base = baseUrl(world, request);
  const writeJob = (job: SimJob): string => {
    const detail = `${base}/tab/build/detail/${job.locator}`;
    return jobElement(world, job, {
      id: false,
      links: [
        `<link rel="self" href="${base}/api/feed/pipelines/${job.locator}.xml"/>`,
        `<link rel="alternate" href="${detail}" title="${escapeXml(job.name)} Job Detail" type="text/html"/>`,
      ],
    });
  };
  return answer(200, type, feedXml(listed(world, caller, fault).map(writeJob), "\n"));
}

/** The route is registered for application/xml; the answer's type echoes the exact word of the Accept. */
function feedType(accept: string): string | undefined {
  const echoed = ["application/xml", "text/xml", "application/rss+xml", "application/atom+xml"];
  const types = accept.split(",").map((part) => part.split(";")[0]?.trim() ?? "");
  if (accept === "" || types.includes("*/*") || types.includes("application/*")) return "application/xml";
  return types.includes("application/xml") ? echoed.find((type) => accept === type) ?? "application/xml" : undefined;
}

function listed(world: GocdWorld, caller: Caller, fault: SimFault | undefined): readonly SimJob[] {
  const jobs = fault?.snapshot === undefined
    ? scheduledJobs(world)
    : fault.snapshot.jobs.filter((job) => job.state === "Scheduled");
  return world.rules.feedHidesPipelines ? jobs.filter((job) => mayView(caller, job.pipeline)) : jobs;
}

function feedXml(jobs: readonly string[], afterDeclaration: string): string {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  if (jobs.length === 0) return `${declaration}${afterDeclaration}<scheduledJobs/>\n`;
  return `${declaration}${afterDeclaration}<scheduledJobs>\n${jobs.join("")}</scheduledJobs>\n`;
}

interface JobWriting {
  readonly id: boolean;
  readonly links: readonly string[];
}

function jobElement(world: GocdWorld, job: SimJob, writing: JobWriting): string {
  const lines = [
    `  <job name="${escapeXml(job.name)}"${writing.id ? ` id="${job.id}"` : ""}>`,
    ...writing.links.map((link) => `    ${link}`),
    `    <buildLocator>${escapeXml(job.locator)}</buildLocator>`,
  ];
  const environment = environmentOf(world, job);
  if (environment !== undefined) lines.push(`    <environment>${escapeXml(environment)}</environment>`);
  if (job.gocdResources.length > 0) {
    lines.push("    <resources>");
    for (const name of job.gocdResources) lines.push(`      <resource><![CDATA[${name}]]></resource>`);
    lines.push("    </resources>");
  }
  if (job.variables.length > 0) {
    lines.push("    <environmentVariables>");
    for (const { name, value, secure } of job.variables) {
      const shown = secure ? "****" : escapeText(value.trim().replace(/[ \t\r\n]+/g, " "));
      lines.push(`      <variable name="${escapeXml(name)}">${shown}</variable>`);
    }
    lines.push("    </environmentVariables>");
  }
  return `${lines.join("\n")}\n  </job>\n`;
}

/** As {@linkcode escapeXml}, between elements, where quotes stay (seen on 26.2). */
function escapeText(text: string): string {
  return escapeXml(text).replaceAll("&quot;", '"');
}

/** As dom4j escapes: control characters become references that XML 1.0 forbids (dom4j XMLWriter). */
function escapeXml(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[&<>"\u0000-\u001f]/g, (character) => {
    switch (character) {
      case "&":
        return "&amp;";
      case "<":
        return "&lt;";
      case ">":
        return "&gt;";
      case '"':
        return "&quot;";
      default:
        return `&#${character.charCodeAt(0)};`;
    }
  });
}
