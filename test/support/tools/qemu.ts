import type { Tool } from './tool.ts';

/** Runs programs for arm64 on another processor, with arm64's system libraries. */
export const QEMU: Tool<'qemu-aarch64'> = {
  name: 'qemu',
  title: 'QEMU for arm64',
  programs: ['qemu-aarch64'],
  files: ['usr/aarch64-linux-gnu/lib/libstdc++.so.6'],
  version: /^qemu-aarch64 version/,
  debian: { suite: 'bookworm', packages: ['qemu-user', 'libstdc++6-arm64-cross'] },
};
