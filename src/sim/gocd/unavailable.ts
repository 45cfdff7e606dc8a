// The 503 responses of a GoCD server: starting, backup, maintenance or drain mode (GoCD ModeAwareFilter).

import { acceptOf, answer, pathOf, type SimRequest, type SimResponse } from "./http_message.ts";

/** While the server starts: JSON or plain text by Accept; HTML for a browser or a missing Accept. */
export function startingAnswer(request: SimRequest): SimResponse {
  const accept = acceptOf(request);
  if (accept.includes("json")) return answer(503, "application/json", '{ "message": "GoCD server is starting" }');
  if (accept === "" || accept.includes("html")) {
    const body =
      "<html><head><title>GoCD server is starting</title></head><body><h3>GoCD server is starting</h3></body></html>";
    return answer(503, "text/html", body);
  }
  return answer(503, "text/plain;charset=iso-8859-1", "GoCD server is starting\n");
}

/** During a backup: everything except its own status. */
export function backupAnswer(request: SimRequest): SimResponse {
  return unavailable(request, "Server is under maintenance mode, please try later.");
}

/** Maintenance mode: changes only. */
export function maintenanceAnswer(request: SimRequest): SimResponse {
  return unavailable(request, "Server is in maintenance mode, please try later.");
}

/** Drain mode of 18.12: changes only. */
export function drainAnswer(request: SimRequest): SimResponse {
  return unavailable(request, "Server is in drain mode, please try later.");
}

function unavailable(request: SimRequest, message: string): SimResponse {
  const mentions = `${acceptOf(request)} ${request.headers["content-type"] ?? ""} ${pathOf(request)}`;
  if (mentions.includes("json")) return answer(503, "application/json", JSON.stringify({ message }));
  if (mentions.includes("xml")) return answer(503, "application/xml", `<message>${message}</message>`);
  return answer(503, "text/html;charset=utf-8", `<html><body><h1>${message}</h1></body></html>`);
}
