import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { answerApi, errorAnswer } from './api.ts';
import { readApiCall, requestViolations } from './contract.ts';
import {
  drain,
  type ErrorForm,
  refuse,
  reset,
  send,
  sendDamaged,
  sendStatus,
  takeFailure,
} from './faults.ts';
import { receiveUpload } from './receive-upload.ts';
import type { Answer, RecordedCall, StandInState } from './types.ts';
import { replaceContent, takeToken } from './upload.ts';

const asEnvelope: ErrorForm = (status, message) => errorAnswer(status, status, message);

/** Answers a request to the classic API. */
export async function answerClassic(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  const violations = requestViolations(request);
  if (violations.length > 0) return refuse(state, request, response, violations, asEnvelope);
  if (call.url === '/api') await handleApi(state, request, response, call);
  else await handleUpload(state, request, response, call);
}

async function handleApi(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  const body = await text(request);
  const parsed = readApiCall(body);
  if ('violation' in parsed) return refuse(state, request, response, [parsed.violation], asEnvelope);
  call.on = parsed.on;
  call.params = parsed.params;
  const how = takeFailure(state, call);
  // Like a proxy in front of the service, a planned failure comes before the key is looked at.
  const answer = () => {
    const authorized = request.headers.authorization === `Bearer ${state.personalAccessKey}`;
    return authorized ? answerApi(state, parsed) : errorAnswer(401, 401, 'invalid personal access key');
  };
  if (how?.kind === 'status') return sendStatus(response, how, asEnvelope);
  if (how?.kind === 'errorEnvelope')
    return send(response, errorAnswer(200, how.code, how.message, how.details));
  if (how?.kind === 'hang') return;
  if (how?.kind === 'reset') {
    if (how.apply) answer();
    return reset(request);
  }
  await sendDamaged(response, answer(), how);
}

async function handleUpload(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
): Promise<void> {
  call.on = 'upload';
  const token = takeToken(state, request);
  if ('refused' in token) {
    if (token.violation) state.violations.push(token.violation);
    await drain(request);
    return send(response, textAnswer(401, token.refused));
  }
  await receiveUpload(state, request, response, call, {
    target: token,
    statusForm: asEnvelope,
    errorForm: textAnswer,
    async accept({ path, contentType }) {
      await replaceContent(state, { datasetId: token.datasetId, contentType }, path);
      return textAnswer(200, 'upload completed');
    },
  });
}

function textAnswer(status: number, body: string): Answer {
  return { status, contentType: 'text/plain', body };
}
