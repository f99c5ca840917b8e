/** Texts that outlive the page. Nothing here throws: where storage is refused or full, only the outliving is lost. */
export interface Storage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** The keys that begin with `prefix`. */
  keys(prefix: string): string[];
}

/** The browser's storage (`localStorage`, `sessionStorage`) under `prefix`, with a copy in memory for when it fails. */
export function browserStorage(find: () => globalThis.Storage, prefix: string): Storage {
  const memory = new Map<string, string>();
  const attempt = <T>(task: (store: globalThis.Storage) => T): T | undefined => {
    try {
      return task(find());
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => attempt((store) => store.getItem(prefix + key)) ?? memory.get(key),
    set(key, value) {
      memory.set(key, value);
      attempt((store) => store.setItem(prefix + key, value));
    },
    remove(key) {
      memory.delete(key);
      attempt((store) => store.removeItem(prefix + key));
    },
    keys(start) {
      const found = new Set([...memory.keys()].filter((key) => key.startsWith(start)));
      attempt((store) => {
        for (let index = 0; index < store.length; index++) {
          const key = store.key(index) ?? "";
          if (key.startsWith(prefix + start)) found.add(key.slice(prefix.length));
        }
      });
      return [...found];
    },
  };
}
