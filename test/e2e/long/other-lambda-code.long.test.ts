import { describeLambdaCode } from '../../support/stack/describe-lambda-code.ts';

// What it is made of must be fetched. For this machine's processor: lambda-code.test.ts
describeLambdaCode(process.arch === 'arm64' ? 'x86_64' : 'arm64');
