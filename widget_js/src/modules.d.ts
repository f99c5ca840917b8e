/** A style sheet that the build bundles, minifies and hands over as text, for adopting into a shadow root. */
declare module "*.css?inline" {
  const text: string;
  export default text;
}
