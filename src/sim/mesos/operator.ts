// The operator API of the simulated master: GET_FRAMEWORKS, GET_AGENTS and the like, and the endpoint /master/frameworks (Mesos
// src/master/http.cpp, Master::Http::api; src/master/readonly_handler.cpp).

import {
  authenticate,
  mastersRefusal,
  noAnswer,
  refusal,
  type SimMesosAnswer,
  type SimMesosRequest,
  typeRefusal,
} from "./gate.ts";
import { compact, type Plain, plainOf, textAt } from "./json.ts";
import { clusterAnswer } from "./operator_cluster.ts";
import type { SimTask, SimWorld } from "./state.ts";
import { mesosJson } from "./wire_text.ts";

/** Handles one request of an operator. */
export function answerOperator(world: SimWorld, request: SimMesosRequest): SimMesosAnswer {
  const index = request.master ?? world.leader ?? 0;
  if (world.masters[index]?.isUp !== true) return noAnswer;
  const { operatorApi = "open" } = world.options;
  if (operatorApi === "absent") return { status: 404, headers: {}, body: "" };
  const principal = authenticate(world, request.headers, "mesos-master-readwrite");
  if (typeof principal === "object") return principal;
  const [path = "", query = ""] = (request.path ?? "/api/v1").split("?");
  const early = mastersRefusal(world, index, path);
  if (early !== undefined) return early;
  if (operatorApi === "forbidden") return refusal(403, "");
  return path.endsWith("/frameworks") ? frameworksPage(world, query) : operatorCall(world, request);
}

function operatorCall(world: SimWorld, request: SimMesosRequest): SimMesosAnswer {
  const early = typeRefusal(request);
  if (early !== undefined) return early;
  if (request.headers["content-type"] === "application/x-protobuf") {
    return refusal(400, "Failed to parse body into Call protobuf");
  }
  const { unreadable } = plainOf(request.call);
  if (typeof unreadable === "string") return refusal(400, unreadable);
  const call = textAt(request.call, "type");
  if (call === undefined) return refusal(400, "Failed to validate master::Call: Expecting 'type' to be present");
  const cluster = clusterAnswer(world, call);
  if (cluster !== undefined) return good(cluster);
  if (call !== "GET_FRAMEWORKS") return refusal(501, "501 Not Implemented.");
  const frameworks = known(world).map(({ info, isActive, isConnected, isRecovered }) => ({
    "framework_info": info,
    active: isActive,
    connected: isConnected,
    recovered: isRecovered,
  }));
  // An empty list is omitted, as in all JSON of Mesos.
  return good({ type: call, "get_frameworks": frameworks.length === 0 ? {} : { frameworks } });
}

function frameworksPage(world: SimWorld, query: string): SimMesosAnswer {
  const wanted = new URLSearchParams(query).get("framework_id");
  const frameworks = known(world).filter(({ id }) => wanted === null || id === wanted).map((each) => ({
    id: each.id,
    ...compact({ name: each.info["name"], user: each.info["user"], principal: each.info["principal"] }),
    active: each.isActive,
    connected: each.isConnected,
    recovered: each.isRecovered,
    ...compact({ roles: each.info["roles"], role: each.info["role"] }),
    tasks: each.tasks.map(taskJson),
    "unreachable_tasks": each.unreachable.map(taskJson),
    "completed_tasks": [],
  }));
  return good({ frameworks, "completed_frameworks": [], "unregistered_frameworks": [] });
}

interface Known {
  readonly id: string;
  readonly info: Plain;
  readonly isActive: boolean;
  readonly isConnected: boolean;
  readonly isRecovered: boolean;
  readonly tasks: readonly SimTask[];
  readonly unreachable: readonly SimTask[];
}

/** Frameworks that have subscribed with this leader, and those only reported by agents. */
function known(world: SimWorld): readonly Known[] {
  const subscribed = [...world.frameworks.values()].map((framework): Known => ({
    id: framework.id,
    info: framework.info,
    isActive: framework.subscription !== undefined,
    isConnected: framework.subscription !== undefined,
    isRecovered: false,
    tasks: [...framework.tasks.values()],
    unreachable: [...framework.unreachableTasks.values()],
  }));
  const recovered = [...world.frameworkInfos].flatMap(([id, info]): readonly Known[] => {
    if (world.frameworks.has(id) || world.completed.has(id)) return [];
    const tasks = [...world.hosts.values()].filter((host) => host.standing === "registered")
      .flatMap((host) => [...host.runs.values()].map((run) => run.task).filter((task) => task.frameworkId === id));
    if (tasks.length === 0) return [];
    return [{ id, info, isActive: false, isConnected: false, isRecovered: true, tasks, unreachable: [] }];
  });
  return [...subscribed, ...recovered];
}

function taskJson(task: SimTask): Plain {
  return {
    id: task.taskId,
    name: textAt(task.info, "name") ?? "",
    "framework_id": task.frameworkId,
    "executor_id": "",
    "slave_id": task.mesosAgentId,
    state: task.masterState,
    statuses: [],
  };
}

function good(body: Plain): SimMesosAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body: mesosJson(body) };
}
