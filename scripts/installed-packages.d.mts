/** See installed-packages.mjs. */
export declare function arePackagesInstalled(root: string): boolean;
