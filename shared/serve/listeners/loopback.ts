/** Whether a request's `Host` is a name by which a program on this machine reaches it, with or without a port. */
export const isLoopbackName = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);

/** Whether an address belongs to this machine alone, so that nobody else can reach it. */
export const isLoopbackAddress = (host: string) => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
