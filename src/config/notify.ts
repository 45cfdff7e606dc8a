// Reads the webhook settings.

import { type ConditionEvent, conditionEvents } from "../core/view/condition_event.ts";
import { addressOfUrl, httpUrlOf } from "../net/addresses.ts";
import type { NotifyConfig, WebhookConfig } from "./config.ts";
import { ConfigError } from "./config_error.ts";
import { addProblem, confAt, durationMsAt, find, type Reader, textsAt, wordAt } from "./reader.ts";
import { caCertsAt, secretAt } from "./secrets.ts";
import { quote } from "./values.ts";

/** Names of webhooks. */
export const webhookNamePattern: RegExp = /^[a-zA-Z0-9_-]{1,32}$/;

/** Their section. */
export const webhooksKey = "notify.webhooks";

/** The part about webhooks; those whose URL is not wanted, or cannot be read, are left out. */
export function readNotify(reader: Reader): NotifyConfig {
  const section = confAt(reader.root, webhooksKey);
  const names = section?.kind !== "object" ? [] : [...section.fields.keys()]
    .filter((name) => webhookNamePattern.test(name) && section.fields.get(name)?.kind === "object");
  return {
    afterMs: durationMsAt(reader, "notify.after") ?? 0,
    waitingLongerThanMs: durationMsAt(reader, "notify.waiting-longer-than") ?? 0,
    webhooks: names.flatMap((name) => readWebhook(reader, name)),
  };
}

function readWebhook(reader: Reader, name: string): readonly WebhookConfig[] {
  const key = (last: string): string => `${webhooksKey}.${name}.${last}`;
  const url = secretAt(reader, key("url"));
  const secret = secretAt(reader, key("secret"));
  const caCerts = caCertsAt(reader, key("ca-file"));
  const format = wordAt(reader, key("format")) as WebhookConfig["format"];
  const events = readEvents(reader, key("events"));
  if (!reader.wantsSecret(key("url"))) return [];
  if (url === undefined) {
    const hint = "write url or url-file, or check that its environment variable is set";
    addProblem(reader, find(reader, key("url")) ?? { key: key("url") }, {
      code: "config-missing-key",
      message: "it is missing",
      hint,
    });
    return [];
  }
  const address = addressAt(reader, key("url"), () => url.reveal());
  if (address === undefined) return [];
  return [{ name, url, address, format, events, ...(secret === undefined ? {} : { secret }), caCerts }];
}

/** The host of a URL that must not be shown. */
function addressAt(reader: Reader, key: string, reveal: () => string): WebhookConfig["address"] | undefined {
  const found = find(reader, key) ?? find(reader, `${key}-file`) ?? { key };
  let text: string;
  try {
    text = reveal().trim();
  } catch (error) {
    // Errors of the file are already reported.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
  const url = httpUrlOf(text);
  const hint = "write the whole URL, https://host/path";
  if (url === undefined) {
    addProblem(reader, found, { code: "config-bad-value", message: "it is not an http or https URL", hint });
  } else if (url.username !== "" || url.password !== "") {
    addProblem(reader, found, { code: "config-bad-value", message: "it contains credentials", hint });
  } else {
    return addressOfUrl(url);
  }
  return undefined;
}

function readEvents(reader: Reader, key: string): readonly ConditionEvent[] {
  const found = find(reader, key);
  if (found === undefined) return conditionEvents;
  const words = textsAt(reader, key, "commas");
  for (const word of words) {
    if (conditionEvents.some((each) => each === word)) continue;
    const message = `${quote(word)} is no event`;
    addProblem(reader, found, {
      code: "config-bad-value",
      message,
      hint: `write some of ${conditionEvents.join(", ")}`,
    });
  }
  return conditionEvents.filter((each) => words.includes(each));
}
