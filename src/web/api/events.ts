// The events of /api/v1: recent ones, and new ones as they occur.

import type { Picture } from "../../core/view/picture.ts";
import { jsonResponse } from "../responses.ts";
import { type EventView, eventViews } from "./documents.ts";
import { numberParameter, type Query, textParameter, timeOf, timeParameter, wordParameter } from "./query.ts";
import { readErrors } from "./refusals.ts";
import type { Asked, ReadRoute } from "./route.ts";
import { count, listOf, record, ref, text, timeMs } from "./schema.ts";
import { eventLevels } from "./schemas.ts";

/** Maximum number of events in a response. */
const eventsMax = 1_000;
const streamType = "application/x-ndjson";

/** Recent events, and with `?follow` new ones. */
export const eventsRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/events",
  id: "listEvents",
  summary: "recent decisions and observations, oldest first",
  description:
    "The last few hundred are kept, without those of level debug. With ?follow the response continues: one event on " +
    "each line, as it occurs, and an empty line if there is none for 15 s. If it ends, continue with the last id: " +
    "startedMs of /api/v1/events?after=ID shows whether ids have restarted.",
  parameters: [
    numberParameter("after", "only events after the one with this id", { default: 0, minimum: 0, maximum: 1e15 }),
    timeParameter("since", "only events from then on"),
    wordParameter("level", "only events of this level or a higher one", eventLevels),
    textParameter("code", "only events with this code"),
    numberParameter("limit", "of those so far, the newest so many", {
      default: eventsMax,
      minimum: 0,
      maximum: eventsMax,
    }),
    wordParameter("follow", "continue with new ones, without a value or with true", ["", "true"]),
  ],
  answers: {
    200: {
      description: "the events",
      schema: record("events", {
        atMs: timeMs("the moment of the picture"),
        startedMs: timeMs("when the program was started: if it changes, ids have restarted"),
        lastId: count("the id of the newest event, whatever was asked for; 0: there is none"),
        events: listOf(ref("Event"), "oldest first"),
      }),
      others: { [streamType]: text("one Event in each line, as JSON") },
    },
    ...readErrors,
  },
  respond: (asked) => asked.query["follow"] === undefined ? eventsResponse(asked) : streamOf(asked),
};

function eventsResponse({ picture, query }: Asked): Response {
  const { atMs, startedMs } = picture.view;
  return jsonResponse({ atMs, startedMs, lastId: lastIdOf(picture), events: newest(picture, query) });
}

function lastIdOf({ notes, notesBefore }: Picture): number {
  return notes.length + notesBefore;
}

function streamOf({ picture, look, streams, query }: Asked): Response {
  let events = newest(picture, query);
  let lastId = lastIdOf(picture);
  return streams.open({
    contentType: streamType,
    heartbeat: "\n",
    next: () => {
      const now = look();
      const text = [...events, ...passing(now, query, lastId)].map((event) => `${JSON.stringify(event)}\n`).join("");
      events = [];
      lastId = lastIdOf(now);
      return text;
    },
  });
}

function newest(picture: Picture, query: Query): readonly EventView[] {
  const limit = Number(query["limit"] ?? eventsMax);
  return limit === 0 ? [] : passing(picture, query, Number(query["after"] ?? 0)).slice(-limit);
}

function passing(picture: Picture, query: Query, after: number): readonly EventView[] {
  const rank = eventLevels.findIndex((each) => each === query["level"]);
  const sinceMs = query["since"] === undefined ? -Infinity : timeOf(query["since"]);
  return eventViews(picture).filter(({ id, atMs, level, code }) =>
    id > after && atMs >= sinceMs && (query["code"] ?? code) === code &&
    eventLevels.findIndex((each) => each === level) >= rank
  );
}
