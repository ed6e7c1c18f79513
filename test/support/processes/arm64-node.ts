import { join } from 'node:path';
import { fetchNode } from '../../../infra/code/fetch-node.ts';
import { findTool } from '../tools/find-tool.ts';
import { QEMU } from '../tools/qemu.ts';

/** How to run a program of Node for arm64. */
export interface Arm64Node {
  command: string;
  /** What comes before the program. */
  args: string[];
}

/**
 * The command that runs this version of Node for arm64: on another processor by QEMU, which emulates the processor and leaves the rest to
 * the kernel.
 */
export async function arm64Node(): Promise<Arm64Node> {
  if (process.arch === 'arm64') return { command: process.execPath, args: [] };
  const { root, programs } = await findTool(QEMU);
  return {
    command: programs['qemu-aarch64'],
    args: ['-L', join(root, 'usr/aarch64-linux-gnu'), await fetchNode('arm64')],
  };
}
