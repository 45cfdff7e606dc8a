// `gocd-mesos openapi`: the OpenAPI document of the API of a running instance.

import { version } from "../version.ts";
import { openapiDocument } from "../web/api/openapi.ts";
import { type Command, noOperands } from "./command.ts";
import { writeJson } from "./instance.ts";

/** Prints the document. */
export const openapiCommand: Command = {
  name: "openapi",
  summary: "print the OpenAPI document of the API for programs",
  help: `Usage: gocd-mesos openapi

Prints the OpenAPI 3.1 document of the API of this version (JSON), to standard output. A running instance serves the
same under /api/v1/openapi.json.

Examples:
  gocd-mesos openapi > gocd-mesos-openapi.json`,
  booleans: [],
  strings: [],
  operands: noOperands,
  run: (_, io) => {
    writeJson(openapiDocument(version), io);
    return Promise.resolve(0);
  },
};
