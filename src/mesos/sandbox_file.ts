// Reads the end of a container's stderr from its Mesos agent (Mesos docs/endpoints/files/read). Only allowed hosts are
// queried, with limits of time and size, and credentials are sent only if requested.

import * as v from "valibot";
import type { SandboxEffect } from "../core/effect.ts";
import type { SandboxAnswer } from "../core/life/sandbox.ts";
import { unprintable } from "../core/text.ts";
import { addressUrl, type HostPort } from "../net/addresses.ts";
import { type HostCheck, hostCheck } from "../net/allowed_hosts.ts";
import { wholeText } from "../net/body.ts";
import { authorizationOf } from "../net/credentials.ts";
import { networkFailure } from "../net/network_failure.ts";
import type { MasterClient } from "./master_request.ts";

/** For each of the two requests. */
const answerMs = 5_000;
/** The end of the file that is read: far more than is shown, so that no secret can begin before it. */
const readBytes = 16_384;
/** JSON may take six bytes for one. */
const answerBytesMax = 8 * readBytes;
/** Maximum length that is shown. */
const shownLinesMax = 20;
const shownCharactersMax = 2_000;

/** What a read needs. */
export interface SandboxReader {
  readonly client: MasterClient;
  /** Whether masters, and so agents, speak https. */
  readonly isHttps: boolean;
  /** Redacts secrets. */
  readonly redact: (text: string) => string;
}

/** The hosts whose Mesos agents may be queried: only those named by the operator. */
function sandboxHosts({ connection: { allowedHosts, masters } }: MasterClient): HostCheck {
  const configured = masters.kind === "static" ? masters.addresses : [];
  return hostCheck({ entries: allowedHosts, configured, whenEmpty: "configured-only" });
}

/** The last lines of the stderr of a task's container. Throws only what `signal` does. */
export async function readStderr(
  reader: SandboxReader,
  request: SandboxEffect,
  signal: AbortSignal,
): Promise<SandboxAnswer> {
  const { address: { hostname, ip, port } } = request;
  const isAllowed = sandboxHosts(reader.client);
  const ways = [{ host: hostname, port }, ...ip === undefined ? [] : [{ host: ip, port }]];
  const way = ways.find(isAllowed);
  if (way === undefined) return { kind: "not-allowed", host: `${hostname}:${port}` };
  try {
    const { offset: size } = await readPart(reader, { way, request, signal }, { offset: -1, length: 0 });
    if (size === 0) return { kind: "read", text: "" };
    const from = Math.max(0, size - readBytes);
    const { data } = await readPart(reader, { way, request, signal }, { offset: from, length: readBytes });
    return { kind: "read", text: lastLines(reader.redact(data)) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SandboxError) return { kind: "failed", message: error.message };
    const { kind, what } = networkFailure(error, urlOf(reader, way).href);
    if (kind === "not-permitted") return { kind: "not-allowed", host: `${way.host}:${port}` };
    return { kind: "failed", message: `the Mesos agent at ${way.host}:${port}: ${reader.redact(what)}` };
  }
}

/** A Mesos agent has sent an unexpected response. */
class SandboxError extends Error {
  /** `message` names the Mesos agent and its response. */
  constructor(way: HostPort, what: string) {
    super(`the Mesos agent at ${way.host}:${way.port} ${what}`);
    this.name = "SandboxError";
  }
}

interface Asked {
  readonly way: HostPort;
  readonly request: SandboxEffect;
  readonly signal: AbortSignal;
}

const partOfFile = v.object({ data: v.string(), offset: v.pipe(v.number(), v.integer(), v.minValue(0)) });

/** One `/files/read`; `offset` -1 gives the size of the file as `offset` (apache/mesos src/files/files.cpp). */
async function readPart(
  reader: SandboxReader,
  { way, request, signal }: Asked,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<v.InferOutput<typeof partOfFile>> {
  const url = urlOf(reader, way);
  // Mesos 1.5 and later: the same path on every agent, whatever its --work_dir (MESOS-7899).
  const { frameworkId, taskId } = request;
  url.searchParams.set("path", `/frameworks/${frameworkId}/executors/${taskId}/runs/latest/stderr`);
  url.searchParams.set("offset", String(offset));
  url.searchParams.set("length", String(length));
  const limit = new AbortController();
  const stopClock = reader.client.setTimer(
    () => limit.abort(new SandboxError(way, `did not answer within ${answerMs / 1000} s`)),
    answerMs,
  );
  const signals = AbortSignal.any([signal, limit.signal]);
  try {
    let response = await send(reader, { url, signal: signals }, undefined);
    if (response.status === 401) {
      const authorization = authorizationOf(reader.client.connection.credentials);
      if (authorization !== undefined) {
        await response.body?.cancel();
        response = await send(reader, { url, signal: signals }, authorization);
      }
    }
    return partOf(way, response.status, await wholeText(response.body, answerBytesMax));
  } catch (error) {
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    stopClock();
    limit.abort();
  }
}

function partOf(way: HostPort, status: number, body: string | undefined): v.InferOutput<typeof partOfFile> {
  if (status === 401) throw new SandboxError(way, "requires a login (401): set mesos.principal and mesos.secret");
  if (status === 403) {
    throw new SandboxError(way, "does not allow mesos.principal to read the sandbox (403, ACL access_sandboxes)");
  }
  if (status === 404) {
    throw new SandboxError(way, "does not have the sandbox (404): it may be gone, or the agent older than Mesos 1.5");
  }
  if (status !== 200) throw new SandboxError(way, `answers ${status}`);
  const parsed = v.safeParse(partOfFile, jsonOf(body ?? ""));
  if (!parsed.success) throw new SandboxError(way, "responds with something other than a part of a file");
  return parsed.output;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function send(
  { client }: SandboxReader,
  { url, signal }: { readonly url: URL; readonly signal: AbortSignal },
  authorization: string | undefined,
): Promise<Response> {
  const httpClient = client.httpClient();
  return await client.fetch(url.href, {
    redirect: "manual",
    signal,
    headers: { "user-agent": "gocd-mesos", ...(authorization === undefined ? {} : { authorization }) },
    ...(httpClient === undefined ? {} : { client: httpClient }),
  });
}

function urlOf({ isHttps }: SandboxReader, { host, port }: HostPort): URL {
  return new URL(`${addressUrl({ scheme: isHttps ? "https" : "http", host, port })}/files/read`);
}

/** The last lines, without terminal control characters. */
function lastLines(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/\t/g, " ").replace(unprintable, "").trimEnd());
  const shown = lines.filter((line) => line !== "").slice(-shownLinesMax).join("\n");
  return shown.length <= shownCharactersMax ? shown : `…${shown.slice(-shownCharactersMax)}`;
}
