import { Duration } from 'aws-cdk-lib';
import {
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  MathExpression,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../../shared/telemetry/emf.ts';

const WHOLE = 24;

/** Failures, durations and rows of all jobs of a stack. It uses searches, so a new job appears without a change. */
export class Dashboard extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stack }: { /** As in the metrics' dimension. */ stack: string },
  ) {
    super(scope, id);
    const graph = (title: string, metric: string, statistic: string, label?: string) =>
      new GraphWidget({
        title,
        width: WHOLE,
        ...(label === undefined ? {} : { leftYAxis: { label, showUnits: false } }),
        left: [
          new MathExpression({
            expression: `SEARCH('{${METRIC_NAMESPACE},Stack,Job} Stack="${stack}" MetricName="${metric}"', '${statistic}')`,
            usingMetrics: {},
            label: '',
            period: Duration.minutes(5),
          }),
        ],
      });
    new CloudWatchDashboard(this, 'Dashboard', {
      widgets: [
        [new TextWidget({ markdown: `# Ferry: ${stack}`, width: WHOLE, height: 1 })],
        [graph('Failed runs', 'RunsFailed', 'Sum')],
        [graph('Duration of runs', 'RunDuration', 'Maximum', 'ms')],
        [graph('Rows', 'Rows', 'Maximum')],
      ],
    });
  }
}
