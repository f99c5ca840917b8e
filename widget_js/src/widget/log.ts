import { Check, CheckCheck, Pencil, Trash2 } from "lucide";
import type { Delivery } from "../core/delivery";
import { linkPieces } from "../core/links";
import type { OutboxEntry } from "../core/outbox";
import type { Texts } from "../core/texts";
import { filesNode, type Shown } from "../files/shown";
import type { Author, File, Message } from "../protocol.gen";
import { button, element, face } from "./elements";
import { icon } from "./icon";
import { dayNumber, regionOf, Times } from "./times";

/** Messages of one author within this time are one group. */
const GROUP_MS = 300_000;
/** Closer to the end than this counts as standing at it. */
const AT_END_PX = 48;
const HISTORY_PX = 240;

/** How far an own message has come with those who read it. */
export interface Standing {
  readonly state: Delivery;
  /** What says so here, where it is not the state's usual name. */
  readonly says?: string;
}

/** What the log shows beside the messages. */
export interface LogState {
  /** Up to which message the person has seen it, on whichever device. */
  readonly seen: number;
  readonly typing: readonly Author[];
  /** Whether there are messages before the first one held. */
  readonly more: boolean;
  /** How long (ms) a message may be changed. */
  readonly editMs: number;
  /** Difference of the server's clock to this device's, in ms. */
  readonly skew: number;
}

/** What is new: the whole state, and the messages whose state is new. */
export interface LogUpdate {
  readonly state: LogState;
  readonly messages: readonly Message[];
  /** Everything shown before is void; `messages` is all there is. */
  readonly cleared: boolean;
}

/** What the log needs of its surroundings. */
export interface LogOptions {
  readonly texts: Texts;
  /** How files are shown; without it none are. */
  readonly shown?: Shown;
  now(): number;
  isOwn(author: Author): boolean;
  /** Where somebody's picture is, over the letter that stands for them. */
  picture(author: Author): string | null | undefined;
  /** How far an own message has come with those who read it. */
  standing(seq: number): Standing;
  /** Says who types. */
  typing(first: Author, others: readonly Author[]): string;
  /** What a message of the system says here; without an answer it is not shown. */
  told(message: Message): string | undefined;
  /** Older messages are wanted; resolves when they were put in. */
  history(): Promise<unknown>;
  retry(clientId: string): void;
  discard(clientId: string): void;
  edit(message: Message): void;
  remove(message: Message): void;
  /** A message of somebody else came into view or left it. */
  viewed(): void;
  /** How many messages of others arrived below what is read. */
  below(count: number): void;
}

interface Row {
  readonly node: HTMLLIElement;
  readonly body: HTMLElement;
  readonly key: string;
  /** A line of the system between the messages. */
  told: boolean;
  own: boolean;
  author: Author | null;
  at: number;
  message: Message | undefined;
  entry: OutboxEntry | undefined;
  /** What the node shows of its surroundings, so that it is touched only when that changes. */
  frame: string;
  foot: string;
  /** Kept as long as the message may be changed: whoever stands on a button keeps the focus while the state moves on. */
  tools: HTMLElement | undefined;
  /** Kept as long as they are the same: what they show was fetched. */
  files: HTMLElement | undefined;
  filesKey: string;
}

/**
 * The conversation as rows under keys: a message keeps its row from the moment it is written, whatever becomes of it.
 * Rows are changed by hand rather than by a framework: appending costs the same with a thousand messages as with ten.
 */
export class MessageLog {
  /** The scrolling element. */
  readonly node = element("div", "log");
  #list = element("ul");
  #typist = element("span", "sr");
  #dots = element("div", "dots", this.#typist, element("i"), element("i"), element("i"));
  #options: LogOptions;
  #times: Times;
  #rows = new Map<string, Row>();
  /** All rows as they stand: those with a number, then those on their way. */
  #order: Row[] = [];
  #state: LogState | undefined;
  #hidden = new Set<number>();
  /** Rows whose surroundings may look different after the update under way. */
  #touched = new Set<Row>();
  #lastOwn: Row | undefined;
  #byNode = new WeakMap<Element, Row>();
  #observer: IntersectionObserver;
  #resized: ResizeObserver;
  #inView = new Set<number>();
  /** Rows that the person has not seen yet, by number: only these are watched. */
  #unseen = new Map<number, Row>();
  #atEnd = true;
  #loading = false;
  #below = 0;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#times = new Times(regionOf(options.texts.language, navigator.languages));
    this.node.role = "log";
    this.node.tabIndex = 0;
    this.node.ariaLabel = options.texts.text("Conversation");
    this.#dots.hidden = true;
    this.node.append(this.#list, this.#dots);
    this.node.onscroll = () => this.#scrolled();
    this.#observer = new IntersectionObserver((entries) => this.#observed(entries), {
      root: this.node,
      threshold: [0, 0.1, 0.2, 0.5],
    });
    // Rows get their true height when they are first drawn, and the composer grows: who stands at the end stays there.
    this.#resized = new ResizeObserver(() => this.stay());
    this.#resized.observe(this.#list);
    this.#resized.observe(this.node);
  }

  /** The last message of somebody else that is in view and was not seen before, 0 without one. */
  get lastInView(): number {
    return Math.max(0, ...this.#inView);
  }

  /** Shows what is new. `pending` are the messages on their way. */
  update(update: LogUpdate, pending: readonly OutboxEntry[]): void {
    const { state, messages, cleared } = update;
    const older = !cleared && messages.length > 0 && (messages[0]?.seq ?? 0) < this.#firstSeq();
    const height = older ? this.node.scrollHeight : 0;
    const news = cleared || older ? 0 : this.#countNews(messages);
    const rows = this.#order.length;
    this.#state = state;
    // What is read back from history is not news to a screen reader.
    if (cleared || older) this.node.ariaLive = "off";
    if (cleared) this.#keepOnly(messages);
    this.#putMessages(messages);
    this.#putPending(pending);
    this.#frameTouched();
    for (const [seq, row] of this.#unseen) if (seq <= state.seen) this.#unwatch(seq, row);
    this.#showTyping(state.typing);
    if (older) {
      this.#drawWhole(messages);
      this.node.scrollTop += this.node.scrollHeight - height;
    } else if (this.#atEnd && this.#order.length !== rows) this.toEnd();
    else if (news) this.#setBelow(this.#below + news);
    if (this.node.ariaLive === "off") requestAnimationFrame(() => this.node.setAttribute("aria-live", "polite"));
  }

  /** Draws rows above what is read at their true height at once: a guess would move it once they are drawn. */
  #drawWhole(messages: readonly Message[]): void {
    const nodes = messages.flatMap((message) => this.#rows.get(this.#keyOf(message))?.node ?? []);
    for (const node of nodes) node.classList.add("whole");
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        for (const node of nodes) node.classList.remove("whole");
      }),
    );
  }

  /** Shows a removal that can still be taken back, or takes it back. */
  hide(seq: number, hidden: boolean): void {
    if (hidden) this.#hidden.add(seq);
    else this.#hidden.delete(seq);
    for (const row of this.#order) if (row.message?.seq === seq) row.node.hidden = hidden;
  }

  /** Whoever stands at the end stays there: what is around the log has another size. */
  stay(): void {
    if (this.#atEnd) this.#scrollDown();
  }

  /** Brings the message with this number into view, if it is here; says whether it is. */
  show(seq: number): boolean {
    const row = this.#order.find(({ message }) => message?.seq === seq);
    if (!row) return false;
    this.#atEnd = false;
    row.node.scrollIntoView({ block: "center" });
    return true;
  }

  /** Scrolls to the newest message. */
  toEnd(): void {
    this.#atEnd = true;
    this.#scrollDown();
    this.#setBelow(0);
  }

  /** Draws anew what depends on the time. */
  refresh(): void {
    for (const row of this.#order) this.#touched.add(row);
    this.#frameTouched();
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#resized.disconnect();
  }

  // --- rows ------------------------------------------------------------------------------------------------------

  #firstSeq(): number {
    return this.#order[0]?.message?.seq ?? 0;
  }

  #countNews(messages: readonly Message[]): number {
    const last = this.#order.findLast((row) => row.message)?.message?.seq ?? 0;
    return messages.filter((message) => message.seq > last && this.#isNews(message)).length;
  }

  #isNews(message: Message): boolean {
    return message.kind !== "system" && !this.#options.isOwn(message.author);
  }

  /** Ids are their author's alone: what others chose must not stand for a row of anybody else. */
  #keyOf(message: Message): string {
    return this.#options.isOwn(message.author) ? message.client_id : `#${message.seq}`;
  }

  #keepOnly(messages: readonly Message[]): void {
    const kept = new Set(messages.map((message) => this.#keyOf(message)));
    for (const row of this.#order.slice()) if (row.message && !kept.has(row.key)) this.#drop(row);
  }

  #putMessages(messages: readonly Message[]): void {
    for (const message of messages) {
      const told = message.kind === "system" ? this.#options.told(message) : undefined;
      if (message.kind === "system" && told === undefined) continue;
      const key = this.#keyOf(message);
      const row = this.#rows.get(key) ?? this.#make(key, this.#options.isOwn(message.author), told !== undefined);
      const placed = row.message !== undefined;
      this.#touched.add(row);
      const changed = row.message?.version !== message.version;
      row.message = message;
      row.entry = undefined;
      row.author = message.author;
      row.at = Date.parse(message.at);
      if (changed) this.#fill(row, told ?? (message.removed ? "" : message.body), message.removed ? [] : message.files);
      if (!placed) this.#place(row, this.#indexFor(message.seq, row));
      if (this.#isNews(message) && message.seq > (this.#state?.seen ?? 0)) {
        this.#unseen.set(message.seq, row);
        this.#observer.observe(row.node);
      }
      row.node.hidden = this.#hidden.has(message.seq) && !message.removed;
    }
  }

  #putPending(pending: readonly OutboxEntry[]): void {
    const ids = new Set(pending.map((entry) => entry.client_id));
    const firstPending = this.#order.findLastIndex((row) => row.message) + 1;
    for (const row of this.#order.slice(firstPending)) if (!ids.has(row.key)) this.#drop(row);
    for (const entry of pending) {
      const known = this.#rows.get(entry.client_id);
      if (known?.message) continue;
      const row = known ?? this.#make(entry.client_id, true, false);
      this.#touched.add(row);
      row.entry = entry;
      row.at = entry.at + (this.#state?.skew ?? 0);
      if (known) continue;
      this.#fill(row, entry.body, entry.files);
      this.#place(row, this.#order.length);
    }
  }

  #make(key: string, isOwn: boolean, told: boolean): Row {
    const own = isOwn && !told;
    const body = element("div", "bubble");
    body.dir = "auto";
    const node = element("li", told ? "row told" : own ? "row own" : "row", element("div", "line", body));
    const row: Row = {
      node,
      body,
      key,
      told,
      own,
      author: null,
      at: 0,
      message: undefined,
      entry: undefined,
      frame: "",
      foot: "",
      tools: undefined,
      files: undefined,
      filesKey: "",
    };
    this.#rows.set(key, row);
    this.#byNode.set(node, row);
    return row;
  }

  #drop(row: Row): void {
    const index = this.#order.indexOf(row);
    const next = this.#order[index + 1];
    if (next) this.#touched.add(next);
    this.#touched.delete(row);
    this.#rows.delete(row.key);
    this.#order.splice(index, 1);
    if (row.message) this.#unwatch(row.message.seq, row);
    row.node.remove();
  }

  /** Where a message with number `seq` stands: searched from the end, where nearly all arrive. */
  #indexFor(seq: number, self: Row): number {
    const first = this.#order[0];
    if (first && first !== self && first.message && seq < first.message.seq) return 0;
    let index = this.#order.length;
    while (index > 0) {
      const before = this.#order[index - 1];
      if (before && before !== self && before.message && before.message.seq < seq) break;
      index--;
    }
    return index;
  }

  #place(row: Row, index: number): void {
    const present = this.#order.indexOf(row);
    if (present >= 0) this.#order.splice(present, 1);
    const at = present >= 0 && present < index ? index - 1 : index;
    const next = this.#order[at];
    if (next) this.#touched.add(next);
    this.#order.splice(at, 0, row);
    if (row.node.nextSibling !== (next?.node ?? null) || !row.node.isConnected)
      this.#list.insertBefore(row.node, next?.node ?? null);
  }

  #fill(row: Row, body: string, files: readonly File[] | null | undefined): void {
    row.body.replaceChildren(
      ...linkPieces(body).map((piece) => {
        if (typeof piece === "string") return piece;
        const link = element("a", "", piece.text);
        link.href = piece.href;
        link.rel = "noopener nofollow ugc";
        link.target = "_blank";
        return link;
      }),
    );
    const key = (files ?? []).map(({ id }) => id).join();
    if (key !== row.filesKey) {
      row.filesKey = key;
      row.files?.remove();
      const { shown } = this.#options;
      row.files = shown && files?.length ? filesNode(files, shown) : undefined;
      if (row.files) row.body.parentElement?.after(row.files);
    }
    row.body.hidden = !body && key !== "";
    row.node.classList.toggle("with-files", key !== "");
  }

  // --- what stands around a bubble ---------------------------------------------------------------------------------

  #frameTouched(): void {
    const lastOwn = this.#order.findLast((row) => row.own && !row.message?.removed);
    for (const row of [this.#lastOwn, lastOwn]) if (row) this.#touched.add(row);
    this.#lastOwn = lastOwn;
    for (const row of this.#touched) {
      const index = this.#order.lastIndexOf(row);
      if (index < 0) continue;
      this.#frameRow(row, this.#order[index - 1]);
      this.#footRow(row, row === lastOwn);
    }
    this.#touched.clear();
  }

  /** The day, the name and the picture above a bubble. */
  #frameRow(row: Row, before: Row | undefined): void {
    const newDay = !before || dayNumber(before.at) !== dayNumber(row.at);
    const joined =
      !newDay &&
      before.own === row.own &&
      !before.told &&
      before.author?.id === (row.author ?? before.author)?.id &&
      row.at - before.at < GROUP_MS;
    const frame = `${newDay && this.#times.day(row.at, this.#options.now())}|${joined}|${row.author?.name}`;
    if (frame === row.frame) return;
    row.frame = frame;
    const { texts } = this.#options;
    const name = row.own ? texts.text("You") : (row.author?.name ?? "");
    for (const old of row.node.querySelectorAll(".day, .who, .sr")) old.remove();
    row.node.classList.toggle("joined", joined);
    const time = element("time", "", this.#times.time(row.at));
    time.title = this.#times.full(row.at);
    const above: Node[] = [];
    if (newDay) above.push(element("div", "day", this.#times.day(row.at, this.#options.now())));
    if (row.told) above.push(element("span", "sr", `${this.#times.time(row.at)}: `));
    else if (joined) above.push(element("span", "sr", `${name}, ${this.#times.time(row.at)}: `));
    else {
      const picture = row.author && !row.own ? [pictured(row.author, this.#options.picture(row.author))] : [];
      above.push(element("div", "who", ...picture, element("span", row.own ? "sr" : "name", `${name} `), time));
    }
    row.node.prepend(...above);
  }

  /** State, marks and what can be done, below a bubble. */
  #footRow(row: Row, isLastOwn: boolean): void {
    const { message, entry } = row;
    const failed = entry?.state === "failed";
    const shown = row.own && (isLastOwn || failed) ? this.#standingOf(row) : undefined;
    const removed = message?.removed === true;
    const edited = !removed && (message?.revision ?? 0) > 0;
    const open =
      row.own &&
      message &&
      !removed &&
      row.at + (this.#state?.editMs ?? 0) > this.#options.now() + (this.#state?.skew ?? 0);
    const foot = `${shown?.state}|${shown?.says}|${removed}|${edited}|${open}|${entry?.error?.message}`;
    if (foot === row.foot) return;
    row.foot = foot;
    for (const old of row.node.querySelectorAll(".foot")) old.remove();
    row.node.classList.toggle("removed", removed);
    const { texts } = this.#options;
    if (removed) row.body.replaceChildren(texts.text("Message removed"));
    if (!open) {
      row.tools?.remove();
      row.tools = undefined;
    } else if (!row.tools) {
      row.tools = this.#tools(row);
      row.body.after(row.tools);
    }
    const parts: (Node | string)[] = [];
    if (edited) parts.push(element("span", "", texts.text("edited")));
    if (shown) parts.push(this.#stateNode(shown));
    if (failed && entry) parts.push(...this.#failureNodes(entry));
    if (parts.length) row.node.append(element("div", "foot", ...parts));
  }

  #standingOf(row: Row): Standing {
    if (row.message) return this.#options.standing(row.message.seq);
    if (row.entry?.state === "failed") return { state: "failed" };
    return { state: row.entry?.state === "acked" ? "sent" : "pending" };
  }

  #stateNode({ state: delivery, says }: Standing): HTMLElement {
    const { texts } = this.#options;
    const name = {
      pending: texts.text("Sending"),
      sent: texts.text("Sent"),
      delivered: texts.text("Delivered"),
      seen: texts.text("Seen"),
      failed: texts.text("Not sent"),
    }[delivery];
    const node = element("span", `state ${delivery}`, says ?? name);
    if (delivery === "sent") node.prepend(icon(Check));
    else if (delivery === "delivered" || delivery === "seen") node.prepend(icon(CheckCheck));
    return node;
  }

  #failureNodes(entry: OutboxEntry): Node[] {
    const { texts, retry, discard } = this.#options;
    return [
      ...(entry.error ? [element("span", "why", entry.error.message)] : []),
      button("text-button", texts.text("Try again"), () => retry(entry.client_id)),
      button("text-button", texts.text("Delete"), () => discard(entry.client_id)),
    ];
  }

  #tools(row: Row): HTMLElement {
    const { texts, edit, remove } = this.#options;
    return element(
      "div",
      "tools",
      button("tool", texts.text("Edit message"), () => row.message && edit(row.message), Pencil),
      button("tool", texts.text("Remove message"), () => row.message && remove(row.message), Trash2),
    );
  }

  #showTyping(people: readonly Author[]): void {
    const [first, ...others] = people;
    this.#dots.hidden = !first;
    // Said aloud; what is seen are the dots.
    this.#typist.textContent = first ? this.#options.typing(first, others) : "";
  }

  // --- what is in view ---------------------------------------------------------------------------------------------

  #scrollDown(): void {
    this.node.scrollTop = this.node.scrollHeight;
  }

  #setBelow(count: number): void {
    if (count === this.#below) return;
    this.#below = count;
    this.#options.below(count);
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.node;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    if (this.#atEnd) this.#setBelow(0);
    if (scrollTop > HISTORY_PX || this.#loading || !this.#state?.more) return;
    this.#loading = true;
    const done = (): void => {
      this.#loading = false;
    };
    this.#options.history().then(done, done);
  }

  #unwatch(seq: number, row: Row): void {
    this.#observer.unobserve(row.node);
    this.#unseen.delete(seq);
    this.#inView.delete(seq);
  }

  #observed(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, intersectionRatio, intersectionRect, rootBounds } of entries) {
      const seq = this.#byNode.get(target)?.message?.seq;
      if (seq === undefined || !this.#unseen.has(seq)) continue;
      // Half of the row, or as much of a tall one as fills half of the view.
      if (intersectionRatio >= 0.5 || intersectionRect.height * 2 > (rootBounds?.height ?? 0)) this.#inView.add(seq);
      else this.#inView.delete(seq);
    }
    this.#options.viewed();
  }
}

/** Somebody's own picture over the letter that stands for them; where the page lets none of ours through, the letter. */
function pictured(author: Author, address: string | null | undefined): HTMLElement {
  const shown = face(author);
  if (address) {
    const image = element("img");
    image.alt = "";
    image.onload = () => shown.replaceChildren(image);
    image.src = address;
  }
  return shown;
}
