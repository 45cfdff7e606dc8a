// Error responses of the routes of /api/v1.

import type { LeadershipView } from "../../core/view/view.ts";
import { type Refusal, refusalResponse } from "../responses.ts";
import type { Answer, Asked } from "./route.ts";
import { ref } from "./schema.ts";

/** An error with its own status. */
function refusal(description: string): Answer {
  return { description, schema: ref("Error") };
}

/** The errors that every read route may return. */
export const readErrors: Readonly<Record<number, Answer>> = {
  400: refusal("the query is not valid"),
  403: refusal("the Host header is none of this program"),
  404: refusal("nothing is there, or the listener is not open to readers"),
  429: refusal("too many wrong tokens from this address"),
  500: refusal("a bug: see the log"),
  503: refusal("this instance is on standby and has no data about it"),
};

/** The errors that a command may return. */
export const commandErrors: Readonly<Record<number, Answer>> = {
  400: refusal("the body is not valid"),
  401: refusal("the token is missing or wrong"),
  403: refusal("commands are off, or the request comes from elsewhere"),
  413: refusal("the body is too large"),
  429: refusal("too many wrong tokens from this address"),
  500: refusal("a bug: see the log"),
};

/** Only responds if this instance leads, or is the only one: empty lists of a standby would be misleading. */
export function ifLeader(respond: (asked: Asked) => Response): (asked: Asked) => Response {
  return (asked) => {
    const { leadership } = asked.picture.view;
    return leadership?.role === "standby" ? refusalResponse(onStandby(leadership)) : respond(asked);
  };
}

function onStandby({ leader }: LeadershipView): Refusal {
  return {
    status: 503,
    code: "standby",
    message: `this instance is on standby; ${leader === undefined ? "no leader is known" : `${leader} leads`}`,
    hint: "ask the leading instance; /health/leader shows whether an instance leads",
  };
}
