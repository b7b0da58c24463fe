/** Panels over scraped metrics, with the sizes and buckets that they have in common. */
import {
  type PanelDraft,
  type PanelSpec,
  stat,
  type TimeseriesSpec,
  timeseries,
} from '../vocabulary/panel.ts';
import { bucket } from './kubernetes-charts.ts';
import { noneSteps } from './kubernetes-parts.ts';

type Usual<Spec extends PanelSpec> = Omit<Spec, 'width' | 'height' | 'noValue'> &
  Partial<Pick<Spec, 'width' | 'height' | 'noValue'>>;

const number = { width: 4, height: 5, unit: 'none', decimals: 0, noValue: 'no figures' } as const;

export const scrapedNumber = (spec: Usual<PanelSpec>): PanelDraft => stat({ ...number, ...spec });

/** A number of which any is too many. */
export const troubleCount = (spec: Usual<PanelSpec>, what: string): PanelDraft =>
  scrapedNumber({ thresholds: noneSteps(what), ...spec });

const chart = {
  ...{ width: 8, height: 8, decimals: 1, min: 0, noValue: 'no figures' },
  interval: bucket,
} as const;

export const scrapedChart = (spec: Usual<TimeseriesSpec>): PanelDraft =>
  timeseries({ ...chart, ...spec });

/** A name for each series: the value of the label `name`. */
export const seriesBy = (name: string): string => `\${__field.labels.${name}}`;
