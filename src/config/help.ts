// Prints the table of keys.

import { keys, type KeySpec, rootKey } from "./keys.ts";

const width = 100;

/** All keys with type, default and meaning, for a terminal; lines of at most 100 characters. */
export function describeKeys(): string {
  const head = [
    `Keys of framework.conf, all inside ${rootKey} { … }. Numbers, durations and true/false may also be in quotes.`,
    "Every key of go-agent but the register keys may stand in profiles.NAME too, which inherits the others.",
  ];
  return [...head, "", ...keys.map(describe)].join("\n") + "\n";
}

function describe(spec: KeySpec): string {
  const words = spec.words === undefined ? spec.type : spec.words.join(" | ");
  const type = spec.type === "path" ? "file" : words;
  const byDefault = spec.default === undefined ? "" : `, default ${spec.default}`;
  return [`${spec.path}  (${type}${byDefault})`, ...wrap(`${spec.doc}.`, "    "), `    Example: ${spec.example}`].join(
    "\n",
  );
}

function wrap(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length > width && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
