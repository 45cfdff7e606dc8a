// GET `/api/stages/:pipeline/:counter/:stage/:counter` (19.12 on): the jobs of one run (GoCD StageInstanceControllerV2 and
// V3). It has no ETag.

import { askedVersion, vendorType } from "./accept.ts";
import { accessTexts, type Caller, mayView } from "./access.ts";
import { answer, jsonMessage, jsonText, type SimRequest, type SimResponse } from "./http_message.ts";
import type { GocdWorld, SimJob } from "./state.ts";

/** The path's parts, decoded. */
export interface StagePath {
  readonly pipeline: string;
  readonly counter: string;
  readonly stage: string;
  readonly stageCounter: string;
}

/** The parts of such a path; nothing for other paths. */
export function stagePathOf(path: string): StagePath | undefined {
  const parts = /^\/api\/stages\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path)?.slice(1).map(decodeURIComponent);
  const [pipeline, counter, stage, stageCounter] = parts ?? [];
  return pipeline === undefined || counter === undefined || stage === undefined || stageCounter === undefined
    ? undefined
    : { pipeline, counter, stage, stageCounter };
}

/** The response for one run. */
export function stageAnswer(
  world: GocdWorld,
  request: SimRequest,
  caller: Caller,
  { pipeline, counter, stage, stageCounter }: StagePath,
): SimResponse {
  const version = askedVersion(world, request, { served: world.rules.stageApi, isSpark: true });
  if (typeof version !== "string") return version;
  const type = vendorType(version);
  if (!world.configuration.pipelines.has(pipeline.toLowerCase())) {
    return jsonMessage(404, type, `Pipeline with name '${pipeline}' was not found!`);
  }
  if (!mayView(caller, pipeline)) return jsonMessage(403, type, accessTexts.notAllowedAction);
  const runs = world.stageRuns.get(pipeline);
  if (![...runs?.values() ?? []].some((run) => String(run.counter) === counter)) {
    return jsonMessage(404, type, `Not Found { Pipeline '${pipeline}' with counter '${counter}' not found }\n`);
  }
  const run = runs?.get(`${counter}/${stage}/${stageCounter}`);
  // NullStage has no creation time.
  if (run === undefined) return jsonMessage(500, type, "An error occurred while processing the request.");
  const { scheduledMs } = run;
  return answer(
    200,
    type,
    jsonText({
      name: stage,
      counter: run.stageCounter,
      "approval_type": "manual",
      "approved_by": "admin",
      ...(version === "v2" ? {} : { "scheduled_at": scheduledMs, "last_transitioned_time": world.nowMs }),
      result: "Unknown",
      "rerun_of_counter": null,
      "fetch_materials": true,
      "clean_working_directory": false,
      "artifacts_deleted": false,
      "pipeline_name": pipeline,
      "pipeline_counter": run.counter,
      jobs: [...run.jobs.values()].map((job) => jobJson(world, job)),
    }),
  );
}

function jobJson(world: GocdWorld, job: SimJob): Record<string, unknown> {
  const state = world.jobs.has(job.id) ? job.state : "Completed";
  return {
    name: job.name,
    state,
    result: state === "Completed" ? "Passed" : "Unknown",
    "scheduled_date": job.scheduledMs,
    rerun: false,
    "original_job_id": null,
    "agent_uuid": job.gocdAgentUuid ?? job.pinnedUuid ?? null,
    "pipeline_name": null,
    "pipeline_counter": null,
    "stage_name": null,
    "stage_counter": null,
    "job_state_transitions": [{ state: "Scheduled", "state_change_time": job.scheduledMs }],
  };
}
