import { awsTimeouts } from '../shared/network/outgoing-https.ts';

/** Settings for every AWS client of a function that works without its configuration. */
export const clientSettings = { requestHandler: awsTimeouts };
