// The answers that `gocd-mesos init` works with: options, variables, and what the user types.

import { resolve } from "node:path";
import { pathBeside } from "../config/hocon.ts";
import { OperatorError } from "../errors.ts";
import type { Draft, SecretName, SecretPlace } from "./init_text.ts";
import type { CliIo } from "./io.ts";
import { isFile } from "./load.ts";
import type { Report } from "./report.ts";
import { UsageError } from "./usage.ts";

/** The surroundings of a run of the command. */
export interface Setup {
  readonly path: string;
  readonly io: CliIo;
  readonly rows: Report;
  /** Whether there is an interactive user; otherwise the first failure ends the command. */
  readonly isAsking: boolean;
  readonly isForced: boolean;
  /** The value of an option. */
  readonly flag: (name: string) => string | undefined;
}

/** What is asked for. */
export type Question =
  | "gocd"
  | "agent-url"
  | "mesos"
  | "image"
  | "resources"
  | "environments"
  | "user"
  | "principal"
  | SecretName;

const questions: Readonly<Record<Question, string>> = {
  "gocd": "URL of the GoCD server, such as http://gocd.example.com:8153/go:",
  "agent-url": "Its URL as containers reach it, where localhost is the container:",
  "mesos": "Mesos master, as host:port or zk://host:2181/mesos:",
  "image": "Docker image of the agents, such as gocd/gocd-agent-debian-12:v25.4.0:",
  "resources": "Resources of the image, separated by commas (Enter: whatever a job asks for):",
  "environments": "Environments to serve, separated by commas; none: no environment (Enter: all):",
  "user": "User name of an administrator (Enter: log in with an access token):",
  "principal": "Principal (Enter: use another master):",
  "password": "Password (not shown):",
  "token": "Access token (not shown):",
  "key": "agentAutoRegisterKey of the server (not shown; Enter: agents are enabled one at a time):",
  "secret": "Secret of the principal (not shown):",
};

/** Where each secret is looked up, and the file that a typed one is written to. */
const secrets: Readonly<Record<SecretName, Readonly<Record<"option" | "variable" | "file", string>>>> = {
  password: { option: "password-file", variable: "GOCD_PASSWORD", file: "gocd-password" },
  token: { option: "token-file", variable: "GOCD_TOKEN", file: "gocd-token" },
  key: { option: "key-file", variable: "GOCD_AUTO_REGISTER_KEY", file: "auto-register-key" },
  secret: { option: "secret-file", variable: "MESOS_SECRET", file: "mesos-secret" },
};

/** The value of an option, otherwise an answer. */
export function valueOf(setup: Setup, name: "gocd" | "mesos" | "image"): string {
  return setup.flag(name) ?? answerTo(setup, name);
}

/** Throws an OperatorError if there is no interactive user. */
export function answerTo({ io }: Setup, name: Question): string {
  const question = questions[name];
  // A space may be part of a secret.
  const answer = Object.hasOwn(secrets, name) ? io.askSecret(question) : io.ask(question)?.trim();
  if (answer !== undefined) return answer;
  throw new OperatorError("the questions were not answered; nothing was written", {
    code: "not-confirmed",
    kind: "usage",
    hint: "answer them, or give the values as options",
  });
}

/** From an option or the environment. */
export function givenSecret({ flag, io }: Setup, which: SecretName): SecretPlace | undefined {
  const { option, variable } = secrets[which];
  const file = flag(option);
  if (file !== undefined) return { kind: "file", path: resolve(file) };
  return (io.env[variable] ?? "") === "" ? undefined : { kind: "variable", name: variable };
}

/**
 * The draft with a secret that is given or, at the second attempt, typed; without it if it is left empty. Throws an
 * OperatorError if it cannot be typed, or if the file that it would be written to exists.
 */
export function withSecret(setup: Setup, draft: Draft, which: SecretName): Draft {
  const given = draft.secrets[which] === undefined ? givenSecret(setup, which) : undefined;
  const place = given ?? (setup.isAsking ? typedSecret(setup, which) : undefined);
  const { option, variable } = secrets[which];
  // Without the key, agents are enabled one by one.
  if (place === undefined && !setup.isAsking && which !== "key") {
    throw new UsageError(`the ${which} is not given`, `set $${variable}, or add --${option}`);
  }
  return { ...draft, secrets: { ...draft.secrets, [which]: place } };
}

function typedSecret(setup: Setup, which: SecretName): SecretPlace | undefined {
  const { option, file } = secrets[which];
  refuseExisting(setup, pathBeside(setup.path, file), `give it as --${option}, or add --force to replace it`);
  const text = answerTo(setup, which);
  return text === "" ? undefined : { kind: "typed", name: file, text };
}

/** Throws an OperatorError if a file would be replaced that must be kept. */
export function refuseExisting({ io, isForced }: Setup, path: string, hint: string): void {
  if (isForced || !isFile(path, io)) return;
  throw new OperatorError(`${path} exists already`, { code: "file-exists", kind: "usage", hint });
}
