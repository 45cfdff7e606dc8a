// Reads the settings of Mesos, GoCD, the page and the log.

import {
  type HostPort,
  hostPortText,
  httpUrlOf,
  type Masters,
  parseHostPort,
  parseMasters,
  parseServerUrl,
  type ServerUrl,
  serverUrlText,
} from "../net/addresses.ts";
import { type AllowedHost, parseAllowedHost } from "../net/allowed_hosts.ts";
import type { GocdConfig, HttpConfig, LogConfig, MesosConfig } from "./config.ts";
import {
  addMissing,
  addProblem,
  booleanAt,
  confAt,
  durationMsAt,
  find,
  integerAt,
  type Reader,
  specOf,
  textAt,
} from "./reader.ts";
import { textsAt, unquoted, wordAt } from "./reader.ts";
import { caCertsAt, secretAt } from "./secrets.ts";
import { quote } from "./values.ts";

/** The part about Mesos; `webuiUrl` is the URL of the page for others. */
export function readMesos(reader: Reader, webuiUrl: string | undefined): MesosConfig {
  const principal = textAt(reader, "mesos.principal");
  const hostname = textAt(reader, "mesos.hostname");
  return {
    masters: readMasters(reader),
    allowedHosts: readAllowedHosts(reader),
    credentials: readMesosCredentials(reader, principal),
    caCerts: caCertsAt(reader, "mesos.ca-file"),
    name: textAt(reader, "mesos.name") ?? defaultText("mesos.name"),
    user: textAt(reader, "mesos.user") ?? "",
    roles: readRoles(reader),
    ...(principal === undefined ? {} : { principal }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(webuiUrl === undefined ? {} : { webuiUrl }),
    failoverTimeoutMs: durationMsAt(reader, "mesos.failover-timeout") ?? 0,
  };
}

/** A placeholder for invalid addresses: the problem is reported, and no configuration is returned. */
const noMasters: Masters = { kind: "static", addresses: [] };
const noServer: ServerUrl = { scheme: "http", host: "", port: 0, path: "" };

function readMasters(reader: Reader): Masters {
  const key = "mesos-master";
  const found = find(reader, key);
  const text = textAt(reader, key);
  if (found === undefined || text === undefined) {
    const hint = `write mesos-master = ${specOf(key).example}`;
    addMissing(reader, { key }, { hint });
    return noMasters;
  }
  const masters = parseMasters(text);
  if (masters.ok) return masters.value;
  addProblem(reader, found, { code: "config-bad-value", message: masters.message, hint: masters.hint });
  return noMasters;
}

function readAllowedHosts(reader: Reader): readonly AllowedHost[] {
  const found = find(reader, "mesos.allowed-hosts");
  return textsAt(reader, "mesos.allowed-hosts", "commas").flatMap((text) => {
    const host = parseAllowedHost(text);
    if (host === undefined && found !== undefined) {
      const message = `${quote(text)} is neither a host nor host:port nor a CIDR block`;
      const hint = 'write e.g. ["master1:5050", "10.0.0.0/24"]';
      addProblem(reader, found, { code: "config-bad-value", message, hint });
    }
    return host ?? [];
  });
}

// Mesos src/common/roles.cpp: no leading -, no . or .., no slash at an end or doubled, no white space.
function readRoles(reader: Reader): readonly string[] {
  const single = find(reader, "mesos.role");
  const several = find(reader, "mesos.roles");
  if (single !== undefined && several !== undefined) {
    const message = "both mesos.role and mesos.roles are given";
    addProblem(reader, several, { code: "config-conflict", message, hint: "remove one of them" });
  }
  const roles = several === undefined
    ? [textAt(reader, "mesos.role") ?? defaultText("mesos.role")]
    : [...new Set(textsAt(reader, "mesos.roles", "commas"))];
  for (const role of roles) {
    const isGood = role === "*" ||
      role.split("/").every((part) => /^[^\s/*-][^\s/]*$/.test(part) && part !== "." && part !== "..");
    const found = several ?? single;
    if (isGood || found === undefined) continue;
    const message = `${quote(role)} cannot be the name of a role`;
    addProblem(reader, found, { code: "config-bad-value", message, hint: 'write e.g. "ci" or "ci/builds"' });
  }
  return roles.length === 0 ? ["*"] : roles;
}

function readMesosCredentials(reader: Reader, principal: string | undefined): MesosConfig["credentials"] {
  const secret = secretAt(reader, "mesos.secret");
  const token = secretAt(reader, "mesos.token");
  if (!reader.wantsSecret("mesos.secret")) return { kind: "none" };
  const key = "mesos.secret";
  if (token !== undefined && secret !== undefined) {
    const message = "both mesos.secret and mesos.token are given";
    addProblem(reader, { key: "mesos.token" }, { code: "config-conflict", message, hint: "remove one of them" });
  }
  if (token !== undefined) return { kind: "bearer", token };
  if (secret === undefined) {
    warnOfNoLogin(reader, ["mesos.token", "mesos.secret"]);
    return { kind: "none" };
  }
  if (principal !== undefined) return { kind: "basic", userName: principal, password: secret };
  const message = "there is a secret, but no mesos.principal";
  addMissing(reader, { key }, { message, hint: 'write mesos.principal = "…"', others: ["mesos.principal"] });
  return { kind: "none" };
}

/** Otherwise a configured login whose variable is not set would only show up as one that the server refuses. */
function warnOfNoLogin(reader: Reader, keys: readonly string[]): void {
  for (const key of keys) {
    const name = reader.unsetVariable(key) ?? reader.unsetVariable(`${key}-file`);
    if (name !== undefined) {
      reader.warnings.push(`${key} is not given: the environment variable ${name} is not set, or empty`);
    }
  }
}

/** The part about GoCD. */
export function readGocd(reader: Reader): GocdConfig {
  const url = readGocdUrl(reader);
  const autoRegisterKey = secretAt(reader, "go-agent.auto-register-key");
  if (autoRegisterKey === undefined && reader.wantsSecret("go-agent.auto-register-key")) {
    warnOfNoLogin(reader, ["go-agent.auto-register-key"]);
  }
  const insecure = booleanAt(reader, "go-server.insecure");
  if (insecure) {
    reader.warnings.push("go-server.insecure accepts any certificate: anyone in between can read the password");
  }
  return {
    url,
    agentUrl: readAgentUrl(reader, url),
    credentials: readGocdCredentials(reader),
    caCerts: caCertsAt(reader, "go-server.ca-file"),
    insecure,
    timeoutMs: durationMsAt(reader, "go-server.timeout") ?? 0,
    jobSource: wordAt(reader, "poller.source") as GocdConfig["jobSource"],
    ...(autoRegisterKey === undefined ? {} : { autoRegisterKey }),
  };
}

function readGocdUrl(reader: Reader): ServerUrl {
  const host = textAt(reader, "go-server.host");
  const port = integerAt(reader, "go-server.port");
  if (textAt(reader, "go-server.url") !== undefined) {
    if (host !== undefined) reader.warnings.push("go-server.url is used; go-server.host and go-server.port are not");
    return readUrl(reader, "go-server.url");
  }
  if (host === undefined) {
    const hint = 'write go-server { host = "gocd.example.com", port = 8153 }, or go-server.url';
    const section = confAt(reader.root, "go-server");
    const at = { key: "go-server.host", ...(section === undefined ? {} : { conf: section }) };
    addMissing(reader, at, { hint, others: ["go-server.url"] });
    return noServer;
  }
  const found = find(reader, "go-server.host");
  const address = parseHostPort(host, -1);
  if (address.ok && address.value.port === -1) {
    return { scheme: "http", host: address.value.host, port: port ?? 0, path: "/go" };
  }
  if (found !== undefined) {
    const message = /@/.test(host) ? "it is not the name of a host" : `${quote(host)} is not the name of a host`;
    const hint = "write only the name, and the port as go-server.port, or write go-server.url";
    addProblem(reader, found, { code: "config-bad-value", message, hint });
  }
  return noServer;
}

function readAgentUrl(reader: Reader, url: ServerUrl): ServerUrl {
  const isGiven = textAt(reader, "go-server.agent-url") !== undefined;
  const agentUrl = isGiven ? readUrl(reader, "go-server.agent-url") : url;
  if (isLoopback(agentUrl.host)) {
    reader.warnings.push(
      `agents get the URL ${serverUrlText(agentUrl)}, which inside a container is the container itself; ` +
        "write go-server.agent-url, unless network is HOST and GoCD runs on each host",
    );
  }
  return agentUrl;
}

// The default path is /go: at its root GoCD serves only a redirect to it.
function readUrl(reader: Reader, key: string): ServerUrl {
  const found = find(reader, key);
  const text = textAt(reader, key);
  if (found === undefined || text === undefined) return noServer;
  const url = parseServerUrl(text);
  if (url.ok) return { ...url.value, path: url.value.path === "" ? "/go" : url.value.path };
  const hint = url.message === "it contains credentials"
    ? "write them as go-server.user-name and go-server.password"
    : `write ${key.split(".")[1]} = "http://host:8153/go"`;
  addProblem(reader, found, { code: "config-bad-value", message: url.message, hint });
  return noServer;
}

function readGocdCredentials(reader: Reader): GocdConfig["credentials"] {
  const password = secretAt(reader, "go-server.password");
  const token = secretAt(reader, "go-server.access-token");
  if (!reader.wantsSecret("go-server.password")) return { kind: "none" };
  const userName = textAt(reader, "go-server.user-name");
  const found = find(reader, "go-server.user-name");
  if (token !== undefined && (userName !== undefined || password !== undefined)) {
    const message = "both an access token and a user name or password are given";
    addProblem(reader, find(reader, "go-server.access-token") ?? { key: "go-server.access-token" }, {
      code: "config-conflict",
      message,
      hint: "remove one of the two",
    });
  }
  if (token !== undefined) return { kind: "bearer", token };
  if (userName !== undefined && password !== undefined) return { kind: "basic", userName, password };
  if (userName !== undefined && found !== undefined) {
    const message = "there is a user name, but no password";
    const hint = "write go-server.password or password-file";
    const others = ["go-server.password-file", "go-server.access-token"];
    addMissing(reader, { ...found, key: "go-server.password" }, { message, hint, others });
  } else if (password !== undefined) {
    const message = "there is a password, but no user name";
    addMissing(reader, { key: "go-server.user-name" }, { message, hint: 'write go-server.user-name = "…"' });
  } else {
    warnOfNoLogin(reader, ["go-server.access-token", "go-server.user-name", "go-server.password"]);
  }
  return { kind: "none" };
}

/** The page; `libprocessIp` is the variable that the 2015 framework used. */
export function readHttp(reader: Reader, libprocessIp: string | undefined): HttpConfig {
  const listen = readListen(reader);
  const written = textAt(reader, "http.advertise");
  const advertise = listen === undefined ? undefined : advertised(reader, listen, written ?? libprocessIp);
  const adminToken = secretAt(reader, "http.admin-token");
  if (advertise !== undefined && listen !== undefined && isLoopback(listen.host)) {
    reader.warnings.push(
      `the page listens on ${hostPortText(listen)} only, so that its link in Mesos (${advertise}) may not work; ` +
        "see http.listen",
    );
  }
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(adminToken === undefined ? {} : { adminToken }),
  };
}

function readListen(reader: Reader): HostPort | undefined {
  const found = find(reader, "http.listen");
  const text = textAt(reader, "http.listen") ?? defaultText("http.listen");
  if (/^(off|no|false)$/i.test(text)) return undefined;
  const address = parseHostPort(text, -1);
  if (address.ok && address.value.port !== -1) return address.value;
  if (found !== undefined) {
    const hint = 'write "127.0.0.1:8090", "0.0.0.0:8090" for all addresses, or off';
    addProblem(reader, found, { code: "config-bad-value", message: `${quote(text)} is not an address and port`, hint });
  }
  return undefined;
}

function advertised(reader: Reader, listen: HostPort, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // Mesos shows it to everyone, so it must not contain credentials.
  const url = text.includes("@") ? undefined : httpUrlOf(text);
  if (url !== undefined) return url.href.replace(/\/$/, "");
  const address = parseHostPort(text, listen.port);
  if (address.ok) return `http://${hostPortText(address.value)}`;
  const found = find(reader, "http.advertise");
  const hint = 'write "host", "host:8090" or "http://host:8090"';
  if (found === undefined) reader.warnings.push("LIBPROCESS_IP is set, but is not an address: it is ignored");
  else addProblem(reader, found, { code: "config-bad-value", message: `${quote(text)} is not a host or URL`, hint });
  return undefined;
}

/** The log. */
export function readLog(reader: Reader): LogConfig {
  return {
    level: wordAt(reader, "log.level") as LogConfig["level"],
    format: wordAt(reader, "log.format") as LogConfig["format"],
  };
}

/** Whether a host is this machine, as seen from it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function defaultText(key: string): string {
  return unquoted(specOf(key).default ?? "");
}
