import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ErrorForm,
  refuse,
  reset,
  resetInTheMiddle,
  send,
  sendDamaged,
  sendStatus,
  takeFailure,
} from './faults.ts';
import type { Answer, RecordedCall, StandInState } from './types.ts';
import { type ReceivedFile, receiveFile } from './upload.ts';

/** What the generations of the API do each in their own way with an upload. */
export interface UploadForm {
  /** The dataset, and the content type that was announced, where one was. */
  target: { datasetId: string; contentType?: string };
  /** How a planned status is answered. */
  statusForm: ErrorForm;
  /** How everything else that is wrong is answered. */
  errorForm: ErrorForm;
  /** Does what the file was sent for, and answers it. */
  accept(file: ReceivedFile): Promise<Answer>;
}

/** Receives an upload, with the failure that is planned for it. */
export async function receiveUpload(
  state: StandInState,
  request: IncomingMessage,
  response: ServerResponse,
  call: RecordedCall,
  { target, statusForm, errorForm, accept }: UploadForm,
): Promise<void> {
  const how = takeFailure(state, call);
  if (how?.kind === 'status' && how.early) return sendStatus(response, how, statusForm);
  if (how?.kind === 'reset' && how.when === 'before') return reset(request);
  if (how?.kind === 'reset' && how.when === 'middle') return resetInTheMiddle(request);

  const received = await receiveFile(state, request, target, call).catch((error: Error) => error);
  if (received instanceof Error) {
    if (request.complete) state.violations.push(`${call.url}: malformed body: ${received.message}`);
    return send(response, errorForm(400, received.message));
  }
  if (received.violations.length > 0) {
    await rm(received.path, { force: true });
    return refuse(state, request, response, received.violations, statusForm);
  }
  if (how?.kind === 'late') await how.until;
  const refusal = how?.kind === 'status' || how?.kind === 'errorEnvelope' || how?.kind === 'hang';
  const misanswered = how?.kind === 'notJson' && how.apply === false;
  const dropped = refusal || misanswered || (how?.kind === 'reset' && !how.apply);
  const answer = dropped ? undefined : await accept(received);
  if (!answer) await rm(received.path, { force: true });

  if (how?.kind === 'status') return sendStatus(response, how, statusForm);
  if (how?.kind === 'errorEnvelope') return send(response, errorForm(how.code, how.message));
  if (how?.kind === 'hang') return;
  if (misanswered) return sendDamaged(response, errorForm(500, 'not sent'), how);
  if (how?.kind === 'reset' || !answer) return reset(request);
  await sendDamaged(response, answer, how);
}
