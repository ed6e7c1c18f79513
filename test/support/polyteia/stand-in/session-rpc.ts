import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { type ErrorForm, jsonAnswer } from './faults.ts';
import type { RpcCall } from './session-contract.ts';
import type { Answer, StandInIngest, StandInState } from './types.ts';
import { replaceContent } from './upload.ts';

const codes: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  429: 'TOO_MANY_REQUESTS',
};

/** An error of a call by RPC. */
export const rpcError: ErrorForm = (status, message, code) =>
  jsonAnswer(status, {
    json: { code: code ?? codes[status] ?? 'INTERNAL_SERVER_ERROR', status, message, defined: false },
  });

/** Carries out a call by RPC whose session is good and returns what it is answered with. */
export async function answerRpc(state: StandInState, call: RpcCall): Promise<Answer> {
  switch (call.on) {
    case 'exchange':
      return exchange(state, call.input);
    case 'getDatasetById': {
      const dataset = state.datasets.get(call.input.id);
      if (!dataset) return rpcError(404, 'dataset not found');
      const { id, solutionId, name } = dataset;
      return rpcData({ id, organizationId: state.organization.id, solutionId, name });
    }
    case 'getMyAcceptanceStatus': {
      const { solutionId } = call.input;
      const ofIt = [...state.datasets.values()].filter((dataset) => dataset.solutionId === solutionId);
      if (ofIt.length === 0) return rpcError(404, 'solution not found');
      return rpcData({ acknowledged: ofIt.every(({ termsAcknowledged }) => termsAcknowledged) });
    }
    case 'getDatasetIngestStatus':
      return ingestStatus(state, call.input);
  }
}

function rpcData(json: object): Answer {
  return jsonAnswer(200, { json, meta: [] });
}

function exchange(state: StandInState, input: (RpcCall & { on: 'exchange' })['input']): Answer {
  if (input.key !== state.personalAccessKey) return rpcError(401, 'invalid personal access key');
  const { id, slug } = state.organization;
  if ((input.organizationId ?? id) !== id || (input.organizationSlug ?? slug) !== slug) {
    return rpcError(404, 'organization not found');
  }
  const token = `ses_${randomBytes(24).toString('base64url')}`;
  const end = Date.now() + state.sessionLifetimeMs;
  state.sessions.set(token, end);
  return rpcData({
    token,
    expiresAt: new Date(end).toISOString(),
    organizationId: id,
    scope: 'organization',
  });
}

async function ingestStatus(
  state: StandInState,
  { id, ingestId }: { id: string; ingestId: string },
): Promise<Answer> {
  const dataset = state.datasets.get(id);
  if (!dataset) return rpcError(404, 'dataset not found');
  if (!dataset.mayEdit) return rpcError(403, 'forbidden');
  const ingest = state.ingests.get(ingestId);
  if (ingest?.datasetId !== id || ingest.plan.outcome === 'lost') return rpcError(404, 'ingest not found');
  ingest.asked += 1;
  const { outcome, polls, errorMessage } = ingest.plan;
  if (outcome === 'hanging' || ingest.asked <= polls) {
    return rpcData({ status: ingest.asked === 1 ? 'pending' : 'running' });
  }
  await end(state, ingest);
  return rpcData({ status: outcome, ...(outcome === 'failed' ? { errorMessage } : {}) });
}

async function end(state: StandInState, ingest: StandInIngest): Promise<void> {
  if (ingest.ended) return;
  ingest.ended = true;
  if (ingest.plan.outcome === 'failed') await rm(ingest.path, { force: true });
  else await replaceContent(state, ingest, ingest.path);
}
