import { expectTypeOf, test } from "vitest";
import type { ChatEvents, Contact } from "../../src/widget/host";

test("the shipped types say what the widget does", () => {
  expectTypeOf<SupportChat.Events>().toExtend<ChatEvents>();
  expectTypeOf<ChatEvents>().toExtend<SupportChat.Events>();
  expectTypeOf<SupportChat.Contact>().toExtend<Contact>();
});
