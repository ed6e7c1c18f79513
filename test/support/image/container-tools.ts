import type { Tool } from '../tools/tool.ts';

/** Builds an image from a Dockerfile without a Docker engine. */
export const BUILDAH: Tool<'buildah'> = {
  name: 'buildah',
  title: 'Buildah',
  programs: ['buildah'],
  version: /^buildah version 1\.\d/,
  restartsItself: true,
  debian: {
    suite: 'bookworm',
    packages: ['buildah'],
    // The C library is the machine's; the others are for networks, for keys and for users other than root.
    without: [
      'containernetworking-plugins',
      'dmsetup',
      'gnupg',
      'golang-github-containers-common',
      'golang-github-containers-image',
      'gpg',
      'libc6',
      'libgcc-s1',
      'uidmap',
    ],
  },
};

/** Runs a container as Docker and Kubernetes have it run: by the same program. */
export const RUNC: Tool<'runc'> = {
  name: 'runc',
  title: 'runc',
  programs: ['runc'],
  version: /^runc version 1\.\d/,
  restartsItself: true,
  // apt itself needs libseccomp2, so it is there.
  debian: { suite: 'bookworm', packages: ['runc'], without: ['libc6', 'libseccomp2'] },
};
