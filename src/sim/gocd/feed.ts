// The feed of scheduled jobs on its old and its new path (GoCD JobPlanXmlViewModel, FeedsApiControllerV1).

import { type Caller, isAdmin, mayView, refusal } from "./access.ts";
import { accessTexts } from "./access.ts";
import { environmentOf } from "./assignment.ts";
import { acceptOf, answer, baseUrl, noRoute, type SimRequest, type SimResponse, unknownPath } from "./http_message.ts";
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
  if (world.rules.oldFeed === "gone") return unknownPath(world, request);
  if (!isAdmin(caller)) return refusal(world, request, 403, accessTexts.notAllowed);
  if (world.rules.oldFeed === "admin-404") return unknownPath(world, request);
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
  if (world.feedGone === 410) return answer(410, "", "");
  // For a removed path the container responds, as for the old feed (seen on 26.2).
  if (!world.rules.newFeed || world.feedGone === 404) return unknownPath(world, request);
  const types = acceptOf(request).toLowerCase().split(",").map((part) => part.trim());
  const type = types.find((one) => feedTypes.includes(one)) ?? "application/xml";
  // The type is also set after the routes, for a request that none of them handled.
  if (!types.some((one) => /^(?:$|\*\/\*|application\/(?:\*|xml))(?:$|;)/.test(one))) return noRoute(type);
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
  const xml = feedXml(listed(world, caller, fault).map(writeJob), "\n");
  return answer(200, `${type};charset=utf-8`, xml, world.rules.feedDeprecated ? deprecation : {});
}

/** Supported types of a feed; only Accepts that allow the first match a route. */
const feedTypes = ["application/xml", "text/xml", "application/rss+xml", "application/atom+xml"];

/** As GoCD 25.4 and later send it, removal before deprecation (FeedsApiControllerV1, RoutesHelper). */
const deprecation = {
  "x-gocd-api-deprecated-in": "v25.4.0",
  "x-gocd-api-removal-in": "v25.1.0",
  "x-gocd-api-deprecation-info": "https://api.gocd.org/25.4.0/#api-changelog",
  warning:
    '299 GoCD/v25.4.0 "The Feeds API version v1 has been deprecated without replacement in GoCD Release v25.4.0. ' +
    'This API will be removed in GoCD Release v25.1.0. Users should migrate to modern JSON-based alternatives."',
};

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

/** Like {@linkcode escapeXml}, for text between elements, where quotes are kept (seen on 26.2). */
function escapeText(text: string): string {
  return escapeXml(text).replaceAll("&quot;", '"');
}

/** Escapes like dom4j: control characters become references that XML 1.0 forbids (dom4j XMLWriter). */
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
