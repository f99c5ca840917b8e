/** What the loader and the panel agree upon. Types only: the loader must not pull in a line of the panel. */

/** A site's appearance, which the server puts into the loader. */
export interface Config {
  readonly key: string;
  /** Where the server is, as in `https://chat.example` or `https://example.org/apps/chat`. */
  readonly base: string;
  /** What the widget's storage is called; servers on one host have different ones for the same key. */
  readonly store: string;
  /** `#rrggbb`. */
  readonly color: string;
  readonly position: "right" | "left";
  /** The site's name. */
  readonly name: string;
  /** What the empty panel says; may be empty. */
  readonly greeting: string;
  /** Paths under `base`: the panel, and translations by language tag. */
  readonly panel: string;
  readonly locales: Readonly<Record<string, string>>;
}

/** What the script tag's `data-*` attributes ask for. */
export interface Options {
  /** BCP 47 tag. */
  readonly language: string;
  /** Whether the panel is to stand in a frame on the server's origin. */
  readonly framed: boolean;
}

/** What a page tells about its visitor: unverified, but for what the site signed in `token`. */
export interface Contact {
  readonly token?: string;
  readonly name?: string;
  readonly mail?: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The events a page may listen to, with what they carry. */
export interface ChatEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  /** Somebody of the team wrote. */
  message: { readonly text: string; readonly author: string | null };
  unread: { readonly count: number };
  status: { readonly status: "idle" | "connecting" | "online" | "waiting" | "ended" };
  error: { readonly message: string };
}

/** Tells the page of an event. Nothing that a listener throws comes back. */
export type Emit = <Name extends keyof ChatEvents>(name: Name, detail: ChatEvents[Name]) => void;

/** What the launcher shows of the panel. */
export interface Face {
  readonly open: boolean;
  /** How many messages of the team are unseen. */
  readonly unread: number;
  /** The launcher's name; empty: the one it had. */
  readonly label: string;
  /** Whether a conversation exists. */
  readonly begun: boolean;
}

/** What the loader lends to the panel. */
export interface Host {
  readonly config: Config;
  readonly options: Options;
  /** The shadow root: sheets are adopted there. */
  readonly root: ShadowRoot;
  /** The element in the top layer in which the launcher stands and the panel is to stand. */
  readonly box: HTMLElement;
  readonly launcher: HTMLButtonElement;
  readonly emit: Emit;
}

/** What the panel does for the loader. */
export interface Panel {
  /** Opens or closes; calling it twice is harmless. */
  show(open: boolean): void;
  /** Whether it is open. */
  isOpen(): boolean;
  identify(contact: Contact): void;
  /** Ends the visitor's token and forgets the conversation on this device. */
  reset(): void;
  /** Takes the panel away with everything it has started. What is stored stays. */
  destroy(): void;
}

/** The panel module's default export. */
export type Mount = (host: Host) => Promise<Panel>;

/** The prefix of everything that the widget stores in the page's storage. */
export const storagePrefix = ({ store }: Config): string => `support-chat:${store}:`;
/** Under this name stands the conversation that was begun on this device: its presence is what the loader looks for. */
export const STARTED = "start";
