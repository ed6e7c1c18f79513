/**
 * Settings for every AWS client of a function. The SDK waits for ever by default: a function in a VPC without a route to the service
 * would hang until Lambda kills it, and leave neither a record nor a word of what is missing. Three tries take 30 seconds at most.
 */
export const clientSettings = {
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};
