/** The page: loads the dashboard that the address names and keeps it fresh. */
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { fetchDashboard, fetchSummaries, isAsking, isFault } from './api.ts';
import { Board } from './board.ts';
import { Header } from './header.ts';
import { html } from './html.ts';
import { listenToKeys } from './keyboard.ts';
import {
  addressedUid,
  away,
  dashboard,
  dashboardFault,
  readAddress,
  readTheme,
  refreshMs,
  reload,
  summaries,
  tick,
} from './state.ts';

async function openAddressed(): Promise<void> {
  dashboardFault.value = undefined;
  try {
    if (summaries.value.length === 0) summaries.value = await fetchSummaries();
    const uid = addressedUid() || summaries.value[0]?.uid || '';
    const current = dashboard.value;
    const loaded = current?.uid === uid ? current : await fetchDashboard(uid);
    if ((addressedUid() || summaries.value[0]?.uid) !== uid) return;
    if (current?.uid !== uid) scrollTo(0, 0);
    readAddress(loaded);
  } catch (error) {
    dashboardFault.value = isFault(error) ? error.error : String(error);
  }
}

/** Follows a link inside the page without loading it anew. */
function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const anchor = (event.target as Element | null)?.closest('a');
  if (!anchor || anchor.target === '_blank' || anchor.origin !== location.origin) return;
  if (!anchor.pathname.startsWith('/d/') && anchor.pathname !== '/') return;
  event.preventDefault();
  history.pushState(null, '', anchor.href);
  void openAddressed();
}

/** How often a refresh that is due looks whether the answers before it have come. */
const idlePollMs = 200;

function App() {
  const period = refreshMs.value;
  // The tick is a dependency: a refresh by hand starts the period again.
  const count = tick.value;
  useEffect(() => {
    if (period === 0 || away.value !== undefined) return;
    let timer = setTimeout(refreshWhenIdle, period);
    function refreshWhenIdle(): void {
      if (isAsking() || document.visibilityState === 'hidden') {
        timer = setTimeout(refreshWhenIdle, idlePollMs);
      } else reload();
    }
    return () => clearTimeout(timer);
  }, [period, count, away.value]);
  return html`
    <a class="skip" href="#main">Skip to the panels</a>
    <${Header} />
    <main id="main" tabindex="-1">
      ${away.value !== undefined && html`<${Banner} message=${away.value} />`}
      ${
        dashboardFault.value !== undefined
          ? html`<p class="page-fault"
            role="alert">This dashboard cannot be shown: ${dashboardFault.value}.
            ${' '}<a href="/">Go to the first dashboard</a></p>`
          : dashboard.value !== undefined && html`<${Board} dashboard=${dashboard.value} />`
      }
    </main>`;
}

function Banner({ message }: { readonly message: string }) {
  return html`<div class="banner" role="status">
    <span class="banner-dot" aria-hidden="true"></span>
    <span><b>${message}</b> What you see is the last answer. The page asks every two seconds and
    goes on by itself.</span>
  </div>`;
}

readTheme();
addEventListener('popstate', () => void openAddressed());
document.addEventListener('click', followLinks);
listenToKeys();
render(html`<${App} />`, document.getElementById('app')!);
void openAddressed();
