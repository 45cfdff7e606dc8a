// Reads hosts, ports and ZooKeeper addresses. Not here: which keys hold them (connections.ts), permissions (hosts.ts).
// Called by these two; pure.

import { type Parsed, quote } from "./values.ts";

/** A host and a port; an IPv6 address is without its brackets. */
export interface HostPort {
  /** Name or address, in small letters. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** `zk://user:password@h1:2181,h2:2181/path` taken apart. */
export interface ZookeeperAddress {
  /** At least one. */
  readonly servers: readonly HostPort[];
  /** With its leading slash. */
  readonly path: string;
  /** `user:password`. */
  readonly auth?: string;
}

/** What `mesos-master` may be. */
export type Masters =
  | { readonly kind: "direct"; readonly servers: readonly HostPort[] }
  | { readonly kind: "zookeeper"; readonly address: ZookeeperAddress };

/** Port of a Mesos master where none is written. */
export const mesosPort = 5050;
/** Port of ZooKeeper where none is written. */
export const zookeeperPort = 2181;
const serversMax = 64;

/** `host`, `host:port`, `1.2.3.4:port`, `[::1]:port` or `::1`. The message shows the text: not for texts with credentials. */
export function parseHostPort(text: string, defaultPort: number): Parsed<HostPort> {
  const hint = "write host:port; an IPv6 address in brackets: [::1]:8080";
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*$/.test(trimmed) && URL.canParse(`http://[${trimmed}]/`)) {
    return { ok: true, value: { host: trimmed.toLowerCase(), port: defaultPort } };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  // What looks like an address must be one: 99999, 1.2.3.4.5 or 300.1.1.1 can be no part of a URL.
  if (host === undefined || port > 65_535 || !URL.canParse(`http://${hostPortText({ host, port: 1 })}/`)) {
    return { ok: false, message: `${quote(trimmed)} is not a host and port`, hint };
  }
  return { ok: true, value: { host: host.toLowerCase(), port } };
}

/** `host:port`, with brackets around an IPv6 address, as `--allow-net` and URLs want it. */
export function hostPortText(address: HostPort): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Reads `zk://…`; messages never show the text, as it may hold a password. */
export function parseZookeeper(text: string): Parsed<ZookeeperAddress> {
  const hint = "write zk://host1:2181,host2:2181/path, with user:password@ behind zk:// where it is needed";
  const match = /^zk:\/\/(?:(.*)@)?([^/@]*)(\/.*)?$/.exec(text.trim());
  if (match === null) return { ok: false, message: "it is not a ZooKeeper address", hint };
  const [, auth, hosts = "", path = "/"] = match;
  if (auth !== undefined && !/^[^:]+:.+$/.test(auth)) {
    return { ok: false, message: "the credentials of the ZooKeeper address are not user:password", hint };
  }
  const servers = parseServers(hosts, zookeeperPort);
  if (!servers.ok) return { ok: false, message: "a server of the ZooKeeper address is not host:port", hint };
  const clean = path.replace(/\/+$/, "");
  if (clean === "" || /\/\/|[\s?#]/.test(clean)) {
    return { ok: false, message: "the ZooKeeper address has no usable path", hint };
  }
  return { ok: true, value: { servers: servers.value, path: clean, ...(auth === undefined ? {} : { auth }) } };
}

/** Reads `mesos-master`; messages never show a text that holds credentials. */
export function parseMasters(text: string): Parsed<Masters> {
  const hint = 'write "host:5050", several with commas, "https://host:5050", or "zk://host1:2181,host2:2181/mesos"';
  const trimmed = text.trim();
  if (/^zk:/i.test(trimmed)) {
    const address = parseZookeeper(trimmed);
    return address.ok ? { ok: true, value: { kind: "zookeeper", address: address.value } } : address;
  }
  if (trimmed.includes("@")) {
    const message = "it holds credentials";
    return { ok: false, message, hint: "write them as mesos.principal and mesos.secret" };
  }
  const servers: HostPort[] = [];
  const items = trimmed.split(",").map((item) => item.trim()).filter((item) => item !== "");
  if (items.length === 0 || items.length > serversMax) return { ok: false, message: "it names no master", hint };
  for (const item of items) {
    const server = item.includes("://") ? parseUrlServer(item) : parseHostPort(item, mesosPort);
    const hasPath = item.includes("://") && URL.canParse(item) && new URL(item).pathname !== "/";
    if (!server.ok || server.value.port === 0 || hasPath) {
      return { ok: false, message: `${quote(item)} is not the address of a master`, hint };
    }
    servers.push(server.value);
  }
  return { ok: true, value: { kind: "direct", servers } };
}

/** Host and port of an http or https URL, with the default port of its scheme. */
export function parseUrlServer(text: string): Parsed<HostPort> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    return { ok: false, message: "it is not an http or https URL", hint: "write http://host:port/path" };
  }
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return { ok: true, value: { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port } };
}

function parseServers(text: string, defaultPort: number): Parsed<readonly HostPort[]> {
  const servers: HostPort[] = [];
  for (const item of text.split(",").slice(0, serversMax)) {
    const server = parseHostPort(item, defaultPort);
    if (!server.ok) return server;
    servers.push(server.value);
  }
  return { ok: true, value: servers };
}
