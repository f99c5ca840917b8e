# Sign who is signed in on your pages, for SupportChat.identify({token}). Ruby's standard library alone.

require "base64"
require "json"
require "openssl"
require "securerandom"

def part(value)
  Base64.urlsafe_encode64(value, padding: false)
end

# A token that holds for five minutes. Make one for each page that you send.
#
# key_id and secret are as the console showed them, site is the key in the script tag, subject your own, lasting name
# for this person; facts (name, mail, attributes) is what you know of them.
def identity_token(key_id, secret, site, subject, facts = {})
  now = Time.now.to_i
  header = { alg: "HS256", typ: "JWT", kid: key_id }
  claims = { aud: site, sub: subject, iat: now, exp: now + 300, jti: SecureRandom.hex(16) }.merge(facts)
  text = [header, claims].map { |value| part(JSON.generate(value)) }.join(".")
  "#{text}.#{part(OpenSSL::HMAC.digest("SHA256", secret, text))}"
end

puts identity_token(
  ENV.fetch("CHAT_KEY_ID"), ENV.fetch("CHAT_SECRET"), ENV.fetch("CHAT_SITE"), "customer-4711",
  { name: "Maeve", mail: "maeve@example.com", attributes: { plan: "team" } }
)
