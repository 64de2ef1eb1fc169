export { default } from "wavesurfer.js/plugins/regions";
