// The OpenAPI 3.1 document of the table of routes.

import { historySchemas } from "./history.ts";
import type { Parameter } from "./query.ts";
import type { Answer, ApiRoute } from "./route.ts";
import { apiRoutes } from "./routes.ts";
import type { Schema } from "./schema.ts";
import { schemas } from "./schemas.ts";

/** Where the document is served. */
export const openapiPath = "/api/v1/openapi.json";

/** The document for a version of the program. */
export function openapiDocument(version: string): Schema {
  return {
    openapi: "3.1.0",
    info: {
      title: "gocd-mesos",
      version,
      summary: "The data and decisions of the program, and commands to it",
      description: "Times are ms since the epoch. Any version may add properties; everything described here remains " +
        "valid for all of /api/v1. /metrics, for Prometheus, and /api/status, the whole picture whose shape may " +
        "change, are " +
        "not described here.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths: {
      ...Object.fromEntries(apiRoutes.map((route) => [route.path, pathItem(route)])),
      [openapiPath]: {
        get: {
          operationId: "getOpenapi",
          summary: "this document",
          responses: { 200: { description: "the document", content: { "application/json": { schema: anyObject } } } },
        },
      },
    },
    components: {
      schemas: { ...schemas, ...historySchemas },
      securitySchemes: { adminToken: { type: "http", scheme: "bearer", description: "http.admin-token" } },
    },
  };
}

const anyObject: Schema = { type: "object" };

function pathItem(route: ApiRoute): Schema {
  const { id, summary, description, parameters, answers, path } = route;
  const operation = {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [...pathParameters(path), ...parameters.map(queryParameter)],
    responses: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
  };
  if (route.kind !== "command") return { get: operation };
  const requestBody = { required: false, content: { "application/json": { schema: route.body } } };
  return { post: { ...operation, requestBody, security: [{ adminToken: [] }] } };
}

function pathParameters(path: string): readonly Schema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    description: "the rest of the path, with its slashes or with %2F: pipeline/counter/stage/counter/job",
    schema: { type: "string" },
  }));
}

function queryParameter({ name, description, schema }: Parameter): Schema {
  return { name, in: "query", required: false, description, schema };
}

function response({ description, schema, others = {} }: Answer): Schema {
  const all = Object.entries({ "application/json": schema, ...others });
  return { description, content: Object.fromEntries(all.map(([type, each]) => [type, { schema: each }])) };
}
