/** A style sheet that the build bundles, minifies and hands over as text, for adopting into a shadow root. */
declare module "*.css?inline" {
  const text: string;
  export default text;
}

/** Whether this is built for members; what only they need is left out of what guests are given. */
declare const MEMBERS: boolean;
