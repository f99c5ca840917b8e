/** The shape of what comes, after 300 ms of waiting: before that nothing flickers, after it nobody wonders. */

interface SkeletonProps {
  readonly rows: number;
  /** What is being waited for, told to screen readers. */
  readonly label: string;
  readonly shape?: "row" | "bubble";
}

export function Skeleton({ rows, label, shape = "row" }: SkeletonProps) {
  return (
    <div class={`skeleton skeleton-${shape}`} role="status">
      <span class="sr">{label}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton-part" aria-hidden="true" />
      ))}
    </div>
  );
}
