// Beside the session's cookie, which the browser sends to every port of this host: what is stored here is for this port
// only. All tabs of this console share it, as they share the cookie.
const NAME = 'ferry-session';

/** The key of the session, for the header; without one, the header only says that a page of this origin asks. */
export const sessionKey = (): string => localStorage.getItem(NAME) ?? 'none';

/** Keeps the key until the next sign-in. The process forgets it when it ends. */
export const keepKey = (key: string): void => localStorage.setItem(NAME, key);
