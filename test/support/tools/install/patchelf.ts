import type { Tool } from '../tool.ts';

/** Changes where a program looks for its libraries. */
export const PATCHELF: Tool<'patchelf'> = {
  name: 'patchelf',
  title: 'PatchELF',
  programs: ['patchelf'],
  version: /^patchelf /,
  debian: { suite: 'bookworm', packages: ['patchelf'] },
};
