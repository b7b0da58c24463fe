/** Everything about one span, beside the waterfall. */
import { formatText } from '../format.ts';
import { html, Icon } from '../html.ts';
import type { Dashboard } from '../model.ts';
import { serviceColour } from '../palette.ts';
import { range, zone } from '../state.ts';
import { formatMomentMs, zoneName } from '../time.ts';
import type { Node, SpanEvent, Trace } from '../trace-model.ts';
import { Attributes, Copy } from './attributes.ts';

export function SpanDetails(props: {
  readonly node: Node;
  readonly trace: Trace;
  readonly dashboard: Dashboard;
  readonly onClose: () => void;
}) {
  const { node, trace, dashboard } = props;
  const { span } = node;
  const fact = (name: string, value: unknown) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  return html`<aside class="span-details" aria-label="Chosen span">
    <div class="details-head"><h4><span class="dot"
      style=${{ background: serviceColour(span.service) }}></span>
      ${span.service} ${span.name}</h4>
      <button class="quiet" aria-label="Close" onClick=${props.onClose}><${Icon} name="close" />
        </button></div>
    ${
      span.failed &&
      html`<p class="bad"><${Icon}
      name="warning" /> ${span.statusMessage || 'This span failed.'}</p>`
    }
    ${
      span.missing &&
      html`<p
      class="hint">Other spans name this one as their parent, but it was not stored: not sampled,
      not sent, or still under way.</p>`
    }
    ${
      node.skewed &&
      html`<p
      class="hint">Starts before its parent: the clocks of the two machines differ.</p>`
    }
    <dl class="facts">
      ${fact('Duration', formatText(span.durationMs, 'ms'))}
      ${fact('Own time', formatText(node.selfMs, 'ms'))}
      ${fact('Starts after', formatText(span.startMs - trace.startMs, 'ms'))}
      ${fact('Kind', span.kind || '–')}
      ${fact(
        'Start',
        `${formatMomentMs(span.startMs, zone.value)} ${zoneName(zone.value, span.startMs)}`,
      )}
      ${fact(
        'Span id',
        html`<span class="mono">${span.id}</span><${Copy} text=${span.id}
        what="span id" />`,
      )}
      ${span.scope !== '' && fact('Library', span.scope)}
    </dl>
    <p class="details-links"><a href=${logsAddress(span.traceId)}>Logs of this trace</a>
      <a href=${serviceAddress(span.service)}>This service</a></p>
    ${span.events.map(
      (event) => html`<${Event} event=${event} startMs=${span.startMs}
      dashboard=${dashboard} />`,
    )}
    <${Attributes} title="Span" list=${span.tags} dashboard=${dashboard} />
    <${Attributes} title="Resource" list=${span.serviceTags} dashboard=${dashboard} />
    ${
      span.links.length > 0 &&
      html`<div class="attributes"><h4>Links</h4>${span.links.map(
        (link) =>
          html`<p class="mono"><a href=${traceAddress(link.traceId)}>${link.traceId}</a></p>`,
      )}</div>`
    }
  </aside>`;
}

function Event(props: {
  readonly event: SpanEvent;
  readonly startMs: number;
  readonly dashboard: Dashboard;
}) {
  const { event, startMs, dashboard } = props;
  return html`<${Attributes}
    title=${`Event ${event.name}, after ${formatText(event.atMs - startMs, 'ms')}`}
    list=${event.fields.length > 0 ? event.fields : [{ key: 'name', value: event.name }]}
      dashboard=${dashboard} />`;
}

function address(uid: string, name: string, value: string): string {
  const parameters = new URLSearchParams({ ...range.value, [`var-${name}`]: value });
  return `/d/${uid}?${parameters}`;
}

const logsAddress = (traceId: string) => address('obsctl-logs', 'traceId', traceId);
const traceAddress = (traceId: string) => address('obsctl-traces', 'traceId', traceId);
const serviceAddress = (service: string) => address('obsctl-services', 'service', service);
