// The rows of the key table about polling, limits, state, page and log.

import type { KeySpec } from "./keys.ts";

const secondMs = 1000;
const minuteMs = 60_000;
const dayMs = 86_400_000;

const pollerKeys: readonly KeySpec[] = [
  {
    path: "poller.interval",
    type: "duration",
    default: "2 minutes",
    min: secondMs,
    max: dayMs,
    doc: "How often the GoCD server is polled while jobs wait or agents change. 15 seconds is recommended",
    example: "15 seconds",
  },
  {
    path: "poller.attempts",
    type: "int",
    default: "5",
    min: 0,
    max: 1000,
    doc: "A job must wait in MORE than this many polls in a row before an agent is launched. 1 is recommended",
    example: "1",
  },
  {
    path: "poller.max-interval",
    type: "duration",
    default: "2 minutes",
    min: secondMs,
    max: dayMs,
    doc: "The slowest polling, while nothing is scheduled; at least poller.interval, which is its default if " +
      "longer. 1 minute is recommended",
    example: "1 minute",
  },
  {
    path: "poller.stale-after",
    type: "duration",
    default: "10 minutes",
    min: 5 * secondMs,
    max: 7 * dayMs,
    doc:
      "Without a successful poll for this long, nothing is launched or removed; by default at least 3 times max-interval",
    example: "10 minutes",
  },
  {
    path: "poller.assign-grace",
    type: "duration",
    default: "90 seconds",
    min: 0,
    max: dayMs,
    doc: "A job that waits longer than this despite a matching idle agent is waiting for another reason",
    example: "90 seconds",
  },
  {
    path: "poller.zombie-after",
    type: "duration",
    default: "15 minutes",
    min: minuteMs,
    max: 30 * dayMs,
    doc: "A job that waits longer than this while newer ones like it are built counts as forgotten by the server",
    example: "15 minutes",
  },
  {
    path: "poller.ignore",
    type: "names",
    default: "[]",
    doc: "Jobs that never cause a launch: patterns on pipeline/stage/job, * for any text without /, ** for any text; " +
      "a pattern without / means the pipeline",
    example: '["nightly-*", "deploy/prod/*"]',
  },
  {
    path: "poller.source",
    type: "word",
    words: ["auto", "feed", "api"],
    default: '"auto"',
    doc: "Where the waiting jobs are read from: feed, api (the dashboard, stages and configuration of GoCD 20.1 and " +
      "later), or auto: the feed as long as the server has one",
    example: '"auto"',
  },
  {
    path: "poller.resourceless-jobs",
    type: "word",
    words: ["serve", "ignore"],
    default: '"serve"',
    doc: "Whether jobs without resources count; use ignore if elastic agents run them, because their jobs look the " +
      "same",
    example: '"serve"',
  },
];

const scalingKeys: readonly KeySpec[] = [
  {
    path: "scaling.max-agents",
    type: "int",
    default: "50",
    min: 0,
    max: 100_000,
    doc: "How many agents may be alive at once, for all profiles together",
    example: "50",
  },
  {
    path: "scaling.idle-timeout",
    type: "duration",
    default: "10 minutes",
    min: 0,
    max: 365 * dayMs,
    doc: "An agent that is idle for longer than this is removed",
    example: "10 minutes",
  },
  {
    path: "scaling.launch-timeout",
    type: "duration",
    default: "10 minutes",
    min: 10 * secondMs,
    max: dayMs,
    doc: "How long to wait for an update from Mesos about a launch before giving up",
    example: "10 minutes",
  },
  {
    path: "scaling.register-timeout",
    type: "duration",
    default: "10 minutes",
    min: 10 * secondMs,
    max: dayMs,
    doc:
      "How long a running container may take to register with the GoCD server; counts only while the server could register it",
    example: "10 minutes",
  },
  {
    path: "scaling.drain-confirm",
    type: "duration",
    default: "20 seconds",
    min: 20 * secondMs,
    max: 3600 * secondMs,
    doc: "Time between two checks that must both find a disabled agent idle before it is removed; at least 20 seconds",
    example: "20 seconds",
  },
  {
    path: "scaling.drain-timeout",
    type: "duration",
    min: minuteMs,
    max: 365 * dayMs,
    doc:
      "An agent to be removed that still builds this long after it was disabled is killed with its job; starts over if the agent is needed again, and after a restart. Not set: never",
    example: "6 hours",
  },
  {
    path: "scaling.slow-server-launches-per-minute",
    type: "int",
    default: "10",
    min: 1,
    max: 10_000,
    doc: "Launches per minute on GoCD servers up to 19.8, where each registration rewrites the configuration",
    example: "10",
  },
  {
    path: "scaling.launches-per-minute",
    type: "int",
    min: 1,
    max: 1_000,
    doc: "Maximum number of agents launched in any minute, for all profiles together. Not set: no limit",
    example: "30",
  },
  {
    path: "scaling.max-cpu-share",
    type: "number",
    min: 0.01,
    max: 1,
    doc:
      "The share of the cluster's cpus that agents may use: of the cpus that Mesos has offered or that agents use. " +
      "Not set: no limit",
    example: "0.5",
  },
  {
    path: "scaling.cpu-hours-per-day",
    type: "number",
    min: 0.01,
    max: 1_000_000_000,
    doc: "The cpus of all agents multiplied by hours; once used up, nothing is launched until midnight, and agents " +
      "continue until they are idle. Told from 80 % on. Not set: no limit",
    example: "2000",
  },
  {
    path: "scaling.fair-share",
    type: "word",
    words: ["off", "profile", "environment", "pipeline-group"],
    default: '"off"',
    doc:
      "How agents are shared at a limit: the sharer with the fewest agents for its weight is next, and agents of those " +
      "above their share are removed after their job. off: the oldest jobs come first",
    example: '"environment"',
  },
  {
    path: "scaling.weights",
    type: "map",
    default: "{}",
    doc:
      'With fair-share = "environment" or "pipeline-group": weights of these, "-" for jobs in no environment, or of an ' +
      "unknown group; others have 1",
    example: '{ prod = 3, "-" = 0.5 }',
  },
  {
    path: "scaling.time-zone",
    type: "text",
    default: '"UTC"',
    doc: "The time zone of the days of cpu-hours-per-day: a name of the IANA time zone database",
    example: '"Europe/Berlin"',
  },
  {
    path: "scaling.maintenance-lead",
    type: "duration",
    default: "1 hour",
    min: 0,
    max: 30 * dayMs,
    doc: "Hosts whose maintenance starts sooner than this get no new agents; use the duration of the longest job",
    example: "1 hour",
  },
];

const programKeys: readonly KeySpec[] = [
  {
    path: "state.path",
    type: "text",
    default: '"gocd-mesos.db"',
    doc: "Where the framework id and the agents are stored: a file, relative to this one, or " +
      "zk://user:password@host1:2181,host2:2181/gocd-mesos. state = … is short for it",
    example: '"/var/lib/gocd-mesos/state.db"',
  },
  {
    path: "history.keep",
    type: "duration",
    default: "7 days",
    min: 0,
    max: 400 * dayMs,
    doc: "How long the page, the JSON API and `gocd-mesos history` look back: figures, decisions, finished agents, " +
      "agent-hours and the picture of each minute. 0 keeps nothing",
    example: "7 days",
  },
  {
    path: "history.max-size",
    type: "memory",
    default: "256 MB",
    min: 16,
    max: 100_000,
    doc: "The maximum size of the history. Before it is reached, older pictures are thinned out, and then the " +
      "oldest data is dropped",
    example: "256 MB",
  },
  {
    path: "history.path",
    type: "path",
    doc: "The SQLite file of the history. By default it is next to that of the state and has the same name, with " +
      "-history at the end; with a state in ZooKeeper the history is in memory unless this is set",
    example: '"/var/lib/gocd-mesos/history.db"',
  },
  {
    path: "http.listen",
    type: "text",
    default: '"127.0.0.1:8090"',
    doc: "Address and port of the status page, or off",
    example: '"0.0.0.0:8090"',
  },
  {
    path: "http.advertise",
    type: "text",
    doc:
      "The status page as others reach it (host, host:port or URL), for the link in Mesos; by default LIBPROCESS_IP " +
      "of the environment, if set",
    example: '"http://scheduler.example.com:8090"',
  },
  {
    path: "http.admin-token",
    type: "secret",
    doc: "Token that allows changes through the page; without it the page is read-only",
    example: "${?GOCD_MESOS_ADMIN_TOKEN}",
  },
  {
    path: "http.admin-token-file",
    type: "path",
    doc: "A file with the token, instead of http.admin-token; read again at each use",
    example: '"/run/secrets/admin-token"',
  },
  {
    path: "log.level",
    type: "word",
    words: ["debug", "info", "warning", "error"],
    default: '"info"',
    doc: "The minimum level of the lines that are written",
    example: '"info"',
  },
  {
    path: "log.format",
    type: "word",
    words: ["auto", "text", "json"],
    default: '"auto"',
    doc: "text, JSON lines, or auto: text on a terminal and JSON elsewhere",
    example: '"auto"',
  },
];

/** Rows about how the program runs. */
export const runningKeys: readonly KeySpec[] = [...pollerKeys, ...scalingKeys, ...programKeys];
