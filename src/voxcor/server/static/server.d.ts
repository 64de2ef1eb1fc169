// What the server sends, by `docs/make_types.py` from its OpenAPI document.

/** What came of one recording: `segments` are new, 0 where it was there already. */
export type Addition = {
  result_id: string | null;
  job_id: string | null;
  name: string;
  recording: string | null;
  segments: number;
  failure: AdditionFailure | null;
};

/** Why a recording did not go in. */
export type AdditionFailure = {
  code: string;
  message: string;
};

/** What goes in, by the ids that the server knows it by. */
export type AdditionForm = {
  result_ids?: string[];
  job_ids?: string[];
  speaker?: string | null;
};

/** One for each result, and for each recording of each job. */
export type Additions = {
  outcomes: Addition[];
};

/** How well raters agree, with 95 % intervals; `cohen` is of two raters, `fleiss` of more. */
export type AgreementDocument = {
  model: LibraryModel;
  raters: string[];
  units: number;
  complete: number;
  observed: IntervalDocument;
  alpha: IntervalDocument;
  cohen: IntervalDocument | null;
  fleiss: IntervalDocument | null;
  labels: Record<string, LabelAgreementDocument>;
  numbers: Record<string, IntervalDocument>;
};

/** The nearest first. */
export type AnswerDocument = {
  query: QueryDocument;
  meaning: MeaningDocument;
  hits: HitDocument[];
};

/** What two models say of a recording. */
export type BothHeardDocument = {
  path: string;
  speaker: string | null;
  truth: string | null;
  first: string;
  second: string;
  flip: boolean;
  overlap: number;
  first_scores: Record<string, number>;
  second_scores: Record<string, number>;
};

/** The one that was heard, from 0; null for the mix of all. */
export type Channel = number | null;

/** Segments that lie together: `emotions` and `speakers` are shares of them, `exemplars` those */
export type ClusterDocument = {
  size: number;
  stability: number;
  emotions: Record<string, number>;
  speakers: Record<string, number>;
  exemplars: SegmentDocument[];
  members: string[];
};

/** The largest first; `outside` is how many segments lie in none, `outliers` the farthest. */
export type ClustersDocument = {
  model: LibraryModel;
  clusters: ClusterDocument[];
  segments: number;
  outside: number;
  outliers: SegmentDocument[];
};

/** Which segments are grouped, and how. */
export type ClustersForm = {
  model?: string | null;
  filters?: LibraryFilters;
  by_speaker?: boolean;
  smallest?: number | null;
};

/** Two recordings on each other. `path` has what meets what, a list for each column. */
export type ComparisonDocument = {
  first: TakeDocument;
  second: TakeDocument;
  similarity: number;
  arousal: number | null;
  valence: number | null;
  stretches: StretchDocument[];
  path: Record<string, (number | null)[]>;
};

/** What a person says of one segment. */
export type CorrectionForm = {
  segment: number;
  start_ms: number;
  end_ms: number;
  label: string | null;
  annotator?: string | null;
  timestamp?: string;
};

/** All corrections of a result, as GET gives them and PUT takes them. */
export type CorrectionsForm = {
  revision: string;
  corrections: CorrectionForm[];
};

/** The course of a dimension. `times` and `changes` are in `unit`: seconds within a recording, */
export type CourseDocument = {
  dimension: "arousal" | "valence";
  unit: "s" | "days";
  times: number[];
  values: number[];
  mean: IntervalDocument;
  deviation: IntervalDocument;
  inertia: IntervalDocument;
  instability: IntervalDocument;
  changes: number[];
  sessions: SessionDocument[];
  segments: string[];
};

/** How excited and how pleasant it sounds; null where too little of the scores says it. Documents of versions before it have none. */
export type Dimensions = {
  arousal: number;
  valence: number;
  origin: "derived from scores" | "model";
} | null;

/** What embedding.npy beside it is; vectors of different models do not compare. */
export type Embedding = {
  model: {
    id: string;
    precision: "fp32" | "int8";
    revision: string;
    sha256: Sha256;
  };
  granularity: Granularity;
  hop_ms: 20 | null;
  shape: number[];
  dtype: "float32";
  audio: {
    name: string;
    sha256: Sha256;
    channel: Channel;
  };
};

/** A person as they are known now: `scores` are how they usually sound to the model, `offsets` */
export type EnrolledDocument = {
  person: string;
  model: LibraryModel;
  utterances: number;
  new: number;
  seconds: number;
  scores: Record<string, number>;
  offsets: Record<string, number>;
  failures: Record<string, string>[];
};

/** Who speaks, and where they speak as usual: one of the three; none of them for all that the */
export type EnrolmentForm = {
  person: string;
  segments?: string[] | null;
  recordings?: string[] | null;
  filters?: LibraryFilters | null;
  model?: string | null;
};

/** Among which labels errors are looked for, and what is made of them. */
export type ErrorsForm = {
  model?: string | null;
  filters?: LibraryFilters;
  format?: "json" | "csv" | "jsonl";
};

/** Which segments a list is made of, by their ids. */
export type ExportForm = {
  ids: string[];
  format?: "csv" | "jsonl";
};

/** A format: its id, what people call it, and the end of its files' names. */
export type ExportFormat = {
  id: "textgrid" | "eaf" | "audacity" | "rttm" | "srt" | "vtt" | "vtt-metadata" | "csv" | "labelstudio" | "labelstudio-config" | "html";
  en: string;
  zh: string;
  suffix: string;
};

/** An input without a result. Codes never change, wording may. */
export type Failure = {
  path: string;
  channel?: number;
  code: string;
  message: string;
};

/** The moment, in the recording, at which a rule had become true, and the scores of then. */
export type Firing = {
  rule: string;
  condition: string;
  labels: string[];
  time_ms: number;
  scores: Record<string, number>;
};

/** In the order of their times. */
export type FiringList = {
  firings: Firing[];
};

/** So often the first model says one label and the second another. */
export type FlipDocument = {
  first: string;
  second: string;
  recordings: number;
};

export type Granularity = "utterance" | "segment" | "frame";

/** Recordings that belong together; `mean` is of their means. */
export type GroupDocument = {
  name: string;
  mean: IntervalDocument;
  sessions: SessionDocument[];
};

/** Two groups in a dimension; `difference` is the first less the second, `too_few` that no */
export type GroupsDocument = {
  dimension: "arousal" | "valence";
  first: GroupDocument;
  second: GroupDocument;
  difference: IntervalDocument;
  p: number | null;
  smallest_p: number | null;
  delta: IntervalDocument;
  too_few: boolean;
  significant: boolean;
  verdict: Record<string, string>;
};

/** How much of a person a model has heard. */
export type HeardByDocument = {
  model: string;
  sha256: string;
  utterances: number;
  seconds: number;
};

/** A firing that was told, in a live session, a result, or a recording of a job. */
export type HeardFiring = {
  rule: string;
  condition: string;
  labels: string[];
  time_ms: number;
  scores: Record<string, number>;
  source: Record<string, unknown>;
  name: string | null;
};

/** The latest first. */
export type HeardFirings = {
  firings: HeardFiring[];
};

/** A segment that was found; `similarity` is 1 for the same, 0 for nothing in common. */
export type HitDocument = {
  id: string;
  recording: string;
  name: string;
  path: string | null;
  channel: number | null;
  start_ms: number;
  end_ms: number;
  emotion: string;
  confidence: number;
  scores: Record<string, number>;
  arousal: number | null;
  valence: number | null;
  speaker: string | null;
  text: string | null;
  recorded_at: string;
  source: string;
  label: string | null;
  said: SaidDocument[];
  similarity: number;
};

/** A figure and its 95 % interval; null where there are too few values. */
export type IntervalDocument = {
  value: number | null;
  low: number | null;
  high: number | null;
};

/** What may be changed of a job: what it is called, null for nothing. */
export type JobChanges = {
  name: string | null;
};

/** A job. `failures` counts what failed by code; `error` says why it failed as a whole. */
export type JobDocument = {
  id: string;
  name: string | null;
  state: "waiting" | "running" | "done" | "cancelled" | "failed";
  created: string;
  model: string | null;
  source: string | null;
  options: Record<string, unknown>;
  progress: JobProgress;
  failures: Record<string, number>;
  passed_over: PassedOverCounts | null;
  keep_audio: boolean;
  error: Problem | null;
};

/** A recording of a job: its documents, one a channel heard, or its failure. */
export type JobItem = {
  position: number;
  path: string;
  start_ms?: number | null;
  end_ms?: number | null;
  documents: Omit<Result, "id" | "files">[];
  failure: Omit<Failure, "path"> | null;
  channel_failures: Omit<Failure, "path">[];
};

/** `next` is the `after` of the page that follows, null on the last. */
export type JobItems = {
  items: JobItem[];
  next: number | null;
};

/** The newest first; and under which names jobs lie that cannot be read. */
export type JobList = {
  jobs: JobDocument[];
  unreadable: string[];
};

/** Items of a job: `audio_s` seconds of recordings are done. */
export type JobProgress = {
  total: number;
  done: number;
  failed: number;
  waiting: number;
  audio_s: number;
};

/** How far two models agree; `confusion` has the labels of the first in rows. */
export type JudgesDocument = {
  clips: number;
  share: IntervalDocument;
  kappa: IntervalDocument;
  confusion: number[][];
  resampled: "speakers" | "clips";
};

/** A label of the model, by its id. */
export type Label = string;

/** How well raters agree on one label. */
export type LabelAgreementDocument = {
  share: number;
  specific: IntervalDocument;
  alpha: IntervalDocument;
};

/** A label that is likely wrong: `given`, where `likely` is the likeliest other one. */
export type LabelErrorDocument = {
  id: string;
  path: string;
  start_ms: number;
  end_ms: number;
  channel: number | null;
  speaker: string | null;
  given: string;
  likely: string;
  given_score: number;
  likely_score: number;
  margin: number;
};

/** The surest first, of `judged` labels; `right` is the share that heads give as they are, which */
export type LabelErrorsDocument = {
  model: LibraryModel;
  errors: LabelErrorDocument[];
  judged: number;
  right: number;
  apart: "speaker" | "recording";
  left_out: Record<string, number>;
};

/** What somebody says of segments, in the place of what they said before. */
export type LabelForm = {
  segments: string[];
  annotator?: string | null;
  label: string | null;
};

/** A segment with all that people `said` of it; its `label` is what they say together. */
export type LabelledDocument = {
  id: string;
  recording: string;
  name: string;
  path: string | null;
  channel: number | null;
  start_ms: number;
  end_ms: number;
  emotion: string;
  confidence: number;
  scores: Record<string, number>;
  arousal: number | null;
  valence: number | null;
  speaker: string | null;
  text: string | null;
  recorded_at: string;
  source: string;
  label: string | null;
  said: SaidDocument[];
};

/** The segments as they are now; `changed` is how many labels are new, changed or withdrawn. */
export type LabelsChanged = {
  segments: LabelledDocument[];
  changed: number;
};

/** What the library has, a table for each model, the largest first. */
export type LibraryDocument = {
  installed: boolean;
  tables: LibraryTable[];
  extra: LibraryExtra;
};

/** What the library needs: how much is missing, and what installs it on the server. */
export type LibraryExtra = {
  missing_mb: number;
  command: string;
};

/** Which segments count: those that meet every condition; null asks nothing. */
export type LibraryFilters = {
  speaker?: string | null;
  not_speaker?: string | null;
  emotion?: string | null;
  confidence?: number | null;
  since?: string | null;
  until?: string | null;
  folder?: string | null;
  recording?: string | null;
  not_recording?: string | null;
};

/** Shares of labels, in any proportion; null dimensions do not matter. */
export type LibraryMixture = {
  shares: Record<string, number>;
  arousal?: number | null;
  valence?: number | null;
};

/** Which model has recognised segments. */
export type LibraryModel = {
  id: string;
  precision: string;
  revision: string;
  sha256: string;
  official: boolean;
  fallback: boolean;
};

/** One of `query`, `mixture`, `segment` and `result_id`, and which segments count. */
export type LibraryQuestion = {
  query?: string | null;
  mixture?: LibraryMixture | null;
  segment?: string | null;
  result_id?: string | null;
  start_ms?: number | null;
  end_ms?: number | null;
  model?: string | null;
  limit?: number;
  filters?: LibraryFilters;
};

/** The segments of one model; `dim` is of its embeddings. */
export type LibraryTable = {
  model: LibraryModel;
  labels: string[];
  dim: number;
  segments: number;
  recordings: number;
};

/** What is installed from: on the server, in one of `sources`. */
export type LocalForm = {
  path: string;
  precision?: "fp32" | "int8" | null;
};

/** Points -1..1, a list for each column; `map` names this one, until the library changes. */
export type MapDocument = {
  map: string;
  model: LibraryModel;
  labels: string[];
  x: number[];
  y: number[];
  emotion: number[];
  ids: string[];
  speakers: string[];
  speaker: number[];
};

/** Which segments are laid out, and how. */
export type MapForm = {
  model?: string | null;
  filters?: LibraryFilters;
  by_speaker?: boolean;
};

/** What was searched for; it may be changed and asked for as `mixture`. */
export type MeaningDocument = {
  shares: Record<string, number>;
  arousal: number | null;
  valence: number | null;
};

export type Milliseconds = number;

/** A model there is. `active`: it answers requests that name none. */
export type Model = {
  id: string;
  title: string;
  installed: boolean;
  active: boolean;
  bytes: number | null;
  download_bytes: number | null;
  needed_bytes: number | null;
  precision: string | null;
  labels: string[];
  official: boolean | null;
  standing: string | null;
  revision: string | null;
  sha256: string | null;
  licence: string | null;
  metrics: Record<string, number>;
  caution: string | null;
  problem: string | null;
  command: string;
};

/** `fallback`: only because nothing better is installed, `small` is the active one. */
export type ModelList = {
  models: Model[];
  active: string | null;
  fallback: boolean;
  free_bytes: number;
  sources: string[];
};

/** Which two models are compared: both by what the library has of them, or by two jobs. */
export type ModelsForm = {
  models?: string[] | null;
  job_ids?: string[] | null;
  format?: "json" | "html";
};

export type Page = {
  results: Result[];
  next: string | null;
  unreadable?: string[];
};

/** What a source holds beside recordings, and of files the most frequent extensions. */
export type PassedOverCounts = {
  count: number;
  extensions: Record<string, number>;
};

/** A result that is not there yet. */
export type Pending = {
  id: string;
  status: "running";
};

/** Everybody, by name. */
export type PeopleDocument = {
  people: PersonDocument[];
};

/** Somebody who is enrolled, and by which models. */
export type PersonDocument = {
  person: string;
  heard_by: HeardByDocument[];
};

/** Whom it is about. */
export type PersonForm = {
  person: string;
};

/** An error. Codes never change, wording may; the language is that of Accept-Language. */
export type Problem = {
  code: string;
  message: string;
  retryable: boolean;
  details: Record<string, unknown>;
};

/** A download that has begun, or another way of installing. */
export type Pull = {
  id: string;
  status: "running";
};

/** What the question was taken for: `text` of words, `name` of a clip or a result, the rest of a */
export type QueryDocument = {
  kind: "words" | "mixture" | "clip" | "region";
  text: string | null;
  name: string | null;
  recording: string | null;
  start_ms: number | null;
  end_ms: number | null;
};

/** A recording of the library; `speaker` is null where it has none, or several. */
export type RecordingDocument = {
  recording: string;
  name: string;
  speaker: string | null;
  recorded_at: string;
  segments: number;
  duration_ms: number;
};

/** The latest first; `total` of those that were asked for. */
export type RecordingList = {
  recordings: RecordingDocument[];
  total: number;
};

/** How many segments went. `people` were enrolled by them: by less now, or not at all. */
export type Removal = {
  segments: number;
  people: string[];
};

/** What a model has left behind: room on the disk. */
export type Removed = {
  freed_bytes: number;
};

/** What was recognised. */
export type Result = {
  path?: string;
  emotion: Label;
  confidence: Share;
  scores: Scores;
  granularity: Granularity;
  timestamp: string;
  schema_version: 1;
  blend: Label[] | null;
  abstained: boolean;
  abstain_below: Share | null;
  dimensions?: Dimensions;
  relative?: {
    to: string;
    emotion: Label;
    confidence: Share;
    scores: Scores;
    offsets: Record<string, number>;
  } | null;
  model: {
    id: string;
    precision: "fp32" | "int8";
    revision: string;
    sha256: Sha256;
    official: boolean;
    fallback: boolean;
  };
  audio: {
    name: string;
    duration_ms: Milliseconds;
    sample_rate: number;
    channels: number;
    sha256: Sha256;
    channel: Channel;
  };
  preprocessing: {
    trim: boolean;
    trimmed_start_ms: Milliseconds;
    trimmed_end_ms: Milliseconds;
    gain_db: number;
  };
  quality: {
    snr_db: number | null;
    clipping: Share;
    bandwidth_hz: number;
    speech_ms: Milliseconds;
    warnings: string[];
    details?: Record<string, Record<string, number | string>>;
  };
  segments: ({
    start_ms: Milliseconds;
    end_ms: Milliseconds;
    emotion: Label;
    confidence: Share;
    scores: Scores;
    speaker: string | null;
    dimensions?: Dimensions;
  })[];
  transitions: {
    time_ms: Milliseconds;
    before: Label;
    after: Label;
  }[];
  summary: {
    dominant: Label;
    shares: Shares;
    segments: number;
    transitions: number;
    speakers: Record<string, {
      speech_ms: Milliseconds;
      dominant: Label;
      shares: Shares;
    }>;
  };
  timings_ms: Record<string, number>;
  notice: string;
  saved?: string;
  id: string;
  files: string[];
};

/** A rule, and where its firings go beside GET /v1/events. */
export type RuleForm = {
  rule: string;
  webhook?: WebhookForm | null;
};

/** The saved rules, by name. */
export type RuleList = {
  rules: RuleShown[];
};

/** A rule as it was understood. */
export type RuleRead = {
  name: string;
  rule: string;
  condition: string;
  labels: string[];
};

/** A saved rule. */
export type RuleShown = {
  name: string;
  rule: string;
  condition: string;
  labels: string[];
  webhook: WebhookShown | null;
};

/** A rule to be read. */
export type RuleText = {
  rule: string;
};

/** What one annotator says of a segment; `label` null: not the emotion that the model says. */
export type SaidDocument = {
  label: string | null;
  annotator: string | null;
};

/** Which segments something is computed of. */
export type Scope = {
  model?: string | null;
  filters?: LibraryFilters;
};

/** One label and what the model gives it. */
export type Score = {
  label: string;
  score: number;
};

/** A score for every label of the model; they sum to 1. */
export type Scores = Record<string, Share>;

/** A segment of the library; `id` is `RECORDING@START-END`, in seconds. */
export type SegmentDocument = {
  id: string;
  recording: string;
  name: string;
  path: string | null;
  channel: number | null;
  start_ms: number;
  end_ms: number;
  emotion: string;
  confidence: number;
  scores: Record<string, number>;
  arousal: number | null;
  valence: number | null;
  speaker: string | null;
  text: string | null;
  recorded_at: string;
  source: string;
  label: string | null;
};

/** In the order in which they were asked for. */
export type SegmentList = {
  segments: LabelledDocument[];
};

/** Which segments are looked at. */
export type SegmentsForm = {
  ids: string[];
};

/** A sentence in both languages. */
export type Sentence = {
  en: string;
  zh: string;
};

/** One recording of a course. */
export type SessionDocument = {
  recording: string;
  name: string;
  recorded_at: string;
  segments: number;
  mean: IntervalDocument;
};

/** The API key, to be traded for a cookie. */
export type SessionForm = {
  api_key: string;
};

export type Sha256 = string;

export type Share = number;

export type Shares = Record<string, Share>;

/** What one recording says in a stretch. */
export type SideDocument = {
  start_ms: number;
  end_ms: number;
  emotion: string;
  confidence: number;
};

/** Where two recordings differ; `arousal` and `valence` are the first less the second. */
export type StretchDocument = {
  first: SideDocument;
  second: SideDocument;
  overlap: number;
  arousal: number | null;
  valence: number | null;
};

/** A recording as it was compared: its `scores` are the mean of `speech_ms`. */
export type TakeDocument = {
  name: string;
  model: string;
  from: "frames" | "segments";
  speech_ms: number;
  step_ms: number;
  emotion: string;
  scores: Record<string, number>;
};

/** One recording: of the library, all of it or a part; or a result. */
export type TakeForm = {
  recording?: string | null;
  result_id?: string | null;
  start_ms?: number | null;
  end_ms?: number | null;
};

/** Which two recordings are laid on each other. */
export type TakesForm = {
  first: TakeForm;
  second: TakeForm;
  model?: string | null;
  format?: "json" | "html";
};

/** A course; where it is asked for, that within `each` recording, and two groups `compared`. */
export type TrajectoryDocument = {
  dimension: "arousal" | "valence";
  unit: "s" | "days";
  times: number[];
  values: number[];
  mean: IntervalDocument;
  deviation: IntervalDocument;
  inertia: IntervalDocument;
  instability: IntervalDocument;
  changes: number[];
  sessions: SessionDocument[];
  segments: string[];
  model: LibraryModel;
  each: CourseDocument[] | null;
  compared: GroupsDocument | null;
};

/** Which segments are followed, in which dimension. */
export type TrajectoryForm = {
  model?: string | null;
  filters?: LibraryFilters;
  dimension?: "arousal" | "valence";
  each?: boolean;
  compare?: unknown[] | null;
  format?: "json" | "html";
};

/** Two models over the same recordings; those on which they differ most come first. */
export type TwoModelsDocument = {
  first: LibraryModel;
  second: LibraryModel;
  labels: string[];
  agreement: JudgesDocument;
  flips: FlipDocument[];
  truth: null;
  taken: number;
  recordings: BothHeardDocument[];
  failures: Record<string, string>[];
};

/** A warning of `quality.warnings`. */
export type WarningWords = {
  en: string;
  zh: string;
  detailed: Sentence | null;
};

/** `peaks`: the largest absolute sample of each `hop_ms`, of 127 at full scale. */
export type Waveform = {
  start_ms: number;
  hop_ms: number;
  peaks: number[];
};

/** Where firings go. Only who may write rules says where: nothing in a recording can. */
export type WebhookForm = {
  url: string;
  secret?: string | null;
};

/** A webhook; its secret only in the answer to the request that made it. */
export type WebhookShown = {
  url: string;
  secret: string | null;
};

/** Whose labels of which segments go. */
export type WithdrawalForm = {
  segments: string[];
  annotator?: string | null;
};

/** It is being computed: ask again, with the same body. `progress` is 0..1. */
export type Working = {
  state: "working";
  progress: number;
};
