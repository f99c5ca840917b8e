/** A person's picture: their own, over initials in a colour that stays theirs. */

import { pictureAddress } from "../../client/picture";
import type { Author } from "../../protocol.gen";
import { hueOf, initialsOf, nameOf } from "../model/people";

interface AvatarProps {
  readonly person: Author;
  readonly size?: "tiny" | "small" | "medium" | "large";
  /** Whether the picture stands alone and so must tell the name itself. */
  readonly named?: boolean;
}

export function Avatar({ person, size = "medium", named = false }: AvatarProps) {
  const name = nameOf(person);
  const classes = `avatar avatar-${size} hue-${hueOf(person)}`;
  // The letters are drawn by the sheet: as text they would be part of what a control is called.
  const shown = { class: classes, "data-initials": initialsOf(person) };
  const own = person.picture ? <img src={pictureAddress(person.picture)} alt="" loading="lazy" /> : null;
  return named ? (
    <span {...shown} role="img" aria-label={name} title={name}>
      {own}
    </span>
  ) : (
    <span {...shown} aria-hidden="true">
      {own}
    </span>
  );
}
