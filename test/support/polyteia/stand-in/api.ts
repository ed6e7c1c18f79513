import { randomBytes } from 'node:crypto';
import type { ApiCall } from './contract.ts';
import type { Answer, StandInDataset, StandInState } from './types.ts';

/** Carries out a call of /api and returns what it is answered with. */
export function answerApi(state: StandInState, call: ApiCall): Answer {
  const dataset = findDataset(state, call.params);
  if (!dataset) return errorAnswer(200, 404, 'dataset not found');
  const data = call.on === 'get_dataset' ? datasetJson(dataset) : issueToken(state, call.params);
  return json(200, { data });
}

/** The error envelope; business errors come with HTTP 200. */
export function errorAnswer(
  status: number,
  code: number,
  message: string,
  details: readonly unknown[] = [],
): Answer {
  return json(status, { error: { code, message, details } });
}

function json(status: number, body: unknown): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

function findDataset(state: StandInState, params: ApiCall['params']): StandInDataset | undefined {
  if ('id' in params) return state.datasets.get(params.id);
  const { solution_id, slug } = params;
  return [...state.datasets.values()].find((one) => one.solutionId === solution_id && one.slug === slug);
}

function issueToken(state: StandInState, params: { id: string; content_type: string }): { token: string } {
  const token = `ut_${randomBytes(24).toString('base64url')}`;
  state.tokens.set(token, {
    datasetId: params.id,
    contentType: params.content_type,
    expiresAt: Date.now() + state.tokenLifetimeMs,
    used: false,
  });
  return { token };
}

function datasetJson(dataset: StandInDataset): object {
  const { content } = dataset;
  return {
    id: dataset.id,
    organization_id: dataset.organizationId,
    solution_id: dataset.solutionId,
    name: dataset.name,
    slug: dataset.slug,
    description: '',
    source: '',
    created_at: dataset.createdAt,
    updated_at: dataset.updatedAt,
    documentation: null,
    metadata: {
      // Absent before the first upload, as on the real service.
      ...(content && {
        asset_info: {
          content_type: content.contentType,
          size: content.size,
          storage_backend: 's3',
          uploaded_at: content.uploadedAt,
        },
      }),
      schema: null,
    },
  };
}
