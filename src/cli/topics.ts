// `gocd-mesos help TOPIC`: the keys of framework.conf, the codes of the log, and the meanings of exit codes and
// verdicts.

import { isSection, keys, type KeySpec, keySpec, rootKey } from "../config/keys.ts";
import { nearestKey } from "../config/suggest.ts";
import { verdictKinds, verdictWords } from "../core/words/verdicts.ts";
import { type ErrorKind, exitCodes } from "../errors.ts";
import { codeTexts } from "./codes_text.ts";
import { wrapText } from "./text.ts";

/** Topics that are not commands; the keys have one each. */
export const topics: readonly string[] = ["exit-codes", "keys", "verdicts"];

/** The help for a topic, in lines of at most 100 characters; absent: there is no such topic. */
export function topicText(topic: string): string | undefined {
  switch (topic) {
    case "keys":
      return keysText(keys);
    case "exit-codes":
      return namedText(Object.entries(exitTexts).map(([kind, text]) => [codeOf(kind), text]));
    case "verdicts":
      return namedText(verdictKinds.map((kind) => [kind, verdictWords[kind].help]));
    default:
      return keyTopic(topic) ?? codeTopic(topic);
  }
}

/** The key or the code that a word may mean. */
export function nearestTopic(topic: string): string | undefined {
  const sections = new Set(
    keys.flatMap(({ path }) => path.includes(".") ? [path.slice(0, path.lastIndexOf("."))] : []),
  );
  return nearestKey(withoutRoot(topic), [
    ...sections,
    ...keys.map(({ path }) => path),
    ...codeTexts.map(([code]) => code),
  ]);
}

const exitTexts: Readonly<Record<"done" | ErrorKind, string>> = {
  done: "done",
  internal: "a bug in gocd-mesos",
  usage: "invalid usage or configuration",
  unreachable: "a server cannot be reached",
  refused:
    "a server (or the running instance) refused access: credentials, rights, a removed framework; or agents of a " +
    "lost state are alive",
  superseded: "another instance has taken over",
  state: "the state file is locked, damaged or cannot be written",
};

function codeOf(kind: string): string {
  return String(kind === "done" ? 0 : exitCodes[kind as ErrorKind]);
}

const columns = 100;

function namedText(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.flatMap(([name, text]) => {
    const [first = "", ...rest] = wrapText(text, columns - width);
    return [`${name.padEnd(width)}${first}`, ...rest.map((line) => `${" ".repeat(width)}${line}`)];
  }).join("\n");
}

function keysText(some: readonly KeySpec[]): string {
  return some.flatMap((spec) => keyLines(spec)).join("\n");
}

function keyTopic(topic: string): string | undefined {
  const path = withoutRoot(topic);
  const spec = keySpec(path);
  if (spec !== undefined) return keyLines({ ...spec, path }).join("\n");
  return isSection(path) ? keysText(keys.filter((each) => each.path.startsWith(`${path}.`))) : undefined;
}

/** An alert, or a code of the log, of the page or of a command. */
function codeTopic(topic: string): string | undefined {
  const found = codeTexts.find(([code]) => code === topic);
  if (found === undefined) return undefined;
  const [code, ...texts] = found;
  return [code, ...texts.flatMap((text) => wrapText(text, columns - 4).map((line) => `    ${line}`))].join("\n");
}

function withoutRoot(topic: string): string {
  return topic.startsWith(`${rootKey}.`) ? topic.slice(rootKey.length + 1) : topic;
}

function keyLines({ path, type, default: value, doc, example, words }: KeySpec): readonly string[] {
  const what = words === undefined ? type : words.join(", ");
  const facts = [what, value === undefined ? "" : `default ${value}`, `e.g. ${example}`].filter((each) => each !== "");
  return [`${path}  (${facts.join("; ")})`, ...wrapText(doc, columns - 4).map((line) => `    ${line}`)];
}
