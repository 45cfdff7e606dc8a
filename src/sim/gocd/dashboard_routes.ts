// GET `/api/dashboard` (v4: 19.5 on): pipelines with their running stages, filtered by the caller's permissions and
// views (GoCD DashboardControllerV4). An entry changes when a stage starts, a job ends or the configuration changes,
// but not with other state changes of a job.

import { askedVersion, vendorType } from "./accept.ts";
import { type Caller, isAdmin, mayView } from "./access.ts";
import { groupOf } from "./configuration.ts";
import {
  answer,
  baseUrl,
  isoTime,
  jsonMessage,
  jsonText,
  type SimRequest,
  type SimResponse,
  withEtag,
} from "./http_message.ts";
import { endedJobs, isRunning, listedRuns, type SimStageRun } from "./stage_runs.ts";
import type { GocdWorld } from "./state.ts";

/** SHA-256 of the default views (GoCD PipelineSelections). */
const noViews = "2356e5d4241f22987d8f8cb8920913fda237385b423bd7eec7e97b2a9eb1be1a";
const someViews = "2bcf9b6411ece01f339db66e94a35734ea6a298c01c002364ae38d414a74d891";

/** The dashboard of a caller. */
export function dashboardAnswer(world: GocdWorld, request: SimRequest, caller: Caller): SimResponse {
  const version = askedVersion(world, request, { served: world.rules.dashboardApi, isSpark: true });
  if (typeof version !== "string") return version;
  if (world.isDashboardPending) {
    const text = "Dashboard is being processed, this may take a few seconds. Please check back later.";
    return jsonMessage(202, vendorType(version), text);
  }
  const hidden = caller.kind === "user" ? caller.user.hides ?? [] : [];
  const shown = [...world.configuration.pipelines.values()].map(({ name }) => name)
    .filter((name) => mayView(caller, name) && !hidden.includes(name));
  const base = baseUrl(world, request);
  const group = (name: string, pipelines: readonly string[]): Record<string, unknown> => ({
    name,
    pipelines,
    "can_administer": isAdmin(caller),
    "defines_pipelines": true,
  });
  const environments = [...world.environments.values()].map(({ name }) =>
    group(
      name,
      shown.filter((pipeline) => world.pipelineEnvironments.get(pipeline)?.toLowerCase() === name.toLowerCase()),
    )
  ).filter(({ pipelines }) => Array.isArray(pipelines) && pipelines.length > 0);
  const body = {
    _links: { self: { href: `${base}/api/dashboard` }, doc: { href: "https://api.gocd.org/current/#dashboard" } },
    _personalization: hidden.length === 0 ? noViews : someViews,
    _embedded: {
      "pipeline_groups": [...Map.groupBy(shown, (name) => groupOf(world.configuration, name))]
        .map(([name, pipelines]) => group(name, pipelines)),
      environments,
      pipelines: shown.map((name) => pipelineJson(world, name)),
    },
  };
  return withEtag(request, answer(200, vendorType(version), jsonText(body)));
}

function pipelineJson(world: GocdWorld, name: string): Record<string, unknown> {
  const instances = listedRuns(world, name);
  const template = world.configuration.pipelines.get(name.toLowerCase())?.template;
  return {
    name,
    "last_updated_timestamp": stampOf(world, name, instances),
    locked: false,
    "pause_info": { paused: false, "paused_by": null, "pause_reason": null, "paused_at": null },
    "template_info": { "is_using_template": template !== undefined, "template_name": template ?? null },
    "from_config_repo": world.configuration.pipelines.get(name.toLowerCase())?.origin === "config-repo",
    _embedded: {
      instances: instances.map((runs) => ({
        label: String(runs[0]?.counter),
        counter: runs[0]?.counter,
        "triggered_by": "Triggered by changes",
        "scheduled_at": isoTime(runs[0]?.scheduledMs ?? 0),
        _embedded: { stages: runs.map((run) => stageJson(world, run)) },
      })),
    },
  };
}

function stageJson(world: GocdWorld, run: SimStageRun): Record<string, unknown> {
  return {
    name: run.stage,
    counter: String(run.stageCounter),
    status: isRunning(world, run) ? "Building" : "Passed",
    "approval_type": "manual",
    "approved_by": "admin",
    "scheduled_at": isoTime(run.scheduledMs),
  };
}

/** GoCD TimeStampBasedCounter: each change of an entry gets the next number. */
function stampOf(world: GocdWorld, name: string, instances: readonly (readonly SimStageRun[])[]): number {
  const seen = JSON.stringify([
    instances.map((runs) => runs.map((run) => [run.counter, run.stage, run.stageCounter, endedJobs(world, run)])),
    world.configuration.pipelines.get(name.toLowerCase()),
    world.pipelineEnvironments.get(name),
  ]);
  const known = world.dashboardStamps.get(name);
  if (known?.seen === seen) return known.stamp;
  const stamp = world.nextStamp++;
  world.dashboardStamps.set(name, { seen, stamp });
  return stamp;
}
