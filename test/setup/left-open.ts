/** How to close each server that is open now. One that a failed test has left is closed when its file ends. */
export const leftOpen = new Set<() => Promise<void>>();
