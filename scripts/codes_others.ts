// The meaning and next step of each code of Mesos, the state, the configuration and the commands, for
// docs/operations.md. The compiler checks that those of a union in the code are complete.

import type { ConfigErrorCode } from "../src/config/config_error.ts";
import type { FrameworkErrorKind } from "../src/core/event.ts";
import type { SessionState } from "../src/core/state.ts";
import type { HistoryErrorCode } from "../src/history/error.ts";
import type { MesosErrorReason } from "../src/mesos/api.ts";
import type { StoreErrorCode } from "../src/store/store_error.ts";
import type { CodeRow } from "./codes_gocd.ts";

/** Meaning and next step of each member of a union. */
type Meanings<Code extends string> = Readonly<Record<Code, readonly [meaning: string, act: string]>>;

const bug = "please report the line: it is a bug in gocd-mesos";

const mesosErrors: Meanings<MesosErrorReason> = {
  "unreachable": [
    "The master, or the ZooKeeper ensemble that names it, cannot be reached.",
    "check `mesos-master`, the network, TLS, and that master and ZooKeeper are running",
  ],
  "not-a-master": [
    "The responder is not a master of Mesos 1.0 or later.",
    "check host, port and path in " +
    "`mesos-master`",
  ],
  "no-leader": ["No master leads at the moment.", "see the logs of the masters if it lasts"],
  "redirect-refused": [
    "The leader is a host that is not in the configuration.",
    "if it is one of your masters, add it to `mesos.allowed-hosts`",
  ],
  "unauthorized": [
    "The master does not accept the principal, or does not allow it to do this.",
    "check `mesos.principal` and `mesos.secret` (or `mesos.token`), and the `--acls` of the master",
  ],
  "refused": ["The master refuses SUBSCRIBE.", "correct what its message names"],
  "silent": [
    "The master has sent nothing for five heartbeats, or has not answered SUBSCRIBE.",
    "if it recurs, look for a firewall that drops idle connections, or a proxy that delays responses",
  ],
  "stream-broken": ["The subscription has ended; it is renewed.", "see the log of the master if it recurs"],
  "stream-unreadable": [
    "The response is not an event stream.",
    "check that `mesos-master` names the master of a Mesos 1.x cluster",
  ],
  "call-unknown": ["A call may or may not have arrived; it is reconsidered.", ""],
  "call-void": ["A call was not sent, or to a master that has no such subscription; it is reconsidered.", ""],
  "call-refused": ["The master refuses a call.", "see its message"],
};

const frameworkErrors: Meanings<Exclude<FrameworkErrorKind, "failed-over" | "removed">> = {
  "unauthorized": [
    "The master refuses the framework: principal or role.",
    "check `mesos.principal`, `mesos.secret`, and the master's ACLs for the role",
  ],
  "bad-framework-info": [
    "The master refuses the properties of the framework.",
    "check the keys under `mesos`; a changed principal or user must be set back, or the framework torn down first",
  ],
  "other": ["The master refuses the framework for another reason.", "check the keys under `mesos`"],
};

const sessions: Meanings<Exclude<SessionState["kind"], "subscribed">> = {
  "connecting": ["There is no subscription to a Mesos master.", "the line says why; it is retried automatically"],
  "superseded": [
    "Another instance has taken over the framework.",
    "run one instance per framework id, or give each its own state",
  ],
  "ended": ["The framework was removed or is refused.", "see the log: it names the command"],
};

const stateErrors: Meanings<StoreErrorCode> = {
  "state-locked": ["Another process uses the state.", "stop it, or set `state.path` to another file"],
  "state-missing": ["There is no state file.", "check `state.path`; the first start creates it"],
  "state-folder-missing": ["The folder of the state file does not exist.", "create it, or change `state.path`"],
  "state-path-unusable": [
    "The path is a folder, is below a file, or is a dangling link.",
    "correct `state.path`",
  ],
  "state-of-another-user": [
    "A command would create a file that the service could not open.",
    "run it as the user of the service",
  ],
  "state-unwritable": ["File or folder may not be read or written.", "let the user of gocd-mesos do that"],
  "state-full": ["The disk is full, or the file has reached its limit.", "free space"],
  "state-damaged": [
    "The database file is damaged.",
    "move it aside with its `-wal` and `-shm`, and restore a backup; without one, start the program: it names the " +
    "command that takes over the running agents ([the state](state.md))",
  ],
  "state-foreign": ["The file belongs to another program.", "set `state.path` to a file of its own"],
  "state-newer": ["It was written by a newer gocd-mesos.", "start that one, or let it export the state"],
  "state-record-unreadable": [
    "Records cannot be decoded; the line names them.",
    "start the version that wrote them, or `gocd-mesos state forget FILE ID` once the task is gone from Mesos",
  ],
  "state-not-empty": ["An import would overwrite a state.", "export that first, then import with `--replace`"],
  "state-document-invalid": ["The text to import is not an export.", "use what `gocd-mesos state export` wrote"],
  "state-closed": ["The state was used after it was closed.", bug],
  "state-unreachable": [
    "No ZooKeeper server answers.",
    "check the hosts in `state.path`, and that ZooKeeper has a quorum",
  ],
  "state-lock-lost": [
    "Another instance leads, or the ZooKeeper session has expired.",
    "nothing: this instance stands by",
  ],
  "state-failed": ["Disk or ZooKeeper refused in another way.", "see the line; check the disk and its file system"],
};

const historyErrors: Meanings<HistoryErrorCode> = {
  "history-missing": [
    "There is no history file yet.",
    "the first start creates it; see `history.path` and `history.keep`",
  ],
  "history-locked": ["Another process has the file open.", "stop it, or set `history.path`"],
  "history-unwritable": [
    "File or folder may not be written.",
    "let the user of gocd-mesos do that, or set `history.path`",
  ],
  "history-full": ["The disk is full.", "free space, or raise `history.max-size` if that is reached"],
  "history-damaged": [
    "The database file is damaged.",
    "move it aside with its `-wal` and `-shm`: a new one is created",
  ],
  "history-foreign": ["The file belongs to another program.", "set `history.path` to a file of its own"],
  "history-newer": ["It was written by a newer gocd-mesos.", "start that one, or move the file aside"],
  "history-failed": ["The disk refused in another way.", "check the disk and its file system"],
};

const configErrors: Meanings<ConfigErrorCode> = {
  "config-file-missing": ["There is no such file.", "`gocd-mesos example-config` prints one as a starting point"],
  "config-file-unreadable": ["The file may not be read.", "let the user of gocd-mesos read it"],
  "config-syntax": ["It is not valid HOCON; the message names the line.", "correct that line"],
  "config-root-missing": ["There is no object `gocd-mesos`.", "put the keys into it"],
  "config-unknown-key": ["There is no such key.", "the message names the nearest one"],
  "config-unset-variable": [
    "An environment variable that a value needs is not set.",
    "set it, or write the value " +
    "itself",
  ],
  "config-missing-key": ["A required key is missing.", "add it"],
  "config-wrong-type": ["The value has the wrong type.", "`gocd-mesos help KEY` shows an example"],
  "config-bad-value": ["The value is not valid.", "the line says why"],
  "config-bad-duration": ["It is not a duration.", "write e.g. `30 seconds`"],
  "config-bad-memory": ["It is not an amount of memory.", "write e.g. `2 GB`"],
  "config-conflict": ["Two values exclude each other.", "the line names both"],
  "config-secret-file": ["The file of a secret cannot be read, or is empty.", "restore it, or let the user read it"],
};

function rows(meanings: Readonly<Record<string, readonly [string, string]>>, prefix = ""): readonly CodeRow[] {
  return Object.entries(meanings).map(([code, [meaning, act]]) => [`${prefix}${code}`, meaning, act]);
}

/** Of the Mesos master. */
export const mesosCodes: readonly CodeRow[] = [
  ...rows(mesosErrors, "mesos-"),
  ["mesos-error", "An unexpected error in the session with the master.", bug],
  ["mesos-overdue", "The first SUBSCRIBE has had no answer for 10 s.", "if it lasts, check load and log of the master"],
  ["mesos-heartbeats-missing", "Heartbeats of the master are missing.", "nothing: after five it reconnects"],
  [
    "mesos-unsteady",
    "Subscriptions succeed, but keep ending within seconds.",
    "check the log of the master, and that no proxy or firewall cuts long responses",
  ],
  ...rows(sessions, "mesos-"),
  ...rows(frameworkErrors, "framework-"),
  ["framework-superseded", "The program ends: another instance has taken over.", "stop the other one to use this one"],
  [
    "framework-refused",
    "The program ends: the master refuses or has removed the framework.",
    "the line names the command",
  ],
];

/** Of the state and the history. */
export const stateCodes: readonly CodeRow[] = [
  ...rows(stateErrors),
  ["state-lost", "The state is new, but agents of an earlier one are alive.", "`gocd-mesos state adopt FILE`"],
  ["state-not-adopted", "The agents of a lost state could not be taken over; the line says why.", "see the line"],
  ["state-empty", "There is no state yet.", "the first start creates it; check `state.path`"],
  ["state-document-missing", "The file to import cannot be read.", "use what `gocd-mesos state export` wrote"],
  ...rows(historyErrors),
];

/** Of the configuration. */
export const configCodes: readonly CodeRow[] = [
  ...rows(configErrors),
  ["secret-unreadable", "The file of a secret cannot be read.", "restore it, or let the user of gocd-mesos read it"],
  ["secret-unusable", "A secret cannot be sent as it is, such as one with line breaks.", "correct it"],
  ["env-file-unreadable", "A file of `env-files` cannot be read: no agent can be launched without it.", "restore it"],
  ["http-port-in-use", "Another program uses the port of `http.listen`.", "set a free port, or stop that program"],
  ["http-address-unknown", "This machine has no such address.", "set `http.listen` to one of its addresses"],
  [
    "http-not-permitted",
    "The user, or the sandbox, may not listen there.",
    "use a port from 1024 on; start it again with this file",
  ],
  ["http-listen-failed", "Listening failed for another reason.", 'set `http.listen` to another address, or to `"off"`'],
  [
    "sandbox-required",
    "`--require-sandbox` was given, and the sandbox is not `on`.",
    "see [permissions](permissions.md)",
  ],
  ["not-permitted", "The sandbox refuses something.", "compile or start again with this configuration file"],
];

/** Problems of the page that sum up many jobs or agents. */
export const problemCodes: readonly CodeRow[] = [
  [
    "jobs-unserved",
    "Jobs wait that no profile serves; one problem for each resource or environment that is lacking.",
    "add a profile with it, or add it to the nearest profile if its image can build such jobs; or correct the job in GoCD",
  ],
];

/** Of commands. */
export const commandCodes: readonly CodeRow[] = [
  ["usage", "The command line is not valid.", "`gocd-mesos COMMAND --help`"],
  ["internal-error", "An unexpected error.", bug],
  ["not-running", "No instance runs with this file.", "start one, or name the file that it runs with"],
  ["control-failed", "The running instance did not carry out the command.", "see its log and its page"],
  [
    "control-file-unreadable",
    "The file that locates the instance may not be read.",
    "run the command as the user of the service",
  ],
  ["standby", "This instance is on standby, and another one leads.", "run the command on the machine of the leader"],
  ["profile-unknown", "There is no such profile.", "use one of those listed"],
  ["canary-failed", "An agent launched by `doctor --canary` did not register.", "the row says why"],
  ["agent-unknown", "There is no such agent, or it has ended.", "`gocd-mesos agents FILE` lists them"],
  ["job-not-waiting", "No waiting job matches that name.", "`gocd-mesos plan --jobs FILE` lists them"],
  ["not-done", "The command was not carried out, or waiting for it was given up.", "the line says why"],
  ["time-limit", "A server has answered each request, but not all of them in time.", "check its load; try again"],
  ["not-confirmed", "The question was not answered with yes.", "answer it, or give the flag that the line names"],
  ["output-failed", "The output could not be written.", "check the file or the pipe"],
  ["file-exists", "`init` does not overwrite a file.", "choose another name, or remove it"],
  ["trace-unreadable", "`simulate` cannot read the trace.", "name a file of `gocd-mesos record`, or a built-in trace"],
  [
    "trace-invalid",
    "A line does not have the format of a trace.",
    "the line says which; the format: [what " +
    "if](what-if.md)",
  ],
  ["no-webhooks", "No webhook is configured.", "see [webhooks](webhooks.md)"],
  ["webhook", "A webhook did not accept the test message.", "the line shows the response"],
  [
    "webhook-failing",
    "Messages to a webhook cannot be delivered; they are kept and sent again.",
    "`gocd-mesos notify-test FILE`",
  ],
  ["no-leader", "None of the instances that share a state leads.", "check that each instance reaches ZooKeeper"],
  ["test", "The test message of `notify-test`.", ""],
  ["certificate-expired", "`doctor`: the certificate of a server is no longer valid.", "renew it"],
  ["mesos-quota-too-small", "`doctor`: the quota of the role has no room for one agent.", "raise it, or request less"],
  [
    "mesos-no-agents",
    "`doctor`: no Mesos agent is active.",
    "start Mesos agents, and check that they reach the master",
  ],
  ["mesos-no-fit", "`doctor`: a profile fits on no Mesos agent.", "request less, or correct its constraints"],
];
