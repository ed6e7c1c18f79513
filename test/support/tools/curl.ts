import type { Tool } from './tool.ts';

/** What the docs call Ferry's API with. */
export const CURL: Tool<'curl'> = {
  name: 'curl',
  title: 'curl',
  programs: ['curl'],
  version: /^curl /,
  debian: { suite: 'bookworm', packages: ['curl'] },
};
