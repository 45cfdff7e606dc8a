// The setup of the program on the status page: its permissions, and its configuration without secrets.

import { counted } from "../core/words/phrases.ts";
import { type Html, html } from "./html.ts";
import { untrustedText } from "./pieces.ts";
import { type Column, table } from "./table.ts";

/** How the program is set up. */
export interface Setup {
  /** Its permissions by kind (`net`, `read`, …); everything else is denied if its sandbox is on. */
  readonly rights: Readonly<Record<string, readonly string[]>>;
  /** The active keys; `from`: file and line, or absent for a default. */
  readonly entries: readonly { readonly key: string; readonly value: string; readonly from?: string }[];
}

const rightWords: Readonly<Record<string, string>> = {
  net: "Hosts",
  read: "Files to read",
  write: "Files to write",
  env: "Variables",
};
const sandboxWords: Readonly<Record<"on" | "partial" | "off", string>> = {
  on: "The program has these rights and no others.",
  partial: "The program needs these rights, but could not be limited to exactly these (sandbox: partial).",
  off: "The program needs these rights, but is not limited to them (sandbox: off).",
};

const entryColumns: readonly Column[] = [
  { label: "Key", kind: "roomy" },
  { label: "Value", kind: "wide" },
  { label: "From", kind: "roomy" },
];

/** Rights and configuration; collapsed at first. */
export function setupSection({ rights, entries }: Setup, sandbox: "on" | "partial" | "off"): Html {
  const lists = Object.entries(rights).filter(([, values]) => values.length > 0).map(([kind, values]) => {
    const items = values.map((value) => html`<li><code>${untrustedText(value)}</code></li>`);
    return html`
      <div data-key="${kind}">
        <dt>${rightWords[kind] ?? kind}</dt>
        <dd>
          <ul>${items}</ul>
        </dd>
      </div>
    `;
  });
  const rows = entries.map(({ key, value, from }) => ({
    key,
    cells: [
      html`<code>${untrustedText(key)}</code>`,
      untrustedText(value),
      from === undefined ? html`<span class="quiet">default</span>` : untrustedText(from),
    ],
  }));
  const written = entries.filter(({ from }) => from !== undefined).length;
  return html`
    <section id="setup" data-key="setup" aria-labelledby="setup-title">
      <details>
        <summary><h2 id="setup-title">Rights and configuration</h2> <span class="aside">sandbox ${sandbox}, ${counted(
          written,
          "key",
        )} set</span></summary>
        <h3>Rights</h3>
        <p class="quiet">${sandboxWords[sandbox]}</p>
        <dl class="rights">${lists}</dl>
        <h3>Configuration</h3>
        ${table({ caption: "Keys in force", columns: entryColumns, rows, empty: "Not known." })}
      </details>
    </section>
  `;
}
