// The rows of the key table about notifications of problems.

import { conditionEvents } from "../core/view/condition_event.ts";
import type { KeySpec } from "./keys.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** In the paths of {@linkcode notifyKeys}, in place of the name of a webhook. */
export const anyWebhook = "NAME";

/** Rows about notifications of problems. */
export const notifyKeys: readonly KeySpec[] = [
  {
    path: "notify.after",
    type: "duration",
    default: "2 minutes",
    min: 0,
    max: dayMs,
    doc: "How long a problem must last before it is sent to webhooks, and be over before its end is sent",
    example: "2 minutes",
  },
  {
    path: "notify.waiting-longer-than",
    type: "duration",
    default: "30 minutes",
    min: minuteMs,
    max: 30 * dayMs,
    doc: "Jobs that have waited longer than this for an agent that they could get are reported to webhooks",
    example: "30 minutes",
  },
  {
    path: `notify.webhooks.${anyWebhook}.url`,
    type: "secret",
    doc:
      "Where messages go: an http or https URL. Required, or url-file. Many such URLs are secrets, so it is never shown",
    example: '"https://hooks.example.com/services/T0/B0"',
  },
  {
    path: `notify.webhooks.${anyWebhook}.url-file`,
    type: "path",
    doc: "A file with the URL, instead of url; read again at each use",
    example: '"/run/secrets/webhook"',
  },
  {
    path: `notify.webhooks.${anyWebhook}.format`,
    type: "word",
    words: ["json", "slack"],
    default: '"json"',
    doc: "json: the document of docs/webhooks.md; slack: a text for Slack, Mattermost and Rocket.Chat",
    example: '"slack"',
  },
  {
    path: `notify.webhooks.${anyWebhook}.events`,
    type: "names",
    doc: `Events that are sent, by default all: ${conditionEvents.join(", ")}`,
    example: '["jobs-unserved", "breaker"]',
  },
  {
    path: `notify.webhooks.${anyWebhook}.secret`,
    type: "secret",
    doc: "Key of the signature (HMAC-SHA256 of the body, in the header X-Gocd-Mesos-Signature-256). Not set: none",
    example: "${?WEBHOOK_SECRET}",
  },
  {
    path: `notify.webhooks.${anyWebhook}.secret-file`,
    type: "path",
    doc: "A file with the key, instead of secret; read again at each use",
    example: '"/run/secrets/webhook-secret"',
  },
  {
    path: `notify.webhooks.${anyWebhook}.ca-file`,
    type: "path",
    doc: "PEM file of the certificate authority of the receiver",
    example: '"/etc/ssl/webhook-ca.pem"',
  },
];
