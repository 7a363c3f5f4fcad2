/**
 * Reading the stage protocol (docs/stage-protocol.md, version 1): text frames, binary frames, and which of them come too late.
 *
 * Nothing here touches the network or the page, so all of it runs in Node as well.
 */

/** @typedef {{turn: number, heard: string | null, reply: string, expression: string | null, paused: boolean}} TurnSnapshot */
/** @typedef {{id: number | null, role: string, content: string, viewer: string | null, siblings: number[]}} HistoryEntry see the document */
/** @typedef {{conversation: string | null, history: HistoryEntry[]}} HistoryChange */
/** @typedef {{id: number | null, role: string, siblings: number[]}} KeptMessage */
/**
 * `first_choice` is whom the settings put first; a name is null when nobody can answer.
 * @typedef {{llm: string | null, tts: string | null, first_choice?: {llm: string, tts: string}, demo: boolean, problems: string[], not_kept?: boolean}} Models
 */
/** @typedef {{holder: boolean, viewer: string | null}} SoundHolder `viewer` is who plays the sound, null when nobody does */
/** @typedef {{holder: boolean, viewer: string | null}} MicHolder `viewer` is whose microphone is listened to */
/** @typedef {"open_mic" | "push_to_talk" | "wake_word"} MicMode */
/**
 * What became of speech recognition; `progress` 0 … 1.
 * @typedef {object} Ears
 * @property {"off" | "idle" | "fetching" | "loading" | "ready" | "failed"} state
 * @property {MicMode | "typed_only"} mode
 * @property {boolean} half_duplex
 * @property {string[]} wake_words
 * @property {string | null} engine
 * @property {number | null} progress
 * @property {string | null} message
 * @property {string | null} command
 */
/** @typedef {"back_channel" | "echo" | "too_short" | "no_wake_word"} Ignored */
/** @typedef {{text: string, final: boolean, ignored?: Ignored | null}} Words */
/**
 * @typedef {object} Character
 * @property {string} name
 * @property {string | null} avatar
 * @property {string} language BCP 47
 * @property {Record<string, string>} look CSS colours of the puppet
 * @property {string | null} scene
 * @property {string} opening_line
 * @property {Record<string, Record<string, number>>} expressions
 */
/**
 * @typedef {object} Snapshot
 * @property {number} protocol
 * @property {string} session
 * @property {string} viewer
 * @property {string | null} conversation another one than before: nothing of what was said until then is remembered
 * @property {Character} character
 * @property {{sample_rate: number, lip_rate: number}} audio Hz
 * @property {SoundHolder} sound
 * @property {Models} models
 * @property {Record<string, number>} latency thresholds, ms and percent
 * @property {Ears | null} ears null: the server has none
 * @property {MicHolder} mic
 * @property {HistoryEntry[]} history
 * @property {TurnSnapshot | null} turn
 */
/** @typedef {{turn: number, heard: string | null, viewer: string | null}} TurnStarted */
/** @typedef {{turn: number, segment: number, text: string}} SegmentReady */
/** @typedef {{turn: number, segment: number, text: string, at_ms: number, silent: boolean, expressions: string[]}} SegmentStarted */
/** @typedef {{turn: number, segment: number, at_ms: number}} SegmentEnded */
/** @typedef {{turn: number, at_ms: number}} SpeechPaused */
/** @typedef {{turn: number, id: string, name: string, status: "running" | "completed" | "error", content: string}} ToolUsed */
/** @typedef {{turn: number, kind: string, provider: string, code: string, message: string, fallback: string | null}} ProviderFailed */
/**
 * All in ms; `hearing` is there when the message was spoken.
 * @typedef {{turn: number, figures: Record<string, number>, stages: Record<string, number>, hearing?: Record<string, number>}} Latency
 */
/** @typedef {{turn: number, figure: string, value_ms: number, threshold_ms: number, stage: string}} LatencyBreached */
/** @typedef {"completed" | "interrupted" | "failed"} TurnStatus */
/** @typedef {{turn: number, status: TurnStatus, reply: string, heard_reply: string, code: string | null, message: string | null, kept?: KeptMessage[]}} TurnEnded */
/** @typedef {{code: string, message: string}} ServerError */
/** @typedef {{in_ms: number}} SessionClosing the server ends, and closes the connection within so long; nothing more is begun */
/**
 * @typedef {object} SoundFrame
 * @property {number} turn
 * @property {number} segment
 * @property {number} position samples from the start of the turn's sound
 * @property {number} samples how many samples of time the frame covers
 * @property {number} lipStart index of the first lip frame
 * @property {Uint8Array} lips seven bytes per lip frame
 * @property {Int16Array | null} pcm null for viewers that do not hold the sound
 */
/**
 * What the server says, by type; `frame` is the binary one.
 * @typedef {{
 *   "session.snapshot": Snapshot, history: HistoryChange, models: Models, sound: SoundHolder, "turn.started": TurnStarted, "segment.ready": SegmentReady,
 *   "segment.started": SegmentStarted, "segment.ended": SegmentEnded, "speech.paused": SpeechPaused, "speech.resumed": {turn: number},
 *   voice: {active: boolean}, words: Words, ears: Ears, mic: MicHolder, tool: ToolUsed, "provider.failed": ProviderFailed, latency: Latency,
 *   "latency.breached": LatencyBreached, "turn.ended": TurnEnded, "session.closing": SessionClosing, error: ServerError, pong: {id?: unknown}, frame: SoundFrame
 * }} StageMessages
 */

export const LIP_BYTES = 7;
const HEADER_BYTES = 24;
const KIND_SOUND = 1;
const TURN_MESSAGES = new Set([
  "turn.started", "segment.ready", "segment.started", "segment.ended", "speech.paused", "speech.resumed", "tool", "provider.failed", "latency",
  "latency.breached", "turn.ended",
]);
const PLAYED_MESSAGES = new Set(["frame", "segment.ready", "segment.started", "segment.ended", "speech.paused", "speech.resumed"]);

/** The server sent what the protocol does not allow. */
export class ProtocolError extends Error {}

/**
 * @param {ArrayBuffer} buffer
 * @returns {SoundFrame | null} null for a kind of frame this version does not know
 */
export function parseFrame(buffer) {
  if (buffer.byteLength < 1) throw new ProtocolError("an empty binary frame");
  const view = new DataView(buffer);
  if (view.getUint8(0) !== KIND_SOUND) return null;
  if (buffer.byteLength < HEADER_BYTES) throw new ProtocolError(`a frame of ${buffer.byteLength} bytes has no room for its header`);
  const samples = view.getUint32(12, true);
  const lipBytes = LIP_BYTES * view.getUint16(20, true);
  const lipsEnd = HEADER_BYTES + lipBytes;
  const pcmStart = lipsEnd + (lipsEnd & 1);
  const rest = buffer.byteLength - pcmStart;
  // A frame without sound may leave the padding out.
  const silent = rest === 0 || buffer.byteLength === lipsEnd;
  if (buffer.byteLength < lipsEnd || (!silent && rest !== 2 * samples)) {
    throw new ProtocolError(`a frame of ${buffer.byteLength} bytes cannot hold ${lipBytes} bytes of lips and ${samples} samples`);
  }
  return {
    turn: view.getUint32(4, true),
    segment: view.getUint16(2, true),
    position: view.getUint32(8, true),
    samples,
    lipStart: view.getUint32(16, true),
    lips: new Uint8Array(buffer, HEADER_BYTES, lipBytes),
    pcm: silent ? null : new Int16Array(buffer, pcmStart, samples),
  };
}

/**
 * @param {string} text
 * @returns {{type: string} & Record<string, any>}
 */
export function parseText(text) {
  /** @type {any} */
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ProtocolError("a text frame is not JSON");
  }
  if (message === null || typeof message !== "object" || typeof message.type !== "string") {
    throw new ProtocolError("a text frame has no type");
  }
  if (TURN_MESSAGES.has(message.type) && !Number.isInteger(message.turn)) {
    throw new ProtocolError(`${message.type} names no turn`);
  }
  if (message.type === "history") return { ...message, history: (message.history ?? []).map(normalEntry) };
  if (message.type === "ears") return { ...normalEars(message), type: message.type };
  return message.type === "session.snapshot" ? { ...normalSnapshot(message), type: message.type } : message;
}

/**
 * @param {Record<string, any>} raw
 * @returns {Ears}
 */
function normalEars(raw) {
  return {
    state: raw.state ?? "off",
    mode: raw.mode ?? "open_mic",
    half_duplex: Boolean(raw.half_duplex),
    wake_words: raw.wake_words ?? [],
    engine: raw.engine ?? null,
    progress: raw.progress ?? null,
    message: raw.message ?? null,
    command: raw.command ?? null,
  };
}

/** @param {Record<string, any>} raw @returns {HistoryEntry} */
function normalEntry({ id = null, role = "", content = "", viewer = null, siblings = [] }) {
  return { id, role, content, viewer, siblings };
}

/**
 * A snapshot in which everything optional is there, whatever the server left out.
 * @param {Record<string, any>} raw
 * @returns {Snapshot}
 */
function normalSnapshot(raw) {
  const character = raw.character ?? {};
  const turn = raw.turn ?? null;
  return {
    protocol: raw.protocol ?? 1,
    session: raw.session ?? "main",
    viewer: raw.viewer ?? "",
    conversation: raw.conversation ?? null,
    character: {
      name: character.name ?? "",
      avatar: character.avatar ?? null,
      language: character.language ?? "en",
      look: character.look ?? {},
      scene: character.scene ?? null,
      opening_line: character.opening_line ?? "",
      expressions: character.expressions ?? {},
    },
    audio: { sample_rate: raw.audio?.sample_rate || 24000, lip_rate: raw.audio?.lip_rate || 50 },
    sound: { holder: Boolean(raw.sound?.holder), viewer: raw.sound?.viewer ?? null },
    models: { llm: "", tts: "", demo: false, ...raw.models, problems: raw.models?.problems ?? [] },
    latency: raw.latency ?? {},
    ears: raw.ears ? normalEars(raw.ears) : null,
    mic: { holder: Boolean(raw.mic?.holder), viewer: raw.mic?.viewer ?? null },
    history: (raw.history ?? []).map(normalEntry),
    turn: turn && {
      turn: turn.turn,
      heard: turn.heard ?? null,
      reply: turn.reply ?? "",
      expression: turn.expression ?? null,
      paused: Boolean(turn.paused),
    },
  };
}

/**
 * Says which messages come too late: what carries a turn older than the last one started or ended, and what would still be
 * played of a turn that was cut short.
 */
export class TurnGate {
  #turn = -1;
  #silenced = false;

  /**
   * A snapshot is where counting starts anew: a server that was restarted numbers its turns from the beginning.
   * @param {Snapshot} snapshot
   */
  reset(snapshot) {
    this.#turn = snapshot.turn?.turn ?? -1;
    this.#silenced = false;
  }

  /**
   * @param {string} type
   * @param {Record<string, any>} message
   */
  admit(type, message) {
    /** @type {number | undefined} */
    const turn = message.turn;
    if (turn === undefined) return true;
    if (turn < this.#turn) return false;
    if (type === "turn.started") this.#silenced = false;
    else if (turn === this.#turn && this.#silenced) return !PLAYED_MESSAGES.has(type);
    if (type === "turn.ended") this.#silenced = message.status !== "completed";
    if (type === "turn.started" || type === "turn.ended") this.#turn = turn;
    return true;
  }
}
