import { describe, expect, it } from 'vitest';
import { createAwsIdentity } from '../../../shared/source/credentials/create-aws-identity.ts';
import { inSpan } from '../../../shared/telemetry/in-span.ts';
import { createWebhook } from '../../../shared/watchdog/alerts/webhook.ts';
import { startStsStandIn } from '../../support/atlan/sts-stand-in.ts';
import { withEnvironment } from '../../support/processes/process-environment.ts';
import { recordSpans } from '../../support/telemetry/record-spans.ts';
import { unscheduled, watchdogWorld } from '../../support/watchdog.ts';

const ROLE = 'arn:aws:iam::444455556666:role/vogelhaus';
const keys = { accessKeyId: 'AKIA2', secretAccessKey: 'geheim', sessionToken: 'geheim' };
const SECRET = /vogelhaus|geheim|AKIA|4455/i;

/** Assumes a role of the stand-in. */
async function assume(roleArn: string): Promise<unknown> {
  await using sts = await startStsStandIn(ROLE, keys);
  const environment = {
    AWS_ENDPOINT_URL: sts.url,
    AWS_ACCESS_KEY_ID: 'AKIA1',
    AWS_SECRET_ACCESS_KEY: 'geheim',
    AWS_MAX_ATTEMPTS: '1',
  };
  return await withEnvironment(environment, () =>
    createAwsIdentity({ outgoing: {}, region: 'eu-central-1' }).assumeRole({
      roleArn,
      externalId: 'geheim',
      sessionName: 'ferry',
      region: 'eu-central-1',
    }),
  );
}

describe('the span of a call', () => {
  it('to AWS is below what asks, with the names of service and command and nothing of what was asked', async () => {
    await using spans = recordSpans();
    await inSpan('connect', {}, () => assume(ROLE));
    const call = spans.named('STS.AssumeRole');
    expect(call.parentSpanContext?.spanId).toBe(spans.named('connect').spanContext().spanId);
    expect(call.attributes).toEqual({ 'rpc.system.name': 'aws-api', 'rpc.method': 'STS/AssumeRole' });
  });

  it('that AWS refuses has the name of its refusal, and none of its words', async () => {
    await using spans = recordSpans();
    await inSpan('connect', {}, () => assume(`${ROLE}-2`)).catch(() => {});
    const { status, attributes, events } = spans.named('STS.AssumeRole');
    expect(attributes['error.type']).toBe('AccessDenied');
    expect([status, events]).toEqual([{ code: 2 }, []]);
    for (const span of spans.all()) expect(JSON.stringify([span.name, span.attributes])).not.toMatch(SECRET);
  });

  it('to AWS is none where nothing is traced: what is asked again and again would be a trace each time', async () => {
    await using spans = recordSpans();
    await assume(ROLE);
    expect(spans.all()).toEqual([]);
  });

  it('to a webhook does not say where that is', async () => {
    await using spans = recordSpans();
    const one = watchdogWorld({ orders: unscheduled });
    const webhook = createWebhook(
      async () => 'https://hooks.example.org/geheim?token=geheim',
      async () => new Response(null, { status: 500 }),
    );
    one.channels = [webhook];
    await one.ended({ state: 'failed', error: { class: 'AuthError', message: 'Vogelhaus' } });
    expect(await one.round()).toMatchObject({ notificationsFailed: 1 });
    const round = spans.named('watchdog');
    expect(round.attributes).toEqual({
      'ferry.watchdog.repaired': 0,
      'ferry.watchdog.notified': 0,
      'ferry.watchdog.failed': 1,
    });
    const call = spans.named('webhook');
    expect(call.parentSpanContext?.spanId).toBe(round.spanContext().spanId);
    expect(call.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 500,
      'error.type': '500',
    });
    for (const span of spans.all()) expect(JSON.stringify([span.name, span.attributes])).not.toMatch(SECRET);
  });
});
