import { createHash, createHmac } from 'node:crypto';

/** Keys of AWS that a database of Amazon RDS would find by their id. */
export interface KnownKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A database of Amazon RDS, as far as it judges tokens; its clock can be set. */
export interface TokenJudge {
  /** What it was sent, in order. */
  readonly received: { username: string; token: string; refused: string | undefined }[];
  /** Says why a token is refused; undefined lets its bearer in. */
  judge(username: string, token: string): string | undefined;
  /** Moves its clock on. */
  advance(minutes: number): void;
}

const TOKEN_SECONDS = 900;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * Judges tokens by AWS's own description of a signed request, and by nothing that Ferry is made of.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * @param options.keys absent: signatures are not looked at, as the keys are AWS's secret
 * @param options.address what the token must be signed for; absent: anything
 */
export function createTokenJudge(options: {
  region: string;
  keys?: readonly KnownKeys[];
  address?: () => string;
}): TokenJudge {
  let skewMs = 0;
  const received: TokenJudge['received'] = [];
  const reasonAgainst = (username: string, token: string): string | undefined => {
    const [address = '', query = ''] = token.split('/?');
    const parameters = new Map(
      query.split('&').map((pair) => pair.split('=').map(decodeURIComponent) as [string, string]),
    );
    const get = (name: string) => parameters.get(name) ?? '';
    const [id = '', day = '', region = '', service = ''] = get('X-Amz-Credential').split('/');
    if (get('Action') !== 'connect' || service !== 'rds-db') return 'no token';
    if (get('DBUser') !== username) return 'another user';
    if (options.address !== undefined && address !== options.address()) return 'another address';
    if (region !== options.region) return 'another region';
    const signedAt = Date.parse(
      get('X-Amz-Date').replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'),
    );
    const ageSeconds = (Date.now() + skewMs - signedAt) / 1_000;
    if (!(ageSeconds < TOKEN_SECONDS) || get('X-Amz-Expires') !== String(TOKEN_SECONDS)) return 'expired';
    if (ageSeconds < -300) return 'from the future';
    if (options.keys === undefined) return undefined;
    const keys = options.keys.find(({ accessKeyId }) => accessKeyId === id);
    if (!keys) return 'unknown key';
    if (get('X-Amz-Security-Token') !== (keys.sessionToken ?? '')) return 'another session';
    const signed = query
      .split('&')
      .filter((pair) => !pair.startsWith('X-Amz-Signature='))
      .sort()
      .join('&');
    const request = ['GET', '/', signed, `host:${address}`, '', 'host', sha256('')].join('\n');
    const scope = `${day}/${region}/rds-db/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', get('X-Amz-Date'), scope, sha256(request)].join('\n');
    const key = [day, region, 'rds-db', 'aws4_request'].reduce<string | Buffer>(
      hmac,
      `AWS4${keys.secretAccessKey}`,
    );
    return hmac(key, text).toString('hex') === get('X-Amz-Signature') ? undefined : 'a wrong signature';
  };
  return {
    received,
    judge(username, token) {
      const refused = reasonAgainst(username, token);
      received.push({ username, token, refused });
      return refused;
    },
    advance(minutes) {
      skewMs += minutes * 60_000;
    },
  };
}
