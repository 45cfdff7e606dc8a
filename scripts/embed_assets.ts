// `deno run -RW scripts/embed_assets.ts` embeds files as text in modules of src, so that `deno compile` of every release
// includes them, writes docs/configuration.md out of the table of keys, and docs/operations.md out of the words; the tests
// architecture_test.ts, cli/help_test.ts and scripts/codes_test.ts fail when one is out of date.

import { keys, type KeySpec } from "../src/config/keys.ts";
import { codesModuleText, operationsText } from "./codes.ts";

const root = new URL("..", import.meta.url);

/** A module, and what is in it. */
export interface TextModule {
  /** Path of the module in the project. */
  readonly path: string;
  /** What it is, for its first line. */
  readonly what: string;
  /** Name of each constant, and the file whose text it is. */
  readonly constants: readonly (readonly [string, string])[];
}

/** All modules that are made here. */
export const textModules: readonly TextModule[] = [
  {
    path: "src/web/assets/embedded.ts",
    what: "The assets of the status page",
    constants: [
      ["pageCss", "src/web/assets/page.css"],
      ["historyCss", "src/web/assets/history.css"],
      ["pageJs", "src/web/assets/page.js"],
      ["actionsJs", "src/web/assets/actions.js"],
      ["iconSvg", "src/web/assets/icon.svg"],
    ],
  },
  {
    path: "src/cli/example_text.ts",
    what: "The example of a configuration",
    constants: [["exampleText", "framework.conf.example"]],
  },
  {
    path: "src/cli/dashboards_text.ts",
    what: "Alert rules and dashboard",
    constants: [["alertsText", "docs/run/alerts.yaml"], ["grafanaText", "docs/run/grafana.json"]],
  },
];

/** The text of a module for the files as they are now. */
export function moduleText({ what, constants }: TextModule): string {
  const parts = constants.map(([name, file]) => {
    const text = Deno.readTextFileSync(new URL(file, root));
    return `\n/** The file ${file}. */\nexport const ${name}: string = ${JSON.stringify(text)};\n`;
  });
  return `// ${what} as text. Made by scripts/embed_assets.ts: do not edit.\n// deno-fmt-ignore-file\n${
    parts.join("")
  }`;
}

const referenceFile = new URL("../docs/configuration.md", import.meta.url);

/** The text of docs/configuration.md: every key in its section. */
export function referenceText(): string {
  const sections = Map.groupBy(keys, ({ path }) => path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "");
  const parts = [...sections].map(([section, specs]) =>
    `## ${section === "" ? "gocd-mesos" : `\`${section}\``}\n\n${specs.map(keyText).join("\n\n")}`
  );
  return `# Configuration: every key

Made by scripts/embed_assets.ts from the table of keys (\`src/config/keys.ts\`): do not edit. \`gocd-mesos help KEY\` tells the
same; [framework.conf.example](../framework.conf.example) has all of it as a file to begin with, and says how durations,
sizes and secrets are written. All keys are in the object \`gocd-mesos\`. A profile (\`profiles.NAME\`) has the keys of
\`go-agent\`, and inherits what it does not set.

${parts.join("\n\n")}
`;
}

function keyText({ path, type, words, default: value, doc, example, isGoAgentOnly }: KeySpec): string {
  const code = (text: string): string => `\`${text}\``;
  const facts = [
    words === undefined ? type : words.map((word) => `\`${word}\``).join(", "),
    value === undefined ? "no default" : `default ${code(value)}`,
    `e.g. ${code(example)}`,
    ...(isGoAgentOnly === true ? ["not in profiles"] : []),
  ];
  return `### \`${path}\`\n\n${facts.join("; ")}\n\n${doc.replaceAll("*", "\\*")}.`;
}

if (import.meta.main) {
  Deno.writeTextFileSync(referenceFile, referenceText());
  Deno.writeTextFileSync(new URL("docs/operations.md", root), operationsText());
  Deno.writeTextFileSync(new URL("src/cli/codes_text.ts", root), codesModuleText());
  for (const each of textModules) Deno.writeTextFileSync(new URL(each.path, root), moduleText(each));
}
