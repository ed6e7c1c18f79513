/** A page of the console, as the part of its address behind the `#` names it. */
export type Place =
  | { page: 'jobs' }
  | { page: 'job'; job: string }
  | { page: 'run'; run: string }
  | { page: 'sources' }
  | { page: 'set-up' }
  | { page: 'nowhere' };

/** Reads an address: `#/jobs/open-orders`. */
export function placeOf(hash: string): Place {
  const [, page = '', rest = ''] = /^#?\/?([^/]*)(?:\/(.*))?$/.exec(hash) ?? [];
  const name = decode(rest);
  if (name === undefined) return { page: 'nowhere' };
  switch (page) {
    case '':
      return { page: 'jobs' };
    case 'jobs':
      return name === '' ? { page: 'jobs' } : { page: 'job', job: name };
    case 'runs':
      return name === '' ? { page: 'nowhere' } : { page: 'run', run: name };
    case 'sources':
      return { page: 'sources' };
    case 'set-up':
      return { page: 'set-up' };
    default:
      return { page: 'nowhere' };
  }
}

export const jobAddress = (job: string) => `#/jobs/${encodeURIComponent(job)}`;
export const runAddress = (run: string) => `#/runs/${encodeURIComponent(run)}`;

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
