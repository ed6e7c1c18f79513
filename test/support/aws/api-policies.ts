/** A statement about who may call the API, as docs/iam.md has it. */
export interface ApiPolicy {
  Sid: string;
  Resource: string[];
}

/** Every policy of a page that allows calls of the API. */
export function apiPoliciesIn(page: string): ApiPolicy[] {
  const blocks = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, text = '']) => text);
  return blocks
    .filter((text) => text.includes('execute-api:Invoke'))
    .map((text) => {
      const { Version, Statement } = JSON.parse(text);
      const [{ Sid, Effect, Action, Resource }, ...others] = Statement;
      if (
        Version !== '2012-10-17' ||
        Effect !== 'Allow' ||
        Action !== 'execute-api:Invoke' ||
        others.length > 0
      )
        throw new Error(`Not a policy of one statement that allows calls: ${text}`);
      return { Sid, Resource: [Resource].flat() };
    });
}

/** Whether IAM lets a call through: a star stands for any text, with slashes. */
export function isAllowed({ Resource }: ApiPolicy, method: string, path: string): boolean {
  const call = `arn:aws:execute-api:REGION:ACCOUNT:API_ID/v1/${method}${path}`;
  const matches = (pattern: string) =>
    new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's').test(call);
  return Resource.some(matches);
}
