// Every policy that a replay can be compared with.

import { actionsRunnerController } from "./actions_runner_controller.ts";
import { buildkiteAgentScaler } from "./buildkite.ts";
import { framework2015 } from "./framework_2015.ts";
import { gitlabRunner } from "./gitlab_runner.ts";
import { gocdKubernetes } from "./gocd_kubernetes.ts";
import { kedaAccurate, kedaDefault } from "./keda.ts";
import type { Policy } from "./policy.ts";

/** In the order of the table. */
export const policies: readonly Policy[] = [
  framework2015,
  gocdKubernetes,
  buildkiteAgentScaler,
  actionsRunnerController,
  gitlabRunner,
  kedaDefault,
  kedaAccurate,
];
