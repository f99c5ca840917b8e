/** Sign who is signed in on your pages, for SupportChat.identify({token}). Node.js alone. */

import { createHmac, randomBytes } from "node:crypto";

const part = (value) => Buffer.from(value).toString("base64url");

/**
 * A token that holds for five minutes. Make one for each page that you send.
 *
 * `keyId` and `secret` are as the console showed them, `site` is the key in the script tag, `subject` your own, lasting
 * name for this person; `facts` (name, mail, attributes) is what you know of them.
 */
export function identityToken(keyId, secret, site, subject, facts = {}) {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "HS256", typ: "JWT", kid: keyId };
  const claims = { aud: site, sub: subject, iat: now, exp: now + 300, jti: randomBytes(16).toString("hex"), ...facts };
  const text = `${part(JSON.stringify(header))}.${part(JSON.stringify(claims))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

const { CHAT_KEY_ID, CHAT_SECRET, CHAT_SITE } = process.env;
const facts = { name: "Maeve", mail: "maeve@example.com", attributes: { plan: "team" } };
console.log(identityToken(CHAT_KEY_ID, CHAT_SECRET, CHAT_SITE, "customer-4711", facts));
