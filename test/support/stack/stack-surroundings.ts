import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsClientOptions } from '../aws/aws-client-options.ts';
import { type MiniStack, type MiniStackOptions, startMiniStack } from '../aws/mini-stack.ts';
import { startPolyteiaStandIn } from '../polyteia/stand-in/stand-in.ts';
import type { PolyteiaStandIn } from '../polyteia/stand-in/types.ts';
import { readParquetWithPyarrow } from '../readers/read-parquet.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres-server.ts';
import { sourceConfig } from '../source/source-config.ts';

/** What a stack is deployed into: an emulator of AWS with the secrets, a Postgres, and a stand-in for Polyteia. */
export interface StackSurroundings extends AsyncDisposable {
  aws: MiniStack;
  postgres: PostgresServer;
  polyteia: PolyteiaStandIn;
  /** The Postgres as a source of a configuration. */
  source: ReturnType<typeof sourceConfig>;
  /** The `polyteia` of a configuration. */
  targets: { default: { token: string; baseUrl: string } };
  /** The rows of the file that a dataset shows. */
  rowsOf(dataset: string): Promise<unknown[][]>;
}

/**
 * Starts them; the source's login is in the secret `ferry/erp`, Polyteia's key in `ferry/polyteia`.
 *
 * @param startAws starts an emulator other than MiniStack
 */
export async function startSurroundings(
  datasets: readonly string[],
  options: MiniStackOptions = {},
  startAws: (options: MiniStackOptions) => Promise<MiniStack> = startMiniStack,
): Promise<StackSurroundings> {
  const [aws, postgres, polyteia] = await Promise.all([
    startAws({ bootstrapped: true, ...options }),
    startPostgres(),
    startPolyteiaStandIn({ datasets }),
  ]);
  const secrets = new SecretsManagerClient(await awsClientOptions(aws));
  const login = JSON.stringify({ username: postgres.user, password: postgres.password });
  for (const [Name, SecretString] of [
    ['ferry/erp', login],
    ['ferry/polyteia', polyteia.personalAccessKey],
  ]) {
    await secrets.send(new CreateSecretCommand({ Name, SecretString }));
  }
  return {
    aws,
    postgres,
    polyteia,
    source: sourceConfig(postgres, 'ferry/erp'),
    targets: { default: { token: 'ferry/polyteia', baseUrl: polyteia.baseUrl } },
    async rowsOf(dataset) {
      const file = polyteia.datasets.get(dataset)?.content?.file;
      if (!file) throw new Error(`nothing arrived in ${dataset}`);
      return (await readParquetWithPyarrow(file)).rows;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([aws.stop(), postgres.stop(), polyteia.stop()]);
    },
  };
}
