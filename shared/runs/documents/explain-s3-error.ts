import { S3ServiceException } from '@aws-sdk/client-s3';
import { addressIn } from './s3-address.ts';

/** A request to S3. */
export interface S3Request {
  /** The bucket as the subject of a sentence. */
  what: string;
  bucket: string;
  key: string;
  /** The permission that the operation needs. */
  permission: string;
}

/** Why S3 refused or failed, for people. */
export interface S3Fault {
  message: string;
  hint?: string;
  /** Whether it may pass without anybody changing anything. */
  transient: boolean;
  /** Whether a permission is missing. */
  denied?: true;
}

/** A successful answer that does not come from S3: from a captive portal, a proxy, or another service. */
export class ForeignAnswerError extends Error {
  override readonly name = 'ForeignAnswerError';
}

/**
 * Every answer of S3 has something that others lack: an object has its ETag, a list its IsTruncated. Without this
 * check, a proxy's page would pass for an empty list, or for a document that was written.
 */
export function assertFromS3(proof: unknown): asserts proof {
  if (!proof) throw new ForeignAnswerError('The answer is not one of S3.');
}

/** Whether this answers a request for an object: S3 gives each object an ETag, and Ferry stores no web pages. */
export function isObjectAnswer(answer: {
  ETag?: string | undefined;
  ContentType?: string | undefined;
}): boolean {
  return answer.ETag !== undefined && !answer.ContentType?.startsWith('text/html');
}

const statusOf = (error: unknown): number | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof S3ServiceException) return error.$metadata.httpStatusCode;
  // An answer that the SDK cannot parse.
  const { $response } = error as { $response?: { statusCode?: unknown } };
  return typeof $response?.statusCode === 'number' ? $response.statusCode : undefined;
};

/** S3's own code. Without one, something else answered, or nothing did. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof S3ServiceException && !/^(?:Unknown|UnknownError|NotFound)$/.test(error.name)
    ? error.name
    : undefined;

/** The name of a failure in a message, in parentheses. */
function labelOf(error: unknown): string {
  const status = statusOf(error);
  const code = codeOf(error);
  if (code !== undefined) return code;
  if (status !== undefined) return `HTTP status ${status}`;
  if (!(error instanceof Error)) return 'unknown error';
  const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return /^\w{1,64}$/.test(reason) ? reason : 'unknown error';
}

/** Whether S3 was reached but was too slow: then no route or endpoint is missing. */
const isSlowAnswer = (error: unknown) =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  /requestTimeout|inactivity|stalled/.test(error.message);

const OVERLOADED =
  /^(?:SlowDown|ServiceUnavailable|TooManyRequests|RequestLimitExceeded|BandwidthLimitExceeded|(?:KMS\.)?Throttling(?:Exception)?)$/;
const BROKEN_OFF =
  /^(?:RequestTimeout|IncompleteBody|BadDigest|NoSuchUpload|InvalidPart|TemporaryRedirect|OperationAborted|ConditionalRequestConflict)$/;
const FULL = /^(?:QuotaExceeded|XMinioStorageFull|XMinioAdminBucketQuotaExceeded)$/;
const NOT_SIGNED_IN =
  /^(?:CredentialsProviderError|TokenProviderError|ExpiredToken(?:Exception)?|RequestExpired|InvalidAccessKeyId|InvalidToken|InvalidSecurity|SignatureDoesNotMatch|TokenRefreshRequired|NotSignedUp|UnrecognizedClientException)$/;
const OTHER_REGION =
  /^(?:PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/;

/** Explains one kind of failure. They are tried in order. */
type Explanation = (request: S3Request, failure: Failure) => S3Fault | undefined;
interface Failure {
  error: unknown;
  /** S3's code, or the name of what the SDK threw. */
  name: string;
  /** S3's code. */
  code: string | undefined;
  status: number | undefined;
  /** {@link labelOf} */
  label: string;
}

const explainPassing: Explanation = ({ what }, { error, name, status, label }) => {
  if (isSlowAnswer(error)) {
    return {
      message: `${what} takes too long to answer.`,
      hint: 'S3 was reached, but the connection is slow or S3 is busy.',
      transient: true,
    };
  }
  if (FULL.test(name) || status === 507) {
    return { message: `${what} has no space left (${label}).`, hint: 'Free space in it.', transient: true };
  }
  if (OVERLOADED.test(name) || status === 503 || status === 429) {
    return {
      message: `${what} is overloaded, or gets too many requests (${label}).`,
      hint: 'S3 was reached. This usually passes on its own; if it does not, run fewer jobs at the same time.',
      transient: true,
    };
  }
  if (BROKEN_OFF.test(name)) {
    return {
      message: `${what} broke off a request (${label}).`,
      hint: 'S3 was reached. This usually passes on its own.',
      transient: true,
    };
  }
  if (
    (status !== undefined && status >= 500 && status !== 501) ||
    /^KMS\..*(?:Internal|Timeout)/.test(name)
  ) {
    return {
      message: `${what} cannot be used at the moment: S3 reports a fault of its own (${label}).`,
      hint: 'This usually passes on its own.',
      transient: true,
    };
  }
  return undefined;
};

const explainSettings: Explanation = ({ what, bucket }, { error, name, status, label }) => {
  const permanent = (message: string, hint: string) => ({ message, hint, transient: false });
  // Thrown before anything is asked, as an Error without a name of its own.
  if (error instanceof Error && /^region is missing/i.test(error.message)) {
    return permanent(
      `${what} cannot be reached: the AWS region is missing.`,
      'Set AWS_REGION, or a profile that names a region (AWS_PROFILE).',
    );
  }
  if (NOT_SIGNED_IN.test(name)) {
    return permanent(
      `AWS does not accept the credentials for the bucket ${bucket} (${label}).`,
      'Check the AWS credentials of this environment.',
    );
  }
  if (name === 'RequestTimeTooSkewed') {
    return permanent(
      `S3 refuses requests to the bucket ${bucket}, because the clock of this machine is wrong (${label}).`,
      'Set the clock, for example by NTP.',
    );
  }
  if (name === 'NoSuchBucket') return permanent(`There is no bucket ${bucket}.`, 'Check its name.');
  if (name === 'InvalidBucketName')
    return permanent(`${bucket} is not a valid name of a bucket.`, 'Check its name.');
  if (OTHER_REGION.test(name) || status === 301) {
    const region = regionOf(error);
    return permanent(
      `${what} is in another region${region === undefined ? '' : ` (${region})`} than the one that was asked.`,
      'Use a bucket of the same region, or set AWS_REGION to that of the bucket.',
    );
  }
  if (name === 'AllAccessDisabled' || name === 'AccountProblem') {
    return permanent(
      `AWS has disabled access to the bucket ${bucket} (${label}).`,
      'Look for messages of AWS in the account, or ask AWS Support.',
    );
  }
  if (name === 'AccessControlListNotSupported') {
    return permanent(
      `The bucket ${bucket} does not accept access control lists.`,
      'Remove output.bucketOwner, or let the bucket accept them.',
    );
  }
  if (name.startsWith('KMS.')) {
    return permanent(
      `The KMS key of the bucket ${bucket} cannot be used (${label}).`,
      'Check which key it is (output.kmsKeyArn), that the key is enabled, and that its policy lets Ferry use it.',
    );
  }
  return undefined;
};

const explainDenial: Explanation = ({ bucket, key, permission }, { error, name, code, status, label }) => {
  if (name === 'InvalidObjectState') {
    return {
      message: `s3://${bucket}/${key} is archived, so that S3 does not hand it out (${label}).`,
      hint: 'Restore the object, and remove the rule that archives it.',
      transient: false,
    };
  }
  if (code !== 'AccessDenied' && !(code !== undefined && status === 403)) return undefined;
  const words = error instanceof Error ? error.message : '';
  const named = NAMED_PERMISSION.exec(words)?.[1] ?? permission;
  const policy = NAMED_POLICY.exec(words)?.[1]?.toLowerCase();
  return {
    message: `${named} was denied on s3://${bucket}/${key} (${label}).`,
    hint: `Check the role's policy and the policy of the bucket or key${policy === undefined ? '' : `; AWS names the ${policy}`}.`,
    transient: false,
    denied: true,
  };
};

// AWS names the missing permission and its policy in the message. If it does not, the operation's own permission is the
// likely one.
const NAMED_PERMISSION = /perform: ([a-z0-9-]+:[A-Za-z]+)/;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const NAMED_POLICY = /(?:explicit deny in an? |because no )([a-z- ]{1,40}? policy|permissions boundary)\b/i;

const explainStrangers: Explanation = ({ what, bucket }, { error, code, status, label }) => {
  if (code !== undefined) {
    return {
      message: `S3 refused a request to the bucket ${bucket} (${label}).`,
      hint: 'Look the code up in the list of error codes of Amazon S3. Stores that are only similar to S3 may lack an operation that Ferry needs.',
      transient: false,
    };
  }
  if (status === undefined && !(error instanceof ForeignAnswerError)) return undefined;
  return {
    message: `${what} cannot be reached: something else answered instead of S3${status === undefined ? '' : ` (${label})`}.`,
    hint: 'Check AWS_ENDPOINT_URL, and any proxy or firewall on the way to S3.',
    transient: true,
  };
};

/** Explains any failure of a request to S3, or to a store like it, whose address it then names. */
export function explainS3Error(error: unknown, request: S3Request): S3Fault {
  const fault = explain(error, request);
  const address = addressIn(error);
  return address === undefined
    ? fault
    : { ...fault, message: `${fault.message.replace(/\.$/, '')}, asked at ${address}.` };
}

function explain(error: unknown, request: S3Request): S3Fault {
  const code = codeOf(error);
  const name = code ?? (error instanceof Error ? error.name : '');
  const failure = { error, name, code, status: statusOf(error), label: labelOf(error) };
  for (const explainKind of [explainPassing, explainSettings, explainDenial, explainStrangers]) {
    const fault = explainKind(request, failure);
    if (fault) return fault;
  }
  return {
    message: `${request.what} cannot be reached (${failure.label}).`,
    hint:
      addressIn(error) === undefined
        ? 'A function in a VPC needs a route to S3: NAT, or a gateway endpoint.'
        : 'Check that the store runs, the route to it, and FERRY_S3_ENDPOINT (or AWS_ENDPOINT_URL).',
    transient: true,
  };
}

/** The region of the bucket, according to S3. */
function regionOf(error: unknown): string | undefined {
  const { Region, Endpoint, $response } = error as {
    Region?: unknown;
    Endpoint?: unknown;
    $response?: { headers?: Record<string, string> };
  };
  const told = [
    Region,
    $response?.headers?.['x-amz-bucket-region'],
    /s3[.-]([a-z0-9-]+)\.amazonaws/.exec(String(Endpoint))?.[1],
  ];
  return told.find(
    (region): region is string => typeof region === 'string' && /^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region),
  );
}
