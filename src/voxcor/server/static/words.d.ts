// What the server calls things, as `page.py` writes `words.js`.

import type { Label } from "./labels.js";

/** The nine emotions by id, in the order of a model's scores. */
export const LABELS: Record<string, Label>;

/** For labels that a fine-tuned model brings along. */
export const EXTRA_COLORS: string[];

/** What is wrong with a recording whose name stands beside it, in English and Chinese, by code. */
export const FAILURES: Record<string, [string, string]>;

/** Arousal and valence of the emotions that stand somewhere, -1..1, by id. */
export const COORDINATES: Record<string, [number, number]>;

/** What the server takes at most. */
export const LIMITS: { max_upload_mb: number; max_job_mb: number; max_audio_min: number };

/** Whether what the library needs is installed there. */
export const HAS_LIBRARY: boolean;
