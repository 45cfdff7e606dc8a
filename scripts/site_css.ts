// The look of the site (site.ts): light and dark, wide and narrow, on paper.

/** The stylesheet. */
export const siteCss: string = `:root {
  color-scheme: light dark;
  --page: light-dark(#fbfafd, #16141c);
  --text: light-dark(#1d1a26, #ece9f2);
  --quiet: light-dark(#625d70, #a59fb3);
  --line: light-dark(#dedbe8, #37323f);
  --back: light-dark(#f0eef5, #211e29);
  --accent: light-dark(#5b3aa6, #b8a1f5);
}

* { box-sizing: border-box; }

body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.6 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}

header, main {
  max-width: 64rem;
  margin-inline: auto;
  padding-inline: 1.25rem;
}

header {
  padding-block: 0.8rem;
  border-block-end: 1px solid var(--line);
}

header a { text-decoration: none; font-weight: 600; }
main { padding-block-end: 4rem; overflow-wrap: break-word; }
a { color: var(--accent); }

h1, h2, h3 { line-height: 1.25; margin-block: 2rem 0.6rem; }
h1 { font-size: 1.9rem; }
h2 { font-size: 1.35rem; border-block-end: 1px solid var(--line); padding-block-end: 0.2rem; }
h3 { font-size: 1.05rem; }
h1 a, h2 a, h3 a, h4 a { color: inherit; text-decoration: none; }
h2 a:hover, h3 a:hover { text-decoration: underline; }
:target { scroll-margin-block-start: 1rem; background: var(--back); }

code { font: 0.92em ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
:not(pre) > code { background: var(--back); border-radius: 0.25rem; padding: 0.05rem 0.25rem; }
pre { background: var(--back); border-radius: 0.5rem; padding: 0.8rem 1rem; overflow-x: auto; line-height: 1.45; }

img { max-width: 100%; height: auto; border-radius: 0.5rem; }
.wide { overflow-x: auto; margin-block: 1rem; }
table { border-collapse: collapse; font-size: 0.94rem; }
th, td { border-block-end: 1px solid var(--line); padding: 0.4rem 0.9rem 0.4rem 0; text-align: start; vertical-align: top; }
th { color: var(--quiet); }

.contents { margin-block: 1rem; }
.contents summary { cursor: pointer; color: var(--quiet); }
.contents ul { columns: 18rem; margin-block: 0.4rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

@media print {
  header, .contents { display: none; }
  body { font-size: 10pt; }
}
`;
