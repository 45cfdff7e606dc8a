// Parses the znodes with which Mesos masters elect their leader. Anyone with write access to ZooKeeper can put anything
// there, so every host is validated.

import { type HostPort, parseHostPort } from "../net/addresses.ts";

/** `MasterInfo` as JSON takes about 300 bytes. */
const masterInfoCharactersMax = 64 * 1024;
/** A name of the domain name system has at most 253 characters. */
const hostCharactersMax = 255;

/** The znode of the leader among the children of the masters' path: the lowest `json.info_` number. */
export function leadingZnode(names: readonly string[]): string | undefined {
  let lowest: { readonly name: string; readonly number: number } | undefined;
  for (const name of names) {
    const number = Number(/^json\.info_(\d+)$/.exec(name)?.[1] ?? NaN);
    if (!Number.isNaN(number) && (lowest === undefined || number < lowest.number)) lowest = { name, number };
  }
  return lowest?.name;
}

/**
 * The addresses in the value of a leader's znode, at most three: the name first, because the operator knows it, then
 * the IP address. Empty if it is not a `MasterInfo` in JSON.
 */
export function hostsInMasterInfo(data: string): readonly HostPort[] {
  const info = parseInfo(data);
  const { hostname, ip, port } = Object(info.address ?? {});
  const hosts: HostPort[] = [];
  for (const [host, at] of [[hostname, port], [ip, port], [info.hostname, info.port]]) {
    const address = addressOf(host, at);
    if (address !== undefined && !hosts.some((known) => known.host === address.host)) hosts.push(address);
  }
  return hosts;
}

/** `MasterInfo` in the JSON of protobuf; everything may be missing or of another type. */
interface MasterInfoJson {
  readonly address?: { readonly hostname?: unknown; readonly ip?: unknown; readonly port?: unknown };
  readonly hostname?: unknown;
  readonly port?: unknown;
}

function parseInfo(data: string): MasterInfoJson {
  if (data.length > masterInfoCharactersMax) return {};
  try {
    return Object(JSON.parse(data));
  } catch {
    return {};
  }
}

// A host becomes part of a URL and of messages: `x/y?`, `user@x` or a line feed would change the target, or throw.
function addressOf(host: unknown, port: unknown): HostPort | undefined {
  if (typeof host !== "string" || host.length > hostCharactersMax || !isPort(port)) return undefined;
  const plain = host.includes(":") ? host.replace(/^\[(.*)\]$/, "$1") : host;
  const address = parseHostPort(plain, port);
  // A host must not contain a port.
  return address.ok && address.value.host === plain.toLowerCase() ? { host: address.value.host, port } : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 65_535;
}
