// Reads `mesos-master`. Not here: finding out who leads (leader.ts), talking to it (http_scheduler.ts).
// Called by http_scheduler.ts and leader.ts; pure.

import { OperatorError } from "../errors.ts";

/** A host and a port; an IPv6 address is without its brackets. */
export interface HostPort {
  /** Name or address, in small letters. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Where a master listens. */
export interface MasterAddress extends HostPort {
  /** How it is spoken to; `http` where `mesos-master` does not say. */
  readonly scheme: "http" | "https";
}

/** What `mesos-master` may be. */
export type Masters =
  /** At least one; any of them may lead. */
  | { readonly kind: "static"; readonly addresses: readonly MasterAddress[] }
  /** ZooKeeper knows; `path` has its leading slash and no trailing one; `auth` is `user:password`. */
  | {
    readonly kind: "zookeeper";
    readonly servers: readonly HostPort[];
    readonly path: string;
    readonly auth?: string;
  };

/** Port of a Mesos master where none is written. */
export const masterPort = 5050;
/** Port of ZooKeeper where none is written. */
export const zookeeperPort = 2181;
// An ensemble has three or five; a longer list is a mistake.
const addressesMax = 64;

/**
 * Reads `host:port`, a comma list, `http(s)://host:port`, or `zk://user:password@h1:2181,h2:2181/path`. Throws an
 * `OperatorError` of kind `usage` and code `mesos-master-invalid`, whose message never shows credentials.
 */
export function parseMasters(text: string): Masters {
  const trimmed = text.trim();
  if (/^zk:/i.test(trimmed)) {
    return parseZookeeper(trimmed);
  }
  if (trimmed.includes("@")) {
    throw invalid("it holds credentials", "write them as mesos.principal and mesos.secret");
  }
  const items = itemsOf(trimmed);
  if (items.length === 0) {
    throw invalid("it names no master");
  }
  return { kind: "static", addresses: items.map(parseAddress) };
}

/** `host:port`, with brackets around an IPv6 address. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** `http://host:port`, without a slash at the end. */
export function addressUrl(address: MasterAddress): string {
  return `${address.scheme}://${hostPortText(address)}`;
}

/** `host`, `host:port`, `[::1]:port` or `::1`; `undefined` where the text is none of them. */
export function parseHostPort(text: string, defaultPort: number): HostPort | undefined {
  if (/^[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*$/i.test(text)) {
    return isIpv6(text) ? { host: text.toLowerCase(), port: defaultPort } : undefined;
  }
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535 || !URL.canParse(`http://${hostPortText({ host, port })}`)) {
    return undefined;
  }
  return { host: host.toLowerCase(), port };
}

/** Host and port of an http or https URL, the port being its scheme's where none is written. */
export function addressOfUrl(url: URL): MasterAddress {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  return { scheme, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

function parseAddress(item: string): MasterAddress {
  if (!item.includes("://")) {
    const address = parseHostPort(item, masterPort);
    if (address === undefined) {
      throw invalid(`'${item}' is not a host and port`);
    }
    return { scheme: "http", ...address };
  }
  const url = URL.canParse(item) ? new URL(item) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "" || url.port === "0") {
    throw invalid(`'${item}' is not the http or https URL of a master`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw invalid(`'${item}' has something behind the port`, `write ${url.protocol}//${url.host}`);
  }
  return addressOfUrl(url);
}

function parseZookeeper(text: string): Masters {
  const hint = "write zk://host1:2181,host2:2181/mesos, with user:password@ behind zk:// where it is needed";
  const match = /^zk:\/\/(?:(.*)@)?([^/@]*)(\/.*)?$/i.exec(text);
  if (match === null) {
    throw invalid("it is not a ZooKeeper address", hint);
  }
  const [, auth, hosts = "", path = ""] = match;
  if (auth !== undefined && !/^[^:]+:.+$/.test(auth)) {
    throw invalid("the credentials of its ZooKeeper address are not user:password", hint);
  }
  const servers: HostPort[] = [];
  for (const item of itemsOf(hosts)) {
    const server = parseHostPort(item, zookeeperPort);
    if (server === undefined) {
      throw invalid(`a server of its ZooKeeper address, '${item}', is not host:port`, hint);
    }
    servers.push(server);
  }
  if (servers.length === 0) {
    throw invalid("its ZooKeeper address names no server", hint);
  }
  const clean = path.replace(/\/+$/, "");
  if (clean === "" || clean.includes("//") || /[\s?#]|\/\.{1,2}(\/|$)/.test(clean)) {
    throw invalid("its ZooKeeper address has no usable path", hint);
  }
  return { kind: "zookeeper", servers, path: clean, ...(auth === undefined ? {} : { auth }) };
}

function itemsOf(text: string): string[] {
  const items = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
  if (items.length > addressesMax) {
    throw invalid(`it names ${items.length} hosts, more than ${addressesMax}`);
  }
  return items;
}

function isIpv6(text: string): boolean {
  return URL.canParse(`http://[${text}]/`);
}

function invalid(problem: string, hint?: string): OperatorError {
  return new OperatorError(`mesos-master cannot be used: ${problem}`, {
    code: "mesos-master-invalid",
    kind: "usage",
    hint: hint ??
      'write "host:5050", several with commas, "https://host:5050", or "zk://host1:2181,host2:2181/mesos"',
  });
}
