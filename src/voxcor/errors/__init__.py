"""Everything Voxcor raises on purpose: one tree, a code and a sentence each.

    VoxcorError
    ├── UsageError               the call itself is wrong
    │   ├── ExtraMissing         an optional part is not installed
    │   ├── RuleInvalid          a rule that cannot be read
    │   ├── CorrectionsInvalid   corrections that do not fit their result
    │   ├── TooManyRules         more than are watched at a time
    │   ├── ProxyInvalid         a proxy of the environment that no client can use
    │   ├── HomeInUse            another server works in this VOXCOR_HOME
    │   ├── WordsNotUnderstood   a description in which there is no word
    │   └── ModelExists          a training would take the place of a model
    ├── InputError               one recording cannot be used; the others still can
    │   ├── InputNotFound        no such file
    │   ├── InputUnreadable      the file is there, reading it is not allowed or fails
    │   ├── NoAudioFound         a folder or pattern without audio
    │   ├── EmptyInput           zero bytes, or a container without sound
    │   ├── NotAudio             no decoder recognises the bytes
    │   ├── AudioTruncated       the file ends before its header says
    │   ├── AudioCorrupt         decoding breaks in the middle
    │   ├── InvalidSamples       samples that are NaN, infinite or absurdly large
    │   ├── DecodingFailed       decoding it crashes, or takes too much time or memory
    │   ├── AudioTooLong         more than is taken
    │   ├── TooManyChannels      more than are heard one by one
    │   ├── NoSuchTrack          it has fewer sound tracks
    │   ├── NoSuchChannel        a list names a channel that it has not
    │   ├── KilledTwice          the process died of it, twice
    │   ├── AudioTooShort        less than one 25 ms frame
    │   ├── NoSpeech             silence, or nothing that is speech
    │   └── SpeakersInvalid      speaker turns that cannot be read, or are of something else
    ├── ManifestError            a list of recordings that cannot be used
    ├── NotAResult               a file that is no result document
    ├── ModelError               no usable model
    │   ├── UnknownModel         not a model id and not a folder
    │   │   └── ModelRenamed     one that another has taken the place of
    │   ├── ModelNotInstalled    known, but not pulled yet
    │   ├── ModelCorrupt         an installed model whose files do not fit together
    │   ├── UnknownFamily        of a family of models that this Voxcor does not have
    │   ├── EmbeddingsOnly       a model without labels, asked for an emotion
    │   ├── CheckpointUnsafe     a pickle that asks for code
    │   ├── CheckpointInvalid    not a checkpoint of this architecture
    │   ├── ChecksumMismatch     the bytes are not the published ones
    │   ├── HubUnreachable       no answer from the hub
    │   ├── HubRefused           the hub answers, but not with the file
    │   ├── PullInProgress       another process is pulling this model
    │   ├── PullCancelled        somebody stopped it
    │   ├── VerificationFailed   the model runs, but not to the published scores
    │   └── PrecisionRefused     int8 does not answer as fp32 does
    ├── BatchError               a batch does not begin, or go on
    │   ├── BatchInProgress      another process works in its folder
    │   ├── BatchExists          a batch lies there already
    │   ├── BatchMismatch        the one that lies there is another
    │   └── LedgerCorrupt        its ledger cannot be read
    ├── StorageError             the disk
    │   ├── DiskFull             no space left
    │   ├── StorageDenied        writing is not allowed
    │   └── StateUnreadable      what Voxcor has written itself cannot be read any more
    ├── RequestError             a server does not take this request
    │   ├── MalformedRequest     its body cannot be read
    │   ├── HeadTooLarge         its address or its headers are longer than any client needs
    │   ├── WrongContentType     its body is of another type than the route reads
    │   ├── UploadTooLarge       more bytes than are allowed
    │   ├── UploadTooSlow        the bytes do not come
    │   ├── Unauthorized         the API key is missing or wrong
    │   ├── TooManyAttempts      one wrong API key after the other
    │   ├── HostRefused          it asks for a host name that is not this server's
    │   ├── OriginRefused        a page of somewhere else sent it
    │   ├── NoSuchRoute          nothing is at this address
    │   ├── NoSuchResult         no result has this id, or it has no such file
    │   ├── CorrectionsChanged   somebody else has changed them in the meantime
    │   ├── NoSuchJob            no job has this id, or it has no such file
    │   ├── SourceRefused        a job may not read there
    │   ├── NoSuchRule           no rule has this name
    │   ├── WebhookInvalid       not an address or a secret that a webhook can have
    │   ├── QueueFull            as many wait as may
    │   ├── TooManyConnections   as many are open as may
    │   └── NotReady             the server starts, or stops
    ├── LibraryError             the library, or a question to it, cannot be used
    │   ├── LibraryEmpty         nothing is in it
    │   ├── LibraryNewer         a newer version has written it
    │   ├── LibraryCorrupt       its files cannot be read
    │   ├── NotInLibrary         no recording has this name
    │   ├── RecordingGone        its sound lies where it was no longer
    │   ├── ModelNotInLibrary    it has no vectors of this model
    │   ├── NoVectors            a result without an embedding that fits it
    │   ├── SoundGone            a result without an embedding whose sound is gone as well
    │   ├── NoSessionSound       events of a live session without its sound
    │   ├── NoSuchPerson         nobody of this name is enrolled
    │   ├── NotEnrolled          a person who is, but with another model
    │   ├── TooLittleSpeech      not enough of a person to know how they usually sound
    │   ├── NoNeutral            a model that knows no neutral speech
    │   ├── LabelsTooFew         too little is labelled to say anything of it
    │   ├── LabelInvalid         a text that is no label
    │   ├── ModelsDiffer         two things to compare, heard by two models
    │   ├── NothingToCompare     two models, and no recording that both have heard
    │   └── QueryInvalid         a question that cannot be asked
    ├── StreamError              a live stream does not go on
    │   ├── InvalidAudioFrame    bytes that end within a 16-bit sample
    │   ├── NotBareSamples       a file of some format, or samples of another kind
    │   ├── MessageInvalid       a message that is none of the protocol
    │   ├── MessageTooLarge      more bytes than a message may have
    │   ├── ConfigInvalid        options that a session cannot have
    │   ├── TooManyStreams       as many sessions run as may
    │   └── MicrophoneFailed     there is no microphone, or it does not work
    └── ServerError              what a server answers is not Voxcor's
        ├── ServerUnreachable    there is no answer
        └── AddressUnavailable   a server cannot listen where it should

A code never changes; wording may. `message` is in the language of the process and names the
input; `details` holds what filled it.
"""

from voxcor.errors.base import (
    VoxcorError,
    error_from,
)
from voxcor.errors.inputs import (
    AudioCorrupt,
    AudioTooLong,
    AudioTooShort,
    AudioTruncated,
    DecodingFailed,
    EmptyInput,
    InputError,
    InputNotFound,
    InputUnreadable,
    InvalidSamples,
    KilledTwice,
    ManifestError,
    NoAudioFound,
    NoSpeech,
    NoSuchChannel,
    NoSuchTrack,
    NotAResult,
    NotAudio,
    SpeakersInvalid,
    TooManyChannels,
)
from voxcor.errors.library import (
    LabelInvalid,
    LabelsTooFew,
    LibraryCorrupt,
    LibraryEmpty,
    LibraryError,
    LibraryNewer,
    ModelNotInLibrary,
    ModelsDiffer,
    NoNeutral,
    NoSessionSound,
    NoSuchPerson,
    NotEnrolled,
    NothingToCompare,
    NotInLibrary,
    NoVectors,
    QueryInvalid,
    RecordingGone,
    SoundGone,
    TooLittleSpeech,
)
from voxcor.errors.models import (
    CheckpointInvalid,
    CheckpointUnsafe,
    ChecksumMismatch,
    EmbeddingsOnly,
    HubRefused,
    HubUnreachable,
    ModelCorrupt,
    ModelError,
    ModelNotInstalled,
    ModelRenamed,
    PrecisionRefused,
    PullCancelled,
    PullInProgress,
    UnknownFamily,
    UnknownModel,
    VerificationFailed,
)
from voxcor.errors.requests import (
    AddressUnavailable,
    CorrectionsChanged,
    HeadTooLarge,
    HostRefused,
    MalformedRequest,
    NoSuchJob,
    NoSuchResult,
    NoSuchRoute,
    NoSuchRule,
    NotReady,
    OriginRefused,
    QueueFull,
    RequestError,
    ServerError,
    ServerUnreachable,
    SourceRefused,
    TooManyAttempts,
    TooManyConnections,
    Unauthorized,
    UploadTooLarge,
    UploadTooSlow,
    WebhookInvalid,
    WrongContentType,
)
from voxcor.errors.storage import (
    BatchError,
    BatchExists,
    BatchInProgress,
    BatchMismatch,
    DiskFull,
    LedgerCorrupt,
    StateUnreadable,
    StorageDenied,
    StorageError,
)
from voxcor.errors.streams import (
    ConfigInvalid,
    InvalidAudioFrame,
    MessageInvalid,
    MessageTooLarge,
    MicrophoneFailed,
    NotBareSamples,
    StreamError,
    TooManyStreams,
)
from voxcor.errors.usage import (
    CorrectionsInvalid,
    ExtraMissing,
    HomeInUse,
    ModelExists,
    ProxyInvalid,
    RuleInvalid,
    TooManyRules,
    UsageError,
    WordsNotUnderstood,
)

__all__ = [
    "AddressUnavailable",
    "AudioCorrupt",
    "AudioTooLong",
    "AudioTooShort",
    "AudioTruncated",
    "BatchError",
    "BatchExists",
    "BatchInProgress",
    "BatchMismatch",
    "CheckpointInvalid",
    "CheckpointUnsafe",
    "ChecksumMismatch",
    "ConfigInvalid",
    "CorrectionsChanged",
    "CorrectionsInvalid",
    "DecodingFailed",
    "DiskFull",
    "EmbeddingsOnly",
    "EmptyInput",
    "ExtraMissing",
    "HeadTooLarge",
    "HomeInUse",
    "HostRefused",
    "HubRefused",
    "HubUnreachable",
    "InputError",
    "InputNotFound",
    "InputUnreadable",
    "InvalidAudioFrame",
    "InvalidSamples",
    "KilledTwice",
    "LabelInvalid",
    "LabelsTooFew",
    "LedgerCorrupt",
    "LibraryCorrupt",
    "LibraryEmpty",
    "LibraryError",
    "LibraryNewer",
    "MalformedRequest",
    "ManifestError",
    "MessageInvalid",
    "MessageTooLarge",
    "MicrophoneFailed",
    "ModelCorrupt",
    "ModelError",
    "ModelExists",
    "ModelNotInLibrary",
    "ModelNotInstalled",
    "ModelRenamed",
    "ModelsDiffer",
    "NoAudioFound",
    "NoNeutral",
    "NoSessionSound",
    "NoSpeech",
    "NoSuchChannel",
    "NoSuchJob",
    "NoSuchPerson",
    "NoSuchResult",
    "NoSuchRoute",
    "NoSuchRule",
    "NoSuchTrack",
    "NoVectors",
    "NotAResult",
    "NotAudio",
    "NotBareSamples",
    "NotEnrolled",
    "NotInLibrary",
    "NotReady",
    "NothingToCompare",
    "OriginRefused",
    "PrecisionRefused",
    "ProxyInvalid",
    "PullCancelled",
    "PullInProgress",
    "QueryInvalid",
    "QueueFull",
    "RecordingGone",
    "RequestError",
    "RuleInvalid",
    "ServerError",
    "ServerUnreachable",
    "SoundGone",
    "SourceRefused",
    "SpeakersInvalid",
    "StateUnreadable",
    "StorageDenied",
    "StorageError",
    "StreamError",
    "TooLittleSpeech",
    "TooManyAttempts",
    "TooManyChannels",
    "TooManyConnections",
    "TooManyRules",
    "TooManyStreams",
    "Unauthorized",
    "UnknownFamily",
    "UnknownModel",
    "UploadTooLarge",
    "UploadTooSlow",
    "UsageError",
    "VerificationFailed",
    "VoxcorError",
    "WebhookInvalid",
    "WordsNotUnderstood",
    "WrongContentType",
    "error_from",
]
