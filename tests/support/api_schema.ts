// Validates API responses against the OpenAPI document with ajv, and records which documented properties have occurred.

import { assert } from "@std/assert";
import { Ajv2020 } from "ajv/2020";
import type { Handler } from "../../src/web/handler.ts";
import { openapiDocument } from "../../src/web/api/openapi.ts";

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, unknown>> }>>;
}

/** The document as served to programs. */
export const openapi = JSON.parse(JSON.stringify(openapiDocument("1.2.3"))) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

/** One response, validated against its schema. */
export interface Checked {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** Checks responses. */
export interface Checker {
  /** Calls a handler, and asserts that the response matches the document for this path. */
  ask(handler: Handler, path: string, request?: { readonly of?: string } & RequestInit): Promise<Checked>;
  /** Documented properties that no response has had, as `Schema.property`. */
  unseen(): readonly string[];
}

function schemasOfDocument(): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  // Root keywords of OpenAPI that JSON Schema does not support.
  for (const each of ["openapi", "info", "servers", "paths", "components"]) ajv.addKeyword(each);
  return ajv.addSchema(openapi, "openapi");
}

const ajv = schemasOfDocument();

/** Asserts that a value fits a named schema of the document. */
export function assertFits(name: string, value: unknown): void {
  const validate = ajv.getSchema(`openapi#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  assert(validate(value), `${JSON.stringify(value)}: ${JSON.stringify(validate.errors)}`);
}

/** Whether the document allows a body for a POST to this path. */
export function isDocumentedBody(path: string, body: unknown): boolean {
  const pointer = ["paths", path, "post", "requestBody", "content", "application/json", "schema"]
    .map((part) => encodeURIComponent(part.replaceAll("/", "~1"))).join("/");
  const validate = ajv.getSchema(`openapi#/${pointer}`);
  if (validate === undefined) throw new Error(`no schema at ${pointer}`);
  return validate(body) === true;
}

/** Creates an empty checker. */
export function createChecker(): Checker {
  const seen = new Set<string>();

  const ask: Checker["ask"] = async (handler, path, { of, ...init } = {}) => {
    const answer = await handler(new Request(`http://localhost${path}`, init));
    const template = of ?? path.split("?")[0] ?? "";
    const method = (init.method ?? "GET").toLowerCase();
    const content = openapi.paths[template]?.[method]?.responses[String(answer.status)]?.content;
    if (content === undefined) {
      throw new Error(`${method} ${template} has no answer ${answer.status}: ${await answer.text()}`);
    }
    const [type = ""] = (answer.headers.get("content-type") ?? "").split(";");
    assert(type in content, `${path} answers ${type}`);
    const body: unknown = await answer.json();
    const pointer = ["paths", template, method, "responses", String(answer.status), "content", type, "schema"]
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    const validate = ajv.getSchema(`openapi#/${pointer}`);
    if (validate === undefined) throw new Error(`no schema at ${pointer}`);
    const isValid = validate(body);
    assert(isValid, `${path}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(body, null, 1).slice(0, 5_000)}`);
    notice({ schema: schemaAt(template, method, answer.status, type), name: of ?? template }, body, seen);
    return { status: answer.status, body };
  };

  return { ask, unseen: () => [...documented()].filter((each) => !seen.has(each)).sort() };
}

function schemaAt(template: string, method: string, status: number, type: string): unknown {
  const content = openapi.paths[template]?.[method]?.responses[String(status)]?.content[type];
  return (content as { readonly schema: unknown }).schema;
}

interface Place {
  readonly schema: unknown;
  readonly name: string;
}

// deno-lint-ignore no-explicit-any
type Anything = any;

/** Follows a value along its schema. */
function notice({ schema, name }: Place, value: Anything, seen: Set<string>): void {
  const { $ref, properties, items, additionalProperties, oneOf } = schema as Anything;
  if ($ref !== undefined) {
    const named = String($ref).split("/").at(-1) ?? "";
    return notice({ schema: openapi.components.schemas[named], name: named }, value, seen);
  }
  for (const each of oneOf ?? []) {
    const states = each.properties.state.enum as readonly string[];
    if (states.includes(value.state)) notice({ schema: each, name }, value, seen);
  }
  for (const [key, inner] of Object.entries(value !== null && typeof value === "object" ? value : {})) {
    if (properties?.[key] !== undefined) {
      seen.add(`${name}.${key}`);
      notice({ schema: properties[key], name: `${name}.${key}` }, inner, seen);
    } else if (Array.isArray(value) && items !== undefined) {
      notice({ schema: items, name }, inner, seen);
    } else if (typeof additionalProperties === "object") {
      notice({ schema: additionalProperties, name }, inner, seen);
    }
  }
}

/** Every property of the named schemas. */
function documented(): ReadonlySet<string> {
  const all = new Set<string>();
  const walk = (schema: Anything, name: string): void => {
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      all.add(`${name}.${key}`);
      walk(inner, `${name}.${key}`);
    }
    for (const each of [schema.items, schema.additionalProperties, ...schema.oneOf ?? []]) {
      if (typeof each === "object") walk(each, name);
    }
  };
  for (const [name, schema] of Object.entries(openapi.components.schemas)) walk(schema, name);
  return all;
}
