// Calls of the operator API to the leading master, which may deny them (mesos/v1/master/master.proto, since 1.0).

import { messageOf } from "../errors.ts";
import type { HttpAddress } from "../net/addresses.ts";
import type { HostCheck } from "../net/allowed_hosts.ts";
import { wholeText } from "../net/body.ts";
import { subscribeRefusal } from "./answers.ts";
import { MesosError } from "./api.ts";
import { ownBytes } from "./calls.ts";
import { type MasterAnswer, type MasterClient, sendRequest } from "./master_request.ts";
import type { PortProbe } from "./port_probe.ts";
import { type ReachedLeader, reachLeader } from "./reach_leader.ts";

/** For each response: with thousands of tasks the master takes a while. */
export const operatorAnswerMs = 15_000;
/** A list of a thousand frameworks, of a framework's thousand tasks, or of a thousand agents takes a few MB. */
const bodyBytesMax = 64 * 1024 * 1024;

/** Where to ask. */
export interface OperatorPlace {
  readonly candidates: readonly HttpAddress[];
  readonly isAllowed: HostCheck;
  /** Runs before the first request to a host. */
  readonly portProbe: PortProbe | undefined;
  /** Each ends it. */
  readonly signals: readonly AbortSignal[];
}

/** A call without parameters. */
export type OperatorCall = "GET_FRAMEWORKS" | "GET_AGENTS" | "GET_ROLES" | "GET_WEIGHTS" | "GET_QUOTA";

const json = { "accept": "application/json" };

/** Finds the leader and sends a call; throws `MesosError` if there is none. The caller ends the response. */
export async function askLeader(
  client: MasterClient,
  place: OperatorPlace,
  call: OperatorCall,
): Promise<ReachedLeader> {
  const { headers, body } = requestOf(call);
  return await reachLeader(client, {
    ...place,
    request: { method: "POST", path: "/api/v1", headers, body },
    limitMs: operatorAnswerMs,
    judge: (answer, url) => Promise.resolve(noLeader(answer, url, call)),
  });
}

/** Sends a call to the master that responded before. The caller ends the response. */
export async function askAgain(
  client: MasterClient,
  { url, signals }: { readonly url: URL; readonly signals: readonly AbortSignal[] },
  call: OperatorCall,
): Promise<MasterAnswer> {
  const limits = { limitMs: operatorAnswerMs, signals, unanswered: "unreachable" } as const;
  return await sendRequest(client, { method: "POST", url: url.href, ...requestOf(call) }, limits);
}

function requestOf(
  type: OperatorCall,
): { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array<ArrayBuffer> } {
  return {
    headers: { ...json, "content-type": "application/json" },
    body: ownBytes(new TextEncoder().encode(JSON.stringify({ type }))),
  };
}

/** A master that is not ready yet; any other response means that it denies access. */
function noLeader(
  { response: { status, headers } }: MasterAnswer,
  url: URL,
  asked: OperatorCall,
): ReturnType<typeof subscribeRefusal> | undefined {
  if (status !== 429 && status < 500 || status === 501) return undefined;
  return subscribeRefusal({ url, asked, status, headers, text: "", credentials: { kind: "none" } });
}

/** The JSON of a response with status 200; ends it. `undefined` for other responses, or invalid JSON. */
export async function readJson(answer: MasterAnswer): Promise<unknown> {
  try {
    if (answer.response.status !== 200) return undefined;
    const body = await wholeText(answer.response.body, bodyBytesMax);
    return body === undefined ? undefined : JSON.parse(body);
  } catch (error) {
    // A login page, or a response truncated by a proxy.
    if (error instanceof SyntaxError) return undefined;
    throw new MesosError(
      "unreachable",
      `the response of the Mesos master was cut off: ${messageOf(error)}`,
      "see the log of the master, or look for a proxy that cuts long responses",
      error,
    );
  } finally {
    answer.end();
  }
}
