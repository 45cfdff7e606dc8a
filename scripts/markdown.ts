// Reads Markdown as GitHub does, for the site (site.ts) and for the tests of the documents.

import { marked, type Token, type Tokens } from "marked";

/** A place that a page points to. */
export interface PageLink {
  /** As written. */
  readonly target: string;
  readonly isImage: boolean;
}

/** A block of code. */
export interface CodeBlock {
  /** The word behind the fence; empty: none. */
  readonly language: string;
  readonly text: string;
}

/** What a test asks of a page. */
export interface PageParts {
  readonly title: string;
  /** Ids of its headings, as in links. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly PageLink[];
  readonly blocks: readonly CodeBlock[];
  /** Texts of code within sentences. */
  readonly codes: readonly string[];
}

/** The parts of a text in Markdown. */
export function partsOf(text: string): PageParts {
  const idOf = createAnchors();
  const anchors = new Set<string>();
  const links: PageLink[] = [];
  const blocks: CodeBlock[] = [];
  const codes: string[] = [];
  let title = "";
  marked.walkTokens(marked.lexer(text), (token) => {
    switch (token.type) {
      case "heading":
        if (token["depth"] === 1 && title === "") title = plainText(token["tokens"] ?? []);
        anchors.add(idOf(plainText(token["tokens"] ?? [])));
        break;
      case "link":
      case "image":
        links.push({ target: String(token["href"]), isImage: token.type === "image" });
        break;
      case "code":
        blocks.push({ language: String(token["lang"] ?? "").trim(), text: unescaped(token) });
        break;
      case "codespan":
        codes.push(unescaped(token));
        break;
    }
  });
  return { title, anchors, links, blocks, codes };
}

/** Gives each heading of one page its id: that of GitHub, with a number behind it where another has it already. */
export function createAnchors(): (heading: string) => string {
  const used = new Map<string, number>();
  return (heading) => {
    const slug = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
    const before = used.get(slug) ?? 0;
    used.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  };
}

/** The text of a heading without its marks. */
export function plainText(tokens: readonly Token[]): string {
  return tokens.map((token) =>
    "tokens" in token && token.tokens !== undefined ? plainText(token.tokens) : unescaped(token)
  )
    .join("");
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function unescaped(token: Token): string {
  const text = (token as Tokens.Text).text ?? token.raw;
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => entities[name] ?? whole);
}
