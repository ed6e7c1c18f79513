/**
 * The library's requests look like those of the Fetch standard, which takes none of them for one: a middleware that
 * makes a new one fails.
 */
export function plainRequest({ url, method, headers, body, signal }: Request): Request {
  const takesBody = method !== 'GET' && method !== 'HEAD' && body !== null;
  return new Request(url, { method, headers, signal, ...(takesBody ? { body, duplex: 'half' } : {}) });
}
