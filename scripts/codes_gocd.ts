// The meaning and next step of each code about the GoCD server, for docs/operations.md: the program creates these
// messages where responses are interpreted, so they are described here again, in general.

/** A code, its meaning, and the next step; empty: nothing to do. */
export type CodeRow = readonly [code: string, meaning: string, act: string];

const bug = "please report the line: it is a bug in gocd-mesos";
const report = "report it with the version of the GoCD server";
const itself = "check that `go-server.url` points to GoCD itself";

/** Why a request failed: no decisions until a poll succeeds. */
export const gocdProblems: readonly CodeRow[] = [
  ["gocd-dns", "The name of the server cannot be resolved.", "check `go-server.host` or `.url`, and DNS"],
  [
    "gocd-connection-refused",
    "Nothing listens on that host and port.",
    "check host and port, and that GoCD is running",
  ],
  ["gocd-unreachable", "There is no route to the server.", "check the network, and `go-server.host` or `.url`"],
  [
    "gocd-timeout",
    "No connection, or no complete response, within `go-server.timeout`.",
    "check why GoCD is slow, and firewalls in between; or raise `go-server.timeout`",
  ],
  [
    "gocd-overdue",
    "A response is late, and still awaited.",
    "if it lasts, check the load and the log of the GoCD server, and firewalls in between",
  ],
  [
    "gocd-connection-lost",
    "The connection ended in the middle of a response.",
    "look for restarts of GoCD, or a proxy that cuts connections",
  ],
  ["gocd-proxy", "The proxy of the environment failed.", "check `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`"],
  [
    "gocd-proxy-refused",
    "The proxy of the environment requires a login (407).",
    "put user and password into `HTTP_PROXY`, or name the GoCD server in `NO_PROXY`",
  ],
  ["gocd-bad-port", "Deno does not connect to this port.", "check the port in `go-server.url`"],
  [
    "gocd-not-http",
    "The responder does not use plain HTTP.",
    "should `go-server.url` begin with `https://`?",
  ],
  [
    "gocd-tls",
    "TLS failed: the certificate, its name or authority, or the ciphers; the line says which.",
    "the hint of the line fits the case: `go-server.ca-file`, the name in `go-server.url`, or the server's ciphers",
  ],
  [
    "gocd-bad-ca",
    "`go-server.ca-file` has no usable certificates.",
    "it must contain certificates in PEM format",
  ],
  [
    "gocd-not-permitted",
    "The sandbox does not let the program connect to this host.",
    "start it again, so that `go-server.url` decides what is permitted ([permissions](permissions.md))",
  ],
  ["gocd-aborted", "The program stops, or the response is no longer needed.", ""],
  [
    "gocd-not-authenticated",
    "The server requires a login, and none is configured.",
    "set `go-server.user-name` and `.password`, or `.access-token` ([the account](gocd-account.md))",
  ],
  ["gocd-bad-credentials", "User name or password are wrong.", "check them by logging in"],
  [
    "gocd-bad-token",
    "The access token is not accepted.",
    "check `go-server.access-token`: it may be revoked, or the server older than 19.2, which has no tokens",
  ],
  [
    "gocd-credentials-lost",
    "GoCD reports that nobody is logged in, although credentials were sent.",
    "let the proxy in between forward the `Authorization` header",
  ],
  [
    "gocd-credentials-not-wanted",
    "The server has no security and refuses credentials.",
    "remove `go-server.user-name`, `.password` and `.access-token`",
  ],
  [
    "gocd-secret-unreadable",
    "The file of a password or token cannot be read.",
    "restore the file, or let the user of gocd-mesos read it",
  ],
  ["gocd-bad-secret", "A password or token cannot be sent as it is.", "see the line for what is wrong with it"],
  [
    "gocd-forbidden",
    "The account may not do this.",
    "make it an administrator in GoCD ([the account](gocd-account.md))",
  ],
  [
    "gocd-missing-or-forbidden",
    "An old server reports that something does not exist, or that the account may not see it.",
    "check the account, and that `go-server.url` is the base URL of GoCD",
  ],
  [
    "gocd-unknown-path",
    "There is no such path: it is another program, or the base URL is wrong.",
    "`go-server.url` usually ends in `/go`; check host and port",
  ],
  [
    "gocd-login-page",
    "The response is a login page, or another HTML page, instead of data.",
    "`go-server.url` must be GoCD's own base URL, not a page behind single sign-on",
  ],
  [
    "gocd-redirected",
    "The response is a redirect, which is not followed.",
    "set `go-server.url` to the target",
  ],
  [
    "gocd-blocked",
    "Something between this program and GoCD has answered in its place.",
    "let requests of gocd-mesos pass, including PATCH and DELETE, or point `go-server.url` at GoCD itself",
  ],
  ["gocd-media-type-refused", "The content type was changed in transit (415).", itself],
  ["gocd-too-many-requests", "The server or a proxy limits requests (429).", "raise `poller.interval`"],
  ["gocd-server-error", "The server or its proxy failed (5xx).", "see the log of the GoCD server or of its proxy"],
  ["gocd-unavailable", "The server or its proxy is not ready (503).", "check them if it lasts"],
  ["gocd-starting", "The server is starting.", ""],
  ["gocd-backup", "The server makes a backup and answers no other request.", ""],
  ["gocd-maintenance", "The server is in maintenance mode.", "end the mode in GoCD when it is no longer needed"],
  ["gocd-bad-request", "The server does not understand a request (400).", report],
  ["gocd-refused", "The server refuses a request with an unusual status.", itself],
  ["gocd-truncated", "A response is empty or cut off.", "look for a proxy that truncates responses"],
  ["gocd-not-xml", "The feed is not valid XML.", itself],
  ["gocd-not-json", "A response is not valid JSON.", itself],
  ["gocd-unexpected-shape", "A response has an unknown structure.", `${itself}; if it does, ${report}`],
  ["gocd-too-large", "A response exceeds all limits.", itself],
  [
    "gocd-api-too-old",
    'This release is older than 20.1, and `poller.source` is `"api"`.',
    'set `poller.source = "auto"`',
  ],
  ["gocd-version-unknown", "The server does not report its version.", "let requests for `/api/version` pass to GoCD"],
  ["gocd-internal", "An unexpected error while the server was read.", bug],
  [
    "gocd-writes-refused",
    "Reading works, but no agent could be enabled, disabled or deleted for some time.",
    "see the problem that it names: usually the account's rights, or a proxy that blocks PATCH and DELETE",
  ],
];

/** Why one agent could not be changed. */
export const gocdConflicts: readonly CodeRow[] = [
  ["gocd-agent-busy", "The record is not disabled yet, or still builds.", ""],
  ["gocd-agent-missing", "The record is gone from the server.", ""],
  ["gocd-agent-pending", "The record is still Pending, and GoCD changes only what is enabled or disabled.", ""],
  [
    "gocd-invalid",
    "The server does not accept these resources or environments.",
    "compare those of the profile with those of the server",
  ],
  ["gocd-elastic-agent", "An elastic agent belongs to its plugin and is never changed.", bug],
  ["not-leading", "The instance has just lost the lead, so the call was not made.", ""],
];

/** Findings, although nothing has failed. */
export const gocdFindings: readonly CodeRow[] = [
  [
    "gocd-too-few-rights",
    "The account is not an administrator.",
    "make it one: otherwise agents cannot be enabled, disabled or deleted ([the account](gocd-account.md))",
  ],
  [
    "gocd-elastic-untold",
    "Jobs of elastic profiles look like jobs without resources.",
    'make the account an administrator; or name them in `poller.ignore`, or set `poller.resourceless-jobs = "ignore"`',
  ],
  [
    "gocd-needs-unknown",
    "The needs of the jobs of a pipeline cannot be read, so nothing is launched for them.",
    "let the account read the configuration of the pipeline and of its template; if the jobs are no longer " +
    "configured, cancel or rerun their stage",
  ],
  [
    "gocd-stage-unread",
    "The dashboard lists a running stage that the server does not show.",
    "check what the account may view",
  ],
  ["gocd-stages-left", "More stages run than one poll reads; the next polls read the others.", ""],
  [
    "gocd-feed-left-out",
    "More jobs wait than are considered; the oldest come first.",
    "cancel the stages of jobs that are no longer needed",
  ],
  [
    "gocd-dashboard-personal",
    "The account has changed its dashboard, which hides pipelines.",
    "log in as that account, and let the view Default show all pipelines",
  ],
  [
    "gocd-group-unknown",
    "The dashboard does not show a pipeline whose jobs wait, so that its pipeline group is unknown.",
    "let the account view the pipeline, and let the view Default of its dashboard show all pipelines",
  ],
  [
    "gocd-groups-unread",
    "The groups of the pipelines cannot be read; the last known ones are used.",
    "check the dashboard of GoCD as the account of `go-server` if it persists",
  ],
  [
    "gocd-groups-unsupported",
    "GoCD is too old to report the groups of its pipelines: it does from 20.1 on.",
    'upgrade GoCD, or remove `pipeline-groups` and `fair-share = "pipeline-group"`',
  ],
  [
    "gocd-feed-gone",
    "GoCD has no feed of scheduled jobs; the jobs are read from its JSON APIs.",
    "nothing if the account is an administrator: it sees the same jobs",
  ],
  [
    "gocd-api-deprecated",
    "GoCD announces the end of an API that is in use.",
    "get a newer gocd-mesos before you upgrade GoCD; nothing for the feed",
  ],
  [
    "gocd-version-unsupported",
    "The release is outside 15.2 to 26.2 and is treated like the nearest known one.",
    "look for a newer gocd-mesos, and check the first polls",
  ],
  [
    "gocd-environment-not-set",
    "GoCD 15.2 cannot give an agent its environment when it is enabled.",
    "set `go-agent.auto-register-key`, or upgrade GoCD",
  ],
  [
    "environment-missing",
    "An environment of a profile is not on the server.",
    "create it in GoCD, or correct `environments` of the profile",
  ],
  [
    "wrong-auto-register-key",
    "Agents of the profiles that it names register as Pending although they are given a key.",
    "set the key at the place that the line names (`go-agent.auto-register-key`, or `env` of a profile) to " +
    "agentAutoRegisterKey of the server; check that the image passes it on",
  ],
  [
    "gocd-job-unassigned",
    "GoCD itself reports jobs without an agent for more than 5 min.",
    "`gocd-mesos why FILE JOB`",
  ],
  ["gocd-job-silent", "GoCD reports a running job without output.", "look at the job in GoCD"],
  [
    "gocd-duplicate-guid",
    "GoCD reports two agents with one guid.",
    "remove `config/guid.txt` from the image, or from the volume that contains it",
  ],
  ["gocd-disk-full", "GoCD has no disk space and schedules nothing.", "free space on the GoCD server"],
  ["gocd-disk-low", "GoCD will soon have no disk space.", "free space on the GoCD server"],
  [
    "gocd-health-unread",
    "The health messages of GoCD could not be read; nothing else depends on them.",
    "see the line",
  ],
  ["gocd-job-unreadable", "Jobs of the feed have no locator, or names beyond all limits, and are left out.", report],
  ["gocd-job-duplicate", "Jobs appear in the feed more than once, and are counted once.", ""],
  ["gocd-agent-unreadable", "Records of agents have no uuid, and are left out.", report],
  [
    "gocd-agent-duplicate",
    "Records repeat the uuid of another one.",
    "look for containers that share a `config/guid.txt`",
  ],
];
