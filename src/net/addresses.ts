// Parses hosts, ports, master URLs and ZooKeeper addresses: one rule for the configuration and for the connections.

import { quote } from "../quote.ts";

/** A value, or what is wrong with its text and what to write instead. */
export type ReadAddress<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/** A host and a port; an IPv6 address is without its brackets. */
export interface HostPort {
  /** Name or address, in lower case. */
  readonly host: string;
  /** 0 to 65535; 0 only where a listener may take any. */
  readonly port: number;
}

/** Where a Mesos master listens. */
export interface MasterAddress extends HostPort {
  /** How it is spoken to; `http` where `mesos-master` does not say. */
  readonly scheme: "http" | "https";
}

/** `zk://user:password@h1:2181,h2:2181/path` taken apart. */
export interface ZookeeperAddress {
  /** At least one. */
  readonly servers: readonly HostPort[];
  /** With its leading slash and no trailing one; never just `/`. */
  readonly path: string;
  /** `user:password`. */
  readonly auth?: string;
}

/** What `mesos-master` may be. */
export type Masters =
  /** At least one; any of them may lead. */
  | { readonly kind: "static"; readonly addresses: readonly MasterAddress[] }
  /** ZooKeeper knows. */
  | ZookeeperAddress & { readonly kind: "zookeeper" };

/** Port of a Mesos master where none is written. */
const masterPort = 5050;
/** Port of ZooKeeper where none is written. */
const zookeeperPort = 2181;
/** An ensemble has three or five members; a longer list is a mistake. */
const hostsMax = 64;

/** `host`, `host:port`, `1.2.3.4:port`, `[::1]:port` or `::1`. The message shows the text: not for texts with credentials. */
export function parseHostPort(text: string, defaultPort: number): ReadAddress<HostPort> {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*$/.test(trimmed) && URL.canParse(`http://[${trimmed}]/`)) {
    return { ok: true, value: { host: trimmed.toLowerCase(), port: defaultPort } };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  // What looks like an address must be one: 99999, 1.2.3.4.5 or 300.1.1.1 can be no part of a URL.
  if (host === undefined || port > 65_535 || !URL.canParse(`http://${hostPortText({ host, port: 1 })}/`)) {
    const hint = "write host:port; an IPv6 address in brackets: [::1]:8080";
    return { ok: false, message: `${quote(trimmed)} is not a host and port`, hint };
  }
  return { ok: true, value: { host: host.toLowerCase(), port } };
}

/** `host:port`, with brackets around an IPv6 address, as `--allow-net` and URLs want it. */
export function hostPortText({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Host and port of an http or https URL, the port being its scheme's where none is written. */
export function addressOfUrl(url: URL): MasterAddress {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  return { scheme, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

/** Host and port of a text that must be an http or https URL. */
export function parseUrlServer(text: string): ReadAddress<HostPort> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    return { ok: false, message: "it is not an http or https URL", hint: "write http://host:port/path" };
  }
  const { host, port } = addressOfUrl(url);
  return { ok: true, value: { host, port } };
}

/** Reads `zk://…`; messages never show credentials. */
export function parseZookeeper(text: string): ReadAddress<ZookeeperAddress> {
  const hint = "write zk://host1:2181,host2:2181/path, with user:password@ behind zk:// where it is needed";
  const bad = (message: string): ReadAddress<never> => ({ ok: false, message, hint });
  const match = /^zk:\/\/(?:(.*)@)?([^/@]*)(\/.*)?$/i.exec(text.trim());
  if (match === null) return bad("it is not a ZooKeeper address");
  const [, auth, hosts = "", path = ""] = match;
  if (auth !== undefined && !/^[^:]+:.+$/.test(auth)) {
    return bad("the credentials of the ZooKeeper address are not user:password");
  }
  const servers = parseZookeeperServers(hosts);
  if (!servers.ok) return bad(servers.message);
  const clean = path.replace(/\/+$/, "");
  // As org.apache.zookeeper.common.PathUtils.validatePath.
  // deno-lint-ignore no-control-regex
  if (clean === "" || /\/\/|[\s?#\u0000-\u001f\u007f-\u009f]|\/\.{1,2}(\/|$)/.test(clean)) {
    return bad("the ZooKeeper address has no usable path");
  }
  return { ok: true, value: { servers: servers.value, path: clean, ...(auth === undefined ? {} : { auth }) } };
}

/** Reads `host1:2181,host2:2181`, the part of a ZooKeeper address that names its servers. */
export function parseZookeeperServers(text: string): ReadAddress<readonly HostPort[]> {
  const hint = "write host1:2181,host2:2181";
  const items = itemsOf(text);
  if (items.length === 0) return { ok: false, message: "the ZooKeeper address names no server", hint };
  if (items.length > hostsMax) return { ok: false, message: tooMany(items.length), hint };
  const servers: HostPort[] = [];
  for (const item of items) {
    const server = parseHostPort(item, zookeeperPort);
    if (!server.ok || server.value.port === 0) {
      return { ok: false, message: `a server of the ZooKeeper address, ${quote(item)}, is not host:port`, hint };
    }
    servers.push(server.value);
  }
  return { ok: true, value: servers };
}

/** Reads `mesos-master`: `host:port`, a comma list, `http(s)://host:port`, or `zk://…`; messages never show credentials. */
export function parseMasters(text: string): ReadAddress<Masters> {
  const hint = 'write "host:5050", several with commas, "https://host:5050", or "zk://host1:2181,host2:2181/mesos"';
  const trimmed = text.trim();
  if (/^zk:/i.test(trimmed)) {
    const address = parseZookeeper(trimmed);
    return address.ok ? { ok: true, value: { kind: "zookeeper", ...address.value } } : address;
  }
  if (trimmed.includes("@")) {
    return { ok: false, message: "it holds credentials", hint: "write them as mesos.principal and mesos.secret" };
  }
  const items = itemsOf(trimmed);
  if (items.length === 0) return { ok: false, message: "it names no master", hint };
  if (items.length > hostsMax) return { ok: false, message: tooMany(items.length), hint };
  const addresses: MasterAddress[] = [];
  for (const item of items) {
    const address = readMaster(item, hint);
    if (!address.ok) return address;
    addresses.push(address.value);
  }
  return { ok: true, value: { kind: "static", addresses } };
}

function readMaster(item: string, hint: string): ReadAddress<MasterAddress> {
  if (!item.includes("://")) {
    const address = parseHostPort(item, masterPort);
    if (address.ok && address.value.port !== 0) return { ok: true, value: { scheme: "http", ...address.value } };
    return { ok: false, message: `${quote(item)} is not a host and port`, hint };
  }
  const url = URL.canParse(item) ? new URL(item) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "" || url.port === "0") {
    return { ok: false, message: `${quote(item)} is not the http or https URL of a master`, hint };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { ok: false, message: `${quote(item)} has something behind the port`, hint: `write ${url.origin}` };
  }
  return { ok: true, value: addressOfUrl(url) };
}

function itemsOf(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function tooMany(count: number): string {
  return `it names ${count} hosts, more than ${hostsMax}`;
}
