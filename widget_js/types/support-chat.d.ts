/**
 * Types for pages that carry the support chat's script tag:
 *
 *     <script async src="https://chat.example/widget/SITE_KEY.js"></script>
 *
 * Attributes of the tag: `data-consent="wait"` shows nothing and reads nothing until `show` or `open` is called,
 * `data-position="left"`, `data-offset="20,80"` (pixels from the side and from below), `data-language="de"`,
 * `data-isolation="iframe"` (the panel runs in a frame on the chat's own origin).
 *
 * To call the chat before its script has loaded, put this stub in front of the tag; its calls are made up for later:
 *
 *     window.SupportChat = window.SupportChat || function () { (SupportChat.q = SupportChat.q || []).push(arguments) }
 */

declare namespace SupportChat {
  /** What a page may tell of its visitor. It is shown to agents as unverified. */
  interface Contact {
    /** A JSON Web Token that the site's own server signed for whoever is signed in there; this alone is believed. */
    token?: string;
    name?: string;
    mail?: string;
    attributes?: Attributes;
  }

  type Attributes = Record<string, string | number | boolean | null>;

  type Status = "idle" | "connecting" | "online" | "waiting" | "ended";

  /** What each event carries. The same events reach `document` as `support-chat:NAME` with this as `detail`. */
  interface Events {
    /** The panel was loaded. */
    ready: undefined;
    open: undefined;
    close: undefined;
    /** Somebody of the team wrote. */
    message: { text: string; author: string | null };
    /** The number of messages of the team that the visitor has not seen; stops at 99. */
    unread: { count: number };
    status: { status: Status };
    error: { message: string };
  }

  type Listener<Name extends keyof Events> = (detail: Events[Name]) => void;

  interface Api {
    /** Opens the panel. */
    open(): void;
    close(): void;
    /** Shows the launcher, after `hide` or `data-consent="wait"`. */
    show(): void;
    hide(): void;
    /** Tells who the visitor is. May be called on every page. */
    identify(contact: Contact): void;
    setAttributes(attributes: Attributes): void;
    /** Forgets the visitor on this device and ends their token: for a sign-out. */
    reset(): void;
    /** Takes the widget away with all its listeners; the conversation stays. */
    destroy(): void;
    on<Name extends keyof Events>(name: Name, listener: Listener<Name>): void;
    off<Name extends keyof Events>(name: Name, listener: Listener<Name>): void;
  }

  /** Every verb can also be called by its name, which works through the stub too: `SupportChat("open")`. */
  type Callable = <Verb extends keyof Api>(verb: Verb, ...values: Parameters<Api[Verb]>) => void;
}

interface Window {
  SupportChat: SupportChat.Callable & SupportChat.Api;
}

interface DocumentEventMap {
  "support-chat:ready": CustomEvent<SupportChat.Events["ready"]>;
  "support-chat:open": CustomEvent<SupportChat.Events["open"]>;
  "support-chat:close": CustomEvent<SupportChat.Events["close"]>;
  "support-chat:message": CustomEvent<SupportChat.Events["message"]>;
  "support-chat:unread": CustomEvent<SupportChat.Events["unread"]>;
  "support-chat:status": CustomEvent<SupportChat.Events["status"]>;
  "support-chat:error": CustomEvent<SupportChat.Events["error"]>;
}
