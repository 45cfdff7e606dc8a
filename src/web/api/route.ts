// The type of a route, from which the router and the OpenAPI document are made.

import type { HistoryReader } from "../../core/view/history.ts";
import type { Picture } from "../../core/view/picture.ts";
import type { CommandName } from "../commands.ts";
import type { StreamRoom } from "../streams.ts";
import type { ProgramFacts } from "./documents.ts";
import type { Parameter, Query } from "./query.ts";
import type { Schema } from "./schema.ts";

/** A response of a route with one status. */
export interface Answer {
  readonly description: string;
  readonly schema: Schema;
  /** Schemas by media type, beside `application/json`. */
  readonly others?: Readonly<Record<string, Schema>>;
}

/** The description of a route. */
export interface Described {
  /** `{locator}` stands for the rest of the path. */
  readonly path: string;
  /** Name of the operation, for generated clients. */
  readonly id: string;
  /** One line. */
  readonly summary: string;
  /** More about it. */
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
}

/** The input of a read route. */
export interface Asked extends ProgramFacts {
  readonly picture: Picture;
  /** The picture at a later moment. */
  readonly look: () => Picture;
  readonly streams: StreamRoom;
  /** Absent: none is kept. */
  readonly history?: HistoryReader;
  /** What stands for `{locator}` in the path, decoded. */
  readonly rest: string;
  readonly query: Query;
}

/** GET, for all who may see the page. */
export interface ReadRoute extends Described {
  readonly kind: "read";
  readonly respond: (asked: Asked) => Response;
}

/** GET under any host name and without a token. */
export interface HealthRoute extends Described {
  readonly kind: "health";
  readonly respond: (picture: Picture) => Response;
}

/** POST with the token. */
export interface CommandRoute extends Described {
  readonly kind: "command";
  readonly command: CommandName;
  readonly body: Schema;
}

/** One route. */
export type ApiRoute = ReadRoute | HealthRoute | CommandRoute;
