/** The addresses inside the console: everything that can be linked to stands in the fragment, which no server ever sees. */

export type Route =
  | { readonly page: "inbox"; readonly channel: string | null }
  | { readonly page: "sites"; readonly key: string | null }
  | { readonly page: "canned" }
  | { readonly page: "profile" };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The route that a fragment such as `#/c/0199…` names; anything unknown is the inbox. */
export function parseRoute(hash: string): Route {
  const [page = "", rest = ""] = hash.replace(/^#?\/?/, "").split("/");
  if (page === "c" && UUID.test(rest)) return { page: "inbox", channel: rest };
  if (page === "sites") return { page: "sites", key: rest === "" ? null : decoded(rest) };
  if (page === "canned" || page === "profile") return { page };
  return { page: "inbox", channel: null };
}

/** The fragment of a route; the inverse of {@link parseRoute}. */
export function hashOf(route: Route): string {
  switch (route.page) {
    case "inbox":
      return route.channel === null ? "#/" : `#/c/${route.channel}`;
    case "sites":
      return route.key === null ? "#/sites" : `#/sites/${encodeURIComponent(route.key)}`;
    default:
      return `#/${route.page}`;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
