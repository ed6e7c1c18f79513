// For your own CDK app: docs/deploy.md, "In a CDK app of your own".
export { ConfigError } from '../shared/errors.ts';
export { buildLambdaCode, buildServiceCode, type LambdaArchitecture } from './build-lambda-code.ts';
export { Ferry, type FerryProps, type JobFunction } from './ferry.ts';
export { FerryStack, type FerryStackProps } from './ferry-stack.ts';
export { type PreparedFerry, prepareFerry } from './prepare-ferry.ts';
