/**
 * What all pages have in common: the head, the way past the navigation, the navigation, the line
 * that says whether the page is live. Without its script a live page is loaded anew by the browser.
 */
import { assetPath } from './assets.ts';
import { html, type Content, type Html } from './html.ts';

export type Frame = {
  readonly title: string;
  /** Path of the navigation that this page stands under; '': none. */
  readonly place: string;
  readonly main: Content;
  /** Address of the stream that keeps the sections fresh; undefined: the page is not live. */
  readonly live?: string;
  /** The person may sign out here. */
  readonly isSignedIn?: boolean;
  /** Nobody is signed in, and has to. */
  readonly isBare?: boolean;
};

const RELOAD_SECONDS = 5;
const PLACES = [
  ['/', 'Overview'],
  ['/submissions', 'Submissions'],
  ['/dead-letters', 'Dead letters'],
  ['/accounts', 'Accounts'],
] as const;

export function pageFrame({ title, place, main, live, isSignedIn, isBare }: Frame): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} - bank console</title>
        <link rel="icon" href="${assetPath('icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assetPath('console.css')}" />
        ${live !== undefined && RELOADED}
        ${live !== undefined && html`<script src="${assetPath('live.js')}" type="module"></script>`}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <p class="name">bank console</p>
          ${isBare !== true && navigation(place)} ${isSignedIn === true && SIGN_OUT}
        </header>
        <main id="main" tabindex="-1" ${live !== undefined && html` data-live="${live}"`}>
          <div class="title">
            <h1>${title}</h1>
            ${live !== undefined && LIVE_LINE}
          </div>
          ${main}
        </main>
      </body>
    </html> `;
}

function navigation(place: string): Html {
  return html`<nav aria-label="Pages">
    <ul>
      ${PLACES.map(
        ([path, name]) =>
          html`<li>
            <a href="${path}" ${path === place && html` aria-current="page"`}>${name}</a>
          </li>`,
      )}
    </ul>
  </nav>`;
}

const SIGN_OUT = html`<form class="out" method="post" action="/sign-out">
  <button type="submit">Sign out</button>
</form>`;

const RELOADED = html`<noscript>
  <meta http-equiv="refresh" content="${RELOAD_SECONDS}" />
</noscript>`;

/** The script fills it and shows the button. */
const LIVE_LINE = html`<p class="live">
  <span id="live-state" role="status"></span>
  <button type="button" id="live-pause" aria-pressed="false" hidden>Pause</button>
</p>`;

/** Sections of a live page: each one's HTML is replaced as a whole. */
export function liveSections(sections: ReadonlyMap<string, Html>): Html[] {
  return [...sections].map(
    ([id, shown]) =>
      html`<section id="${id}" aria-labelledby="${id}-heading" data-section>${shown}</section>`,
  );
}
