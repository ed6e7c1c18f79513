import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  drain,
  type ErrorForm,
  jsonAnswer,
  refuse,
  reset,
  send,
  sendDamaged,
  sendStatus,
  takeFailure,
} from './faults.ts';
import { receiveUpload } from './receive-upload.ts';
import { readRpcCall, sessionRequestViolations, uploadedDataset } from './session-contract.ts';
import { answerRpc, rpcError } from './session-rpc.ts';
import type { Answer, RecordedCall, StandInState } from './types.ts';

/** Answers a request to the session API. */
export async function answerSession(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  const violations = sessionRequestViolations(request);
  if (violations.length > 0) return refuse(state, request, response, violations, rpcError);
  const token = request.headers.authorization?.replace('Bearer ', '');
  if (token !== undefined && !state.sessions.has(token)) {
    // The personal access key itself, most likely.
    const violation = `${call.url}: the session token was never issued`;
    return refuse(state, request, response, [violation], (_, message) => rpcError(401, message));
  }
  const expired = token !== undefined && (state.sessions.get(token) ?? 0) < Date.now();
  const dataset = uploadedDataset(call.url);
  if (dataset === undefined) await handleRpc(state, request, response, call, expired);
  else await handleUpload(state, request, response, call, { dataset, expired });
}

async function handleRpc(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
  expired: boolean,
): Promise<void> {
  const parsed = readRpcCall(call.url, await text(request));
  if ('violation' in parsed) return refuse(state, request, response, [parsed.violation], rpcError);
  call.on = parsed.on;
  call.params = parsed.input;
  const how = takeFailure(state, call);
  const answer = async () => (expired ? rpcError(401, 'session expired') : answerRpc(state, parsed));
  if (how?.kind === 'status') return sendStatus(response, how, rpcError);
  if (how?.kind === 'errorEnvelope') return send(response, rpcError(how.code, how.message));
  if (how?.kind === 'hang') return;
  if (how?.kind === 'reset') {
    if (how.apply) await answer();
    return reset(request);
  }
  await sendDamaged(response, await answer(), how);
}

const uploadError: ErrorForm = (status, message, code = `upload.${status}`) =>
  jsonAnswer(status, { error: message, code });

/** Why an upload is refused before its body is looked at. */
function refusal(state: StandInState, id: string, expired: boolean): Answer | undefined {
  const dataset = state.datasets.get(id);
  if (expired) return uploadError(401, 'session expired');
  if (!dataset) return uploadError(404, 'dataset not found');
  if (!dataset.mayEdit) return uploadError(403, 'forbidden');
  if (!dataset.termsAcknowledged) {
    return uploadError(412, 'data processing terms not acknowledged', 'dpa.not-acknowledged');
  }
  return undefined;
}

async function handleUpload(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
  { dataset, expired }: { dataset: string; expired: boolean },
): Promise<void> {
  call.on = 'upload';
  const refused = refusal(state, dataset, expired);
  if (refused) {
    await drain(request);
    return send(response, refused);
  }
  await receiveUpload(state, request, response, call, {
    target: { datasetId: dataset },
    statusForm: uploadError,
    errorForm: uploadError,
    async accept({ path, contentType }) {
      if (!state.accepts.includes(contentType)) {
        await rm(path);
        return uploadError(415, 'unsupported content type');
      }
      const { size } = await stat(path);
      const ingestId = `dsig_${randomBytes(10).toString('hex')}`;
      const plan = {
        outcome: 'completed',
        polls: 0,
        errorMessage: '',
        ...state.ingestPlans.shift(),
      } as const;
      state.ingests.set(ingestId, { datasetId: dataset, contentType, path, plan, asked: 0, ended: false });
      return jsonAnswer(200, { ok: true, ingestId, size, contentType });
    },
  });
}
