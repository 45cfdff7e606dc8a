// What an operator can do from the page: buttons that ask for the admin token and for confirmation. The script of the
// page sends the commands; without it there are no buttons.

import type { StatusView } from "../core/view/view.ts";
import { type Html, html } from "./html.ts";

/** A command of /api/commands, with the label of its button and the confirmation. */
interface Action {
  readonly command: "freeze" | "resume" | "drain";
  readonly profile?: string;
  /** Task id. */
  readonly agent?: string;
  readonly label: string;
  /** One sentence about its effect. */
  readonly question: string;
}

/** Buttons for all agents. */
export function actionsForAll({ mode, frozen, tornDown, instances }: StatusView): Html {
  const resume: Action = {
    command: "resume",
    label: "Resume",
    question:
      "Launching resumes for all profiles: a freeze, a drain and a teardown end, and failed launches are retried.",
  };
  const freeze: Action = {
    command: "freeze",
    label: "Freeze",
    question: "No more agents are launched, for any profile. Running agents continue.",
  };
  const drain: Action = {
    command: "drain",
    label: "Drain",
    question: "No more agents are launched, and each is removed once it is idle. No build is stopped.",
  };
  const isHeld = frozen || mode !== "run" || tornDown === true;
  const isEmpty = instances.every(({ state }) => state === "gone");
  return buttons([
    ...(isHeld ? [resume] : []),
    ...(frozen ? [] : [freeze]),
    ...(mode === "drain" || isEmpty ? [] : [drain]),
  ]);
}

/** Buttons for one profile. While no agent of any profile is launched, there is nothing to freeze or to try. */
export function actionsForProfile(
  { name, frozen, blocked, alive }: StatusView["profiles"][number],
  all: Pick<StatusView, "mode" | "frozen">,
): Html {
  const isHeld = all.frozen || all.mode !== "run";
  const resume: Action = {
    command: "resume",
    profile: name,
    label: frozen ? "Resume" : "Try again",
    question: frozen
      ? `Agents of profile ${name} are launched again.`
      : `The failures of profile ${name} are forgotten, and a launch is tried at once.`,
  };
  const freeze: Action = {
    command: "freeze",
    profile: name,
    label: "Freeze",
    question: `No more agents of profile ${name} are launched. Running agents continue.`,
  };
  const drain: Action = {
    command: "drain",
    profile: name,
    label: "Drain",
    question:
      `No more agents of profile ${name} are launched, and each is removed once it is idle. No build is stopped.`,
  };
  return buttons([
    ...(frozen || blocked !== undefined && !isHeld ? [resume] : []),
    ...(frozen || isHeld ? [] : [freeze]),
    ...(alive > 0 ? [drain] : []),
  ]);
}

/** The button of one agent; none for one that is already being removed. */
export function actionsForAgent({ taskId, state, drainRequested }: StatusView["instances"][number]): Html | undefined {
  if (drainRequested === true || state === "draining" || state === "killing" || state === "gone") return undefined;
  const question =
    `${taskId} takes no more jobs, and is removed once it is idle. Another is launched if jobs need one. ` +
    "Its build is not stopped.";
  return buttons([{ command: "drain", agent: taskId, label: "Drain", question }]);
}

function buttons(actions: readonly Action[]): Html {
  const all = actions.map(({ command, profile, agent, label, question }) => {
    const of = profile !== undefined
      ? html`<span class="unseen"> profile ${profile}</span>`
      : agent !== undefined
      ? html`<span class="unseen"> ${agent}</span>`
      : undefined;
    const attribute = profile !== undefined
      ? html`
        data-profile="${profile}"
      `
      : agent !== undefined
      ? html`
        data-agent="${agent}"
      `
      : undefined;
    return html`
      <button type="button" data-key="${command}" data-command="${command}" ${attribute}
        data-question="${question}">${label}${of}</button>
    `;
  });
  return html`<div class="actions" data-key="actions">${all}</div>`;
}

/** The dialog that asks for confirmation, and shows the result. */
export function actionDialog(): Html {
  return html`
    <dialog id="ask" aria-labelledby="ask-title" aria-describedby="ask-question">
      <form method="dialog">
        <h2 id="ask-title"></h2>
        <p id="ask-question"></p>
        <label>Admin token (http.admin-token) <input type="password" id="ask-token" autocomplete="off" required maxlength="1000"></label>
        <p id="ask-answer" role="alert"></p>
        <div
          class="choices"><button type="button" id="ask-no">Cancel</button> <button type="submit" id="ask-yes"></button></div>
      </form>
    </dialog>
    <script src="/assets/actions.js" defer></script>
  `;
}
