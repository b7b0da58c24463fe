/** The query of a panel with everything filled in; to edit and to run, never to write. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Ask, fetchRows, fetchSql, isFault } from './api.ts';
import { type Frame, toFrame } from './frames.ts';
import { html, Icon } from './html.ts';
import { zone } from './state.ts';
import { formatMomentMs } from './time.ts';

const rowsShownMax = 200;

export function SqlDialog(props: {
  readonly title: string;
  readonly asks: readonly Ask[];
  readonly onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [sql, setSql] = useState('');
  const [result, setResult] = useState<Frame | string | undefined>(undefined);
  const [running, setRunning] = useState<AbortController | undefined>(undefined);
  useEffect(() => {
    dialog.current?.showModal();
    Promise.all(props.asks.map(fetchSql)).then(
      (texts) => setSql(texts.join('\n\n')),
      (fault) => setResult(isFault(fault) ? fault.error : String(fault)),
    );
  }, []);
  const run = () => {
    const abort = new AbortController();
    setRunning(abort);
    const scope = props.asks[0]!.scope;
    fetchRows({ sql, scope }, abort.signal)
      .then((answer) => setResult(toFrame(answer)))
      .catch((fault) => setResult(isFault(fault) ? fault.error : String(fault)))
      .finally(() => setRunning(undefined));
  };
  return html`<dialog ref=${dialog} class="sql" aria-label=${`SQL of ${props.title}`}
    onClose=${props.onClose}>
    <div class="dialog-head"><h2>SQL of “${props.title}”</h2>
      <button class="quiet" aria-label="Close" onClick=${() => dialog.current?.close()}><${Icon}
        name="close" /></button></div>
    <textarea class="mono" spellcheck=${false} aria-label="SQL" value=${sql}
      onInput=${(event: Event) => setSql((event.target as HTMLTextAreaElement).value)}></textarea>
    <div class="dialog-tools">
      ${
        running === undefined
          ? html`<button class="button primary" onClick=${run}>Run</button>`
          : html`<button class="button" onClick=${() => running.abort()}>Cancel</button>`
      }
      <button class="button" onClick=${() => navigator.clipboard.writeText(sql)}>Copy</button>
      <span class="hint">Runs read-only, within 30 seconds and 200 000 rows.</span>
    </div>
    ${typeof result === 'string' && html`<p class="mono fault" role="alert">${result}</p>`}
    ${typeof result === 'object' && html`<${PlainTable} frame=${result} />`}
  </dialog>`;
}

function PlainTable({ frame }: { readonly frame: Frame }) {
  const rows = Array.from({ length: Math.min(frame.length, rowsShownMax) }, (_, row) => row);
  const cell = (value: unknown, kind: string): string => {
    if (value === null || value === undefined) return '';
    if (kind === 'time') return formatMomentMs(Number(value), zone.value);
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  };
  return html`<p class="hint" role="status">
    ${frame.length} rows${frame.length > rowsShownMax ? `, the first ${rowsShownMax} shown` : ''}
    </p>
    <div class="scroll-x result" tabindex="0"><table class="data">
      <thead><tr>${frame.fields.map((field) => html`<th scope="col">${field.name}</th>`)}</tr>
        </thead>
      <tbody>${rows.map(
        (row) =>
          html`<tr>${frame.fields.map(
            (field) =>
              html`<td class=${field.kind === 'number' ? 'num' : ''}>
                ${cell(field.values[row], field.kind)}</td>`,
          )}</tr>`,
      )}</tbody>
    </table></div>`;
}
