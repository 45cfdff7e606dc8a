// What an operator can do from the page: buttons that ask for the admin token and for confirmation. The script of the page
// sends the commands; without it there are no buttons.

import type { StatusView } from "../core/view/view.ts";
import { type Html, html } from "./html.ts";

/** A command of /api/commands, with what its button says and what is asked before. */
interface Action {
  readonly command: "freeze" | "resume" | "drain";
  readonly profile?: string;
  readonly label: string;
  /** One sentence on what follows. */
  readonly question: string;
}

/** Buttons for all agents. */
export function actionsForAll({ mode, frozen, tornDown }: StatusView): Html {
  const resume: Action = {
    command: "resume",
    label: "Resume",
    question:
      "Launching resumes for all profiles: a freeze, a drain and a teardown end, what has failed is tried again.",
  };
  const freeze: Action = {
    command: "freeze",
    label: "Freeze",
    question: "No agent is launched any more, of no profile. Those that run continue.",
  };
  const drain: Action = {
    command: "drain",
    label: "Drain",
    question: "No agent is launched any more, and each is removed once it is idle. No build is stopped.",
  };
  const isHeld = frozen || mode !== "run" || tornDown === true;
  return buttons([...(isHeld ? [resume] : []), ...(frozen ? [] : [freeze]), ...(mode === "drain" ? [] : [drain])]);
}

/** Buttons for one profile. */
export function actionsForProfile({ name, frozen, blocked }: StatusView["profiles"][number]): Html {
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
    question: `No agent of profile ${name} is launched any more. Those that run continue.`,
  };
  return buttons([...(frozen || blocked !== undefined ? [resume] : []), ...(frozen ? [] : [freeze])]);
}

function buttons(actions: readonly Action[]): Html {
  const all = actions.map(({ command, profile, label, question }) => {
    const of = profile === undefined ? undefined : html`<span class="unseen"> profile ${profile}</span>`;
    const attribute = profile === undefined ? undefined : html`
      data-profile="${profile}"
    `;
    return html`
      <button type="button" data-key="${command}" data-command="${command}" ${attribute}
        data-question="${question}">${label}${of}</button>
    `;
  });
  return html`<div class="actions" data-key="actions">${all}</div>`;
}

/** What asks before a command is sent, and says what came of it. */
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
