// The texts of docs/operations.md and of `gocd-mesos help CODE`, which scripts/embed_assets.ts writes: every code of
// the log, of the page and of commands, and every alert, with meaning and next step. tests/scripts/codes_test.ts fails
// when it is out of date or lacks a code.

import { parse } from "@std/yaml";
import { noteLine } from "../src/core/words/notes.ts";
import { nextAct } from "../src/core/words/acts.ts";
import { remarkText, verdictText } from "../src/core/words/reasons.ts";
import type { Note, NoteKind } from "../src/core/note.ts";
import type { NoteLine } from "../src/core/words/note_line.ts";
import type { ReasonCode } from "../src/core/demand/reason.ts";
import { verdictWords } from "../src/core/words/verdicts.ts";
import { aJob } from "./codes_facts.ts";
import { type CodeRow, gocdConflicts, gocdFindings, gocdProblems } from "./codes_gocd.ts";
import {
  demandExamples,
  identityExamples,
  lifeExamples,
  type NoteExample,
  placementExamples,
  programExamples,
  sessionExamples,
} from "./codes_notes.ts";
import { commandCodes, configCodes, mesosCodes, problemCodes, stateCodes } from "./codes_others.ts";
import { reasonExamples, remarkExamples } from "./codes_reasons.ts";

const root = new URL("..", import.meta.url);

/** One entry of the reference. */
export interface CodeEntry {
  /** As in log, page and metrics. */
  readonly code: string;
  /** The level of its line, or the verdict that it explains; absent: neither. */
  readonly level?: string;
  /** An example of the text. */
  readonly example?: string;
  /** The meaning, if there is no example. */
  readonly meaning?: string;
  /** The next step; empty: nothing to do. */
  readonly act: string;
}

interface Section {
  readonly title: string;
  readonly intro: string;
  readonly entries: readonly CodeEntry[];
}

/** These two are logged under the codes of their contents, which have their own entries. */
const carriers: ReadonlySet<string> = new Set(["gocd-problem", "gocd-finding"]);

function notesOf(examples: Readonly<Record<string, NoteExample<NoteKind>>>): readonly CodeEntry[] {
  return Object.entries(examples).filter(([kind]) => !carriers.has(kind)).map(([kind, { of, act }]) => {
    // The table maps each kind to facts of that kind, which the compiler cannot infer through the union.
    const line: NoteLine = noteLine({ ...of, kind } as Note, 0);
    return { code: line.code, level: line.level, example: line.text, act: line.hint ?? act ?? "" };
  });
}

function rowsOf(rows: readonly CodeRow[]): readonly CodeEntry[] {
  return rows.map(([code, meaning, act]) => ({ code, meaning, act }));
}

const reasonEntries: readonly CodeEntry[] = Object.keys(reasonExamples).map((key) => {
  const { verdict, of, act } = reasonExamples[key as ReasonCode];
  const job = aJob(verdict, of);
  return {
    code: key,
    level: verdictWords[verdict].label,
    example: verdictText(job),
    act: nextAct(job) ?? act ?? "",
  };
});

const remarkEntries: readonly CodeEntry[] = Object.entries(remarkExamples).map(([code, remark]) => ({
  code,
  example: remarkText(remark),
  act: nextAct({ ...aJob("needs-agent", { kind: "no-profile" }), remarks: [remark] }) ?? "",
}));

/** All codes, by what they are about. */
export const sections: readonly Section[] = [
  {
    title: "Waiting jobs and offers",
    intro: "What the program has seen of the backlog, and what it did for it.",
    entries: notesOf({ ...demandExamples, ...placementExamples }),
  },
  {
    title: "Agents",
    intro: "The life of the agents that it has launched, and who is who.",
    entries: notesOf({ ...lifeExamples, ...identityExamples }),
  },
  {
    title: "Servers, operators and the program",
    intro: "Sessions, maintenance, commands, state, history, election and webhooks.",
    entries: notesOf({ ...sessionExamples, ...programExamples }),
  },
  {
    title: "Why a job waits",
    intro: "The reason of a verdict, as in `why`, `plan`, on the page, in `/api/v1/jobs?code=` and in " +
      "`gocd_mesos_waiting_jobs{code}`. Those that hold launches back are problems of the page as well.",
    entries: [...rowsOf(problemCodes), ...reasonEntries],
  },
  {
    title: "Remarks beside a verdict",
    intro: "What else is to be known of a waiting job; mostly about agents that are not ours.",
    entries: remarkEntries,
  },
  {
    title: "GoCD: what keeps it from being read or changed",
    intro:
      "Nothing is decided while a poll fails: an error is never taken for an empty queue. It is retried automatically.",
    entries: rowsOf(gocdProblems),
  },
  { title: "GoCD: changes of one agent", intro: "Retried where it makes sense.", entries: rowsOf(gocdConflicts) },
  { title: "GoCD: to be known", intro: "Nothing has failed.", entries: rowsOf(gocdFindings) },
  { title: "Mesos", intro: "Sessions are made again automatically, by growing pauses.", entries: rowsOf(mesosCodes) },
  {
    title: "State and history",
    intro: "[The state](state.md), [the history](history.md).",
    entries: rowsOf(stateCodes),
  },
  {
    title: "Configuration",
    intro: "Each line names file, line and key. A changed file with an error is ignored as a whole.",
    entries: rowsOf(configCodes),
  },
  { title: "Commands", intro: "The end of a command, and webhooks.", entries: rowsOf(commandCodes) },
];

/** An alert of docs/run/alerts.yaml. */
interface Alert {
  readonly alert: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

function alerts(): readonly Alert[] {
  const file = parse(Deno.readTextFileSync(new URL("docs/run/alerts.yaml", root))) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[];
  };
  return file.groups.flatMap(({ rules }) => rules);
}

/** Prometheus' templates as a person would say them. */
function withoutTemplates(text: string): string {
  return text.replace(/^\{\{ \$labels\.job \}\}: /, "").replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, "($1)")
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, "(value)");
}

/** Markdown would take these for its own; not within code. */
function escaped(text: string): string {
  return text.split(/(`[^`]*`|\]\([^)]*\))/).map((part, index) =>
    index % 2 === 1 ? part : part.replaceAll(/[<*]/g, (sign) => `\\${sign}`)
  ).join("");
}

function sentence(text: string): string {
  const [first = "", ...rest] = text;
  return `${/^[a-z]$/.test(first) && !/^gocd-|^framework\./.test(text) ? first.toUpperCase() : first}${rest.join("")}${
    text.endsWith(".") ? "" : "."
  }`;
}

function actText(act: string): string {
  if (act === "") return "Nothing to do.";
  return act.startsWith("nothing") ? sentence(act) : `To do: ${act}${/[.?]$/.test(act) ? "" : "."}`;
}

function saidText({ level, example, meaning = "" }: CodeEntry): string {
  return example === undefined ? meaning : `${level === undefined ? "" : `(${level}) `}“${example}”`;
}

function entryText(entry: CodeEntry): string {
  return `### \`${entry.code}\`\n\n${escaped(saidText(entry))}\n\n${escaped(actText(entry.act))}`;
}

/** Each code once, where it comes first; of several entries that with a next act. */
function distinct(all: readonly Section[]): readonly Section[] {
  const best = new Map<string, CodeEntry>();
  for (const entry of all.flatMap(({ entries }) => entries)) {
    const before = best.get(entry.code);
    if (before === undefined || before.act === "" && entry.act !== "") best.set(entry.code, entry);
  }
  const seen = new Set<string>();
  return all.map((section) => ({
    ...section,
    entries: section.entries.flatMap(({ code }) => {
      const entry = best.get(code);
      if (entry === undefined || seen.has(code)) return [];
      seen.add(code);
      return [entry];
    }),
  }));
}

/** Each alert: its name, when it fires, and what to do. */
function alertTexts(): readonly (readonly [name: string, said: string, act: string])[] {
  return alerts().map(({ alert, for: after, labels, annotations }) => [
    alert,
    `(${labels.severity}, after ${after}) ${sentence(withoutTemplates(annotations.summary))}`,
    withoutTemplates(annotations.description),
  ]);
}

/** Links of Markdown by their text alone. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

/** The module from which `gocd-mesos help CODE` prints the same. */
export function codesModuleText(): string {
  const entries = distinct(sections).flatMap((section) => section.entries);
  const rows = [...alertTexts(), ...entries.map((each) => [each.code, saidText(each), actText(each.act)])];
  return `// What each alert and code means, and the next act, as in docs/operations.md. Made by scripts/embed_assets.ts: do not edit.
// deno-fmt-ignore-file

/** Code, meaning and next step. */
export const codeTexts: readonly (readonly [code: string, said: string, act: string])[] = [
${rows.map((row) => `  ${JSON.stringify(row.map(withoutLinks))},`).join("\n")}
];
`;
}

/** The text of docs/operations.md. */
export function operationsText(): string {
  const alertParts = alertTexts().map(([name, said, act]) => `### \`${name}\`\n\n${escaped(said)}\n\n${escaped(act)}`);
  const parts = distinct(sections).map(({ title, intro, entries }) =>
    `## ${title}\n\n${intro}\n\n${entries.map(entryText).join("\n\n")}`
  );
  return `# Every alert and code: meaning and next act

Made by scripts/embed_assets.ts out of the words of the program (\`src/core/words\`) and of the alert rules: do not edit. Look a code
up by searching this page for it. A code stands before the colon in a line of the log (\`code\` in JSON), in
\`/api/v1/problems\` and \`/api/v1/events\`, and labels \`gocd_mesos_problems\` and \`gocd_mesos_notes_total\`. What is in
quotes is an example; the level of its line, or the verdict, precedes it. On a terminal: \`gocd-mesos help CODE\`.

How to begin when something is wrong: the page or \`gocd-mesos status FILE\` tells all problems, worst first;
\`gocd-mesos why FILE JOB\` tells why one job waits; \`gocd-mesos doctor FILE\` looks at everything around it.

## Alerts

The rules of \`gocd-mesos dashboards alerts\` ([monitoring](monitoring.md)). \`page_url\` of an alert is the page that says what
exactly is wrong.

${alertParts.join("\n\n")}

${parts.join("\n\n")}
`;
}
