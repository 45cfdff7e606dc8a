// Commands of the operator from the status page: asks for confirmation and for the admin token, which this tab remembers
// once it was right. Served as /assets/actions.js; embedded by scripts/embed_assets.ts.

(() => {
  const dialog = document.getElementById("ask");
  const title = document.getElementById("ask-title");
  const question = document.getElementById("ask-question");
  const token = document.getElementById("ask-token");
  const answer = document.getElementById("ask-answer");
  const yes = document.getElementById("ask-yes");
  const tokenKey = "gocd-mesos admin token";
  const answerMsMax = 15_000;
  /** For how long the result of a command is shown: then the page shows its effect. */
  const doneMs = 20_000;
  /** Maximum wait for the page that has that effect. */
  const shownMsMax = 5_000;
  const done = document.getElementById("done");
  let asked;
  let pressed;
  let doneTimer;

  document.body.classList.add("scripted");

  /** Resolves once the page shows what the command has changed, or cannot soon. */
  function shownSoon() {
    return new Promise((resolve) => {
      setTimeout(resolve, shownMsMax);
      document.dispatchEvent(new CustomEvent("acted", { detail: resolve }));
    });
  }

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button[data-command]") : null;
    if (button === null) return;
    pressed = button;
    const { command, profile, agent } = button.dataset;
    asked = { command, of: profile === undefined ? agent === undefined ? {} : { agent } : { profile } };
    title.textContent = button.textContent.replace(/\s+/g, " ").trim();
    question.textContent = button.dataset.question;
    yes.textContent = title.textContent;
    yes.disabled = false;
    answer.textContent = "";
    token.value = sessionStorage.getItem(tokenKey) ?? "";
    dialog.showModal();
    (token.value === "" ? token : yes).focus();
  });

  document.getElementById("ask-no").addEventListener("click", () => dialog.close());

  dialog.addEventListener("close", () => {
    token.value = "";
    // The page may have replaced the button meanwhile.
    if (!pressed.isConnected) document.getElementById("live").focus({ preventScroll: true });
  });

  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    yes.disabled = true;
    answer.textContent = "Sending…";
    try {
      const response = await fetch(`/api/commands/${asked.command}`, {
        method: "POST",
        headers: { "Authorization": `Bearer ${token.value}`, "Content-Type": "application/json" },
        body: JSON.stringify(asked.of),
        signal: AbortSignal.timeout(answerMsMax),
      });
      const { message, hint } = await response.json();
      if (response.ok) {
        sessionStorage.setItem(tokenKey, token.value);
        dialog.close();
        await shownSoon();
        done.textContent = `Done: ${message}`;
        clearTimeout(doneTimer);
        doneTimer = setTimeout(() => done.textContent = "", doneMs);
        return;
      }
      const isWrong = response.status === 401;
      if (isWrong) sessionStorage.removeItem(tokenKey);
      answer.textContent = isWrong
        ? "Wrong admin token: it is the value of http.admin-token in the configuration."
        : `Refused: ${message}. ${hint}`;
    } catch {
      answer.textContent = "No answer: it may have been done all the same. See the page, then try again.";
    }
    yes.disabled = false;
  });
})();
