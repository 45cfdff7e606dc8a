// Parses one placement constraint.

import type { PlacementConstraint } from "../core/settings.ts";
import { type Parsed, quote } from "./values.ts";

const textCharsMax = 1024;
const hint = 'write e.g. "rack == r1", "rack in [r1, r2]", "hostname =~ build-.*", "gpu not exists"';

/**
 * Reads `FIELD OPERATOR VALUE`: `==`, `!=`, `in [a, b]`, `not in [a, b]`, `=~`, `!~`, `exists`, `not exists`. A value
 * may be in single or double quotes. A regular expression must compile.
 */
export function parseConstraint(text: string): Parsed<PlacementConstraint> {
  const match = /^\s*(@?[\w./:-]+)\s*(==|!=|=~|!~|\bnot\s+in\b|\bin\b|\bnot\s+exists\b|\bexists\b)\s*([^]*)$/.exec(
    text,
  );
  const [, field, word, rest = ""] = match ?? [];
  if (field === undefined || word === undefined || text.length > textCharsMax) {
    return { ok: false, message: `${quote(text)} is not a constraint`, hint };
  }
  const value = rest.trim();
  const operator = word.replace(/\s+/g, " ");
  switch (operator) {
    case "exists":
    case "not exists":
      if (value !== "") return { ok: false, message: `${quote(value)} is not allowed after ${operator}`, hint };
      return { ok: true, value: { field, operator: operator === "exists" ? "exists" : "not-exists" } };
    case "in":
    case "not in": {
      const values = listOf(value);
      if (values === undefined) return { ok: false, message: `${quote(value)} is not a list [a, b]`, hint };
      return { ok: true, value: { field, operator: operator === "in" ? "in" : "not-in", values } };
    }
    case "=~":
    case "!~": {
      const pattern = bare(value);
      if (pattern === "" || !isExpression(pattern)) {
        return { ok: false, message: `${quote(value)} is not a regular expression`, hint };
      }
      return { ok: true, value: { field, operator: operator === "=~" ? "matches" : "not-matches", pattern } };
    }
    default:
      if (value === "") return { ok: false, message: `${quote(text)} has no value`, hint };
      return { ok: true, value: { field, operator: operator === "==" ? "equals" : "not-equals", value: bare(value) } };
  }
}

function listOf(text: string): readonly string[] | undefined {
  const inner = /^\[([^\]]*)\]$/.exec(text)?.[1];
  const values = inner?.split(",").map((item) => bare(item.trim())).filter((item) => item !== "");
  return values === undefined || values.length === 0 ? undefined : values;
}

function bare(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}

// The same form as in core/placement/constraints.ts: the whole value must match.
function isExpression(pattern: string): boolean {
  try {
    new RegExp(`^(?:${pattern})$`);
    return true;
  } catch {
    return false;
  }
}
