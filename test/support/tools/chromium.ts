import type { Tool } from './tool.ts';

/** The browser in which the console is tested. */
export const CHROMIUM: Tool<'chromium'> = {
  name: 'chromium',
  title: 'Chromium',
  programs: ['chromium'],
  version: /^Chromium \d+/,
  // Each tab is a process that is made from the first one.
  restartsItself: true,
  debian: {
    suite: 'bookworm',
    packages: ['chromium', 'fonts-dejavu-core'],
    without: ['libc6'],
    // A script in which the browser's own folder is that of the machine.
    unused: ['usr/bin'],
    kept: ['etc/fonts'],
  },
};
