/**
 * Where somebody's own picture is found: the protocol tells its hash, and the server that sent this file has it.
 *
 * Every bundle lies in a folder beside the pictures, also where the server has a path of its own.
 */
export const pictureAddress = (hash: string): string => new URL(`../pictures/${hash}`, import.meta.url).href;
