// Parses hosts, ports, server URLs, masters and ZooKeeper addresses: config/ does this once, and all others get the
// parsed form.

import { oneLine } from "../core/text.ts";
import { quote } from "../quote.ts";
import { Secret } from "../secret.ts";

/** A value, or what is wrong with its text and what to write instead. */
export type ReadAddress<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/** A host and a port; an IPv6 address is without its brackets. */
export interface HostPort {
  /** Name or address, in lower case. */
  readonly host: string;
  /** 0 to 65535; 0 only for a listener, where it means any port. */
  readonly port: number;
}

/** A server that speaks HTTP. */
export interface HttpAddress extends HostPort {
  /** How it is spoken to. */
  readonly scheme: "http" | "https";
}

/** The base URL of a server. */
export interface ServerUrl extends HttpAddress {
  /** With a leading slash and no trailing one; empty for the root. */
  readonly path: string;
}

/** The parts of `zk://user:password@h1:2181,h2:2181/path`. */
export interface ZookeeperAddress {
  /** At least one. */
  readonly servers: readonly HostPort[];
  /** With a leading slash and no trailing one; never just `/`. */
  readonly path: string;
  /** `user:password` of the scheme `digest`. */
  readonly auth?: Secret;
}

/** The forms of `mesos-master`. */
export type Masters =
  /** At least one; any of them may lead. */
  | { readonly kind: "static"; readonly addresses: readonly HttpAddress[] }
  /** Looked up in ZooKeeper. */
  | ZookeeperAddress & { readonly kind: "zookeeper" };

/** Default port of a Mesos master. */
const masterPort = 5050;
/** Default port of ZooKeeper. */
const zookeeperPort = 2181;
/** An ensemble has three or five members; a longer list is a mistake. */
const hostsMax = 64;

/**
 * `host`, `host:port`, `1.2.3.4:port`, `[::1]:port` or `::1`. The message quotes the text, so it must not contain
 * credentials.
 */
export function parseHostPort(text: string, defaultPort: number): ReadAddress<HostPort> {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*$/.test(trimmed) && URL.canParse(`http://[${trimmed}]/`)) {
    return { ok: true, value: { host: trimmed.toLowerCase(), port: defaultPort } };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(trimmed);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  // A text that looks like an address must be valid: 99999, 1.2.3.4.5 or 300.1.1.1 cannot be part of a URL.
  if (host === undefined || port > 65_535 || !URL.canParse(`http://${hostPortText({ host, port: 1 })}/`)) {
    const hint = "write host:port; an IPv6 address in brackets: [::1]:8080";
    return { ok: false, message: `${shownOf(trimmed, text)} is not a host and port`, hint };
  }
  return { ok: true, value: { host: host.toLowerCase(), port } };
}

/** `host:port`, with brackets around an IPv6 address, as in `--allow-net` and URLs. */
export function hostPortText({ host, port }: HostPort): string {
  return `${hostText(host)}:${port}`;
}

/** The host as in URLs: an IPv6 address in brackets. */
export function hostText(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** `http://host:port`, without a slash at the end. */
export function addressUrl(address: HttpAddress): string {
  return `${address.scheme}://${hostPortText(address)}`;
}

/** The base URL as people write it: without the default port of the scheme. */
export function serverUrlText({ scheme, host, port, path }: ServerUrl): string {
  return `${scheme}://${port === schemePorts[scheme] ? hostText(host) : hostPortText({ host, port })}${path}`;
}

/** `host1:2181,host2:2181`. */
export function serversText(servers: readonly HostPort[]): string {
  return servers.map(hostPortText).join(",");
}

/** `zk://host1:2181,host2:2181/path`, without credentials. */
export function zookeeperText({ servers, path }: ZookeeperAddress): string {
  return `zk://${serversText(servers)}${path}`;
}

/** `mesos-master` without credentials, every port written. */
export function mastersText(masters: Masters): string {
  if (masters.kind === "zookeeper") return zookeeperText(masters);
  return masters.addresses.map((address) => address.scheme === "https" ? addressUrl(address) : hostPortText(address))
    .join(",");
}

const schemePorts = { http: 80, https: 443 } as const;

/** Host and port of an http or https URL, by default the port of its scheme. */
export function addressOfUrl(url: URL): HttpAddress {
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? schemePorts[scheme] : Number(url.port);
  return { scheme, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}

/** The URL, if the text is an http or https URL. */
export function httpUrlOf(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== "" ? url : undefined;
}

/** Reads the base URL of a server; messages never show credentials. */
export function parseServerUrl(text: string): ReadAddress<ServerUrl> {
  const hint = "write http://host:port/path";
  const any = URL.canParse(text) ? new URL(text) : undefined;
  if (any !== undefined && `${any.username}${any.password}` !== "") {
    return { ok: false, message: "it contains credentials", hint: "write them as separate keys" };
  }
  const url = httpUrlOf(text);
  if (url === undefined) return { ok: false, message: "it is not an http or https URL", hint };
  if (url.search !== "" || url.hash !== "") return { ok: false, message: "it contains ? or #", hint };
  return { ok: true, value: { ...addressOfUrl(url), path: url.pathname.replace(/\/+$/, "") } };
}

/** Reads `zk://…`; messages never show credentials. `source`: the key that holds it. */
export function parseZookeeper(text: string, source: string): ReadAddress<ZookeeperAddress> {
  const hint = "write zk://host1:2181,host2:2181/path, with user:password@ after zk:// if needed";
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
    return bad("the ZooKeeper address has no valid path");
  }
  const secret = auth === undefined ? {} : { auth: new Secret(source, () => auth) };
  return { ok: true, value: { servers: servers.value, path: clean, ...secret } };
}

function parseZookeeperServers(text: string): ReadAddress<readonly HostPort[]> {
  const hint = "write host1:2181,host2:2181";
  const items = itemsOf(text);
  if (items.length === 0) return { ok: false, message: "the ZooKeeper address does not name a server", hint };
  if (items.length > hostsMax) return { ok: false, message: tooMany(items.length), hint };
  const servers: HostPort[] = [];
  for (const item of items) {
    const server = parseHostPort(item, zookeeperPort);
    if (!server.ok || server.value.port === 0) {
      return {
        ok: false,
        message: `a server of the ZooKeeper address, ${shownOf(item, text)}, is not host:port`,
        hint,
      };
    }
    servers.push(server.value);
  }
  return { ok: true, value: servers };
}

/**
 * Reads `mesos-master`: `host:port`, a comma list, `http(s)://host:port`, or `zk://…`; messages never show credentials.
 */
export function parseMasters(text: string): ReadAddress<Masters> {
  const hint = 'write "host:5050", several with commas, "https://host:5050", or "zk://host1:2181,host2:2181/mesos"';
  const trimmed = text.trim();
  // A host may be called zk: only then a port follows.
  if (/^zk:(?!\d+\s*(,|$))/i.test(trimmed)) {
    const address = parseZookeeper(trimmed, "mesos-master");
    return address.ok ? { ok: true, value: { kind: "zookeeper", ...address.value } } : address;
  }
  if (trimmed.includes("@")) {
    return { ok: false, message: "it contains credentials", hint: "write them as mesos.principal and mesos.secret" };
  }
  const items = itemsOf(trimmed);
  if (items.length === 0) return { ok: false, message: "it does not name a master", hint };
  if (items.length > hostsMax) return { ok: false, message: tooMany(items.length), hint };
  const addresses: HttpAddress[] = [];
  for (const item of items) {
    const address = readMaster(item, shownOf(item, text), hint);
    if (!address.ok) return address;
    addresses.push(address.value);
  }
  return { ok: true, value: { kind: "static", addresses } };
}

function readMaster(item: string, shown: string, hint: string): ReadAddress<HttpAddress> {
  if (!item.includes("://")) {
    const address = parseHostPort(item, masterPort);
    if (address.ok && address.value.port !== 0) return { ok: true, value: { scheme: "http", ...address.value } };
    return { ok: false, message: `${shown} is not a host and port`, hint };
  }
  const url = httpUrlOf(item);
  if (url === undefined || url.port === "0") {
    return { ok: false, message: `${shown} is not the http or https URL of a master`, hint };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { ok: false, message: `${shown} has something behind the port`, hint: `write ${url.origin}` };
  }
  return { ok: true, value: addressOfUrl(url) };
}

/** A part of a text for a message; nothing if it has several lines, because an unclosed quote may include a secret. */
function shownOf(part: string, text: string): string {
  return /[\r\n]/.test(text) ? "one of several lines" : quote(part);
}

function itemsOf(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function tooMany(count: number): string {
  return `it names ${count} hosts, more than ${hostsMax}`;
}

/** A URL or path without anything that may contain tokens. */
export function withoutQuery(location: string): string {
  return oneLine(location.replace(/[?#].*$/s, "").replace(/\/\/[^/@]*@/, "//"));
}
