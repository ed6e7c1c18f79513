/** Keys of AWS. All but the id are secret; the id is not printed either. */
export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A role to assume. */
export interface RoleToAssume {
  roleArn: string;
  /** Counts as secret in messages. */
  externalId?: string | undefined;
  /** The name of the session in the other account's logs. */
  sessionName: string;
  /** The region of STS if the process itself has none. */
  region: string;
  /** Ends the wait for STS, which may take half a minute. */
  signal?: AbortSignal | undefined;
}

/** Who this process is to AWS, for signing in to databases. */
export interface AwsIdentity {
  /**
   * The keys of the process: on Lambda those of the function's role, on a laptop those of the person who is signed in.
   *
   * @param region the region of STS if the process itself has none, and its profile needs it
   * @throws AccessError when there are none
   */
  ownKeys(region: string): Promise<AwsKeys>;
  /**
   * @returns keys of a session of the role, good for fifteen minutes
   * @throws AccessError when it is refused, ConfigError for what is no role, StackUnavailableError
   */
  assumeRole(role: RoleToAssume): Promise<AwsKeys>;
  /**
   * Asks AWS about the keys that signed a token which a database refused, within three seconds.
   *
   * @returns sentences for a hint; empty when AWS does not answer
   */
  examine(keys: AwsKeys, region: string): Promise<string[]>;
}
