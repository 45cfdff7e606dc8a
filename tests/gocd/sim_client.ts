// The program's client on a separate simulated server, which records its requests. Not a test itself.

import { serverAt } from "../support/addresses.ts";
import type { GocdConnection, GocdPoll } from "../../src/gocd/api.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import { connection } from "./fake_gocd.ts";

/** A client, and what it has asked for. */
export interface Client {
  readonly api: HttpGocdApi;
  /** Paths asked for since they were last taken, with their status. */
  readonly take: () => readonly string[];
}

/** A client of a simulated server. */
export function client(model: SimGocd, more: Partial<GocdConnection> = {}): Client {
  const seen: string[] = [];
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await plain(input, init);
    seen.push(`${answer.status} ${new URL(String(input)).pathname.replace("/go", "")}`);
    return answer;
  };
  const target = { ...connection, url: serverAt(simUrl), ...more };
  const api = createHttpGocdApi(target, { fetch, nowMs: () => model.nowMs });
  return { api, take: () => seen.splice(0) };
}

/** The codes of the findings of a poll. */
export const codes = (poll: GocdPoll): readonly string[] => poll.findings.map(({ code }) => code);
