// A page as the JSON that Grafana reads, by Grafana's own builders: rows of three panels, queries
// to the data source that the page's reader chooses.
import {
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Page, Panel, Query } from './panel.ts';

const SOURCE = { type: 'prometheus', uid: '${source}' };
const TAG = 'bank';
const COLUMNS = 24;
const PANELS_A_ROW = 3;
const HEIGHT = 8;
const FILL_PERCENT = 10;

/**
 * The same page makes the same text, byte by byte. In the form that every Grafana reads: its
 * successor wants a new one.
 */
export function dashboardJson(page: Page): string {
  // oxlint-disable-next-line typescript/no-deprecated -- v2 wants a new Grafana
  const dashboard = new DashboardBuilder(page.title)
    .uid(page.uid)
    .description(page.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('10s')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('source').label('Prometheus').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Bank')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .keepTime(true),
    );
  let id = 0;
  for (const { title, panels } of page.rows) {
    dashboard.withRow(new RowBuilder(title).id((id += 1)));
    for (const panel of panels) dashboard.withPanel(panelOf(panel).id((id += 1)));
  }
  return `${JSON.stringify(dashboard.build(), undefined, 2)}\n`;
}

function panelOf({ title, description, unit, queries }: Panel): PanelBuilder {
  const built = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .unit(unit)
    .min(0)
    .fillOpacity(FILL_PERCENT)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
    .span(COLUMNS / PANELS_A_ROW)
    .height(HEIGHT);
  for (const [at, query] of queries.entries()) built.withTarget(targetOf(query, at));
  return built;
}

function targetOf({ expr, legend }: Query, at: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCodePoint('A'.charCodeAt(0) + at))
    .datasource(SOURCE)
    .expr(expr)
    .legendFormat(legend)
    .range();
}
