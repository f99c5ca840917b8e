/** A number of what waits as it is shown, as in `core/counts.py`: beyond 99 it is `99+`. */
export const shownCount = (count: number): string => (count > 99 ? "99+" : `${count}`);
