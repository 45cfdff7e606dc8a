// The rows of the key table about Mesos and GoCD.

import type { KeySpec } from "./keys.ts";

const secondMs = 1000;
const dayMs = 86_400_000;

const mesosKeys: readonly KeySpec[] = [
  {
    path: "mesos-master",
    type: "text",
    doc: "The Mesos master: host:port, several separated by commas, an http(s) URL, or " +
      "zk://host1:2181,host2:2181/mesos. Required. The default port is 5050",
    example: '"mesos-master:5050"',
  },
  {
    path: "mesos.name",
    type: "text",
    default: '"GoCD-Mesos"',
    doc: "Name of the framework in Mesos",
    example: '"GoCD-Mesos"',
  },
  {
    path: "mesos.role",
    type: "text",
    default: '"*"',
    doc: "The Mesos role whose offers are used; * needs no setup",
    example: '"ci"',
  },
  {
    path: "mesos.roles",
    type: "names",
    doc: "Several roles instead of mesos.role; a profile uses the first one unless it names its own",
    example: '["ci", "ci/gpu"]',
  },
  {
    path: "mesos.user",
    type: "text",
    default: '""',
    doc: "The user that tasks run as on the Mesos agents; empty: the user of the Mesos agent itself",
    example: '"go"',
  },
  {
    path: "mesos.principal",
    type: "text",
    doc: "Principal of the framework; with mesos.secret it is also the user name for Mesos",
    example: '"gocd"',
  },
  {
    path: "mesos.secret",
    type: "secret",
    doc: "Secret of the principal (HTTP basic authentication)",
    example: "${?MESOS_SECRET}",
  },
  {
    path: "mesos.secret-file",
    type: "path",
    doc: "A file with the secret, instead of mesos.secret; read again at each use",
    example: '"/run/secrets/mesos"',
  },
  {
    path: "mesos.token",
    type: "secret",
    doc: "Bearer token for Mesos, instead of principal and secret",
    example: "${?MESOS_TOKEN}",
  },
  {
    path: "mesos.token-file",
    type: "path",
    doc: "A file with the token, instead of mesos.token; read again at each use",
    example: '"/run/secrets/mesos-token"',
  },
  {
    path: "mesos.failover-timeout",
    type: "duration",
    default: "7 days",
    min: 0,
    max: 3650 * dayMs,
    doc: "How long Mesos keeps the agents running while this program is away",
    example: "7 days",
  },
  {
    path: "mesos.hostname",
    type: "text",
    doc: "Name of this machine to show in Mesos; by default that of the system",
    example: '"scheduler.example.com"',
  },
  {
    path: "mesos.allowed-hosts",
    type: "names",
    default: "[]",
    doc:
      "Masters that a redirect or ZooKeeper may name: names, host:port, or CIDR blocks. Empty: those of mesos-master, " +
      "and with zk:// the leader that ZooKeeper names. A Mesos agent that is listed here (or is a master's host) is " +
      "asked for the last lines of stderr of a container that fails",
    example: '["master1:5050", "master2:5050"]',
  },
  {
    path: "mesos.ca-file",
    type: "path",
    doc: "PEM file of the certificate authority of the masters",
    example: '"/etc/ssl/mesos-ca.pem"',
  },
];

const gocdKeys: readonly KeySpec[] = [
  {
    path: "go-server.host",
    type: "text",
    doc: "Host of the GoCD server; gives http://host:port/go. This or go-server.url is required",
    example: '"gocd.example.com"',
  },
  {
    path: "go-server.port",
    type: "int",
    default: "8153",
    min: 1,
    max: 65_535,
    doc: "Port of the GoCD server, with go-server.host",
    example: "8153",
  },
  {
    path: "go-server.url",
    type: "text",
    doc: "URL of the GoCD server with its path (default /go), instead of host and port",
    example: '"https://gocd.example.com/go"',
  },
  {
    path: "go-server.user-name",
    type: "text",
    doc: "User to log in as, with go-server.password; an administrator, because agents are enabled and deleted",
    example: '"gocd-mesos"',
  },
  {
    path: "go-server.password",
    type: "secret",
    doc: "Password of go-server.user-name",
    example: "${?GOCD_PASSWORD}",
  },
  {
    path: "go-server.password-file",
    type: "path",
    doc: "A file with the password, instead of go-server.password; read again at each use",
    example: '"/run/secrets/gocd-password"',
  },
  {
    path: "go-server.access-token",
    type: "secret",
    doc: "Personal access token (GoCD 19.2 and later), instead of user name and password",
    example: "${?GOCD_TOKEN}",
  },
  {
    path: "go-server.access-token-file",
    type: "path",
    doc: "A file with the token, instead of go-server.access-token; read again at each use",
    example: '"/run/secrets/gocd-token"',
  },
  {
    path: "go-server.agent-url",
    type: "text",
    doc: "URL of the GoCD server as seen from the containers; by default the one used here",
    example: '"http://gocd.internal:8153/go"',
  },
  {
    path: "go-server.ca-file",
    type: "path",
    doc: "PEM file of the certificate authority of the GoCD server",
    example: '"/etc/ssl/gocd-ca.pem"',
  },
  {
    path: "go-server.insecure",
    type: "boolean",
    default: "false",
    doc: "Accept any certificate of the GoCD server. For tests only: anyone in between can read the password",
    example: "false",
  },
  {
    path: "go-server.timeout",
    type: "duration",
    default: "30 seconds",
    min: secondMs,
    max: 600 * secondMs,
    doc: "How long one response of the GoCD server may take; large servers need 15 seconds",
    example: "30 seconds",
  },
];

/** Rows about the two servers. */
export const connectionKeys: readonly KeySpec[] = [...mesosKeys, ...gocdKeys];
