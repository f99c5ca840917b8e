<?php
// Sign who is signed in on your pages, for SupportChat.identify({token}). PHP 8 alone.

declare(strict_types=1);

function part(string $value): string
{
    return rtrim(strtr(base64_encode($value), '+/', '-_'), '=');
}

/**
 * A token that holds for five minutes. Make one for each page that you send.
 *
 * $keyId and $secret are as the console showed them, $site is the key in the script tag, $subject your own, lasting
 * name for this person; $facts (name, mail, attributes) is what you know of them.
 */
function identity_token(string $keyId, string $secret, string $site, string $subject, array $facts = []): string
{
    $now = time();
    $header = ['alg' => 'HS256', 'typ' => 'JWT', 'kid' => $keyId];
    $claims = ['aud' => $site, 'sub' => $subject, 'iat' => $now, 'exp' => $now + 300, 'jti' => bin2hex(random_bytes(16))];
    $text = part(json_encode($header, JSON_THROW_ON_ERROR)) . '.' . part(json_encode($claims + $facts, JSON_THROW_ON_ERROR));
    return $text . '.' . part(hash_hmac('sha256', $text, $secret, true));
}

echo identity_token(getenv('CHAT_KEY_ID'), getenv('CHAT_SECRET'), getenv('CHAT_SITE'), 'customer-4711', [
    'name' => 'Maeve',
    'mail' => 'maeve@example.com',
    'attributes' => ['plan' => 'team'],
]), "\n";
