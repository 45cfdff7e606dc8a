// Parses addresses for tests that connect.

import {
  type HostPort,
  type Masters,
  parseMasters,
  parseServerUrl,
  parseZookeeper,
  type ReadAddress,
  type ServerUrl,
} from "../../src/net/addresses.ts";

/** `mesos-master`. */
export function mastersAt(text: string): Masters {
  return given(parseMasters(text));
}

/** The base URL of a GoCD server. */
export function serverAt(url: string): ServerUrl {
  return given(parseServerUrl(url));
}

/** Servers of ZooKeeper, `host:port,host:port`. */
export function serversAt(text: string): readonly HostPort[] {
  const address = given(parseZookeeper(`zk://${text}/x`, "state.path"));
  return address.servers;
}

/** The error for an invalid address. */
export function refusalOf(address: ReadAddress<unknown>): { readonly message: string; readonly hint: string } {
  if (address.ok) throw new Error("it is taken");
  return address;
}

function given<T>(address: ReadAddress<T>): T {
  if (address.ok) return address.value;
  throw new Error(address.message);
}
