// A minimal client of the measuring master: node:http, JSON, the published decoder of the stream. It acknowledges each
// update, and has no state, no engine and no retry. Arguments: PORT.

import { Agent, type IncomingMessage, request, type RequestOptions } from "node:http";
import { read } from "npm:@dcos/recordio@0.1.8";

/** As many connections as our program has acknowledgements under way. */
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const to: RequestOptions = { host: "127.0.0.1", port: Number(Deno.args[0]), path: "/api/v1/scheduler", method: "POST" };
const json = { "content-type": "application/json", accept: "application/json" };
const decode = read as unknown as (text: string) => readonly [records: readonly string[], rest: string];

interface Event {
  readonly type: string;
  readonly subscribed?: Readonly<Record<"framework_id", unknown>>;
  readonly update?: { readonly status: Readonly<Record<"agent_id" | "task_id", unknown>> & { readonly uuid?: string } };
}

let frameworkId: unknown;

function handle({ type, subscribed, update }: Event, streamId: string): void {
  if (type === "SUBSCRIBED") frameworkId = subscribed?.["framework_id"];
  if (update?.status.uuid === undefined) return;
  const { "agent_id": ofAgent, "task_id": ofTask, uuid } = update.status;
  const body = JSON.stringify({
    "framework_id": frameworkId,
    type: "ACKNOWLEDGE",
    acknowledge: { "agent_id": ofAgent, "task_id": ofTask, uuid },
  });
  const headers = { ...json, "mesos-stream-id": streamId, "content-length": new TextEncoder().encode(body).length };
  request({ ...to, agent, headers }, (answer) => void answer.resume()).end(body);
}

function follow(stream: IncomingMessage): void {
  const streamId = String(stream.headers["mesos-stream-id"]);
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const [records, rest] = decode(text + chunk);
    text = rest;
    for (const record of records) handle(JSON.parse(record), streamId);
  });
}

request({ ...to, headers: json }, follow).end(
  JSON.stringify({ type: "SUBSCRIBE", subscribe: { "framework_info": { user: "root", name: "plain" } } }),
);
